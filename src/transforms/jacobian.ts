/** Jacobians and Hessians. */
import { emitIn } from "../program/emit.ts";
import { checkCall, type Signature } from "../program/signatures.ts";
import type { Traced } from "../program/traced.ts";
import { rebuild } from "../program/tree.ts";
import { Tensor } from "../tensor/tensor.ts";
import {
  type AuxOf,
  differentiatedParts,
  type Gradients,
  type OutOf,
  positionsOf,
  treesOf,
} from "./differentiated.ts";
import type { GradOptions } from "./grad.ts";
import { components, fill, operandsOf, recordFunction, refused } from "./trees.ts";

/** A tree of the structure of `R`, with a tree of type `By` in the place of each leaf. */
export type JacobianOf<R, By> = R extends Traced | number | boolean
  ? By
  : R extends object
    ? { [K in keyof R]: JacobianOf<R[K], By> }
    : R;

type Result<H, R, Derivative> = H extends true ? [derivative: Derivative, aux: AuxOf<R>] : Derivative;

const JACOBIAN: Signature = {
  takes: { f: "function" },
  options: { argnums: "axis?", hasAux: "boolean?" },
};

function derivatives(
  name: "jacfwd" | "jacrev" | "hessian",
  f: (...args: never[]) => unknown,
  options: GradOptions,
  args: readonly unknown[],
): unknown {
  const { treeDefs, operands, frame } = operandsOf(args, name);
  const trees = treesOf(treeDefs, positionsOf(name, options.argnums ?? 0, args.length));
  const { program, result } = recordFunction(frame, f, treeDefs, name);
  const hasAux = options.hasAux ?? false;
  const { out, aux } = differentiatedParts(name, result, hasAux);
  if (out.classes.length === 0 || out.classes.some((Class) => Class !== Tensor))
    throw refused(name, "f", "a function that returns tensors", "a distribution, or nothing");
  const isTwice = name === "hessian";
  if (isTwice && trees.classes.some((Class) => Class !== Tensor))
    throw refused(
      name,
      "argnums",
      "tensors: make the distribution inside the function, of its parameters",
      "a distribution",
    );
  // For each result: by each argument, and of a Hessian by each argument again
  const once = trees.classes;
  const each = isTwice ? once.flatMap(() => once) : once;
  const classes = out.classes.flatMap(() => each);
  const attributes = { argnums: trees.positions, n_out: out.classes.length };
  const index = emitIn(frame, name, [program, ...operands], attributes);
  const parts = components(frame, index, [...classes, ...aux.classes]);
  const isList = Array.isArray(options.argnums);
  const treeOf = (values: readonly Traced[], from: number): unknown => {
    const filled = trees.filled(values, from);
    return isList ? filled : filled[0];
  };
  const twice = (from: number): unknown => {
    let row = 0;
    return rebuild(treeOf(parts, from), () => treeOf(parts, from + once.length * row++));
  };
  let row = 0;
  const derivative = rebuild(out.tree, () => {
    const from = each.length * row++;
    return isTwice ? twice(from) : treeOf(parts, from);
  });
  return hasAux ? [derivative, fill(aux, parts, classes.length)] : derivative;
}

/**
 * The Jacobian, computed forwards, a column at a time: for few inputs and many outputs. In the place of each tensor that
 * `f` returns stands a tree like the argument, each tensor `(*its shape, *the argument's shape)`. Equivalent to
 * `jax.jacfwd`.
 * @throws {SynjaxError} `INVALID_ARGUMENT` where an argument or a result is of integers
 */
export function jacfwd<
  A extends readonly unknown[],
  R,
  const N extends number | readonly number[] = 0,
  const H extends boolean = false,
>(
  f: (...args: A) => R,
  options: GradOptions<N, H> = {},
): (...args: A) => Result<H, R, JacobianOf<OutOf<R, H>, Gradients<A, N>>> {
  checkCall("jacfwd", JACOBIAN, [f, options]);
  return (...args) => derivatives("jacfwd", f as never, options, args) as never;
}

/**
 * The Jacobian, computed backwards, a row at a time: for many inputs and few outputs. In the place of each tensor that
 * `f` returns stands a tree like the argument, each tensor `(*its shape, *the argument's shape)`. Equivalent to
 * `jax.jacrev`.
 * @throws {SynjaxError} `INVALID_ARGUMENT` where an argument or a result is of integers; `OP_FAILED` through a `whileLoop`
 */
export function jacrev<
  A extends readonly unknown[],
  R,
  const N extends number | readonly number[] = 0,
  const H extends boolean = false,
>(
  f: (...args: A) => R,
  options: GradOptions<N, H> = {},
): (...args: A) => Result<H, R, JacobianOf<OutOf<R, H>, Gradients<A, N>>> {
  checkCall("jacrev", JACOBIAN, [f, options]);
  return (...args) => derivatives("jacrev", f as never, options, args) as never;
}

/** The Jacobian, computed backwards: another name of `jacrev`. Equivalent to `jax.jacobian`. */
export const jacobian: typeof jacrev = jacrev;

/**
 * The second derivatives. In the place of each tensor that `f` returns stands a tree like the argument, in which each
 * leaf is a tree like the argument again, each tensor `(*the result's shape, *one argument's shape, *the other's)`.
 * Equivalent to `jax.hessian`.
 * @throws {SynjaxError} `INVALID_ARGUMENT` where an argument or a result is of integers, or an argument a distribution
 */
export function hessian<
  A extends readonly unknown[],
  R,
  const N extends number | readonly number[] = 0,
  const H extends boolean = false,
>(
  f: (...args: A) => R,
  options: GradOptions<N, H> = {},
): (...args: A) => Result<H, R, JacobianOf<OutOf<R, H>, JacobianOf<Gradients<A, N>, Gradients<A, N>>>> {
  checkCall("hessian", JACOBIAN, [f, options]);
  return (...args) => derivatives("hessian", f as never, options, args) as never;
}
