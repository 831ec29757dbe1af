/** Functions whose derivative is a function too. */
import { SynjaxError } from "../../bridge/errors.ts";
import { emitIn } from "../program/emit.ts";
import { callersLine } from "../program/source-line.ts";
import { checkCall, type Signature } from "../program/signatures.ts";
import { treesOf, positionsOf } from "./differentiated.ts";
import {
  assertSameStructure,
  components,
  fill,
  list,
  type Operands,
  operandsOf,
  recordFunction,
  refused,
  structureKey,
  type TreeDef,
} from "./trees.ts";

type Named<N> = N extends readonly number[] ? N[number] : N;
/** The arguments that are differentiated, and the others. */
type Moving<A extends readonly unknown[], N, At extends unknown[] = []> = number extends A["length"]
  ? A
  : A extends readonly [infer First, ...infer Rest]
    ? At["length"] extends Named<N>
      ? Moving<Rest, N, [...At, 0]>
      : [First, ...Moving<Rest, N, [...At, 0]>]
    : [];
type Fixed<A extends readonly unknown[], N, At extends unknown[] = []> = number extends A["length"]
  ? []
  : A extends readonly [infer First, ...infer Rest]
    ? At["length"] extends Named<N>
      ? [First, ...Fixed<Rest, N, [...At, 0]>]
      : Fixed<Rest, N, [...At, 0]>
    : [];

type OrNull<Trees extends readonly unknown[]> = { readonly [K in keyof Trees]: Trees[K] | null };

export interface CustomRuleOptions<N extends number | readonly number[] = number | readonly number[]> {
  /**
   * Arguments that are not differentiated, and need not be tensors: JavaScript's numbers, functions. The rules get them
   * first.
   */
  readonly nondiffArgnums?: N;
}

const RULES: Signature = { takes: { f: "function" }, options: { nondiffArgnums: "axis?" } };

/** A function with a derivative of its own, once `defjvp` has said which. */
export type CustomJvp<A extends readonly unknown[], R, N = never> = ((...args: A) => R) & {
  /**
   * Says what the derivative is.
   * @param rule given points and directions, two arrays like the arguments, returns `[out, tangent of out]`, both like
   *   the function's result. It has to be linear in the directions.
   */
  defjvp(
    rule: (
      ...given: [...Fixed<A, N>, primals: Moving<A, N>, tangents: Moving<A, N>]
    ) => readonly [out: R, tangent: R],
  ): void;
};

/** A function with a derivative of its own, once `defvjp` has said which. */
export type CustomVjp<A extends readonly unknown[], R, N = never> = ((...args: A) => R) & {
  /**
   * Says what the derivative is.
   * @param fwd given the arguments, returns `[out, residuals]`: what the function does, and any tree that `bwd` wants
   * @param bwd given the residuals and a cotangent like the result, returns an array of the derivatives by the arguments,
   *   `null` for one that has none. Nothing in it may check its arguments on the device, as an index that is computed
   *   does: such a thing belongs to `fwd`.
   */
  defvjp<Residuals>(
    fwd: (...args: A) => readonly [out: R, residuals: Residuals],
    bwd: (...given: [...Fixed<A, N>, residuals: Residuals, cotangent: R]) => OrNull<Moving<A, N>>,
  ): void;
};

/** A function with a rule that is being recorded, and the arguments that the rule is recorded for. */
interface Recording {
  readonly of: object;
  readonly fixed: readonly unknown[];
  readonly treeDefs: readonly TreeDef[];
  readonly result: TreeDef;
}
const recordings: Recording[] = [];

/** Records a rule, in which calls of the function are calls of the same function, with the rule that it has. */
function withinRule<T>(recording: Recording, record: () => T): T {
  recordings.push(recording);
  try {
    return record();
  } finally {
    recordings.pop();
  }
}

