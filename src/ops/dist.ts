// Generated from the Python registry by `npm run generate`; do not edit.
import { SimpleDistribution } from "../distributions/simple-distribution.ts";
import { emit } from "../program/emit.ts";
import { checkFunctions } from "../program/signatures.ts";
import { asFloat } from "../tensor/array.ts";
import type { FloatDType, TensorLike } from "../tensor/tensor.ts";

/**
 * Distributions of single observations, for the emissions of a hidden Markov model: NumPyro's. Each
 * parameter has a trailing axis of `t` states.
 */
export const dist = {
  /**
   * Symbols 0 to v-1 by unnormalized log-probabilities. Equivalent to
   * `numpyro.distributions.Categorical`.
   */
  categorical<F extends FloatDType = "float32">(options: {
    readonly logits: TensorLike<F>;
  }): SimpleDistribution<F, "int32"> {
    return emit("dist.categorical", [], undefined, SimpleDistribution, {
      logits: asFloat(options.logits, "logits"),
    }) as never;
  },

  /** Vectors with mean `loc`. Equivalent to `numpyro.distributions.MultivariateNormal`. */
  multivariateNormal<F extends FloatDType = "float32">(options: {
    readonly loc: TensorLike<F>;
    readonly covarianceMatrix: TensorLike<F>;
  }): SimpleDistribution<F, F> {
    return emit("dist.multivariate_normal", [], undefined, SimpleDistribution, {
      loc: asFloat(options.loc, "loc"),
      covariance_matrix: asFloat(options.covarianceMatrix, "covarianceMatrix"),
    }) as never;
  },

  /**
   * Numbers with mean `loc` and standard deviation `scale`. Equivalent to
   * `numpyro.distributions.Normal`.
   */
  normal<F extends FloatDType = "float32">(options: {
    readonly loc: TensorLike<F>;
    readonly scale: TensorLike<F>;
  }): SimpleDistribution<F, F> {
    return emit("dist.normal", [], undefined, SimpleDistribution, {
      loc: asFloat(options.loc, "loc"),
      scale: asFloat(options.scale, "scale"),
    }) as never;
  },

  /** Counts with mean `rate`. Equivalent to `numpyro.distributions.Poisson`. */
  poisson<F extends FloatDType = "float32">(options: {
    readonly rate: TensorLike<F>;
  }): SimpleDistribution<F, "int32"> {
    return emit("dist.poisson", [], undefined, SimpleDistribution, {
      rate: asFloat(options.rate, "rate"),
    }) as never;
  },
};

checkFunctions("dist", dist, {
  categorical: { options: { logits: "operand" } },
  multivariateNormal: { options: { loc: "operand", covarianceMatrix: "operand" } },
  normal: { options: { loc: "operand", scale: "operand" } },
  poisson: { options: { rate: "operand" } },
});
