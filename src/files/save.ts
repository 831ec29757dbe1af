/** Writing functions that were recorded, and their weights, as a file. */
import { CLASS_SIGNATURES, OP_SIGNATURES } from "../../bridge/files/generated-signatures.ts";
import { NAME_OF } from "../../bridge/files/safetensors-header.ts";
import type { Schema, SchemaFunction } from "../../bridge/files/schema.ts";
import { opOfPlugin } from "../../bridge/files/plugin-ops.ts";
import { formatOf, isOurs, partsOf, writer } from "../../bridge/files/stored.ts";
import { besideOf, PREFIX } from "../../bridge/files/weights.ts";
import { digestOfTensor, sha256 } from "../../bridge/files/hashes.ts";
import { writeContainer } from "../../bridge/files/writing.ts";
import { bytesOf } from "../../bridge/wire/codec.ts";
import type { HostArray } from "../../bridge/wire/dtypes.ts";
import { registryHash } from "../ops/registry-hash.ts";
import type { Constant } from "../program/body.ts";
import { shown } from "../program/signatures.ts";
import { adopt } from "../program/traced.ts";
import { isBranch } from "../program/tree.ts";
import { get } from "../session/current-session.ts";
import { asBits } from "../tensor/float16-array.ts";
import { HostTensor } from "../tensor/host-tensor.ts";
import { Tensor } from "../tensor/tensor.ts";
import { type JittedParts, partsOfJitted } from "../transforms/jit.ts";
import { tensorNames } from "../training/tensor-names.ts";
import { hostLeaf, refused, treeDefOf } from "../transforms/trees.ts";
import { functionSchema, recordingOf, type Saved } from "./function-schema.ts";
import type { Functions, SaveOptions } from "./types.ts";

/**
 * Writes functions that `jit` made, and their weights, as one file: `await save("tagger.synjax", { tag }, { params })`.
 * It is a safetensors file without any code in it; `load` gives the functions back, in Python
 * `synjax_worker.files.load`. The file that was there is replaced when the new one is whole.
 * @throws {SynjaxError} `INVALID_ARGUMENT` for a function that was neither called nor has an example, that takes or
 *   returns a distribution, or whose first argument is not `params`; where the file cannot be written
 */
export async function save(path: string, functions: Functions, options: SaveOptions = {}): Promise<void> {
  if (typeof path !== "string" || path === "")
    throw refused("save", "path", "the name of a file", shown(path));
  if (!isBranch(functions)) throw refused("save", "functions", "an object of functions that jit made", shown(functions)); // prettier-ignore
  checkOptions(path, functions, options);
  const tensors = new Map<string, HostArray>();
  const weights = await weightsOf(options);
  if (options.weights === undefined) for (const [name, host] of weights.tensors) tensors.set(name, host);
  const programs: { readonly bytes: Uint8Array; readonly key: string }[] = [];
  const described: Record<string, SchemaFunction> = {};
  const held: { readonly constant: Constant; readonly name: string }[] = [];
  for (const [name, f] of Object.entries(functions)) {
    const parts = typeof f === "function" ? partsOfJitted(f) : undefined;
    if (parts === undefined) throw refused("save", name, "a function that jit made", shown(f));
    const saved: Saved = {
      name,
      params: weights.params,
      example: options.examples?.[name],
      names: options.names?.[name],
    };
    const recording = recordingOf(parts as JittedParts, options.params, saved);
    let place = programs.findIndex(({ key }) => key === recording.program.key);
    if (place < 0) place = programs.push(recording.program) - 1;
    const constants = recording.program.constants.map((constant) => nameOfConstant(constant, held));
    described[name] = await functionSchema(parts, recording, place, saved, (i) => constants[i]!);
  }
  for (const { constant, name } of held) tensors.set(name, await valueOf(constant, name));
  const schema: Schema = {
    functions: described,
    weights: Object.fromEntries(weights.tensors.map(([name, { dtype, shape }]) => [name, { dtype, shape }])),
    weightsFile: options.weights ?? null,
    programs: programs.map(({ bytes }) => sha256(bytes)),
  };
  const hashes = [...tensors].map(([name, { data }]) => [name, digestOfTensor(bytesOf(data))] as const);
  await writeContainer(path, tensors, {
    ...options.metadata,
    synjax: String(formatOf(tensors.values())),
    writer: writer(),
    registry: registryHash,
    schema: JSON.stringify(schema),
    ...Object.fromEntries(
      programs.map(({ bytes }, k) => [`program.${k}`, Buffer.from(bytes).toString("base64")]),
    ),
    ...signaturesOf(programs.map(({ bytes }) => bytes)),
    tensors: JSON.stringify(Object.fromEntries(hashes)),
  });
}

