/** What a function of a file is called with: as its schema says, or an error that names the argument. */
import {
  isLeafOf,
  type SchemaFunction,
  type SchemaLeaf,
  type SchemaTree,
} from "../../bridge/files/schema.ts";
import type { SynjaxError } from "../../bridge/errors.ts";
import type { ArrayAval } from "../../bridge/wire/protocol.ts";
import type { Constant } from "../program/body.ts";
import { runtime } from "../program/runtime.ts";
import { shown } from "../program/signatures.ts";
import { NODE, Traced } from "../program/traced.ts";
import { isBranch, isLeaf } from "../program/tree.ts";
import type { Session } from "../session/session.ts";
import { toHostArray } from "../tensor/host-array.ts";
import { Tensor } from "../tensor/tensor.ts";
import { refused } from "../transforms/trees.ts";

/** A leaf of an argument, and where it stands. */
export interface Placed {
  readonly path: string;
  readonly leaf: SchemaLeaf;
  readonly value: unknown;
}

/** `float32[n, ?, 2]` */
export const typeText = ({ dtype, shape }: Pick<SchemaLeaf, "dtype" | "shape">): string =>
  `${dtype}[${shape.map((dim) => dim ?? "?").join(", ")}]`;

/**
 * The leaves of arguments, by their places among the inputs of the program.
 * @throws {SynjaxError} `INVALID_ARGUMENT` where an argument has another structure than the schema says
 */
export function placed(
  name: string,
  of: SchemaFunction,
  args: readonly unknown[],
): ReadonlyMap<number, Placed> {
  if (args.length > of.arguments.length)
    throw refused(name, "arguments", `at most ${of.arguments.length} (${of.arguments.map((each) => each.name).join(", ")})`, String(args.length)); // prettier-ignore
  const found = new Map<number, Placed>();
  const place = (tree: SchemaTree, value: unknown, path: string): void => {
    if (typeof tree === "number") {
      const leaf = of.inputs[tree]!;
      if (!isLeafOf(leaf)) return;
      if (value === undefined || value === null) throw refused(name, path, typeText(leaf), shown(value));
      found.set(tree, { path, leaf, value });
    } else if (tree === null) {
      if (value !== null && value !== undefined) throw refused(name, path, "null", shown(value));
    } else if ("list" in tree) {
      const isList = Array.isArray(value) && value.length === tree.list.length;
      if (!isList) throw refused(name, path, `an array of ${tree.list.length}`, Array.isArray(value) ? `one of ${value.length}` : shown(value)); // prettier-ignore
      for (const [i, each] of tree.list.entries()) place(each, (value as unknown[])[i], `${path}[${i}]`);
    } else {
      const keys = Object.keys(tree.dict);
      const given = isBranch(value) ? Object.keys(value) : undefined;
      const isDict =
        given?.every((key) => keys.includes(key)) &&
        keys.every((key) => tree.dict[key] === null || given.includes(key));
      if (!isDict) throw refused(name, path, `an object with ${keys.join(", ")}`, given ? `one with ${given.join(", ")}` : shown(value)); // prettier-ignore
      for (const key of keys)
        place(tree.dict[key]!, (value as Record<string, unknown>)[key], `${path}.${key}`);
    }
  };
  for (const [i, { name: argument, tree }] of of.arguments.entries()) place(tree, args[i], argument);
  return found;
}

/**
 * A leaf as an input of a program, of the dtype that the schema says. Of what is being computed the type is not known
 * yet: the worker says then what is wrong with it.
 */
export function inputOf(name: string, { path, leaf, value }: Placed, session: Session): Constant {
  if (value instanceof Traced) {
    if (!(value instanceof Tensor)) throw refused(name, path, typeText(leaf), `a ${value.constructor.name}`);
    const known = runtime().knownAval(value);
    if (known && known[0] !== leaf.dtype) throw wrongType(name, path, leaf, known);
    const node = value[NODE];
    return node.kind === "host" ? { host: node.host } : { handle: session.handleOf(value) };
  }
  const isData = isLeaf(value) || Array.isArray(value);
  const options = ArrayBuffer.isView(value) ? {} : { dtype: leaf.dtype };
  const host = isData ? toHostArray(value, "float", path, options) : undefined;
  if (!host) throw refused(name, path, typeText(leaf), shown(value));
  if (host.dtype !== leaf.dtype) throw wrongType(name, path, leaf, [host.dtype, host.shape, false]);
  return { host };
}

/** @throws {SynjaxError} `INVALID_ARGUMENT` where shapes are not what the schema says, or a dim has two sizes */
export function checkShapes(
  name: string,
  given: readonly (readonly [Placed, ArrayAval | undefined])[],
): void {
  const sizes = new Map<string, { readonly size: number; readonly path: string }>();
  for (const [{ path, leaf }, aval] of given) {
    if (aval === undefined) continue;
    const [, shape] = aval;
    if (shape.length !== leaf.shape.length) throw wrongType(name, path, leaf, aval);
    for (const [i, dim] of leaf.shape.entries()) {
      const size = shape[i]!;
      if (typeof dim === "number" && dim !== size) throw wrongType(name, path, leaf, aval);
      if (typeof dim !== "string") continue;
      const known = sizes.get(dim) ?? { size, path };
      sizes.set(dim, known);
      if (known.size !== size)
        throw refused(name, path, `${dim} = ${known.size}, as in \`${known.path}\``, String(size));
    }
  }
}

const wrongType = (name: string, path: string, leaf: SchemaLeaf, [dtype, shape]: ArrayAval): SynjaxError =>
  refused(name, path, typeText(leaf), typeText({ dtype, shape }));
