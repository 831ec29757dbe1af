/** What a probabilistic program is written with. */
import { SynjaxError } from "../../bridge/errors.ts";
import type { EventLike, EventOf } from "../distributions/events.ts";
import type { DeclaredDistribution } from "../distributions/declared-distribution.ts";
import { type DifferentiableSampleOptions, Distribution } from "../distributions/distribution.ts";
import { SimpleDistribution } from "../distributions/simple-distribution.ts";
import { np } from "../ops/np.ts";
import { checkCall, type Signature } from "../program/signatures.ts";
import { callersLine, captureLine } from "../program/source-line.ts";
import { NODE, Traced } from "../program/traced.ts";
import { array } from "../tensor/array.ts";
import { type Dim, type DType, type FloatDType, Tensor, type TensorLike } from "../tensor/tensor.ts";
import { OwnDistribution } from "./own-distribution.ts";
import { type RandomVariable, randomVariable } from "./random-variable.ts";
import { perform, traced } from "./scopes.ts";
import type { AnyDistribution, PlateFrame, Statement, Structure } from "./statement.ts";

export interface SampleStatementOptions<V = TensorLike> {
  /** What was observed in its place; `undefined` where it is to be drawn, as `predictive` does. */
  readonly value?: V | undefined;
  /** Leading axes of the value, that many independent draws. */
  readonly sampleShape?: readonly Dim[];
}

export interface StructureStatementOptions<V> extends SampleStatementOptions<V> {
  /** Draws it relaxed, so that gradients pass: the options of `differentiableSample`. */
  readonly differentiable?: DifferentiableSampleOptions;
  /** Sums over it: its log-partition enters the joint, and it has no value. */
  readonly marginalize?: false;
}

const SAMPLE: Signature = {
  takes: { name: "string", distribution: "any" },
  options: { value: "any?", sampleShape: "shape?", differentiable: "record?", marginalize: "boolean?" },
};

/**
 * A random variable: its value is a tensor like any other, which knows its distribution. Of a structure it is the event.
 *
 * Outside of a program that is traced, conditioned or inferred it has no value: `seed(model, key)` draws.
 * @param name its own in the program
 * @throws {SynjaxError} `INVALID_ARGUMENT` where the name is used already, or there is neither a value nor a key
 */
export function sample<F extends FloatDType, V extends DType>(
  name: string,
  distribution: SimpleDistribution<F, V>,
  options?: SampleStatementOptions<TensorLike>,
): RandomVariable<V>;
export function sample<D extends DType>(
  name: string,
  distribution: OwnDistribution<D>,
  options?: Pick<SampleStatementOptions<TensorLike>, "value">,
): RandomVariable<D>;
export function sample<T extends Structure>(
  name: string,
  distribution: T,
  options: { readonly marginalize: true },
): T;
export function sample<F extends FloatDType>(
  name: string,
  distribution: DeclaredDistribution<F>, // its events are one array: of others each array has a name, which `E` is
  options?: StructureStatementOptions<EventLike>,
): RandomVariable<F>;
export function sample<F extends FloatDType, E extends string>(
  name: string,
  distribution: DeclaredDistribution<F, E>,
  options?: StructureStatementOptions<EventLike<E>>,
): EventOf<F, E>;
export function sample(
  name: string,
  distribution: AnyDistribution,
  options: Omit<StructureStatementOptions<unknown>, "marginalize"> & { readonly marginalize?: boolean } = {},
): unknown {
  checkCall("sample", SAMPLE, [name, distribution, options]);
  const isStructure = distribution instanceof Distribution;
  const isOwn = distribution instanceof OwnDistribution;
  if (!isStructure && !isOwn && !(distribution instanceof SimpleDistribution))
    throw refusedIn("distribution", name, "a distribution: what dist.normal or new HMM makes", kindOf(distribution)); // prettier-ignore
  const { value, sampleShape = [], differentiable, marginalize } = options;
  if (!isStructure && (differentiable !== undefined || marginalize === true))
    throw refusedIn(differentiable ? "differentiable" : "marginalize", name, "a distribution over structures", kindOf(distribution)); // prettier-ignore
  if (marginalize && value !== undefined)
    throw refusedIn("marginalize", name, "no value, because it is summed over", "one");
  if (isOwn && sampleShape.length > 0)
    throw refusedIn("sampleShape", name, "none: what draws says the shape", "one");
  const statement: Statement = {
    type: "sample",
    name,
    distribution,
    ...(value === undefined ? {} : { value: asValue(value), isObserved: true }),
    ...(sampleShape.length > 0 ? { sampleShape } : {}),
    ...(differentiable ? { differentiable: differentiable as never } : {}),
    ...(marginalize ? { marginalize } : {}),
    plates: [],
    stack: captureLine(),
  };
  const result = perform(statement);
  if (marginalize || !(result instanceof Tensor)) return result;
  return randomVariable(result[NODE], name, distribution);
}

