/** Events and compact events: one tensor, or an object of tensors where the class declares several. */
import { Traced } from "../program/traced.ts";
import type { IntDType } from "../ops/dtypes.ts";
import type { FloatDType, Tensor, TensorLike } from "../tensor/tensor.ts";
import type { DeclaredTree } from "./declaration.ts";
import { refused } from "./refusal.ts";

/** An event of a distribution of dtype `F`. `Leaf` names its arrays where there are several. */
export type EventOf<F extends FloatDType, Leaf extends string = never> = [Leaf] extends [never]
  ? Tensor<F>
  : { readonly [L in Leaf]: Tensor<F> };
/** What is taken where an event is wanted. */
export type EventLike<Leaf extends string = never> = [Leaf] extends [never]
  ? TensorLike
  : { readonly [L in Leaf]: TensorLike };
/** A compact event: int32, −1 where there is nothing. */
export type CompactOf<Leaf extends string = never> = [Leaf] extends [never]
  ? Tensor<"int32">
  : { readonly [L in Leaf]: Tensor<"int32"> };
/** What is taken where a compact event is wanted. */
export type CompactLike<Leaf extends string = never> = [Leaf] extends [never]
  ? TensorLike<IntDType>
  : { readonly [L in Leaf]: TensorLike<IntDType> };

/**
 * An operand with the declared tree, its leaves under their names on the wire, each as `convert` makes it.
 * @throws {SynjaxError} `INVALID_ARGUMENT` where a field is missing or unknown; what `convert` throws names the leaf
 */
export function treeOperand(
  tree: DeclaredTree,
  argument: string,
  given: unknown,
  convert: (given: unknown, argument: string) => unknown,
): unknown {
  if ("dims" in tree) return convert(given, argument);
  const isObject = typeof given === "object" && given !== null && !(given instanceof Traced);
  const names = tree.map(({ name }) => name);
  const own = isObject ? Object.keys(given) : [];
  if (!isObject || own.length !== names.length || !names.every((name) => own.includes(name))) {
    const received = isObject ? `an object of ${own.join(", ") || "nothing"}` : kindOf(given);
    const expected = names.join(", ");
    throw refused(
      argument,
      `\`${argument}\` is ${received}, expected the fields ${expected}.`,
      expected,
      received,
    );
  }
  const fields = given as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    tree.map(({ name, python }) => [python, convert(fields[name], `${argument}.${name}`)]),
  );
}

function kindOf(value: unknown): string {
  if (value instanceof Traced) return `a ${value.constructor.name}`;
  return value === null || value === undefined ? String(value) : `a ${typeof value}`;
}
