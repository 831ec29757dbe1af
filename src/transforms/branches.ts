/** Branches on the device. */
import { emitIn } from "../program/emit.ts";
import { checkCall, type Signature } from "../program/signatures.ts";
import type { Traced } from "../program/traced.ts";
import { array } from "../tensor/array.ts";
import type { Tensor } from "../tensor/tensor.ts";
import {
  assertSameStructure,
  components,
  fill,
  type Operands,
  operandsOf,
  recordFunction,
  refused,
} from "./trees.ts";

const COND: Signature = {
  takes: {
    predicate: "boolean | number | tensor",
    whenTrue: "function",
    whenFalse: "function",
    operands: "...any",
  },
};

/**
 * One of two functions, chosen on the device by one boolean; both must return the same structure, shapes and dtypes.
 * Under a `vmap` that maps the predicate both run. Equivalent to `jax.lax.cond`.
 * @throws {SynjaxError} `INVALID_ARGUMENT` where the structures differ; `OP_FAILED` where shapes or dtypes do
 */
export function cond<A extends readonly unknown[], R>(
  predicate: Tensor<"bool"> | boolean,
  whenTrue: (...operands: A) => R,
  whenFalse: (...operands: A) => R,
  ...operands: A
): R {
  checkCall("cond", COND, [predicate, whenTrue, whenFalse, ...operands]);
  const given = operandsOf([predicate, ...operands], "cond");
  return branch("cond", given, [
    ["whenTrue", whenTrue],
    ["whenFalse", whenFalse],
  ]) as R;
}

type Whole = "int8" | "int16" | "int32" | "int64" | "uint8" | "uint16" | "uint32" | "uint64";
const SWITCH: Signature = { takes: { index: "number | tensor", branches: "list", operands: "...any" } };

/**
 * One of several functions, chosen on the device: `branches[index]`, of an index beyond them the nearest. All must
 * return the same structure, shapes and dtypes. Equivalent to `jax.lax.switch`.
 * @throws {SynjaxError} `INVALID_ARGUMENT` where the structures differ; `OP_FAILED` where shapes or dtypes do
 */
export function switchCase<A extends readonly unknown[], R>(
  index: Tensor<Whole> | number,
  branches: readonly ((...operands: A) => R)[],
  ...operands: A
): R {
  checkCall("switchCase", SWITCH, [index, branches, ...operands]);
  const other = branches.findIndex((f) => typeof f !== "function");
  if (branches.length === 0 || other >= 0)
    throw refused(
      "switchCase",
      "branches",
      "an array of functions, at least one",
      branches.length === 0 ? "an empty array" : `${typeof branches[other]} at ${other}`,
    );
  if (typeof index === "number" && !Number.isInteger(index))
    throw refused("switchCase", "index", "a whole number", String(index));
  const whole = typeof index === "number" ? array(Int32Array.of(index), { shape: [] }) : index;
  const given = operandsOf([whole, ...operands], "switchCase");
  return branch(
    "switch_case",
    given,
    branches.map((f, i) => [`branches[${i}]`, f]),
  ) as R;
}

/** Records an op whose first operand says which of the functions runs on the others. */
function branch(
  op: "cond" | "switch_case",
  { treeDefs, operands, frame }: Operands,
  functions: readonly (readonly [name: string, f: (...operands: never[]) => unknown])[],
): unknown {
  const name = op === "cond" ? "cond" : "switchCase";
  const recorded = functions.map(([, f]) => recordFunction(frame, f, treeDefs.slice(1), name));
  const [first] = recorded;
  for (const [i, { result }] of recorded.entries()) {
    const [[like], [argument]] = [functions[0]!, functions[i]!];
    assertSameStructure(name, argument, "its result", result.tree, `that of ${like}`, first!.result.tree);
  }
  const [choice, ...rest] = operands as readonly [Traced, ...Traced[]];
  const index = emitIn(frame, op, [choice, ...recorded.map((r) => r.program), ...rest], undefined);
  return fill(first!.result, components(frame, index, first!.result.classes));
}