/** A value that is computed from random variables, under a name: it is among the draws. */
export function deterministic<T extends TensorLike>(name: string, value: T): T extends Tensor ? T : Tensor {
  checkCall("deterministic", { takes: { name: "string", value: "operand" } }, [name, value]);
  return perform({
    type: "deterministic",
    name,
    value: asValue(value),
    plates: [],
    stack: captureLine(),
  }) as never;
}

/** Multiplies the joint density by a factor, given by its logarithm. */
export function factor(name: string, logFactor: TensorLike): void {
  checkCall("factor", { takes: { name: "string", logFactor: "operand" } }, [name, logFactor]);
  perform({ type: "factor", name, value: asValue(logFactor), plates: [], stack: captureLine() });
}

/**
 * A parameter of a guide, which `svi` optimizes.
 * @param init where it starts
 * @param options `like`: a distribution whose values lie where the parameter has to, as `dist.gamma({ concentration: 1 })`
 *   for a positive one. Default: any numbers.
 */
export function param(
  name: string,
  init: TensorLike,
  options: { readonly like?: SimpleDistribution } = {},
): Tensor<"float32"> {
  checkCall("param", { takes: { name: "string", init: "operand" }, options: { like: "any?" } }, [name, init, options]); // prettier-ignore
  const { like } = options;
  return perform({
    type: "param",
    name,
    value: asValue(init),
    ...(like ? { distribution: like } : {}),
    plates: [],
    stack: captureLine(),
  }) as Tensor<"float32">;
}

export interface PlateOptions {
  /** Looks at so many of the items, drawn anew each time; log-densities count for all of them. */
  readonly subsampleSize?: Dim;
  /** The batch axis that the items stand on, from the right. Default: the last that no plate around stands on. */
  readonly dim?: number;
}

/**
 * Items that are independent, given what stands outside: the variables stated in `body` have one batch axis more.
 *
 * ```ts
 * const theta = plate("schools", 8, () => sample("theta", dist.normal({ loc: mu, scale: tau })));
 * ```
 * @param body gets which items are looked at, `(size)` or `(subsampleSize)`
 */
export function plate<R>(
  name: string,
  size: Dim,
  body: (indices: Tensor<"int32">) => R,
  options: PlateOptions = {},
): R {
  checkCall(
    "plate",
    { takes: { name: "string", size: "size", body: "function" }, options: { subsampleSize: "size?", dim: "number?" } },
    [name, size, body, options],
  ); // prettier-ignore
  const { subsampleSize, dim } = options;
  if (dim !== undefined && !(Number.isInteger(dim) && dim < 0))
    throw refusedIn("dim", name, "an axis from the right, -1 or below", String(dim));
  const isPart = subsampleSize !== undefined && subsampleSize !== size;
  const frame = perform({
    type: "plate",
    name,
    plate: { size, subsampleSize: isPart ? subsampleSize : undefined, ...(dim === undefined ? {} : { dim }) },
    plates: [],
    stack: captureLine(),
  }) as PlateFrame;
  return traced(
    (statement, next) => next({ ...statement, plates: [frame, ...statement.plates] }),
    () => body(frame.indices),
  );
}

/** A value that a statement is given, as a tensor or a tree of tensors. */
export function asValue(value: unknown): unknown {
  if (value instanceof Traced) return value;
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, asValue(each)]));
  return typeof value === "boolean" ? np.array(value) : array(value as never);
}

export function refusedIn(argument: string, name: string, expected: string, received: string): SynjaxError {
  return new SynjaxError(
    "INVALID_ARGUMENT",
    `\`${argument}\` of \`${name}\`: expected ${expected}, got ${received}`,
    { argument, expected, received, line: callersLine() },
  );
}

const kindOf = (value: unknown): string =>
  value instanceof Traced || value instanceof OwnDistribution
    ? `a ${value.constructor.name}`
    : value === null || value === undefined
      ? String(value)
      : `a ${typeof value}`;
