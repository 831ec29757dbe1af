import type { HostArray } from "../../bridge/wire/dtypes.ts";
import { SynjaxError } from "../../bridge/errors.ts";
import { captureLine, lineOf } from "../program/source-line.ts";
import { checkNamedDims, type ShapedArgument } from "./named-dims.ts";
import {
  component,
  emit,
  emitIn,
  frameFor,
  Intermediate,
  NODE,
  type ResultClass,
  struct,
  Traced,
} from "../program/program.ts";
import { Shape } from "../tensor/shape.ts";
import {
  asBool,
  asFloat,
  asInt,
  type Dim,
  type FloatDType,
  type ShapeLike,
  Tensor,
  type TensorLike,
} from "../tensor/tensor.ts";

/** One parameter of a distribution, as the registry describes it. */
export interface Parameter {
  readonly name: string;
  /** Its name on the wire. */
  readonly python: string;
  /** A static one is part of the program, not an input of it. */
  readonly kind: "Float" | "Int" | "Bool" | "any" | "static";
  /** Named dims, e.g. `*batch n t t`. */
  readonly dims: string | null;
  readonly optional: boolean;
}

export interface SampleOptions {
  /** Leading axes of the result: that many independent draws. */
  readonly sampleShape?: ShapeLike;
  /** Divides the potentials; below 1 sharpens, above 1 flattens. */
  readonly temperature?: TensorLike<FloatDType>;
}

/** The best structures, best first. */
export interface TopK<F extends FloatDType = "float32"> {
  /** `(k *batch …)` */
  readonly events: Tensor<F>;
  /** `(k *batch)`: unnormalised log-probabilities, nats. */
  readonly scores: Tensor<F>;
  /** `(*batch)`: how many are real. */
  readonly count: Tensor<"int32">;
}

/** Distinct structures in the order they were drawn. */
export interface Draws<F extends FloatDType = "float32"> {
  /** `(k *batch …)` */
  readonly events: Tensor<F>;
  /** `(k *batch)`: log-probabilities, nats. */
  readonly logProbs: Tensor<F>;
  /** `(*batch)`: how many are real. */
  readonly count: Tensor<"int32">;
}

/**
 * A distribution over structures: a value of the program, with queries on it. Events are 0/1 indicators over the
 * parts of a structure, so `marginals`, `argmax`, `sample` and `logProb` speak of the same thing; `decode` gives the
 * compact form that people read.
 */
export abstract class Distribution<F extends FloatDType = "float32"> extends Traced {
  /** The float dtype of parameters and results, in the types only. */
  declare readonly floatDtype: F;

  /** The class's name in the registry. */
  protected abstract get registered(): string;
  /** Its parameters, as the registry describes them. */
  protected abstract get parameters(): readonly Parameter[];

  protected constructor(
    registered: string,
    parameters: readonly Parameter[],
    options: Readonly<Record<string, unknown>>,
  ) {
    super(inTheNameOf(registered, () => construct(registered, parameters, options)));
  }

  protected query<T extends Traced>(
    name: string,
    operands: readonly unknown[],
    Result: ResultClass<T>,
    statics?: Readonly<Record<string, unknown>>,
    named?: Readonly<Record<string, unknown>>,
  ): T {
    return emit(`${this.registered}.${name}`, [this, ...operands], statics, Result, named);
  }

  /** An operand of a query, as `convert` makes it of what was given; `argument` is what the caller knows it by. */
  protected operand(
    query: string,
    argument: string,
    given: unknown,
    convert: (given: unknown, argument: string) => unknown,
  ): unknown {
    return inTheNameOf(`${this.registered}.${query}`, () => convert(given, argument));
  }

  protected queryStruct<
    const Fields extends Readonly<Record<string, readonly [name: string, Result: ResultClass]>>,
  >(
    name: string,
    operands: readonly unknown[],
    fields: Fields,
    statics?: Readonly<Record<string, unknown>>,
    named?: Readonly<Record<string, unknown>>,
  ): { [K in keyof Fields]: Fields[K][1]["prototype"] } {
    return struct(`${this.registered}.${name}`, [this, ...operands], statics, fields, named);
  }

