import { component } from "../program/emit.ts";
import { snakeCase } from "../program/python-names.ts";
import { checkMethods } from "../program/signatures.ts";
import { Traced } from "../program/traced.ts";
import { type FloatDType, Tensor, type TensorLike } from "../tensor/tensor.ts";

/** A distribution of single observations, one for each state of a hidden Markov model: what `dist.normal` makes. */
export class Emission<out F extends FloatDType = FloatDType> extends Traced {
  /** A parameter by its name in `dist`: `loc`, `scale`, `covarianceMatrix`, `rate`, `logits`. */
  parameter(name: string): Tensor<F> {
    return component(this, snakeCase(name), Tensor) as Tensor<F>;
  }
}

/** What stands for emissions: logits of symbols, or a distribution. */
export type EmissionLike = TensorLike<FloatDType> | Emission;
/** What a parameter that was given as `P` is, of a distribution of dtype `F`. */
export type ParameterOf<P, F extends FloatDType> = P extends Emission<infer G> ? Emission<G> : Tensor<F>;

checkMethods(Emission, { parameter: { takes: { name: "string" } } });
