/** Derivatives along a direction: forwards, and backwards. */
import { emitIn } from "../program/emit.ts";
import { frameFor } from "../program/recording.ts";
import { checkCall, type Signature } from "../program/signatures.ts";
import { adopt, Intermediate } from "../program/traced.ts";
import { type AuxOf, differentiatedParts, type OutOf } from "./differentiated.ts";
import {
  assertSameStructure,
  asOperand,
  components,
  fill,
  operandsOf,
  recordFunction,
  refused,
  treeDefOf,
} from "./trees.ts";

interface Options<H> {
  /** The function returns `[out, aux]`: only out is differentiated, aux is handed through. */
  readonly hasAux?: H;
}

const JVP: Signature = {
  takes: { f: "function", primals: "list", tangents: "list" },
  options: { hasAux: "boolean?" },
};

/**
 * A function's value at a point, and its derivative in a direction: one pass forwards. Equivalent to `jax.jvp`.
 * @param primals the arguments of `f`, in an array: `jvp(f, [x, y], [dx, dy])`
 * @param tangents a direction for each, of the same structure, shapes and dtypes
 * @returns `[out, tangent of out]`, and aux with `hasAux`
 * @throws {SynjaxError} `INVALID_ARGUMENT` where structures differ, or an argument or a result is of integers;
 *   `OP_FAILED` where shapes or dtypes differ
 */
export function jvp<A extends readonly unknown[], R, const H extends boolean = false>(
  f: (...args: A) => R,
  primals: readonly [...NoInfer<A>],
  tangents: readonly [...NoInfer<A>],
  options: Options<H> = {},
): H extends true ? [out: OutOf<R, H>, tangent: OutOf<R, H>, aux: AuxOf<R>] : [out: R, tangent: R] {
  checkCall("jvp", JVP, [f, primals, tangents, options]);
  const count = primals.length;
  const { treeDefs, operands, frame } = operandsOf([...primals, ...tangents], "jvp");
  const tree = (from: number): unknown => treeDefs.slice(from, from + count).map((each) => each.tree);
  if (tangents.length !== count)
    throw refused("jvp", "tangents", `${count}, one for each of \`primals\``, String(tangents.length));
  assertSameStructure("jvp", "tangents", "them", tree(count), "`primals`", tree(0));
  const { program, result } = recordFunction(frame, f as never, treeDefs.slice(0, count), "jvp");
  const { out, aux } = differentiatedParts("jvp", result, options.hasAux ?? false);
  if (out.classes.length === 0) throw refused("jvp", "f", "a function that returns tensors", "nothing");
  const index = emitIn(frame, "jvp", [program, ...operands], { n_out: out.classes.length });
  const parts = components(frame, index, [...out.classes, ...out.classes, ...aux.classes]);
  const pair = [fill(out, parts), fill(out, parts, out.classes.length)];
  return (options.hasAux ? [...pair, fill(aux, parts, 2 * out.classes.length)] : pair) as never;
}

const VJP: Signature = { takes: { f: "function", primals: "list" }, options: { hasAux: "boolean?" } };

/**
 * A function's value at a point, and its pullback: a function of a cotangent, a tree like the value, that gives the
 * derivatives by all arguments of the value weighted with it. The pullback may be called many times, where the value
 * could be used. Equivalent to `jax.vjp`.
 * @param primals the arguments of `f`, in an array: `vjp(f, [x, y])`
 * @returns `[out, pullback]`, and aux with `hasAux`
 * @throws {SynjaxError} `INVALID_ARGUMENT` where an argument or a result is of integers, or a cotangent is not like the
 *   value; `OP_FAILED` where its shape or dtype differs, or `f` goes through a `whileLoop`
 */
export function vjp<A extends readonly unknown[], R, const H extends boolean = false>(
  f: (...args: A) => R,
  primals: readonly [...NoInfer<A>],
  options: Options<H> = {},
): H extends true
  ? [out: OutOf<R, H>, pullback: (cotangent: OutOf<R, H>) => A, aux: AuxOf<R>]
  : [out: R, pullback: (cotangent: R) => A] {
  checkCall("vjp", VJP, [f, primals, options]);
  const given = operandsOf(primals, "vjp");
  const { treeDefs, operands, frame } = given;
  const record = (into: typeof frame) => {
    const { program, result } = recordFunction(into, f as never, treeDefs, "vjp");
    const { out, aux } = differentiatedParts("vjp", result, options.hasAux ?? false);
    if (out.classes.length === 0) throw refused("vjp", "f", "a function that returns tensors", "nothing");
    return { index: emitIn(into, "vjp", [program, ...operands], { n_out: out.classes.length }), out, aux };
  };
  const { index, out, aux } = record(frame);
  const parts = components(frame, index, [...out.classes, ...aux.classes]);

  const pullback = (cotangent: unknown): unknown => {
    const { treeDef, leaves } = treeDefOf(cotangent, "cotangent of vjp");
    assertSameStructure("vjp", "cotangent", "it", treeDef.tree, "the value", out.tree);
    const cotangents = leaves.map((leaf) => asOperand(leaf, "cotangent of vjp"));
    const here = frameFor([...operands, ...cotangents]);
    // What a vjp leaves behind does not leave its program: in another one the function is differentiated again
    const own =
      frame === here || frame.isAncestorOf(here) ? { frame, index } : { frame: here, ...record(here) };
    const whole = adopt(Intermediate, { kind: "equation", frame: own.frame, index: own.index });
    const classes = treeDefs.flatMap((each) => each.classes);
    const pulled = components(here, emitIn(here, "pullback", [whole, ...cotangents], undefined), classes);
    let position = 0;
    return treeDefs.map((each) => {
      const tree = fill(each, pulled, position);
      position += each.classes.length;
      return tree;
    });
  };
  const pair = [fill(out, parts), pullback];
  return (options.hasAux ? [...pair, fill(aux, parts, out.classes.length)] : pair) as never;
}
