/** Loops and branches on the device. */
import { SynjaxError } from "../../bridge/errors.ts";
import { emitIn } from "../program/emit.ts";
import { checkCall, type Signature } from "../program/signatures.ts";
import type { Size, Tensor } from "../tensor/tensor.ts";
import { type Recorded, components, fill, operandsOf, recordFunction } from "./trees.ts";

const SCAN: Signature = {
  takes: { f: "function", init: "any", xs: "any" },
  options: { length: "size?", reverse: "boolean?" },
};

/**
 * Folds a function over the leading axis of `xs`, carrying a state. Equivalent to `jax.lax.scan`.
 * @param f `(carry, x) => [carry, y]`
 * @returns the last carry, and the y's stacked
 */
export function scan<C, X, Y>(
  f: (carry: C, x: X) => readonly [carry: C, y: Y],
  init: C,
  xs: X,
  options: { readonly length?: number | Size; readonly reverse?: boolean } = {},
): [carry: C, ys: Y] {
  checkCall("scan", SCAN, [f, init, xs, options]);
  const { treeDefs, operands, frame } = operandsOf([init, xs], "scan");
  const carryCount = treeDefs[0]!.classes.length;
  const { program, result } = recordFunction(frame, f as never, treeDefs, "scan");
  const pair = result.tree;
  if (!Array.isArray(pair) || pair.length !== 2)
    throw new SynjaxError("INVALID_ARGUMENT", "scan: the function must return [carry, y]", { argument: "f" });
  assertSameStructure("scan", "the carry it returns", pair[0], "`init`", treeDefs[0]!.tree);
  const attributes = { n_carry: carryCount, length: options.length, reverse: options.reverse };
  const index = emitIn(frame, "scan", [program, ...operands], attributes);
  return fill(result, components(frame, index, result.classes)) as [C, Y];
}

function assertSameStructure(
  op: string,
  what: string,
  received: unknown,
  like: string,
  expected: unknown,
): void {
  const key = (tree: unknown): string => structureKey(tree);
  if (key(received) !== key(expected))
    throw new SynjaxError(
      "INVALID_ARGUMENT",
      `${op}: ${what} must have the structure of ${like}: expected ${key(expected)}, got ${key(received)}`,
      {
        argument: "f",
        expected: key(expected),
        received: key(received),
      },
    );
}

/** Structure of a tree whose leaves are class objects. */
function structureKey(tree: unknown): string {
  if (typeof tree === "function") return tree.name;
  if (Array.isArray(tree)) return `[${tree.map(structureKey).join()}]`;
  if (typeof tree === "object" && tree !== null)
    return `{${Object.entries(tree)
      .map(([k, v]) => `${k}:${structureKey(v)}`)
      .join()}}`;
  return "-";
}

const COND: Signature = {
  takes: { predicate: "boolean | number | tensor", whenTrue: "function", whenFalse: "function" },
};

/** One of two functions, chosen on the device. Equivalent to `jax.lax.cond`. */
export function cond<A extends readonly unknown[], R>(
  predicate: Tensor<"bool"> | boolean,
  whenTrue: (...operands: A) => R,
  whenFalse: (...operands: A) => R,
  ...operands: A
): R {
  checkCall("cond", COND, [predicate, whenTrue, whenFalse]);
  const given = operandsOf([predicate, ...operands], "cond");
  const branch = (f: (...operands: A) => R): Recorded =>
    recordFunction(given.frame, f as never, given.treeDefs.slice(1), "cond");
  const [yes, no] = [branch(whenTrue), branch(whenFalse)];
  assertSameStructure("cond", "whenFalse's result", no.result.tree, "whenTrue's", yes.result.tree);
  const [first, ...rest] = given.operands;
  const index = emitIn(given.frame, "cond", [first, yes.program, no.program, ...rest], undefined);
  return fill(yes.result, components(given.frame, index, yes.result.classes)) as R;
}

const WHILE: Signature = { takes: { condition: "function", body: "function" } };

/** Repeats `body` while `condition` holds. Equivalent to `jax.lax.while_loop`. */
export function whileLoop<C>(condition: (carry: C) => Tensor<"bool">, body: (carry: C) => C, init: C): C {
  checkCall("whileLoop", WHILE, [condition, body]);
  const { treeDefs, operands, frame } = operandsOf([init], "whileLoop");
  const test = recordFunction(frame, condition as never, treeDefs, "whileLoop");
  const step = recordFunction(frame, body as never, treeDefs, "whileLoop");
  assertSameStructure("whileLoop", "the body's result", step.result.tree, "`init`", treeDefs[0]!.tree);
  const index = emitIn(frame, "while_loop", [test.program, step.program, ...operands], undefined);
  return fill(step.result, components(frame, index, step.result.classes)) as C;
}
