import { emit, Traced } from "../program/program.ts";
import { asFloat, type FloatDType, type TensorLike } from "../tensor/tensor.ts";

/** A distribution of single observations, one for each state of a hidden Markov model. */
export class Emission extends Traced {}

type Floats = TensorLike<FloatDType>;

/** Emissions of a hidden Markov model, each parameter with a trailing axis of `t` states: NumPyro's distributions. */
export const emission = {
  /** Numbers with mean `loc (*batch t)` and standard deviation `scale (*batch t)`. `numpyro.distributions.Normal`. */
  normal({ loc, scale }: { readonly loc: Floats; readonly scale: Floats }): Emission {
    return emit("emission.normal", [asFloat(loc, "loc"), asFloat(scale, "scale")], undefined, Emission);
  },
  /** Vectors: `loc (*batch t d)`, `covarianceMatrix (*batch t d d)`. `numpyro.distributions.MultivariateNormal`. */
  multivariateNormal(of: { readonly loc: Floats; readonly covarianceMatrix: Floats }): Emission {
    const operands = [asFloat(of.loc, "loc"), asFloat(of.covarianceMatrix, "covarianceMatrix")];
    return emit("emission.multivariate_normal", operands, undefined, Emission);
  },
  /** Counts with mean `rate (*batch t)`. `numpyro.distributions.Poisson`. */
  poisson({ rate }: { readonly rate: Floats }): Emission {
    return emit("emission.poisson", [asFloat(rate, "rate")], undefined, Emission);
  },
  /** Symbols 0 to v−1: `logits (*batch t v)`. `numpyro.distributions.Categorical`. */
  categorical({ logits }: { readonly logits: Floats }): Emission {
    return emit("emission.categorical", [asFloat(logits, "logits")], undefined, Emission);
  },
};