/** The result of a function that is called in its own rule, on arguments like those that the rule is recorded for. */
function itself(
  of: object,
  fixed: readonly unknown[],
  { treeDefs, operands, frame }: Operands,
): { readonly result: unknown } | undefined {
  const shape = (trees: readonly TreeDef[]): string => structureKey(trees.map(({ tree }) => tree));
  const at = recordings.findLastIndex(
    (each) =>
      each.of === of && each.fixed.every((arg, i) => Object.is(arg, fixed[i])) && shape(each.treeDefs) === shape(treeDefs), // prettier-ignore
  );
  if (at < 0) return undefined;
  const { result } = recordings[at]!;
  const index = emitIn(frame, "custom_self", operands, { level: recordings.length - 1 - at });
  return { result: fill(result, components(frame, index, result.classes)) };
}

type Rule = (...given: never[]) => unknown;

/** The arguments that are differentiated, and those that are part of the program. */
function separated(name: string, args: readonly unknown[], nondiff: number | readonly number[] | undefined) {
  const fixed = new Set(positionsOf(name, list(nondiff), args.length, "nondiffArgnums"));
  const moving = args.filter((_, i) => !fixed.has(i));
  return {
    fixed: args.filter((_, i) => fixed.has(i)),
    moving,
    /** All arguments, with others in the place of those that are differentiated. */
    whole(values: readonly unknown[]): unknown[] {
      let position = 0;
      return args.map((arg, i) => (fixed.has(i) ? arg : values[position++]));
    },
  };
}

function withoutRule(name: string, define: string): SynjaxError {
  return new SynjaxError(
    "INVALID_ARGUMENT",
    `${name}: it was called before f.${define} had said what its derivative is`,
    { argument: define, line: callersLine() },
  );
}

function pairOf(name: string, argument: string, result: TreeDef, what: string): readonly unknown[] {
  if (Array.isArray(result.tree) && result.tree.length === 2) return result.tree as readonly unknown[];
  throw refused(name, argument, `a function that returns ${what}`, "another result");
}

/**
 * A function whose derivative `defjvp` says: for one that JAX would get wrong, or not fast. Backwards it is derived from
 * that. Tensors from outside are constants to it: what is differentiated is an argument. Equivalent to `jax.custom_jvp`.
 *
 * ```ts
 * const log1pExp = customJvp((x: Tensor<"float32">) => np.log(np.exp(x).add(1)));
 * log1pExp.defjvp(([x], [dx]) => [log1pExp(x), dx.mul(nn.sigmoid(x))]);
 * ```
 * @throws {SynjaxError} `INVALID_ARGUMENT` where a rule returns another structure than the function
 */
export function customJvp<
  A extends readonly unknown[],
  R,
  const N extends number | readonly number[] = never,
>(f: (...args: A) => R, options: CustomRuleOptions<N> = {}): CustomJvp<A, R, N> {
  checkCall("customJvp", RULES, [f, options]);
  let rule: Rule | undefined;
  const call = (...args: A): R => {
    if (!rule) throw withoutRule("customJvp", "defjvp");
    const derive = rule;
    const { fixed, moving, whole } = separated("customJvp", args, options.nondiffArgnums);
    const given = operandsOf(moving, "customJvp");
    const known = itself(call, fixed, given);
    if (known) return known.result as R;
    const { treeDefs, operands, frame } = given;
    const own = (...values: never[]): unknown => f(...(whole(values) as unknown as A));
    const { program, result } = recordFunction(frame, own, treeDefs, "customJvp");
    const both = (...values: unknown[]): unknown =>
      derive(
        ...([...fixed, values.slice(0, moving.length), values.slice(moving.length)] as unknown as never[]),
      );
    const derived = withinRule({ of: call, fixed, treeDefs, result }, () =>
      recordFunction(frame, both, [...treeDefs, ...treeDefs], "customJvp's rule"),
    );
    for (const [i, tree] of pairOf("customJvp", "defjvp", derived.result, "[out, tangent]").entries())
      assertSameStructure("customJvp", "defjvp", i ? "its tangent" : "its out", tree, "the function's result", result.tree); // prettier-ignore
    const index = emitIn(frame, "custom_jvp", [program, derived.program, ...operands], undefined);
    return fill(result, components(frame, index, result.classes)) as R;
  };
  const defjvp = (given: Rule): void => {
    checkCall("customJvp.defjvp", { takes: { rule: "function" } }, [given]);
    rule = given;
  };
  return Object.assign(call, { defjvp }) as CustomJvp<A, R, N>;
}

