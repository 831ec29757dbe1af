// Generated from the Python registry by `npm run generate`; do not edit.
import { SimpleDistribution } from "../distributions/simple-distribution.ts";
import { emit } from "../program/emit.ts";
import { checkFunctions } from "../program/signatures.ts";
import { asBool, asFloat, asInt } from "../tensor/array.ts";
import type { Dim, DType, FloatDType, Of, ShapeLike, Strong, TensorLike } from "../tensor/tensor.ts";
import type { IntDType } from "./dtypes.ts";
import type { Transform } from "../distributions/transform.ts";
import { transforms } from "./transforms.ts";

/**
 * `numpyro.distributions`. Parameters are broadcast to a batch `(*batch)`; what is asked of a
 * distribution are methods of `SimpleDistribution`: `logProb`, `sample`, `mean`, `variance`,
 * `entropy`, `klDivergence`, `cdf`, `icdf`, `inSupport`, `enumerateSupport`, `parameter`,
 * `batchShape`, `eventShape`, and `expand`, `toEvent` and `mask`, which make another one. Outside the
 * support the log-probability is -Infinity.
 */
export const dist = {
  /** What `transformed` applies. */
  transforms: transforms as typeof transforms,

  /**
   * Laplace numbers whose two sides differ by `asymmetry` (1). Equivalent to
   * `numpyro.distributions.AsymmetricLaplace`.
   */
  asymmetricLaplace<F extends FloatDType = "float32">(
    options: {
      readonly loc?: TensorLike<F>;
      readonly scale?: TensorLike<F>;
      readonly asymmetry?: TensorLike<F>;
    } = {},
  ): SimpleDistribution<F, F> {
    return emit("dist.asymmetric_laplace", [], undefined, SimpleDistribution, {
      loc: asFloat(options.loc, "loc"),
      scale: asFloat(options.scale, "scale"),
      asymmetry: asFloat(options.asymmetry, "asymmetry"),
    }) as never;
  },

  /** 0 or 1; by exactly one of `probs` and `logits`. Equivalent to `numpyro.distributions.Bernoulli`. */
  bernoulli<F extends FloatDType = "float32">(
    options: { readonly probs?: TensorLike<F>; readonly logits?: TensorLike<F> } = {},
  ): SimpleDistribution<F, "int32"> {
    return emit("dist.bernoulli", [], undefined, SimpleDistribution, {
      probs: asFloat(options.probs, "probs"),
      logits: asFloat(options.logits, "logits"),
    }) as never;
  },

  /** Numbers from 0 to 1, with mean c1 / (c1 + c0). Equivalent to `numpyro.distributions.Beta`. */
  beta<F extends FloatDType = "float32">(options: {
    readonly concentration1: TensorLike<F>;
    readonly concentration0: TensorLike<F>;
  }): SimpleDistribution<F, F> {
    return emit("dist.beta", [], undefined, SimpleDistribution, {
      concentration1: asFloat(options.concentration1, "concentration1"),
      concentration0: asFloat(options.concentration0, "concentration0"),
    }) as never;
  },

  /**
   * Successes among `totalCount` (1) trials whose probability is a beta number. Equivalent to
   * `numpyro.distributions.BetaBinomial`.
   */
  betaBinomial<F extends FloatDType = "float32">(options: {
    readonly concentration1: TensorLike<F>;
    readonly concentration0: TensorLike<F>;
    readonly totalCount?: TensorLike<IntDType>;
  }): SimpleDistribution<F, "int32"> {
    return emit("dist.beta_binomial", [], undefined, SimpleDistribution, {
      concentration1: asFloat(options.concentration1, "concentration1"),
      concentration0: asFloat(options.concentration0, "concentration0"),
      total_count: asInt(options.totalCount, "totalCount"),
    }) as never;
  },

  /**
   * Successes among `totalCount` (1) trials; by exactly one of `probs` and `logits`. Equivalent to
   * `numpyro.distributions.Binomial`.
   */
  binomial<F extends FloatDType = "float32">(
    options: {
      readonly probs?: TensorLike<F>;
      readonly logits?: TensorLike<F>;
      readonly totalCount?: TensorLike<IntDType>;
    } = {},
  ): SimpleDistribution<F, "int32"> {
    return emit("dist.binomial", [], undefined, SimpleDistribution, {
      probs: asFloat(options.probs, "probs"),
      logits: asFloat(options.logits, "logits"),
      total_count: asInt(options.totalCount, "totalCount"),
    }) as never;
  },

  /**
   * Symbols 0 to v-1; by exactly one of `probs` and `logits`. Equivalent to
   * `numpyro.distributions.Categorical`.
   */
  categorical<F extends FloatDType = "float32">(
    options: { readonly probs?: TensorLike<F>; readonly logits?: TensorLike<F> } = {},
  ): SimpleDistribution<F, "int32"> {
    return emit("dist.categorical", [], undefined, SimpleDistribution, {
      probs: asFloat(options.probs, "probs"),
      logits: asFloat(options.logits, "logits"),
    }) as never;
  },

  /** Cauchy numbers with median `loc` (0). Equivalent to `numpyro.distributions.Cauchy`. */
  cauchy<F extends FloatDType = "float32">(
    options: { readonly loc?: TensorLike<F>; readonly scale?: TensorLike<F> } = {},
  ): SimpleDistribution<F, F> {
    return emit("dist.cauchy", [], undefined, SimpleDistribution, {
      loc: asFloat(options.loc, "loc"),
      scale: asFloat(options.scale, "scale"),
    }) as never;
  },

  /** Sums of `df` squares of standard normal numbers. Equivalent to `numpyro.distributions.Chi2`. */
  chi2<F extends FloatDType = "float32">(options: { readonly df: TensorLike<F> }): SimpleDistribution<F, F> {
    return emit("dist.chi2", [], undefined, SimpleDistribution, { df: asFloat(options.df, "df") }) as never;
  },

  /**
   * Always `v`, whose last `eventDim` (0) axes are those of one value. Equivalent to
   * `numpyro.distributions.Delta`.
   */
  delta<A extends TensorLike, F extends FloatDType = "float32">(options: {
    readonly v: A;
    readonly logDensity?: TensorLike<F>;
    readonly eventDim?: Dim;
  }): SimpleDistribution<F, Strong<Of<A>>> {
    return emit("dist.delta", [], { event_dim: options.eventDim }, SimpleDistribution, {
      v: options.v,
      log_density: asFloat(options.logDensity, "logDensity"),
    }) as never;
  },

  /** Probabilities of v symbols. Equivalent to `numpyro.distributions.Dirichlet`. */
  dirichlet<F extends FloatDType = "float32">(options: {
    readonly concentration: TensorLike<F>;
  }): SimpleDistribution<F, F> {
    return emit("dist.dirichlet", [], undefined, SimpleDistribution, {
      concentration: asFloat(options.concentration, "concentration"),
    }) as never;
  },

  /**
   * How often each of v symbols is drawn in `totalCount` (1) draws of Dirichlet probabilities.
   * Equivalent to `numpyro.distributions.DirichletMultinomial`.
   */
  dirichletMultinomial<F extends FloatDType = "float32">(options: {
    readonly concentration: TensorLike<F>;
    readonly totalCount?: Dim;
  }): SimpleDistribution<F, "int32"> {
    return emit("dist.dirichlet_multinomial", [], { total_count: options.totalCount }, SimpleDistribution, {
      concentration: asFloat(options.concentration, "concentration"),
    }) as never;
  },

  /**
   * Whole numbers from `low` (0) to `high` (1), both included, all alike. Equivalent to
   * `numpyro.distributions.DiscreteUniform`.
   */
  discreteUniform(
    options: { readonly low?: TensorLike<IntDType>; readonly high?: TensorLike<IntDType> } = {},
  ): SimpleDistribution<"float32", "int32"> {
    return emit("dist.discrete_uniform", [], undefined, SimpleDistribution, {
      low: asInt(options.low, "low"),
      high: asInt(options.high, "high"),
    }) as never;
  },

  /**
   * The same distribution for every item of a larger batch, each with draws of its own. Equivalent to
   * `numpyro.distributions.ExpandedDistribution`.
   */
  expanded<F extends FloatDType = "float32", V extends DType = F>(
    baseDist: SimpleDistribution<F, V>,
    batchShape: ShapeLike,
  ): SimpleDistribution<F, V> {
    return emit("dist.expanded", [baseDist], { batch_shape: batchShape }, SimpleDistribution) as never;
  },

  /** Waiting times with mean 1 / `rate`. Equivalent to `numpyro.distributions.Exponential`. */
  exponential<F extends FloatDType = "float32">(
    options: { readonly rate?: TensorLike<F> } = {},
  ): SimpleDistribution<F, F> {
    return emit("dist.exponential", [], undefined, SimpleDistribution, {
      rate: asFloat(options.rate, "rate"),
    }) as never;
  },

  /** Positive numbers with mean `concentration` / `rate`. Equivalent to `numpyro.distributions.Gamma`. */
  gamma<F extends FloatDType = "float32">(options: {
    readonly concentration: TensorLike<F>;
    readonly rate?: TensorLike<F>;
  }): SimpleDistribution<F, F> {
    return emit("dist.gamma", [], undefined, SimpleDistribution, {
      concentration: asFloat(options.concentration, "concentration"),
      rate: asFloat(options.rate, "rate"),
    }) as never;
  },

  /** Counts whose rate is a gamma number. Equivalent to `numpyro.distributions.GammaPoisson`. */
  gammaPoisson<F extends FloatDType = "float32">(options: {
    readonly concentration: TensorLike<F>;
    readonly rate?: TensorLike<F>;
  }): SimpleDistribution<F, "int32"> {
    return emit("dist.gamma_poisson", [], undefined, SimpleDistribution, {
      concentration: asFloat(options.concentration, "concentration"),
      rate: asFloat(options.rate, "rate"),
    }) as never;
  },

  /**
   * Paths of `numSteps` (1) normal steps of standard deviation `scale` (1). Equivalent to
   * `numpyro.distributions.GaussianRandomWalk`.
   */
  gaussianRandomWalk<F extends FloatDType = "float32">(
    options: { readonly scale?: TensorLike<F>; readonly numSteps?: Dim } = {},
  ): SimpleDistribution<F, F> {
    return emit("dist.gaussian_random_walk", [], { num_steps: options.numSteps }, SimpleDistribution, {
      scale: asFloat(options.scale, "scale"),
    }) as never;
  },

  /**
   * Failures before the first success; by exactly one of `probs` and `logits`. Equivalent to
   * `numpyro.distributions.Geometric`.
   */
  geometric<F extends FloatDType = "float32">(
    options: { readonly probs?: TensorLike<F>; readonly logits?: TensorLike<F> } = {},
  ): SimpleDistribution<F, "int32"> {
    return emit("dist.geometric", [], undefined, SimpleDistribution, {
      probs: asFloat(options.probs, "probs"),
      logits: asFloat(options.logits, "logits"),
    }) as never;
  },

  /** Largest values: with mode `loc` (0). Equivalent to `numpyro.distributions.Gumbel`. */
  gumbel<F extends FloatDType = "float32">(
    options: { readonly loc?: TensorLike<F>; readonly scale?: TensorLike<F> } = {},
  ): SimpleDistribution<F, F> {
    return emit("dist.gumbel", [], undefined, SimpleDistribution, {
      loc: asFloat(options.loc, "loc"),
      scale: asFloat(options.scale, "scale"),
    }) as never;
  },

  /** The absolute values of Cauchy numbers of median 0. Equivalent to `numpyro.distributions.HalfCauchy`. */
  halfCauchy<F extends FloatDType = "float32">(
    options: { readonly scale?: TensorLike<F> } = {},
  ): SimpleDistribution<F, F> {
    return emit("dist.half_cauchy", [], undefined, SimpleDistribution, {
      scale: asFloat(options.scale, "scale"),
    }) as never;
  },

  /** The absolute values of normal numbers of mean 0. Equivalent to `numpyro.distributions.HalfNormal`. */
  halfNormal<F extends FloatDType = "float32">(
    options: { readonly scale?: TensorLike<F> } = {},
  ): SimpleDistribution<F, F> {
    return emit("dist.half_normal", [], undefined, SimpleDistribution, {
      scale: asFloat(options.scale, "scale"),
    }) as never;
  },

  /**
   * All values of the support alike, with a density of 1 that has no integral; it cannot be drawn from.
   * Equivalent to `numpyro.distributions.ImproperUniform`.
   */
  improperUniform(options: {
    readonly support:
      | "real"
      | "positive"
      | "nonnegative"
      | "unitInterval"
      | "simplex"
      | "orderedVector"
      | "positiveOrderedVector"
      | "lowerCholesky"
      | "corrCholesky"
      | "corrMatrix"
      | "positiveDefinite";
    readonly batchShape?: ShapeLike;
    readonly eventShape?: ShapeLike;
  }): SimpleDistribution<"float32", "float32"> {
    return emit(
      "dist.improper_uniform",
      [],
      { support: options.support, batch_shape: options.batchShape, event_shape: options.eventShape },
      SimpleDistribution,
    ) as never;
  },

  /**
   * The last `reinterpretedBatchNdims` axes of the batch, all if it is not given, belong to the event.
   * Equivalent to `numpyro.distributions.Independent`.
   */
  independent<F extends FloatDType = "float32", V extends DType = F>(
    baseDist: SimpleDistribution<F, V>,
    options: { readonly reinterpretedBatchNdims?: Dim } = {},
  ): SimpleDistribution<F, V> {
    return emit(
      "dist.independent",
      [baseDist],
      { reinterpreted_batch_ndims: options.reinterpretedBatchNdims },
      SimpleDistribution,
    ) as never;
  },

  /** The reciprocals of gamma numbers. Equivalent to `numpyro.distributions.InverseGamma`. */
  inverseGamma<F extends FloatDType = "float32">(options: {
    readonly concentration: TensorLike<F>;
    readonly rate?: TensorLike<F>;
  }): SimpleDistribution<F, F> {
    return emit("dist.inverse_gamma", [], undefined, SimpleDistribution, {
      concentration: asFloat(options.concentration, "concentration"),
      rate: asFloat(options.rate, "rate"),
    }) as never;
  },

  /**
   * Numbers from 0 to 1 with a distribution function in closed form. Equivalent to
   * `numpyro.distributions.Kumaraswamy`.
   */
  kumaraswamy<F extends FloatDType = "float32">(options: {
    readonly concentration1: TensorLike<F>;
    readonly concentration0: TensorLike<F>;
  }): SimpleDistribution<F, F> {
    return emit("dist.kumaraswamy", [], undefined, SimpleDistribution, {
      concentration1: asFloat(options.concentration1, "concentration1"),
      concentration0: asFloat(options.concentration0, "concentration0"),
    }) as never;
  },

  /** Exponential to both sides of `loc` (0). Equivalent to `numpyro.distributions.Laplace`. */
  laplace<F extends FloatDType = "float32">(
    options: { readonly loc?: TensorLike<F>; readonly scale?: TensorLike<F> } = {},
  ): SimpleDistribution<F, F> {
    return emit("dist.laplace", [], undefined, SimpleDistribution, {
      loc: asFloat(options.loc, "loc"),
      scale: asFloat(options.scale, "scale"),
    }) as never;
  },

  /**
   * Correlation matrices of `dimension` variables; 1 is uniform, above it they are weaker. Equivalent to
   * `numpyro.distributions.LKJ`.
   */
  lkj<F extends FloatDType = "float32">(options: {
    readonly dimension: Dim;
    readonly concentration?: TensorLike<F>;
    readonly sampleMethod?: "onion" | "cvine";
  }): SimpleDistribution<F, F> {
    return emit(
      "dist.lkj",
      [],
      { dimension: options.dimension, sample_method: options.sampleMethod },
      SimpleDistribution,
      { concentration: asFloat(options.concentration, "concentration") },
    ) as never;
  },

  /**
   * Cholesky factors of correlation matrices of `dimension` variables; 1 is uniform, above it they are
   * weaker. Equivalent to `numpyro.distributions.LKJCholesky`.
   */
  lkjCholesky<F extends FloatDType = "float32">(options: {
    readonly dimension: Dim;
    readonly concentration?: TensorLike<F>;
    readonly sampleMethod?: "onion" | "cvine";
  }): SimpleDistribution<F, F> {
    return emit(
      "dist.lkj_cholesky",
      [],
      { dimension: options.dimension, sample_method: options.sampleMethod },
      SimpleDistribution,
      { concentration: asFloat(options.concentration, "concentration") },
    ) as never;
  },

  /**
   * Positive numbers whose log is normal with `loc` (0) and `scale` (1). Equivalent to
   * `numpyro.distributions.LogNormal`.
   */
  logNormal<F extends FloatDType = "float32">(
    options: { readonly loc?: TensorLike<F>; readonly scale?: TensorLike<F> } = {},
  ): SimpleDistribution<F, F> {
    return emit("dist.log_normal", [], undefined, SimpleDistribution, {
      loc: asFloat(options.loc, "loc"),
      scale: asFloat(options.scale, "scale"),
    }) as never;
  },

  /**
   * Numbers whose distribution function is the logistic one. Equivalent to
   * `numpyro.distributions.Logistic`.
   */
  logistic<F extends FloatDType = "float32">(
    options: { readonly loc?: TensorLike<F>; readonly scale?: TensorLike<F> } = {},
  ): SimpleDistribution<F, F> {
    return emit("dist.logistic", [], undefined, SimpleDistribution, {
      loc: asFloat(options.loc, "loc"),
      scale: asFloat(options.scale, "scale"),
    }) as never;
  },

  /**
   * Normal vectors of covariance W Wᵀ + diag(`covDiag`), where W is `covFactor`. Equivalent to
   * `numpyro.distributions.LowRankMultivariateNormal`.
   */
  lowRankMultivariateNormal<F extends FloatDType = "float32">(options: {
    readonly loc: TensorLike<F>;
    readonly covFactor: TensorLike<F>;
    readonly covDiag: TensorLike<F>;
  }): SimpleDistribution<F, F> {
    return emit("dist.low_rank_multivariate_normal", [], undefined, SimpleDistribution, {
      loc: asFloat(options.loc, "loc"),
      cov_factor: asFloat(options.covFactor, "covFactor"),
      cov_diag: asFloat(options.covDiag, "covDiag"),
    }) as never;
  },

  /** Log-probability 0 where `mask` is false. Equivalent to `numpyro.distributions.MaskedDistribution`. */
  masked<F extends FloatDType = "float32", V extends DType = F>(
    baseDist: SimpleDistribution<F, V>,
    mask: TensorLike<"bool">,
  ): SimpleDistribution<F, V> {
    return emit("dist.masked", [baseDist, asBool(mask, "mask")], undefined, SimpleDistribution) as never;
  },

  /**
   * A component drawn by a categorical distribution, then its value. The components are the last batch
   * axis of one distribution, or a list. Equivalent to `numpyro.distributions.Mixture`.
   */
  mixture<F extends FloatDType = "float32", V extends DType = F>(options: {
    readonly mixingDistribution: SimpleDistribution<F, "int32">;
    readonly componentDistributions: SimpleDistribution<F, V> | readonly SimpleDistribution<F, V>[];
  }): SimpleDistribution<F, V> {
    return emit("dist.mixture", [], undefined, SimpleDistribution, {
      mixing_distribution: options.mixingDistribution,
      component_distributions: options.componentDistributions,
    }) as never;
  },

  /**
   * How often each of v symbols is drawn in `totalCount` (1) draws; by exactly one of `probs` and
   * `logits`. Equivalent to `numpyro.distributions.Multinomial`.
   */
  multinomial<F extends FloatDType = "float32">(
    options: {
      readonly probs?: TensorLike<F>;
      readonly logits?: TensorLike<F>;
      readonly totalCount?: Dim;
    } = {},
  ): SimpleDistribution<F, "int32"> {
    return emit("dist.multinomial", [], { total_count: options.totalCount }, SimpleDistribution, {
      probs: asFloat(options.probs, "probs"),
      logits: asFloat(options.logits, "logits"),
    }) as never;
  },

  /**
   * Vectors with mean `loc` (0), by exactly one of the covariance matrix, its inverse, and its Cholesky
   * factor. Equivalent to `numpyro.distributions.MultivariateNormal`.
   */
  multivariateNormal<F extends FloatDType = "float32">(
    options: {
      readonly loc?: TensorLike<F>;
      readonly covarianceMatrix?: TensorLike<F>;
      readonly precisionMatrix?: TensorLike<F>;
      readonly scaleTril?: TensorLike<F>;
    } = {},
  ): SimpleDistribution<F, F> {
    return emit("dist.multivariate_normal", [], undefined, SimpleDistribution, {
      loc: asFloat(options.loc, "loc"),
      covariance_matrix: asFloat(options.covarianceMatrix, "covarianceMatrix"),
      precision_matrix: asFloat(options.precisionMatrix, "precisionMatrix"),
      scale_tril: asFloat(options.scaleTril, "scaleTril"),
    }) as never;
  },

  /**
   * Student's t of vectors, by the Cholesky factor of the scale matrix. Equivalent to
   * `numpyro.distributions.MultivariateStudentT`.
   */
  multivariateStudentT<F extends FloatDType = "float32">(options: {
    readonly df: TensorLike<F>;
    readonly loc?: TensorLike<F>;
    readonly scaleTril: TensorLike<F>;
  }): SimpleDistribution<F, F> {
    return emit("dist.multivariate_student_t", [], undefined, SimpleDistribution, {
      df: asFloat(options.df, "df"),
      loc: asFloat(options.loc, "loc"),
      scale_tril: asFloat(options.scaleTril, "scaleTril"),
    }) as never;
  },

  /**
   * Counts with mean `mean` and variance mean + mean² / `concentration`. Equivalent to
   * `numpyro.distributions.NegativeBinomial2`.
   */
  negativeBinomial2<F extends FloatDType = "float32">(options: {
    readonly mean: TensorLike<F>;
    readonly concentration: TensorLike<F>;
  }): SimpleDistribution<F, "int32"> {
    return emit("dist.negative_binomial2", [], undefined, SimpleDistribution, {
      mean: asFloat(options.mean, "mean"),
      concentration: asFloat(options.concentration, "concentration"),
    }) as never;
  },

  /**
   * Numbers with mean `loc` (0) and standard deviation `scale` (1). Equivalent to
   * `numpyro.distributions.Normal`.
   */
  normal<F extends FloatDType = "float32">(
    options: { readonly loc?: TensorLike<F>; readonly scale?: TensorLike<F> } = {},
  ): SimpleDistribution<F, F> {
    return emit("dist.normal", [], undefined, SimpleDistribution, {
      loc: asFloat(options.loc, "loc"),
      scale: asFloat(options.scale, "scale"),
    }) as never;
  },

  /**
   * Symbols 0 to k: between which of the rising `cutpoints` a logistic number around `predictor` falls.
   * Equivalent to `numpyro.distributions.OrderedLogistic`.
   */
  orderedLogistic<F extends FloatDType = "float32">(options: {
    readonly predictor: TensorLike<F>;
    readonly cutpoints: TensorLike<F>;
  }): SimpleDistribution<F, "int32"> {
    return emit("dist.ordered_logistic", [], undefined, SimpleDistribution, {
      predictor: asFloat(options.predictor, "predictor"),
      cutpoints: asFloat(options.cutpoints, "cutpoints"),
    }) as never;
  },

  /**
   * Numbers above `scale` whose tail falls as a power of `alpha`. Equivalent to
   * `numpyro.distributions.Pareto`.
   */
  pareto<F extends FloatDType = "float32">(options: {
    readonly scale: TensorLike<F>;
    readonly alpha: TensorLike<F>;
  }): SimpleDistribution<F, F> {
    return emit("dist.pareto", [], undefined, SimpleDistribution, {
      scale: asFloat(options.scale, "scale"),
      alpha: asFloat(options.alpha, "alpha"),
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

  /** Student's t with `df` degrees of freedom. Equivalent to `numpyro.distributions.StudentT`. */
  studentT<F extends FloatDType = "float32">(options: {
    readonly df: TensorLike<F>;
    readonly loc?: TensorLike<F>;
    readonly scale?: TensorLike<F>;
  }): SimpleDistribution<F, F> {
    return emit("dist.student_t", [], undefined, SimpleDistribution, {
      df: asFloat(options.df, "df"),
      loc: asFloat(options.loc, "loc"),
      scale: asFloat(options.scale, "scale"),
    }) as never;
  },

  /**
   * The values of a distribution after `transforms`, one after the other. Equivalent to
   * `numpyro.distributions.TransformedDistribution`.
   */
  transformed<F extends FloatDType = "float32", V extends DType = F>(
    baseDist: SimpleDistribution<F, V>,
    transforms: readonly Transform[],
  ): SimpleDistribution<F, V> {
    return emit("dist.transformed", [baseDist, transforms], undefined, SimpleDistribution) as never;
  },

  /**
   * The part of a Cauchy, Laplace, logistic, normal or Student's t distribution above `low` and below
   * `high`. Equivalent to `numpyro.distributions.TruncatedDistribution`.
   */
  truncated<F extends FloatDType = "float32", V extends DType = F>(
    baseDist: SimpleDistribution<F, V>,
    options: { readonly low?: TensorLike<F>; readonly high?: TensorLike<F> } = {},
  ): SimpleDistribution<F, V> {
    return emit("dist.truncated", [baseDist], undefined, SimpleDistribution, {
      low: asFloat(options.low, "low"),
      high: asFloat(options.high, "high"),
    }) as never;
  },

  /**
   * Normal numbers that lie above `low` and below `high`, each if it is given. Equivalent to
   * `numpyro.distributions.TruncatedNormal`.
   */
  truncatedNormal<F extends FloatDType = "float32">(
    options: {
      readonly loc?: TensorLike<F>;
      readonly scale?: TensorLike<F>;
      readonly low?: TensorLike<F>;
      readonly high?: TensorLike<F>;
    } = {},
  ): SimpleDistribution<F, F> {
    return emit("dist.truncated_normal", [], undefined, SimpleDistribution, {
      loc: asFloat(options.loc, "loc"),
      scale: asFloat(options.scale, "scale"),
      low: asFloat(options.low, "low"),
      high: asFloat(options.high, "high"),
    }) as never;
  },

  /** Numbers from `low` (0) to `high` (1), all alike. Equivalent to `numpyro.distributions.Uniform`. */
  uniform<F extends FloatDType = "float32">(
    options: { readonly low?: TensorLike<F>; readonly high?: TensorLike<F> } = {},
  ): SimpleDistribution<F, F> {
    return emit("dist.uniform", [], undefined, SimpleDistribution, {
      low: asFloat(options.low, "low"),
      high: asFloat(options.high, "high"),
    }) as never;
  },

  /** Angles from -π to π around `loc`. Equivalent to `numpyro.distributions.VonMises`. */
  vonMises<F extends FloatDType = "float32">(options: {
    readonly loc: TensorLike<F>;
    readonly concentration: TensorLike<F>;
  }): SimpleDistribution<F, F> {
    return emit("dist.von_mises", [], undefined, SimpleDistribution, {
      loc: asFloat(options.loc, "loc"),
      concentration: asFloat(options.concentration, "concentration"),
    }) as never;
  },

  /** Life times whose hazard is a power of the time. Equivalent to `numpyro.distributions.Weibull`. */
  weibull<F extends FloatDType = "float32">(options: {
    readonly scale: TensorLike<F>;
    readonly concentration: TensorLike<F>;
  }): SimpleDistribution<F, F> {
    return emit("dist.weibull", [], undefined, SimpleDistribution, {
      scale: asFloat(options.scale, "scale"),
      concentration: asFloat(options.concentration, "concentration"),
    }) as never;
  },

  /**
   * Counts that are 0 with probability `gate`, else Poisson. Equivalent to
   * `numpyro.distributions.ZeroInflatedPoisson`.
   */
  zeroInflatedPoisson<F extends FloatDType = "float32">(options: {
    readonly gate: TensorLike<F>;
    readonly rate?: TensorLike<F>;
  }): SimpleDistribution<F, "int32"> {
    return emit("dist.zero_inflated_poisson", [], undefined, SimpleDistribution, {
      gate: asFloat(options.gate, "gate"),
      rate: asFloat(options.rate, "rate"),
    }) as never;
  },
};

checkFunctions("dist", dist, {
  asymmetricLaplace: { options: { loc: "operand?", scale: "operand?", asymmetry: "operand?" } },
  bernoulli: { options: { probs: "operand?", logits: "operand?" } },
  beta: { options: { concentration1: "operand", concentration0: "operand" } },
  betaBinomial: { options: { concentration1: "operand", concentration0: "operand", totalCount: "operand?" } },
  binomial: { options: { probs: "operand?", logits: "operand?", totalCount: "operand?" } },
  categorical: { options: { probs: "operand?", logits: "operand?" } },
  cauchy: { options: { loc: "operand?", scale: "operand?" } },
  chi2: { options: { df: "operand" } },
  delta: { options: { v: "operand", logDensity: "operand?", eventDim: "size?" } },
  dirichlet: { options: { concentration: "operand" } },
  dirichletMultinomial: { options: { concentration: "operand", totalCount: "size?" } },
  discreteUniform: { options: { low: "operand?", high: "operand?" } },
  expanded: { takes: { baseDist: "distribution", batchShape: "shape" } },
  exponential: { options: { rate: "operand?" } },
  gamma: { options: { concentration: "operand", rate: "operand?" } },
  gammaPoisson: { options: { concentration: "operand", rate: "operand?" } },
  gaussianRandomWalk: { options: { scale: "operand?", numSteps: "size?" } },
  geometric: { options: { probs: "operand?", logits: "operand?" } },
  gumbel: { options: { loc: "operand?", scale: "operand?" } },
  halfCauchy: { options: { scale: "operand?" } },
  halfNormal: { options: { scale: "operand?" } },
  improperUniform: {
    options: {
      support:
        '"real" | "positive" | "nonnegative" | "unitInterval" | "simplex" | "orderedVector" | "positiveOrderedVector" | "lowerCholesky" | "corrCholesky" | "corrMatrix" | "positiveDefinite"',
      batchShape: "shape?",
      eventShape: "shape?",
    },
  },
  independent: { takes: { baseDist: "distribution" }, options: { reinterpretedBatchNdims: "size?" } },
  inverseGamma: { options: { concentration: "operand", rate: "operand?" } },
  kumaraswamy: { options: { concentration1: "operand", concentration0: "operand" } },
  laplace: { options: { loc: "operand?", scale: "operand?" } },
  lkj: { options: { dimension: "size", concentration: "operand?", sampleMethod: '"onion" | "cvine"?' } },
  lkjCholesky: {
    options: { dimension: "size", concentration: "operand?", sampleMethod: '"onion" | "cvine"?' },
  },
  logNormal: { options: { loc: "operand?", scale: "operand?" } },
  logistic: { options: { loc: "operand?", scale: "operand?" } },
  lowRankMultivariateNormal: { options: { loc: "operand", covFactor: "operand", covDiag: "operand" } },
  masked: { takes: { baseDist: "distribution", mask: "operand" } },
  mixture: { options: { mixingDistribution: "distribution", componentDistributions: "distributions" } },
  multinomial: { options: { probs: "operand?", logits: "operand?", totalCount: "size?" } },
  multivariateNormal: {
    options: {
      loc: "operand?",
      covarianceMatrix: "operand?",
      precisionMatrix: "operand?",
      scaleTril: "operand?",
    },
  },
  multivariateStudentT: { options: { df: "operand", loc: "operand?", scaleTril: "operand" } },
  negativeBinomial2: { options: { mean: "operand", concentration: "operand" } },
  normal: { options: { loc: "operand?", scale: "operand?" } },
  orderedLogistic: { options: { predictor: "operand", cutpoints: "operand" } },
  pareto: { options: { scale: "operand", alpha: "operand" } },
  poisson: { options: { rate: "operand" } },
  studentT: { options: { df: "operand", loc: "operand?", scale: "operand?" } },
  transformed: { takes: { baseDist: "distribution", transforms: "transforms" } },
  truncated: { takes: { baseDist: "distribution" }, options: { low: "operand?", high: "operand?" } },
  truncatedNormal: { options: { loc: "operand?", scale: "operand?", low: "operand?", high: "operand?" } },
  uniform: { options: { low: "operand?", high: "operand?" } },
  vonMises: { options: { loc: "operand", concentration: "operand" } },
  weibull: { options: { scale: "operand", concentration: "operand" } },
  zeroInflatedPoisson: { options: { gate: "operand", rate: "operand?" } },
});
