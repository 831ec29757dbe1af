/** The .synjax format: a safetensors file whose metadata are programs, what they take, and hashes: docs/files.md. */
import { packageVersion } from "../environment/package-root.ts";
import { SynjaxError } from "../errors.ts";
import { unpack } from "../wire/codec.ts";
import { DEFAULT_LIMITS, PROGRAM_FORMAT } from "../wire/protocol.ts";
import type { HostArray } from "../wire/dtypes.ts";
import type { Container } from "./container.ts";
import { CLASS_SIGNATURES, OP_SIGNATURES } from "./generated-signatures.ts";
import { type OpOfPlugin, opOfPlugin } from "./plugin-ops.ts";
import { isRecord, type Wrong } from "./safetensors-header.ts";
import { checkSchema, type Schema } from "./schema.ts";
import { PIECE, sha256 } from "./hashes.ts";
import { digestAt, digestOf } from "./writing.ts";

/** The newest, in which large tensors are hashed by pieces. */
export const FORMAT = 2;
/** The oldest that has what a file needs. */
export const formatOf = (tensors: Iterable<HostArray>): number =>
  [...tensors].some(({ data }) => data.byteLength > PIECE) ? 2 : 1;
/** What wrote a file: this version of the package. */
export const writer = (): string => packageVersion();
/** The keys of the metadata that are not the user's, besides the programs. */
const OURS = ["synjax", "writer", "registry", "schema", "ops", "classes", "tensors", "sha256"];
export const isOurs = (key: string): boolean => OURS.includes(key) || /^program\.\d+$/.test(key);

/** How deep arrays may stand in each other in a program. */
const DEEPEST = 200;
/** Operations that are missing and are named. */
const MOST_NAMED = 8;

type Texts = Readonly<Record<string, string>>;

/** What the metadata of a file say, checked against each other and against its tensors. */
export interface Stored {
  readonly format: number;
  /** The version of the package that wrote it. */
  readonly writer: string;
  readonly registry: string;
  readonly schema: Schema;
  readonly programs: readonly Uint8Array[];
  /** The hashes of signatures, by name. */
  readonly ops: Texts;
  readonly classes: Texts;
  /** Those of the operations that are of plugins. */
  readonly plugins: readonly OpOfPlugin[];
  /** The SHA-256 of each tensor, by name; from format 2 on, that of the hashes of its pieces where it has several. */
  readonly tensors: Texts;
  /** The user's. */
  readonly metadata: Texts;
  /** The SHA-256 of the header. */
  readonly digest: string;
}

/**
 * The metadata of a file.
 * @throws {SynjaxError} `INVALID_ARGUMENT`: it has no program, is of a newer format, was changed, or contradicts itself
 */
export function readStored({ header, headerBytes, wrong }: Container): Stored {
  const found = metadataOf(header.metadata, wrong);
  const { synjax: version, writer = "", registry = "", sha256: digest = "" } = found;
  if (version === undefined) throw wrong("a .synjax file", "a safetensors file without programs");
  if (!/^\d{1,20}$/.test(version)) throw wrong("a format that is a number", version.slice(0, 50));
  if (Number(version) > FORMAT)
    throw wrong(
      `the format ${FORMAT} at most`,
      `the format ${version}: synjax-ts ${writer.slice(0, 50)}, which wrote it, or a later one reads it`,
    );
  const at = digest.length === 64 ? digestAt(headerBytes, digest) : -1;
  if (at < 0 || digestOf(headerBytes, at) !== digest)
    throw wrong("a header as it was written", "one that was changed");
  const schema = jsonOf(found, "schema", wrong);
  checkSchema(schema, wrong);
  const tensors = textsOf(found, "tensors", wrong);
  const names = [...header.entries.keys()];
  const other = [...names.filter((name) => !Object.hasOwn(tensors, name)), ...Object.keys(tensors).filter((name) => !header.entries.has(name))][0]; // prettier-ignore
  if (other !== undefined) throw wrong("a hash of each tensor", other);
  checkTensors(schema, header.entries, wrong);
  const programs = schema.programs.map((hash, k) => programOf(found[`program.${k}`], k, hash, wrong));
  const stored: Stored = {
    format: Number(version),
    writer,
    registry,
    schema,
    programs,
    ops: textsOf(found, "ops", wrong),
    classes: textsOf(found, "classes", wrong),
    plugins: [],
    tensors,
    metadata: Object.fromEntries(Object.entries(found).filter(([key]) => !isOurs(key))),
    digest,
  };
  const used = checkPrograms(stored, wrong);
  return { ...stored, plugins: used.flatMap((op) => opOfPlugin(op) ?? []) };
}

/**
 * Whether this version has what the programs use.
 * @throws {SynjaxError} `UNKNOWN_OP` with the names of operations and classes that are not here, or are others
 */
export function checkOps(path: string, { ops, classes, plugins, writer }: Stored): void {
  for (const [kind, used, known] of [
    ["operations", ops, OP_SIGNATURES],
    ["classes", classes, CLASS_SIGNATURES],
  ] as const) {
    // Of plugins the worker knows
    const names = Object.keys(used).filter((name) => !plugins.some((op) => op.name === name)).sort(); // prettier-ignore
    const missing = names.filter((name) => !Object.hasOwn(known, name));
    const changed = names.filter((name) => !missing.includes(name) && !known[name]!.includes(used[name]!));
    const listed = missing.length > 0 ? missing : changed;
    if (listed.length === 0) continue;
    const what = missing.length > 0 ? "are not here" : "have other signatures here";
    throw new SynjaxError(
      "UNKNOWN_OP",
      `${path}: it needs ${kind} that ${what}: ${listed.slice(0, MOST_NAMED).join(", ")}${listed.length > MOST_NAMED ? "…" : ""}. synjax-ts ${writer.slice(0, 50)}, which wrote it, has them`,
      { op: listed[0]!.slice(0, 100) },
    );
  }
}