function checkOptions(path: string, functions: Functions, options: SaveOptions): void {
  for (const [of, value] of [
    ["examples", options.examples],
    ["names", options.names],
  ] as const)
    // prettier-ignore
    for (const name of Object.keys(value ?? {})) {
      if (!Object.hasOwn(functions, name)) throw refused("save", `${of}.${name}`, `a function of ${Object.keys(functions).join(", ")}`, "another"); // prettier-ignore
      if (!Array.isArray(value![name])) throw refused("save", `${of}.${name}`, "an array, of one item for each argument after `params`", shown(value![name])); // prettier-ignore
    }
  for (const [key, text] of Object.entries(options.metadata ?? {})) {
    if (isOurs(key))
      throw refused("save", `metadata.${key}`, "a name that the format does not use itself", key);
    if (typeof text !== "string") throw refused("save", `metadata.${key}`, "text", shown(text));
  }
  if (options.weights !== undefined)
    besideOf(path, options.weights, (expected, received) => refused("save", "weights", expected, received));
}

interface Weights {
  readonly params: Saved["params"];
  readonly tensors: readonly (readonly [name: string, host: HostArray])[];
}

async function weightsOf({ params }: SaveOptions): Promise<Weights> {
  if (params === undefined) return { params: undefined, tensors: [] };
  const names = tensorNames(params, [PREFIX], "save");
  const { treeDef, leaves } = treeDefOf(params, "params");
  const fetched: readonly unknown[] = await get(leaves);
  const tensors = names.map((name, i) => {
    const host = hostOf(fetched[i], name);
    if (NAME_OF[host.dtype] === undefined) throw refused("save", name, "a tensor of numbers", host.dtype);
    return [name, host] as const;
  });
  return { params: { treeDef, names }, tensors };
}

function hostOf(leaf: unknown, name: string): HostArray {
  if (leaf instanceof HostTensor) {
    const { dtype, shape, data } = leaf as HostTensor;
    return { dtype, shape, data: asBits(data) } as HostArray;
  }
  return hostLeaf(leaf, name);
}

/** What a tensor that functions were closed over is called; one that several use has one name. */
function nameOfConstant(
  constant: Constant,
  held: { readonly constant: Constant; readonly name: string }[],
): string {
  const known = held.find(({ constant: other }) =>
    "handle" in constant
      ? "handle" in other && other.handle === constant.handle
      : "host" in constant && "host" in other && other.host === constant.host,
  );
  if (known) return known.name;
  const name = `constant.${held.length}`;
  held.push({ constant, name });
  return name;
}

async function valueOf(constant: Constant, name: string): Promise<HostArray> {
  if ("weak" in constant) return hostLeaf(constant.weak, name);
  const host =
    "host" in constant
      ? constant.host
      : hostOf((await get([adopt(Tensor, { kind: "handle", handle: constant.handle })]))[0], name);
  if (NAME_OF[host.dtype] === undefined)
    throw refused(
      "save",
      name,
      "a tensor of numbers: pass what else a function uses as an argument",
      host.dtype,
    );
  return host;
}

/** The hashes of what programs use, of operations and of classes. */
function signaturesOf(programs: readonly Uint8Array[]): { readonly ops: string; readonly classes: string } {
  const all = [...new Set(programs.flatMap((program) => [...partsOf(program).ops]))].sort();
  const plugins = all.flatMap((op) => opOfPlugin(op) ?? []);
  const used = all.filter((op) => opOfPlugin(op) === undefined);
  const unknown = used.find(
    (op) => !Object.hasOwn(OP_SIGNATURES, op) && !Object.hasOwn(CLASS_SIGNATURES, op),
  );
  if (unknown !== undefined)
    throw refused("save", "functions", "operations and classes of the package", `\`${unknown}\``);
  const among = (known: typeof OP_SIGNATURES): readonly (readonly [name: string, hash: string])[] =>
    used.flatMap((op) => (Object.hasOwn(known, op) ? [[op, known[op]![0]!] as const] : []));
  const ops = [...among(OP_SIGNATURES), ...plugins.map(({ name, hash }) => [name, hash] as const)];
  return {
    ops: JSON.stringify(Object.fromEntries(ops)),
    classes: JSON.stringify(Object.fromEntries(among(CLASS_SIGNATURES))),
  };
}
