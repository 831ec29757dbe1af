/** Numbers as they come from a program: nested arrays, or what was fetched of a tensor. */
import { refused } from "../program/refused.ts";
import { shown } from "../program/signatures.ts";
import { Traced } from "../program/traced.ts";

/** A tensor on the host, as `get` returns it. */
export interface Fetched {
  readonly data: ArrayBufferView;
  array(): unknown;
}

/** Numbers in arrays in arrays, of which the innermost may be typed arrays; or what was fetched of a tensor. */
export type NestedNumbers = number | bigint | boolean | NestedList | Fetched;
export type NestedList = ArrayLike<number> | ArrayLike<bigint> | readonly NestedNumbers[];

export interface Flat {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly numbers: readonly number[];
}

const DEEPEST = 32;
const SCALARS = new Set(["number", "bigint", "boolean"]);

/**
 * The shape and the numbers of `argument` of a function.
 * @throws {SynjaxError} `INVALID_ARGUMENT` where arrays side by side differ in length, or hold something else
 */
export function flattened(name: string, argument: string, given: unknown): Flat {
  if (given instanceof Traced)
    throw refused(name, argument, "what was fetched of it: `await get(draws)`", shown(given));
  const value = isFetched(given) ? given.array() : given;
  const shape: number[] = [];
  for (let level = value; isList(level) && shape.length <= DEEPEST; level = level[0])
    shape.push(level.length);
  const numbers: number[] = [];
  const at: number[] = [];
  const wrong = (axis: number, expected: string, received: string): Error =>
    refused(name, argument + at.slice(0, axis).map((i) => `[${i}]`).join(""), expected, received); // prettier-ignore
  const walk = (x: unknown, axis: number): void => {
    if (axis === shape.length) {
      if (!SCALARS.has(typeof x)) throw wrong(axis, "a number", shown(x));
      numbers.push(Number(x));
      return;
    }
    const size = shape[axis]!;
    if (!isList(x)) throw wrong(axis, `an array of ${size}`, shown(x));
    if (x.length !== size) throw wrong(axis, `an array of ${size}, as the first has`, `one of ${x.length}`);
    for (let i = 0; i < size; i++) {
      at[axis] = i;
      walk(x[i], axis + 1);
    }
  };
  if (shape.length > DEEPEST) throw refused(name, argument, `at most ${DEEPEST} axes`, "more");
  walk(value, 0);
  return { shape, numbers };
}

const isList = (value: unknown): value is ArrayLike<unknown> =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));

/** A tensor that has not been fetched has methods for both. */
const isFetched = (value: unknown): value is Fetched =>
  typeof value === "object" &&
  value !== null &&
  ArrayBuffer.isView((value as Partial<Fetched>).data) &&
  typeof (value as Partial<Fetched>).array === "function";

/** `[0,1]` of each element of a shape, in order; one of no name for a number. */
export function indicesOf(shape: readonly number[]): readonly string[] {
  if (shape.length === 0) return [""];
  const all = shape.reduce<readonly string[]>(
    (found, size) =>
      found.flatMap((index) =>
        Array.from({ length: size }, (_, i) => (index === "" ? `${i}` : `${index},${i}`)),
      ),
    [""],
  );
  return all.map((index) => `[${index}]`);
}
