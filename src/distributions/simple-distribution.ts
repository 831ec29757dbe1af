import { component, emit } from "../program/emit.ts";
import { snakeCase } from "../program/python-names.ts";
import { checkMethods } from "../program/signatures.ts";
import { CLASS_NAME, Intermediate, Traced } from "../program/traced.ts";
import { asBool } from "../tensor/array.ts";
import { type Dim, Shape, type ShapeLike } from "../tensor/shape.ts";
import { type DType, type FloatDType, Tensor, type TensorLike } from "../tensor/tensor.ts";

/** Options of `sample`. */
export interface SimpleSampleOptions {
  /** The shape of draws that are made of each distribution of the batch: one draw if it is not given. */
  readonly sampleShape?: ShapeLike;
}

/**
 * A distribution that NumPyro has: what `dist.normal` makes. Its parameters are of dtype `F`, its values of dtype `V`:
 * the same where they are continuous, `"int32"` where they are discrete. Values have the shape `(*sample *batch *event)`;
 * what is asked of values alike has their shape without the event's axes. Nats throughout.
 *
 * What NumPyro has not of a distribution (an entropy, say) is an `INVALID_ARGUMENT` when the program runs.
 */
export class SimpleDistribution<
  out F extends FloatDType = FloatDType,
  out V extends DType = DType,
> extends Traced {
  /** The dtype of values, in the types only. */
  declare readonly valueDtype: V;

  /** @internal */
  get [CLASS_NAME](): string {
    return "SimpleDistribution";
  }

  /** A parameter by its name in `dist`: `loc`, `scale`, `covarianceMatrix`, `rate`, `logits`. */
  parameter(name: string): Tensor<F> {
    return component(this, snakeCase(name), Tensor) as Tensor<F>;
  }

  /** The batch axes, symbolic. */
  get batchShape(): Shape {
    return new Shape(undefined, component(this, "batch_shape", Intermediate));
  }
  /** The axes of one value, after those of the batch, symbolic. */
  get eventShape(): Shape {
    return new Shape(undefined, component(this, "event_shape", Intermediate));
  }

  /**
   * Log-probability of values, of continuous ones log-density; `(*sample *batch)`. Outside the support it is -Infinity,
   * of NaN it is NaN.
   */
  logProb(value: TensorLike): Tensor<F> {
    return emit("distribution.log_prob", [this, value], undefined, Tensor) as Tensor<F>;
  }

  /** Draws `(*sampleShape *batch *event)`: NumPyro's of the same key. */
  sample(key: Tensor<"key">, options: SimpleSampleOptions = {}): Tensor<V> {
    const { sampleShape } = options;
    return emit("distribution.sample", [this, key], { sample_shape: sampleShape }, Tensor) as Tensor<V>;
  }

  /** `(*batch *event)`; NaN or infinite where there is none. */
  mean(): Tensor<F> {
    return emit("distribution.mean", [this], undefined, Tensor) as Tensor<F>;
  }
  /** `(*batch *event)`, of each component; NaN or infinite where there is none. */
  variance(): Tensor<F> {
    return emit("distribution.variance", [this], undefined, Tensor) as Tensor<F>;
  }
  /** `(*batch)`, of continuous values the differential entropy. */
  entropy(): Tensor<F> {
    return emit("distribution.entropy", [this], undefined, Tensor) as Tensor<F>;
  }
  /** KL(this ‖ other), `(*batch)`: of the pairs of which NumPyro knows a closed form. */
  klDivergence(other: SimpleDistribution): Tensor<F> {
    return emit("distribution.kl_divergence", [this, other], undefined, Tensor) as Tensor<F>;
  }
  /** The probability of a value up to this one. */
  cdf(value: TensorLike): Tensor<F> {
    return emit("distribution.cdf", [this, value], undefined, Tensor) as Tensor<F>;
  }
  /** The value up to which the probability is `q`: what `cdf` undoes. */
  icdf(q: TensorLike): Tensor<F> {
    return emit("distribution.icdf", [this, q], undefined, Tensor) as Tensor<F>;
  }

  /** Whether values lie in the support, `(*sample *batch)`. */
  inSupport(value: TensorLike): Tensor<"bool"> {
    return emit("distribution.in_support", [this, value], undefined, Tensor) as Tensor<"bool">;
  }
  /**
   * All values of a discrete distribution, along a new first axis: `(values *batch *event)`, or `(values 1… *event)`
   * where `expand` is false. How many there are must be known before the program runs: of a binomial distribution,
   * `totalCount` is a plain number.
   */
  enumerateSupport(options: { readonly expand?: boolean } = {}): Tensor<V> {
    return emit("distribution.enumerate_support", [this], { expand: options.expand }, Tensor) as Tensor<V>;
  }

  /** The same distribution for every item of a larger batch, each with draws of its own. */
  expand(batchShape: ShapeLike): SimpleDistribution<F, V> {
    return emit("dist.expanded", [this], { batch_shape: batchShape }, SimpleDistribution) as this;
  }
  /** The last `n` axes of the batch, all if it is not given, belong to the event. */
  toEvent(n?: Dim): SimpleDistribution<F, V> {
    return emit("dist.independent", [this], { reinterpreted_batch_ndims: n }, SimpleDistribution) as this;
  }
  /** Log-probability 0 where `mask` is false. */
  mask(mask: boolean | TensorLike<"bool">): SimpleDistribution<F, V> {
    return emit("dist.masked", [this, asBool(mask, "mask")], undefined, SimpleDistribution) as this;
  }
}

/** What stands for emissions: logits of symbols, or a distribution. */
export type EmissionLike = TensorLike<FloatDType> | SimpleDistribution;
/** What a parameter that was given as `P` is, of a distribution of dtype `F`. */
export type ParameterOf<P, F extends FloatDType> =
  P extends SimpleDistribution<infer G, infer V> ? SimpleDistribution<G, V> : Tensor<F>;

checkMethods(SimpleDistribution, {
  parameter: { takes: { name: "string" } },
  logProb: { takes: { value: "operand" } },
  sample: { takes: { key: "key" }, options: { sampleShape: "shape?" } },
  mean: {},
  variance: {},
  entropy: {},
  klDivergence: { takes: { other: "distribution" } },
  cdf: { takes: { value: "operand" } },
  icdf: { takes: { q: "operand" } },
  inSupport: { takes: { value: "operand" } },
  enumerateSupport: { options: { expand: "boolean?" } },
  expand: { takes: { batchShape: "shape" } },
  toEvent: { takes: { n: "size?" } },
  mask: { takes: { mask: "operand" } },
});