  /** Log-probability of a structure, nats: `(*batch)`. −∞ where it is not one. */
  logProb(event: TensorLike): Tensor<F> {
    return this.query("log_prob", [this.operand("logProb", "event", event, asFloat)], Tensor) as Tensor<F>;
  }
  /** Sum of the potentials of a structure's parts, nats: `(*batch)`. */
  unnormalizedLogProb(event: TensorLike): Tensor<F> {
    const operand = this.operand("unnormalizedLogProb", "event", event, asFloat);
    return this.query("unnormalized_log_prob", [operand], Tensor) as Tensor<F>;
  }
  /** Logarithm of the sum of all structures' exponentiated scores, nats: `(*batch)`. −∞ where there is none. */
  logPartition(): Tensor<F> {
    return this.query("log_partition", [], Tensor) as Tensor<F>;
  }
  /** Probability of each part, of the shape of an event. The gradient of `logPartition` by the potentials. */
  marginals(): Tensor<F> {
    return this.query("marginals", [], Tensor) as Tensor<F>;
  }
  /** The best structure, one of them where several tie: a 0/1 event. */
  argmax(): Tensor<F> {
    return this.query("argmax", [], Tensor) as Tensor<F>;
  }
  /** The best structure and its unnormalised log-probability. */
  argmaxAndMax(): { readonly event: Tensor<F>; readonly score: Tensor<F> } {
    const fields = { event: ["event", Tensor], score: ["score", Tensor] } as const;
    return this.queryStruct("argmax_and_max", [], fields) as unknown as {
      event: Tensor<F>;
      score: Tensor<F>;
    };
  }
  /** The `k` best structures, best first: `(k *batch …)`. Past the support scores are −∞ and events zeros. */
  topK(k: Dim): TopK<F> {
    return this.queryStruct(
      "top_k",
      [],
      { events: ["events", Tensor], scores: ["scores", Tensor], count: ["count", Tensor] },
      { k },
    ) as unknown as TopK<F>;
  }
  /** Independent draws: `(*sampleShape *batch …)`, a pure function of the key. Many draws share every pass. */
  sample(key: Tensor<"key">, options: SampleOptions = {}): Tensor<F> {
    const { sampleShape, temperature } = options;
    return this.query("sample", [key], Tensor, { sample_shape: sampleShape }, { temperature }) as Tensor<F>;
  }
  /**
   * `k` distinct structures in the order they are drawn, with their log-probabilities: `(k *batch …)`. Past the support
   * log-probabilities are −∞ and events zeros. (Kool, van Hoof & Welling 2019)
   */
  sampleWithoutReplacement(key: Tensor<"key">, k: Dim): Draws<F> {
    return this.queryStruct(
      "sample_without_replacement",
      [key],
      { events: ["events", Tensor], logProbs: ["log_probs", Tensor], count: ["count", Tensor] },
      { k },
    ) as unknown as Draws<F>;
  }
  /** Logarithm of the probability of each part; right where `marginals` underflows. */
  logMarginals(): Tensor<F> {
    return this.query("log_marginals", [], Tensor) as Tensor<F>;
  }
  /** The gradient of each item's `logPartition` by the parameters, in their place: read it with `parameter`. */
  marginalsForTemplateVariables(): this {
    return this.query("marginals_for_template_variables", [], this.itsClass);
  }
  /** Logarithm of the number of structures: `(*batch)`. */
  logCount(): Tensor<F> {
    return this.query("log_count", [], Tensor) as Tensor<F>;
  }
  /** Shannon entropy, nats: `(*batch)`. */
  entropy(): Tensor<F> {
    return this.query("entropy", [], Tensor) as Tensor<F>;
  }
  /** Expected −log-probability under `other` of this distribution's structures, nats: `(*batch)`. */
  crossEntropy(other: this): Tensor<F> {
    return this.query("cross_entropy", [other], Tensor) as Tensor<F>;
  }
  /** Kullback–Leibler divergence from this distribution to `other`, nats: `(*batch)`. Refuses another kind or shape. */
  klDivergence(other: this): Tensor<F> {
    return this.query("kl_divergence", [other], Tensor) as Tensor<F>;
  }
  /** The distribution with its potentials divided by `temperature`. */
  withTemperature(temperature: TensorLike<FloatDType>): this {
    const operand = this.operand("withTemperature", "temperature", temperature, asFloat);
    return this.query("with_temperature", [operand], this.itsClass);
  }

  /** Item `index` of the first batch axis. */
  at(index: Dim): this {
    return this.query("at", [], this.itsClass, { index });
  }
  /** A parameter's value. */
  parameter(name: string): Tensor<F> {
    const known = this.parameters.find((p) => p.name === name);
    if (!known)
      throw new SynjaxError(
        "INVALID_ARGUMENT",
        `${this.registered} has no parameter \`${name}\`; it has ${this.parameters.map((p) => p.name).join(", ")}`,
        { argument: "name", came: name },
      );
    return component(this, known.python, Tensor) as Tensor<F>;
  }
  /** The batch axes, symbolic. */
  get batchShape(): Shape {
    return new Shape(undefined, component(this, "batch_shape", Intermediate));
  }
  /** The axes of an event, symbolic. */
  get eventShape(): Shape {
    return new Shape(undefined, component(this, "event_shape", Intermediate));
  }

  private get itsClass(): ResultClass<this> {
    return this.constructor as unknown as ResultClass<this>;
  }
}

/** More axes than this are refused by whatever takes them. */
const DEEPEST = 33;

/** Integers or floats, as the numbers are. */
function asWritten(value: unknown, argument: string): unknown {
  if (!Array.isArray(value)) return typeof value === "object" ? asFloat(value, argument) : value;
  const isIntegral = (v: unknown, depth: number): boolean =>
    Array.isArray(v)
      ? depth < DEEPEST && v.every((item) => isIntegral(item, depth + 1))
      : Number.isInteger(v);
  return isIntegral(value, 0) ? asInt(value, argument) : asFloat(value, argument);
}