/** What is in a program, as far as a file has to say it. */
export interface ProgramParts {
  readonly inputs: number;
  readonly captures: number;
  readonly outputs: number;
  readonly ops: ReadonlySet<string>;
}

/** @throws Error where the bytes are no program */
export function partsOf(program: Uint8Array): ProgramParts {
  const [format, bodies] = unpack(program, DEEPEST) as [number, [number, number, [string][], unknown[]][]];
  if (format !== PROGRAM_FORMAT) throw new Error(`it is of format ${String(format)}`);
  const [inputs, captures, , outputs] = bodies.at(-1)!;
  const ops = new Set(bodies.flatMap(([, , equations]) => equations.map(([op]) => op)));
  if (
    typeof inputs !== "number" ||
    typeof captures !== "number" ||
    [...ops].some((op) => typeof op !== "string")
  )
    throw new Error("it is malformed");
  return { inputs, captures, outputs: outputs.length, ops };
}

/** What operations the programs use. */
function checkPrograms({ schema, programs, ops, classes }: Stored, wrong: Wrong): readonly string[] {
  const parts = programs.map((program, k) => {
    try {
      return partsOf(program);
    } catch (error) {
      throw new SynjaxError("BAD_PROGRAM", `program ${k}: ${(error as Error).message}`, { cause: error });
    }
  });
  for (const { ops: used } of parts) {
    const isSaid = (op: string): boolean => {
      const of = opOfPlugin(op);
      return of ? ops[of.name] === of.hash : Object.hasOwn(ops, op) || Object.hasOwn(classes, op);
    };
    const unsaid = [...used].filter((op) => !isSaid(op)).sort();
    if (unsaid.length > 0)
      throw wrong("each operation that is used among `ops`", unsaid.slice(0, MOST_NAMED).join(", "));
  }
  for (const [name, of] of Object.entries(schema.functions)) {
    const { inputs, captures, outputs } = parts[of.program]!;
    const constants = of.inputs.filter((input) => "constant" in input).length;
    const fits =
      of.inputs.length === inputs + captures && constants === captures && of.outputs.length === outputs;
    if (!fits)
      throw wrong(
        `a program of ${of.inputs.length} inputs and ${of.outputs.length} results for \`${name}\`, as its schema says`,
        `one of ${inputs + captures} inputs and ${outputs} results`,
      );
  }
  return [...new Set(parts.flatMap(({ ops: used }) => [...used]))].sort();
}

/** Whether the tensors are those that the schema names, of the types that it says. */
function checkTensors(
  schema: Schema,
  entries: ReadonlyMap<string, { readonly dtype: string; readonly shape: readonly number[] }>,
  wrong: Wrong,
): void {
  const typed = ({ dtype, shape }: { readonly dtype: string; readonly shape: readonly number[] }): string =>
    `${dtype}[${shape.join(", ")}]`;
  for (const [name, type] of schema.weightsFile === null ? Object.entries(schema.weights) : []) {
    const entry = entries.get(name);
    if (entry === undefined || typed(entry) !== typed(type))
      throw wrong(`\`${name}\` of ${typed(type)}, as its schema says`, entry ? typed(entry) : "none");
  }
  const constants = new Set(
    Object.values(schema.functions).flatMap((of) =>
      of.inputs.flatMap((input) => ("constant" in input ? [input.constant] : [])),
    ),
  );
  for (const name of constants)
    if (!entries.has(name)) throw wrong(`a tensor \`${name}\``, [...entries.keys()].slice(0, 8).join(", "));
  for (const name of entries.keys())
    if (!constants.has(name) && !Object.hasOwn(schema.weights, name))
      throw wrong("tensors that are weights or constants, and no others", name);
}

function metadataOf(value: unknown, wrong: Wrong): Texts {
  if (value === undefined) return {};
  if (!isRecord(value) || Object.values(value).some((each) => typeof each !== "string"))
    throw wrong("`__metadata__` of strings", "another");
  return value as Texts;
}

function programOf(text: string | undefined, k: number, hash: string, wrong: Wrong): Uint8Array {
  const bytes = Buffer.from(text ?? "", "base64");
  if (bytes.length > DEFAULT_LIMITS.bodyBytes)
    throw new SynjaxError(
      "LIMIT_BODY",
      `program ${k} of ${bytes.length} bytes; at most ${DEFAULT_LIMITS.bodyBytes}`,
    );
  if (!text || bytes.toString("base64") !== text || sha256(bytes) !== hash)
    throw wrong(`program ${k} with the hash that the schema says`, text ? "another" : "none");
  return new Uint8Array(bytes);
}

function textsOf(found: Texts, name: string, wrong: Wrong): Texts {
  const values = jsonOf(found, name, wrong);
  if (!isRecord(values) || Object.values(values).some((each) => typeof each !== "string"))
    throw wrong(`\`${name}\`: an object of strings`, JSON.stringify(values).slice(0, 100));
  return values as Texts;
}

function jsonOf(found: Texts, name: string, wrong: Wrong): unknown {
  try {
    return JSON.parse(found[name] ?? "") as unknown;
  } catch {
    throw wrong(`\`${name}\` as JSON`, (found[name] ?? "nothing").slice(0, 100));
  }
}
