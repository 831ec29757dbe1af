import { component } from "../program/emit.ts";
import { snakeCase } from "../program/python-names.ts";
import { checkMethods } from "../program/signatures.ts";
import { Traced } from "../program/traced.ts";
import { type DType, type FloatDType, Tensor, type TensorLike } from "../tensor/tensor.ts";

/**
 * A distribution that NumPyro has: what `dist.normal` makes. Its parameters are of dtype `F`, its values of dtype `V`:
 * the same where they are continuous, `"int32"` where they are discrete.
 */
export class SimpleDistribution<
  out F extends FloatDType = FloatDType,
  out V extends DType = DType,
> extends Traced {
  /** The dtype of values, in the types only. */
  declare readonly valueDtype: V;

  /** A parameter by its name in `dist`: `loc`, `scale`, `covarianceMatrix`, `rate`, `logits`. */
  parameter(name: string): Tensor<F> {
    return component(this, snakeCase(name), Tensor) as Tensor<F>;
  }
}

/** What stands for emissions: logits of symbols, or a distribution. */
export type EmissionLike = TensorLike<FloatDType> | SimpleDistribution;
/** What a parameter that was given as `P` is, of a distribution of dtype `F`. */
export type ParameterOf<P, F extends FloatDType> =
  P extends SimpleDistribution<infer G, infer V> ? SimpleDistribution<G, V> : Tensor<F>;

checkMethods(SimpleDistribution, { parameter: { takes: { name: "string" } } });
