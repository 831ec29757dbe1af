/** Gradients. */
import { emitIn } from "../program/emit.ts";
import { checkCall, type Signature } from "../program/signatures.ts";
import type { ResultClass } from "../program/traced.ts";
import { Tensor } from "../tensor/tensor.ts";
import { type AuxOf, differentiatedParts, type Gradients, positionsOf, treesOf } from "./differentiated.ts";
import { components, fill, operandsOf, recordFunction, refused } from "./trees.ts";

export interface GradOptions<
  N extends number | readonly number[] = number | readonly number[],
  H extends boolean = boolean,
> {
  /** Which arguments to differentiate by; default 0. With a list the gradients are a list. */
  readonly argnums?: N;
  /** The function returns `[loss, aux]`: only the loss is differentiated, aux is handed through. */
  readonly hasAux?: H;
}

const GRAD: Signature = {
  takes: { f: "function" },
  options: { argnums: "axis?", hasAux: "boolean?" },
};

function differentiate(
  op: "grad" | "value_and_grad",
  f: (...args: never[]) => unknown,
  options: GradOptions,
  args: readonly unknown[],
): { readonly value: unknown; readonly gradients: unknown; readonly aux: unknown } {
  const name = op === "grad" ? "grad" : "valueAndGrad";
  const { treeDefs, operands, frame } = operandsOf(args, name);
  const argnums = positionsOf(name, options.argnums ?? 0, args.length);
  const { program, result } = recordFunction(frame, f, treeDefs, name);
  const hasAux = options.hasAux ?? false;
  const { out, aux } = differentiatedParts(name, result, hasAux);
  if (out.classes.length !== 1 || out.classes[0] !== Tensor)
    throw refused(
      name,
      "f",
      `a function that returns ${hasAux ? "[loss, aux] with a loss of one number" : "one number"}`,
      `${out.classes.length} results${hasAux ? "" : " (jacobian takes a function of several; hasAux: true hands the rest of [loss, aux] through)"}`,
    );
  const trees = treesOf(treeDefs, argnums);
  const attributes = { argnums: trees.positions, ...(hasAux ? { has_aux: true } : {}) };
  const index = emitIn(frame, op, [program, ...operands], attributes);
  const valueClasses: ResultClass[] = op === "value_and_grad" ? [Tensor] : [];
  const parts = components(frame, index, [...valueClasses, ...trees.classes, ...aux.classes]);
  const value = valueClasses.length ? fill(out, parts.splice(0, 1)) : undefined;
  const gradients = trees.filled(parts);
  return {
    value,
    gradients: Array.isArray(options.argnums) ? gradients : gradients[0],
    aux: hasAux ? fill(aux, parts, trees.classes.length) : undefined,
  };
}

/**
 * The gradient of a function that returns one number: a tree like its argument. Of a distribution it is one with the
 * derivatives in the place of its floating-point parameters. Equivalent to `jax.grad`.
 * @returns a function of the same arguments, that gives the gradient, or `[gradient, aux]` with `hasAux`
 * @throws {SynjaxError} `INVALID_ARGUMENT` where an argument is of integers, or the function returns several tensors;
 *   `OP_FAILED` where it returns a tensor of several numbers, or goes through a `whileLoop`
 */
export function grad<
  A extends readonly unknown[],
  R,
  const N extends number | readonly number[] = 0,
  const H extends boolean = false,
>(
  f: (...args: A) => R,
  options: GradOptions<N, H> = {},
): (...args: A) => H extends true ? [gradient: Gradients<A, N>, aux: AuxOf<R>] : Gradients<A, N> {
  checkCall("grad", GRAD, [f, options]);
  return (...args) => {
    const { gradients, aux } = differentiate("grad", f as never, options, args);
    return (options.hasAux ? [gradients, aux] : gradients) as never;
  };
}

/**
 * The value of a function that returns one number, and its gradient, from one pass. Equivalent to `jax.value_and_grad`.
 * @returns a function of the same arguments, that gives `[value, gradient]`, or `[[value, aux], gradient]` with `hasAux`
 * @throws {SynjaxError} as `grad`
 */
export function valueAndGrad<A extends readonly unknown[], R, const N extends number | readonly number[] = 0>(
  f: (...args: A) => R,
  options: GradOptions<N> = {},
): (...args: A) => [value: R, gradient: Gradients<A, N>] {
  checkCall("valueAndGrad", GRAD, [f, options]);
  return (...args) => {
    const { value, gradients, aux } = differentiate("value_and_grad", f as never, options, args);
    return [options.hasAux ? [value, aux] : value, gradients] as [R, Gradients<A, N>];
  };
}
