/** Weights that live apart from the programs: in another file, or in several that an index names. */
import { readFileSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";
import type { HostArray } from "../wire/dtypes.ts";
import { Container } from "./container.ts";
import { isRecord, type Wrong } from "./safetensors-header.ts";
import type { Schema } from "./schema.ts";
import { reasonOf, wrongIn } from "./wrong-file.ts";

/** What the names of weights begin with in a file of programs; those of other files may leave it out. */
export const PREFIX = "params";
/** The end of the name of a file that says in which file each tensor is. */
const INDEX = ".index.json";
const LONGEST_INDEX = 100_000_000;

/**
 * The tensors that programs want, from another file.
 * @throws {SynjaxError} `INVALID_ARGUMENT`: one is missing, or of another dtype or shape; a file is cut or lies
 */
export function weightsFrom(path: string, wanted: Schema["weights"]): Map<string, HostArray> {
  const wrong = wrongIn(path, "weights");
  const opened = new Map<string, Container>();
  try {
    const places = placesIn(path, opened, wrong);
    const names = Object.keys(wanted);
    const isPrefixed = names.every((name) => places.has(name));
    const found = names.map((name) => [name, isPrefixed ? name : withoutPrefix(name)] as const);
    for (const [name, own] of found) {
      const entry = places.get(own)?.header.entries.get(own);
      const { dtype, shape } = wanted[name]!;
      if (entry === undefined) {
        const held = [...places.keys()];
        throw wrong(`a tensor \`${own}\``, `${held.slice(0, 8).join(", ")}${held.length > 8 ? " …" : ""}`);
      }
      if (entry.dtype !== dtype || entry.shape.join() !== shape.join())
        throw wrong(
          `\`${own}\` of ${dtype}[${shape.join(", ")}]`,
          `${entry.dtype}[${entry.shape.join(", ")}]`,
        );
    }
    const weights = new Map<string, HostArray>();
    for (const [name, own] of found) weights.set(name, places.get(own)!.tensor(own));
    return weights;
  } finally {
    for (const container of opened.values()) container[Symbol.dispose]();
  }
}

const withoutPrefix = (name: string): string =>
  name.startsWith(`${PREFIX}.`) ? name.slice(PREFIX.length + 1) : name;

/** Which file has each tensor. */
function placesIn(path: string, opened: Map<string, Container>, wrong: Wrong): Map<string, Container> {
  const open = (file: string): Container => {
    const container = opened.get(file) ?? new Container(file, "weights");
    opened.set(file, container);
    return container;
  };
  if (!path.endsWith(INDEX)) {
    const container = open(path);
    return new Map([...container.header.entries.keys()].map((name) => [name, container]));
  }
  const places = new Map<string, Container>();
  for (const [name, file] of Object.entries(indexOf(path, wrong))) {
    if (typeof file !== "string" || file !== basename(file) || file.includes("\\") || file === ".." || !file)
      throw wrong("names of files beside it", JSON.stringify(file).slice(0, 100));
    const container = open(join(dirname(path), file));
    if (!container.header.entries.has(name))
      throw container.wrong(`a tensor \`${name}\`, as ${basename(path)} says`, "none");
    places.set(name, container);
  }
  return places;
}

function indexOf(path: string, wrong: Wrong): Readonly<Record<string, unknown>> {
  let text: string;
  try {
    const found = statSync(path);
    if (!found.isFile()) throw wrong("a file that can be read", "none");
    if (found.size > LONGEST_INDEX) throw wrong(`an index of ${LONGEST_INDEX} bytes at most`, "a larger one");
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw wrong("a file that can be read", reasonOf(error));
  }
  const expected = "an index of files, with a `weight_map`";
  let index: unknown;
  try {
    index = JSON.parse(text);
  } catch (error) {
    throw wrong(expected, (error as Error).message);
  }
  const places = isRecord(index) ? index["weight_map"] : undefined;
  if (!isRecord(places)) throw wrong(expected, "another");
  return places;
}

/**
 * The file of weights that a file of programs names: in its directory, or in one below.
 * @throws {SynjaxError} what `wrong` makes, where it is elsewhere: a file may not say what else is read
 */
export function besideOf(path: string, name: string, wrong: Wrong): string {
  const isElsewhere = isAbsolute(name) || name.split("/").includes("..") || /^$|[\\\0]/.test(name);
  if (isElsewhere) throw wrong("weights in its own directory", JSON.stringify(name).slice(0, 100));
  return join(dirname(path), name);
}
