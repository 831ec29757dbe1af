/** Loops on the device. */
import { emitIn } from "../program/emit.ts";
import { checkCall, type Signature } from "../program/signatures.ts";
import type { Size, Tensor } from "../tensor/tensor.ts";
import { assertSameStructure, components, fill, operandsOf, recordFunction, refused } from "./trees.ts";

export interface ScanOptions {
  /** How many turns, where there is no `xs` to tell. */
  readonly length?: number | Size;
  /** From the last item to the first. */
  readonly reverse?: boolean;
  /** How many turns stand in one of the compiled loop, `true` for all: runs faster and compiles slower. Default 1. */
  readonly unroll?: number | boolean;
}

const SCAN: Signature = {
  takes: { f: "function", init: "any", xs: "any" },
  options: { length: "size?", reverse: "boolean?", unroll: "number | boolean?" },
};

/**
 * Folds a function over the leading axis of `xs`, carrying a state of one structure, shape and dtype. Of distributions
 * in `xs` it takes the items of the first batch axis. Equivalent to `jax.lax.scan`.
 * @param f `(carry, x) => [carry, y]`
 * @returns the last carry, and the y's stacked
 * @throws {SynjaxError} `INVALID_ARGUMENT` where the carry changes its structure; `OP_FAILED` where it changes its shape
 *   or dtype
 */
export function scan<C, X, Y>(
  f: (carry: C, x: X) => readonly [carry: C, y: Y],
  init: C,
  xs: X,
  options: ScanOptions = {},
): [carry: C, ys: Y] {
  checkCall("scan", SCAN, [f, init, xs, options]);
  const { treeDefs, operands, frame } = operandsOf([init, xs], "scan");
  const carryCount = treeDefs[0]!.classes.length;
  const { program, result } = recordFunction(frame, f as never, treeDefs, "scan");
  const pair = result.tree;
  if (!Array.isArray(pair) || pair.length !== 2)
    throw refused("scan", "f", "a function that returns [carry, y]", "another result");
  assertSameStructure("scan", "f", "the carry it returns", pair[0], "`init`", treeDefs[0]!.tree);
  const attributes = {
    n_carry: carryCount,
    length: options.length,
    reverse: options.reverse,
    unroll: options.unroll,
  };
  const index = emitIn(frame, "scan", [program, ...operands], attributes);
  return fill(result, components(frame, index, result.classes)) as [C, Y];
}

const MAP: Signature = { takes: { f: "function", xs: "any" }, options: { batchSize: "number?" } };

/**
 * A function applied to one item of the leading axis after another: `vmap` in less memory. Equivalent to `jax.lax.map`.
 * @param options `batchSize`: how many items are computed at once
 */
export function map<X, Y>(
  f: (x: X) => Y,
  xs: X,
  options: {
    /** How many items are computed at once, as by `vmap`. Default: one. */
    readonly batchSize?: number;
  } = {},
): Y {
  checkCall("map", MAP, [f, xs, options]);
  const { treeDefs, operands, frame } = operandsOf([xs], "map");
  const { program, result } = recordFunction(frame, f as never, treeDefs, "map");
  const index = emitIn(frame, "map", [program, ...operands], { batch_size: options.batchSize });
  return fill(result, components(frame, index, result.classes)) as Y;
}

const ASSOCIATIVE_SCAN: Signature = {
  takes: { f: "function", elems: "any" },
  options: { reverse: "boolean?", axis: "number?" },
};

/**
 * All partial results of an associative function, as `np.cumsum` is that of addition; in a logarithmic number of steps.
 * Equivalent to `jax.lax.associative_scan`.
 * @param f joins two neighbours, elementwise along the axis: it gets and returns tensors that have it too
 * @param elems a tree of tensors whose axes are equally long
 * @param options `axis`, default 0; `reverse`: from the end
 */
export function associativeScan<E>(
  f: (a: E, b: E) => E,
  elems: E,
  options: {
    /** From the last item to the first. */
    readonly reverse?: boolean;
    /** The axis along which the items stand. Default 0. */
    readonly axis?: number;
  } = {},
): E {
  checkCall("associativeScan", ASSOCIATIVE_SCAN, [f, elems, options]);
  const { treeDefs, operands, frame } = operandsOf([elems], "associativeScan");
  const [item] = treeDefs;
  const { program, result } = recordFunction(frame, f as never, [item!, item!], "associativeScan");
  assertSameStructure("associativeScan", "f", "its result", result.tree, "`elems`", item!.tree);
  const index = emitIn(frame, "associative_scan", [program, ...operands], {
    reverse: options.reverse,
    axis: options.axis,
  });
  return fill(result, components(frame, index, result.classes)) as E;
}

const WHILE: Signature = { takes: { condition: "function", body: "function", init: "any" } };

/**
 * Repeats `body` while `condition` holds. It has no gradient backwards, only forwards (`jvp`, `jacfwd`): a loop of known
 * length is a `scan`. Equivalent to `jax.lax.while_loop`.
 * @throws {SynjaxError} `INVALID_ARGUMENT` where the state changes its structure; `OP_FAILED` where it changes its shape
 *   or dtype, or is differentiated backwards
 */
export function whileLoop<C>(condition: (carry: C) => Tensor<"bool">, body: (carry: C) => C, init: C): C {
  checkCall("whileLoop", WHILE, [condition, body, init]);
  const { treeDefs, operands, frame } = operandsOf([init], "whileLoop");
  const test = recordFunction(frame, condition as never, treeDefs, "whileLoop");
  if (test.result.classes.length !== 1)
    throw refused(
      "whileLoop",
      "condition",
      "a function that returns one boolean",
      `${test.result.classes.length} results`,
    );
  const step = recordFunction(frame, body as never, treeDefs, "whileLoop");
  assertSameStructure(
    "whileLoop",
    "body",
    "the body's result",
    step.result.tree,
    "`init`",
    treeDefs[0]!.tree,
  );
  const index = emitIn(frame, "while_loop", [test.program, step.program, ...operands], undefined);
  return fill(step.result, components(frame, index, step.result.classes)) as C;
}
