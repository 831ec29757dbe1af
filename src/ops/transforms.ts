// Generated from the Python registry by `npm run generate`; do not edit.
import { emit } from "../program/emit.ts";
import { checkFunctions } from "../program/signatures.ts";
import { asFloat } from "../tensor/array.ts";
import type { FloatDType, TensorLike } from "../tensor/tensor.ts";
import { Transform } from "../distributions/transform.ts";

/** `numpyro.distributions.transforms`, as `dist.transforms`: what `dist.transformed` applies to values. */
export const transforms = {
  /** x ↦ `loc` (0) + `scale` (1) x. Equivalent to `numpyro.distributions.transforms.AffineTransform`. */
  affine(
    options: { readonly loc?: TensorLike<FloatDType>; readonly scale?: TensorLike<FloatDType> } = {},
  ): Transform {
    return emit("transforms.affine", [], undefined, Transform, {
      loc: asFloat(options.loc, "loc"),
      scale: asFloat(options.scale, "scale"),
    }) as never;
  },

  /**
   * Vectors of n (n - 1) / 2 ↦ Cholesky factors of correlation matrices. Equivalent to
   * `numpyro.distributions.transforms.CorrCholeskyTransform`.
   */
  corrCholesky(): Transform {
    return emit("transforms.corr_cholesky", [], undefined, Transform) as never;
  },

  /** x ↦ exp(x). Equivalent to `numpyro.distributions.transforms.ExpTransform`. */
  exp(): Transform {
    return emit("transforms.exp", [], undefined, Transform) as never;
  },

  /**
   * Vectors of n (n + 1) / 2 ↦ Cholesky factors. Equivalent to
   * `numpyro.distributions.transforms.LowerCholeskyTransform`.
   */
  lowerCholesky(): Transform {
    return emit("transforms.lower_cholesky", [], undefined, Transform) as never;
  },

  /**
   * Vectors x ↦ `loc` + `scaleTril` x. Equivalent to
   * `numpyro.distributions.transforms.LowerCholeskyAffine`.
   */
  lowerCholeskyAffine(options: {
    readonly loc: TensorLike<FloatDType>;
    readonly scaleTril: TensorLike<FloatDType>;
  }): Transform {
    return emit("transforms.lower_cholesky_affine", [], undefined, Transform, {
      loc: asFloat(options.loc, "loc"),
      scale_tril: asFloat(options.scaleTril, "scaleTril"),
    }) as never;
  },

  /**
   * Vectors ↦ vectors in rising order: the first, then steps exp(x). Equivalent to
   * `numpyro.distributions.transforms.OrderedTransform`.
   */
  ordered(): Transform {
    return emit("transforms.ordered", [], undefined, Transform) as never;
  },

  /**
   * Positive x ↦ x to the power of `exponent`. Equivalent to
   * `numpyro.distributions.transforms.PowerTransform`.
   */
  power(options: { readonly exponent: TensorLike<FloatDType> }): Transform {
    return emit("transforms.power", [], undefined, Transform, {
      exponent: asFloat(options.exponent, "exponent"),
    }) as never;
  },

  /** x ↦ 1 / (1 + exp(-x)). Equivalent to `numpyro.distributions.transforms.SigmoidTransform`. */
  sigmoid(): Transform {
    return emit("transforms.sigmoid", [], undefined, Transform) as never;
  },

  /** x ↦ log(1 + exp(x)). Equivalent to `numpyro.distributions.transforms.SoftplusTransform`. */
  softplus(): Transform {
    return emit("transforms.softplus", [], undefined, Transform) as never;
  },

  /**
   * Vectors of n ↦ n + 1 probabilities. Equivalent to
   * `numpyro.distributions.transforms.StickBreakingTransform`.
   */
  stickBreaking(): Transform {
    return emit("transforms.stick_breaking", [], undefined, Transform) as never;
  },
};

checkFunctions("transforms", transforms, {
  affine: { options: { loc: "operand?", scale: "operand?" } },
  corrCholesky: {},
  exp: {},
  lowerCholesky: {},
  lowerCholeskyAffine: { options: { loc: "operand", scaleTril: "operand" } },
  ordered: {},
  power: { options: { exponent: "operand" } },
  sigmoid: {},
  softplus: {},
  stickBreaking: {},
});
