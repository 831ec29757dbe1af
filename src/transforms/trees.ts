/** Trees of arguments and results: taken apart for a nested program, put together from what it yields. */
import { SynjaxError } from "../../bridge/errors.ts";
import type { HostArray } from "../../bridge/wire/dtypes.ts";
import { component } from "../program/emit.ts";
import type { NestedProgram } from "../program/encode.ts";
import type { Frame } from "../program/frame.ts";
import { frameFor, recordNested } from "../program/recording.ts";
import { refused } from "../program/refused.ts";
import { callersLine } from "../program/source-line.ts";
import { Intermediate, type ResultClass, Traced, adopt } from "../program/traced.ts";
import { flatten, isBranch, rebuild } from "../program/tree.ts";
import { toHostArray } from "../tensor/host-array.ts";
import { Size, Tensor } from "../tensor/tensor.ts";

export { refused };

/** One number or several, as several. */
export const list = (numbers: number | readonly number[] | undefined): readonly number[] =>
  numbers === undefined ? [] : typeof numbers === "number" ? [numbers] : numbers;

/** A structure without its tensors: class objects stand where the leaves were. */
export interface TreeDef {
  readonly tree: unknown;
  readonly classes: readonly ResultClass[];
  /** Where an array of nothing but numbers stands in an argument of a function. */
  readonly numbers?: string;
}

/** What a leaf is to a nested program: of a random variable the tensor that it is. */
export const classOf = (leaf: unknown): ResultClass =>
  leaf instanceof Traced && !(leaf instanceof Size) && !(leaf instanceof Tensor)
    ? (leaf.constructor as unknown as ResultClass)
    : Tensor;

export function treeDefOf(
  tree: unknown,
  path: string,
): { readonly treeDef: TreeDef; readonly leaves: unknown[] } {
  const leaves: unknown[] = [];
  flatten(tree, leaves, path);
  const numbers = leaves.some((leaf) => typeof leaf === "number") ? numbersIn(tree, path) : undefined;
  const treeDef = { tree: rebuild(tree, classOf), classes: leaves.map(classOf) };
  return { treeDef: numbers === undefined ? treeDef : { ...treeDef, numbers }, leaves };
}

/** Where the first array of nothing but numbers, or of such arrays, stands in a tree. */
function numbersIn(tree: unknown, path: string): string | undefined {
  if (Array.isArray(tree)) {
    const isOfNumbers = (x: unknown): boolean =>
      typeof x === "number" || (Array.isArray(x) && x.length > 0 && x.every(isOfNumbers));
    if (isOfNumbers(tree)) return path;
    return firstOf(tree.map((item, i) => numbersIn(item, `${path}[${i}]`)));
  }
  if (!isBranch(tree)) return undefined;
  return firstOf(Object.keys(tree).map((key) => numbersIn(tree[key], `${path}.${key}`)));
}

const firstOf = (paths: readonly (string | undefined)[]): string | undefined =>
  paths.find((path) => path !== undefined);

/**
 * What a function that is being recorded returns. An array of numbers is to it an array of scalars: where it took that
 * for a tensor, its error says so.
 */
export function called<R>(f: () => R, args: readonly (TreeDef | undefined)[]): R {
  try {
    return f();
  } catch (error) {
    const argument = args.find((arg) => arg?.numbers)?.numbers;
    if (argument === undefined || !(error instanceof TypeError || error instanceof SynjaxError)) throw error;
    throw new SynjaxError(
      "INVALID_ARGUMENT",
      `${argument} is an array of numbers: to the function it is an array of scalars. Pass array(…) if it takes a tensor. It failed with: ${error.message}`,
      {
        argument,
        expected: "a tensor",
        received: "an array of numbers",
        cause: error,
        line: callersLine(),
      },
    );
  }
}

export function resultOf(result: unknown, what: string): ReturnType<typeof treeDefOf> {
  if (!(result instanceof Promise)) return treeDefOf(result, what);
  result.catch(() => undefined);
  throw new SynjaxError(
    "NOT_A_TENSOR",
    `${what} is a Promise: an async function cannot be recorded. Await what it needs before the call.`,
    { expected: "a tensor, or an array or object of them", received: "Promise", line: callersLine() },
  );
}

/** @throws {SynjaxError} `INVALID_ARGUMENT` where two trees of classes differ */
export function assertSameStructure(
  name: string,
  argument: string,
  what: string,
  received: unknown,
  like: string,
  expected: unknown,
): void {
  const [came, wanted] = [structureKey(received), structureKey(expected)];
  if (came !== wanted)
    throw refused(name, argument, `${what} to have the structure of ${like}, ${wanted}`, came);
}

/** Structure of a tree whose leaves are class objects. */
export function structureKey(tree: unknown): string {
  if (typeof tree === "function") return tree.name;
  if (Array.isArray(tree)) return `[${tree.map(structureKey).join(", ")}]`;
  if (typeof tree === "object" && tree !== null)
    return `{ ${Object.entries(tree)
      .map(([k, v]) => `${k}: ${structureKey(v)}`)
      .join(", ")} }`;
  return String(tree);
}

export function fill({ tree }: TreeDef, values: readonly Traced[], from = 0): unknown {
  let position = from;
  return rebuild(tree, () => values[position++]);
}

/** A leaf as an operand: numbers and raw arrays become tensors, as they do when JAX is given them. */
export function asOperand(leaf: unknown, path: string): Traced {
  if (leaf instanceof Traced) return leaf;
  return adopt(Tensor, { kind: "host", host: hostLeaf(leaf, path) });
}

export function hostLeaf(leaf: unknown, path: string): HostArray {
  const host = toHostArray(leaf, "float", path);
  if (!host) throw new SynjaxError("NOT_A_TENSOR", `${path}: expected a tensor, got ${typeof leaf}`, { line: callersLine() }); // prettier-ignore
  return host;
}

export interface Recorded {
  readonly program: NestedProgram;
  readonly result: TreeDef;
}

/** Records `f` on the structure of its arguments. */
export function recordFunction(
  frame: Frame,
  f: (...args: never[]) => unknown,
  args: readonly TreeDef[],
  name: string,
): Recorded {
  let result: TreeDef | undefined;
  const program = recordNested(
    frame,
    args.flatMap((a) => a.classes),
    (inputs) => {
      let position = 0;
      const values = args.map((a) => {
        const value = fill(a, inputs, position);
        position += a.classes.length;
        return value;
      });
      const { treeDef, leaves } = resultOf(
        called(() => f(...(values as never[])), args),
        `the result of ${name}'s function`,
      );
      result = treeDef;
      return leaves;
    },
  );
  return { program, result: result! };
}

/** Runs an operation whose result is a flat tuple, and builds trees of its components. */
export function components(frame: Frame, index: number, classes: readonly ResultClass[]): Traced[] {
  const whole = adopt(Intermediate, { kind: "equation", frame, index });
  return classes.map((Result, k) => component(whole, k, Result, frame));
}

export interface Operands {
  readonly treeDefs: readonly TreeDef[];
  readonly operands: readonly Traced[];
  readonly frame: Frame;
}

export function operandsOf(args: readonly unknown[], name: string): Operands {
  const parts = args.map((a, i) => treeDefOf(a, `argument ${i} of ${name}`));
  const operands = parts.flatMap((p, i) =>
    p.leaves.map((leaf) => asOperand(leaf, `argument ${i} of ${name}`)),
  );
  return { treeDefs: parts.map((p) => p.treeDef), operands, frame: frameFor(operands) };
}