/**
 * A function whose derivative `defvjp` says, backwards only: for one that JAX would get wrong, or not fast. Tensors from
 * outside are constants to it: what is differentiated is an argument. Equivalent to `jax.custom_vjp`.
 *
 * ```ts
 * const clipped = customVjp((x: Tensor<"float32">) => x); // its gradient is kept between -1 and 1
 * clipped.defvjp((x) => [x, null], (_, g) => [np.clip(g, { min: -1, max: 1 })]);
 * ```
 * @throws {SynjaxError} `INVALID_ARGUMENT` where a rule returns another structure than the function or its arguments
 */
export function customVjp<
  A extends readonly unknown[],
  R,
  const N extends number | readonly number[] = never,
>(f: (...args: A) => R, options: CustomRuleOptions<N> = {}): CustomVjp<A, R, N> {
  checkCall("customVjp", RULES, [f, options]);
  let rules: readonly [fwd: Rule, bwd: Rule] | undefined;
  const call = (...args: A): R => {
    if (!rules) throw withoutRule("customVjp", "defvjp");
    const [fwd, bwd] = rules;
    const { fixed, moving, whole } = separated("customVjp", args, options.nondiffArgnums);
    const given = operandsOf(moving, "customVjp");
    const known = itself(call, fixed, given);
    if (known) return known.result as R;
    const { treeDefs, operands, frame } = given;
    const on = (g: Rule) => (...values: never[]): unknown => g(...(whole(values) as unknown as never[])); // prettier-ignore
    const { program, result } = recordFunction(frame, on(f as never), treeDefs, "customVjp");
    const recording = { of: call, fixed, treeDefs, result };
    const forward = withinRule(recording, () => recordFunction(frame, on(fwd), treeDefs, "customVjp's fwd"));
    const [out, residuals] = pairOf("customVjp", "fwd", forward.result, "[out, residuals]");
    assertSameStructure("customVjp", "fwd", "its out", out, "the function's result", result.tree);
    const count = result.classes.length;
    const left = { tree: residuals, classes: forward.result.classes.slice(count) };
    const derive = (...values: never[]): unknown => bwd(...([...fixed, ...values] as unknown as never[]));
    const backward = withinRule(recording, () =>
      recordFunction(frame, derive, [left, result], "customVjp's bwd"),
    );
    const derivatives = backward.result.tree;
    if (!Array.isArray(derivatives) || derivatives.length !== moving.length)
      throw refused("customVjp", "bwd", `a function that returns an array of ${moving.length}, a derivative for each argument`, Array.isArray(derivatives) ? `one of ${derivatives.length}` : "another result"); // prettier-ignore
    const some = derivatives.flatMap((tree: unknown, i) => (tree === null || tree === undefined ? [] : [i]));
    for (const i of some)
      assertSameStructure("customVjp", "bwd", `derivative ${i}`, derivatives[i], `argument ${i}`, treeDefs[i]!.tree); // prettier-ignore
    const attributes = { given: treesOf(treeDefs, some).positions, n_out: count };
    const programs = [program, forward.program, backward.program];
    const index = emitIn(frame, "custom_vjp", [...programs, ...operands], attributes);
    return fill(result, components(frame, index, result.classes)) as R;
  };
  const defvjp = (fwd: Rule, bwd: Rule): void => {
    checkCall("customVjp.defvjp", { takes: { fwd: "function", bwd: "function" } }, [fwd, bwd]);
    rules = [fwd, bwd];
  };
  return Object.assign(call, { defvjp }) as CustomVjp<A, R, N>;
}