const CONVERSION = { Float: asFloat, Int: asInt, Bool: asBool, any: asWritten } as const;
const INTEGERS = new Set(["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]);

/** What `body` refuses, it refuses in the name of `of`, at the caller's line. */
function inTheNameOf<T>(of: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof SynjaxError) || error.line) throw error;
    const { code, argument, expected, came } = error;
    const message = error.message.startsWith("`") ? `${of}: ${error.message}` : error.message;
    throw new SynjaxError(code, message, { argument, expected, came, line: lineOf(captureLine()) });
  }
}

/** Records the constructor, after checking on the host what the host can know. */
function construct(
  registered: string,
  parameters: readonly Parameter[],
  options: Readonly<Record<string, unknown>>,
): Traced[typeof NODE] {
  if (typeof options !== "object" || options === null)
    throw new SynjaxError(
      "INVALID_ARGUMENT",
      `new ${registered}(options): expected an object of parameters, got ${String(options)}`,
    );
  const known = new Set(parameters.map((p) => p.name));
  for (const name of Object.keys(options))
    if (!known.has(name))
      throw new SynjaxError(
        "INVALID_ARGUMENT",
        `${registered}: unknown parameter \`${name}\`; it takes ${[...known].join(", ")}`,
        {
          argument: name,
        },
      );
  const operands: Record<string, unknown> = {};
  const statics: Record<string, unknown> = {};
  const shaped: ShapedArgument[] = [];
  const hosts = new Map<string, HostArray>();
  for (const parameter of parameters) {
    const given = options[parameter.name];
    if (given === undefined) {
      if (!parameter.optional)
        throw new SynjaxError(
          "INVALID_ARGUMENT",
          `${registered}: \`${parameter.name}\` is required (${parameter.dims ?? parameter.kind})`,
          {
            argument: parameter.name,
          },
        );
      continue;
    }
    if (parameter.kind === "static") {
      statics[parameter.python] = given;
      continue;
    }
    const value = CONVERSION[parameter.kind](given, parameter.name);
    const host = typeof value === "number" ? scalar(value) : hostArrayOf(value);
    if (host) {
      checkDtype(registered, parameter, host);
      hosts.set(parameter.name, host);
      if (parameter.dims !== null)
        shaped.push({ name: parameter.name, dims: parameter.dims, shape: host.shape });
    }
    operands[parameter.python] = value;
  }
  // The argument with most axes is what the others must match
  shaped.sort((a, b) => b.dims.split(" ").length - a.dims.split(" ").length);
  const sizes = checkNamedDims(registered, shaped);
  checkLengths(registered, hosts, sizes);
  const frame = frameFor(Object.values(operands));
  return { kind: "equation", frame, index: emitIn(frame, registered, [], statics, operands) };
}

function hostArrayOf(value: unknown): HostArray | undefined {
  if (!(value instanceof Traced)) return undefined;
  const node = value[NODE];
  return node.kind === "host" ? node.host : undefined;
}

function scalar(value: number): HostArray {
  return Number.isInteger(value)
    ? { dtype: "int32", shape: [], data: Int32Array.of(value) }
    : { dtype: "float32", shape: [], data: Float32Array.of(value) };
}

function checkDtype(registered: string, parameter: Parameter, host: HostArray): void {
  const fits =
    parameter.kind === "any" ||
    (parameter.kind === "Int" && INTEGERS.has(host.dtype)) ||
    (parameter.kind === "Bool" && host.dtype === "bool") ||
    (parameter.kind === "Float" && (/^b?float/.test(host.dtype) || host.shape.length === 0));
  if (fits) return;
  const expected = parameter.kind === "Int" ? "integers" : parameter.kind === "Bool" ? "booleans" : "floats";
  throw new SynjaxError(
    "INVALID_ARGUMENT",
    `${registered}: \`${parameter.name}\` has dtype ${host.dtype}, expected ${expected}.`,
    {
      argument: parameter.name,
      expected,
      came: host.dtype,
    },
  );
}

/** Lengths given as host data are checked here; on the device the program checks them. */
function checkLengths(
  registered: string,
  hosts: ReadonlyMap<string, HostArray>,
  sizes: ReadonlyMap<string, number>,
): void {
  const lengths = hosts.get("lengths");
  const n = sizes.get("n");
  if (!lengths || n === undefined) return;
  for (let i = 0; i < lengths.data.length; i++) {
    const length = lengths.data[i]!;
    if (length >= 0 && length <= n) continue;
    throw new SynjaxError(
      "INVALID_ARGUMENT",
      `${registered}: \`lengths\` must be between 0 and n = ${n}; ${lengths.shape.length > 0 ? `item ${i}` : "it"} is ${length}.`,
      {
        argument: "lengths",
        expected: `0 to ${n}`,
        came: String(length),
      },
    );
  }
}
