// Generated from the Python registry by `npm run generate`; do not edit.
import { emit } from "../program/emit.ts";
import { checkFunctions } from "../program/signatures.ts";
import { asFloat, asInt } from "../tensor/array.ts";
import {
  type Dim,
  type DType,
  type FloatDType,
  type Of,
  type ShapeLike,
  type Strong,
  Tensor,
  type TensorLike,
} from "../tensor/tensor.ts";
import type { IntDType } from "./dtypes.ts";

/** `jax.random`. A draw is a function of its key alone. */
export const random = {
  /**
   * Equivalent to `jax.random.ball`: points of the unit ball of `d` dimensions, by the L2 norm unless
   * `p` is given. Not differentiable.
   */
  ball<D extends DType = "float32">(
    key: Tensor<"key">,
    d: number,
    options: { readonly p?: number; readonly shape?: ShapeLike; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit(
      "random.ball",
      [key],
      { d, p: options.p, shape: options.shape, dtype: options.dtype },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.random.bernoulli`; `p` is 0.5 unless given. Not differentiable. */
  bernoulli(
    key: Tensor<"key">,
    options: { readonly p?: TensorLike; readonly shape?: ShapeLike } = {},
  ): Tensor<"bool"> {
    return emit("random.bernoulli", [key], { shape: options.shape }, Tensor, { p: options.p }) as never;
  },

  /** Equivalent to `jax.random.beta`. */
  beta<D extends DType = "float32">(
    key: Tensor<"key">,
    a: TensorLike,
    b: TensorLike,
    options: { readonly shape?: ShapeLike; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit("random.beta", [key, a, b], { shape: options.shape, dtype: options.dtype }, Tensor) as never;
  },

  /** Equivalent to `jax.random.binomial`: successes of `n` trials, as floats. Not differentiable. */
  binomial<D extends DType = "float32">(
    key: Tensor<"key">,
    n: TensorLike,
    p: TensorLike,
    options: { readonly shape?: ShapeLike; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit(
      "random.binomial",
      [key, n, p],
      { shape: options.shape, dtype: options.dtype },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.random.bits`: uniform bits as unsigned integers. Not differentiable. */
  bits<D extends DType = "uint32">(
    key: Tensor<"key">,
    options: { readonly shape?: ShapeLike; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit("random.bits", [key], { shape: options.shape, dtype: options.dtype }, Tensor) as never;
  },

  /**
   * Equivalent to `jax.random.categorical`: classes by unnormalised log-probabilities along `axis`, the
   * last. Not differentiable.
   */
  categorical(
    key: Tensor<"key">,
    logits: TensorLike,
    options: { readonly axis?: number; readonly shape?: ShapeLike; readonly replace?: boolean } = {},
  ): Tensor<"int32"> {
    return emit(
      "random.categorical",
      [key, logits],
      { axis: options.axis, shape: options.shape, replace: options.replace },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.random.cauchy`. Not differentiable. */
  cauchy<D extends DType = "float32">(
    key: Tensor<"key">,
    options: { readonly shape?: ShapeLike; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit("random.cauchy", [key], { shape: options.shape, dtype: options.dtype }, Tensor) as never;
  },

  /** Equivalent to `jax.random.chisquare`. */
  chisquare<D extends DType = "float32">(
    key: Tensor<"key">,
    df: TensorLike,
    options: { readonly shape?: ShapeLike; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit(
      "random.chisquare",
      [key, df],
      { shape: options.shape, dtype: options.dtype },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.random.choice` from an array. */
  choice<A extends TensorLike>(
    key: Tensor<"key">,
    a: A,
    options: {
      readonly shape?: ShapeLike;
      readonly replace?: boolean;
      readonly p?: TensorLike<FloatDType>;
      readonly axis?: number;
    } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit(
      "random.choice",
      [key, a],
      { shape: options.shape, replace: options.replace, axis: options.axis },
      Tensor,
      { p: asFloat(options.p, "p") },
    ) as never;
  },

  /** Equivalent to `jax.random.dirichlet`: `shape` is the batch shape, `alpha` (… n) of positive floats. */
  dirichlet<D extends DType = "float32">(
    key: Tensor<"key">,
    alpha: TensorLike,
    options: { readonly shape?: ShapeLike; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit(
      "random.dirichlet",
      [key, alpha],
      { shape: options.shape, dtype: options.dtype },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.random.exponential`. Not differentiable. */
  exponential<D extends DType = "float32">(
    key: Tensor<"key">,
    options: { readonly shape?: ShapeLike; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit("random.exponential", [key], { shape: options.shape, dtype: options.dtype }, Tensor) as never;
  },

  /** Equivalent to `jax.random.fold_in`: a new key from a key and a number. Not differentiable. */
  foldIn(key: Tensor<"key">, data: TensorLike<IntDType>): Tensor<"key"> {
    return emit("random.fold_in", [key, asInt(data, "data")], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.random.gamma` of shape `a` and scale 1. */
  gamma<D extends DType = "float32">(
    key: Tensor<"key">,
    a: TensorLike,
    options: { readonly shape?: ShapeLike; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit("random.gamma", [key, a], { shape: options.shape, dtype: options.dtype }, Tensor) as never;
  },

  /** Equivalent to `jax.random.geometric`: trials until the first success. Not differentiable. */
  geometric<D extends DType = "int32">(
    key: Tensor<"key">,
    p: TensorLike,
    options: { readonly shape?: ShapeLike; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit(
      "random.geometric",
      [key, p],
      { shape: options.shape, dtype: options.dtype },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.random.gumbel`. Not differentiable. */
  gumbel<D extends DType = "float32">(
    key: Tensor<"key">,
    options: { readonly shape?: ShapeLike; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit("random.gumbel", [key], { shape: options.shape, dtype: options.dtype }, Tensor) as never;
  },

  /** Equivalent to `jax.random.key`. Not differentiable. */
  key(seed: TensorLike<IntDType>): Tensor<"key"> {
    return emit("random.key", [asInt(seed, "seed")], undefined, Tensor) as never;
  },

  /**
   * Equivalent to `jax.random.key_data`: the bits of keys, two words each along a new last axis. Not
   * differentiable.
   */
  keyData(keys: Tensor<"key">): Tensor<"uint32"> {
    return emit("random.key_data", [keys], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.random.laplace`. Not differentiable. */
  laplace<D extends DType = "float32">(
    key: Tensor<"key">,
    options: { readonly shape?: ShapeLike; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit("random.laplace", [key], { shape: options.shape, dtype: options.dtype }, Tensor) as never;
  },

  /** Equivalent to `jax.random.loggamma`. */
  loggamma<D extends DType = "float32">(
    key: Tensor<"key">,
    a: TensorLike,
    options: { readonly shape?: ShapeLike; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit("random.loggamma", [key, a], { shape: options.shape, dtype: options.dtype }, Tensor) as never;
  },

  /** Equivalent to `jax.random.logistic`. Not differentiable. */
  logistic<D extends DType = "float32">(
    key: Tensor<"key">,
    options: { readonly shape?: ShapeLike; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit("random.logistic", [key], { shape: options.shape, dtype: options.dtype }, Tensor) as never;
  },

  /** Equivalent to `jax.random.lognormal`; `sigma` is 1 unless given. */
  lognormal<D extends DType = "float32">(
    key: Tensor<"key">,
    options: { readonly sigma?: TensorLike; readonly shape?: ShapeLike; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit("random.lognormal", [key], { shape: options.shape, dtype: options.dtype }, Tensor, {
      sigma: options.sigma,
    }) as never;
  },

  /** Equivalent to `jax.random.maxwell`. Not differentiable. */
  maxwell<D extends DType = "float32">(
    key: Tensor<"key">,
    options: { readonly shape?: ShapeLike; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit("random.maxwell", [key], { shape: options.shape, dtype: options.dtype }, Tensor) as never;
  },

  /**
   * Equivalent to `jax.random.multinomial`: counts of `n` trials by the probabilities `p` (… k), as
   * floats. Not differentiable.
   */
  multinomial<D extends DType = "float32">(
    key: Tensor<"key">,
    n: TensorLike,
    p: TensorLike,
    options: { readonly shape?: ShapeLike; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit(
      "random.multinomial",
      [key, n, p],
      { shape: options.shape, dtype: options.dtype },
      Tensor,
    ) as never;
  },

  /**
   * Equivalent to `jax.random.multivariate_normal`: `mean` (… n), `cov` (… n n); `shape` is the batch
   * shape.
   */
  multivariateNormal<D extends DType = "float32">(
    key: Tensor<"key">,
    mean: TensorLike,
    cov: TensorLike,
    options: { readonly shape?: ShapeLike; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit(
      "random.multivariate_normal",
      [key, mean, cov],
      { shape: options.shape, dtype: options.dtype },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.random.normal`. Not differentiable. */
  normal<D extends DType = "float32">(
    key: Tensor<"key">,
    options: { readonly shape?: ShapeLike; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit("random.normal", [key], { shape: options.shape, dtype: options.dtype }, Tensor) as never;
  },

  /**
   * Equivalent to `jax.random.orthogonal`: (n n) matrices; `shape` is the batch shape. Not
   * differentiable.
   */
  orthogonal<D extends DType = "float32">(
    key: Tensor<"key">,
    n: number,
    options: { readonly shape?: ShapeLike; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit(
      "random.orthogonal",
      [key],
      { n, shape: options.shape, dtype: options.dtype },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.random.pareto`. */
  pareto<D extends DType = "float32">(
    key: Tensor<"key">,
    b: TensorLike,
    options: { readonly shape?: ShapeLike; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit("random.pareto", [key, b], { shape: options.shape, dtype: options.dtype }, Tensor) as never;
  },

  /** Equivalent to `jax.random.permutation` of an array. */
  permutation<A extends TensorLike>(
    key: Tensor<"key">,
    x: A,
    options: { readonly axis?: number; readonly independent?: boolean } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit(
      "random.permutation",
      [key, x],
      { axis: options.axis, independent: options.independent },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.random.poisson` of rate `lam`. Not differentiable. */
  poisson<D extends DType = "int32">(
    key: Tensor<"key">,
    lam: TensorLike,
    options: { readonly shape?: ShapeLike; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit(
      "random.poisson",
      [key, lam],
      { shape: options.shape, dtype: options.dtype },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.random.rademacher`. Not differentiable. */
  rademacher<D extends DType = "int32">(
    key: Tensor<"key">,
    options: { readonly shape?: ShapeLike; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit("random.rademacher", [key], { shape: options.shape, dtype: options.dtype }, Tensor) as never;
  },

  /** Equivalent to `jax.random.randint`: from `minval` up to `maxval`, exclusive. Not differentiable. */
  randint<D extends DType = "int32">(
    key: Tensor<"key">,
    shape: ShapeLike,
    minval: TensorLike<IntDType>,
    maxval: TensorLike<IntDType>,
    options: { readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit(
      "random.randint",
      [key, asInt(minval, "minval"), asInt(maxval, "maxval")],
      { shape, dtype: options.dtype },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.random.rayleigh`. */
  rayleigh<D extends DType = "float32">(
    key: Tensor<"key">,
    scale: TensorLike,
    options: { readonly shape?: ShapeLike; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit(
      "random.rayleigh",
      [key, scale],
      { shape: options.shape, dtype: options.dtype },
      Tensor,
    ) as never;
  },

  /**
   * Equivalent to `jax.random.split`: 2 new keys along a new axis unless `num` is given. Not
   * differentiable.
   */
  split(key: Tensor<"key">, options: { readonly num?: Dim } = {}): Tensor<"key"> {
    return emit("random.split", [key], { num: options.num }, Tensor) as never;
  },

  /** Equivalent to `jax.random.t`. */
  t<D extends DType = "float32">(
    key: Tensor<"key">,
    df: TensorLike,
    options: { readonly shape?: ShapeLike; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit("random.t", [key, df], { shape: options.shape, dtype: options.dtype }, Tensor) as never;
  },

  /** Equivalent to `jax.random.triangular`. */
  triangular<D extends DType = "float32">(
    key: Tensor<"key">,
    left: TensorLike,
    mode: TensorLike,
    right: TensorLike,
    options: { readonly shape?: ShapeLike; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit(
      "random.triangular",
      [key, left, mode, right],
      { shape: options.shape, dtype: options.dtype },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.random.truncated_normal`. */
  truncatedNormal<D extends DType = "float32">(
    key: Tensor<"key">,
    lower: TensorLike,
    upper: TensorLike,
    options: { readonly shape?: ShapeLike; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit(
      "random.truncated_normal",
      [key, lower, upper],
      { shape: options.shape, dtype: options.dtype },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.random.uniform`: from `minval` (0) up to `maxval` (1), exclusive. */
  uniform<D extends DType = "float32">(
    key: Tensor<"key">,
    options: {
      readonly shape?: ShapeLike;
      readonly minval?: TensorLike;
      readonly maxval?: TensorLike;
      readonly dtype?: D;
    } = {},
  ): Tensor<D> {
    return emit("random.uniform", [key], { shape: options.shape, dtype: options.dtype }, Tensor, {
      minval: options.minval,
      maxval: options.maxval,
    }) as never;
  },

  /** Equivalent to `jax.random.weibull_min`. */
  weibullMin<D extends DType = "float32">(
    key: Tensor<"key">,
    scale: TensorLike,
    concentration: TensorLike,
    options: { readonly shape?: ShapeLike; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit(
      "random.weibull_min",
      [key, scale, concentration],
      { shape: options.shape, dtype: options.dtype },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.random.wrap_key_data`: keys from what `random.keyData` gives. Not differentiable. */
  wrapKeyData(keyBitsArray: TensorLike<"uint32">): Tensor<"key"> {
    return emit("random.wrap_key_data", [asInt(keyBitsArray, "keyBitsArray")], undefined, Tensor) as never;
  },
};

checkFunctions("random", random, {
  ball: { takes: { key: "key", d: "number" }, options: { p: "number?", shape: "shape?", dtype: "dtype?" } },
  bernoulli: { takes: { key: "key" }, options: { p: "operand?", shape: "shape?" } },
  beta: { takes: { key: "key", a: "operand", b: "operand" }, options: { shape: "shape?", dtype: "dtype?" } },
  binomial: {
    takes: { key: "key", n: "operand", p: "operand" },
    options: { shape: "shape?", dtype: "dtype?" },
  },
  bits: { takes: { key: "key" }, options: { shape: "shape?", dtype: "dtype?" } },
  categorical: {
    takes: { key: "key", logits: "operand" },
    options: { axis: "number?", shape: "shape?", replace: "boolean?" },
  },
  cauchy: { takes: { key: "key" }, options: { shape: "shape?", dtype: "dtype?" } },
  chisquare: { takes: { key: "key", df: "operand" }, options: { shape: "shape?", dtype: "dtype?" } },
  choice: {
    takes: { key: "key", a: "operand" },
    options: { shape: "shape?", replace: "boolean?", p: "operand?", axis: "number?" },
  },
  dirichlet: { takes: { key: "key", alpha: "operand" }, options: { shape: "shape?", dtype: "dtype?" } },
  exponential: { takes: { key: "key" }, options: { shape: "shape?", dtype: "dtype?" } },
  foldIn: { takes: { key: "key", data: "operand" } },
  gamma: { takes: { key: "key", a: "operand" }, options: { shape: "shape?", dtype: "dtype?" } },
  geometric: { takes: { key: "key", p: "operand" }, options: { shape: "shape?", dtype: "dtype?" } },
  gumbel: { takes: { key: "key" }, options: { shape: "shape?", dtype: "dtype?" } },
  key: { takes: { seed: "operand" } },
  keyData: { takes: { keys: "key" } },
  laplace: { takes: { key: "key" }, options: { shape: "shape?", dtype: "dtype?" } },
  loggamma: { takes: { key: "key", a: "operand" }, options: { shape: "shape?", dtype: "dtype?" } },
  logistic: { takes: { key: "key" }, options: { shape: "shape?", dtype: "dtype?" } },
  lognormal: { takes: { key: "key" }, options: { sigma: "operand?", shape: "shape?", dtype: "dtype?" } },
  maxwell: { takes: { key: "key" }, options: { shape: "shape?", dtype: "dtype?" } },
  multinomial: {
    takes: { key: "key", n: "operand", p: "operand" },
    options: { shape: "shape?", dtype: "dtype?" },
  },
  multivariateNormal: {
    takes: { key: "key", mean: "operand", cov: "operand" },
    options: { shape: "shape?", dtype: "dtype?" },
  },
  normal: { takes: { key: "key" }, options: { shape: "shape?", dtype: "dtype?" } },
  orthogonal: { takes: { key: "key", n: "number" }, options: { shape: "shape?", dtype: "dtype?" } },
  pareto: { takes: { key: "key", b: "operand" }, options: { shape: "shape?", dtype: "dtype?" } },
  permutation: { takes: { key: "key", x: "operand" }, options: { axis: "number?", independent: "boolean?" } },
  poisson: { takes: { key: "key", lam: "operand" }, options: { shape: "shape?", dtype: "dtype?" } },
  rademacher: { takes: { key: "key" }, options: { shape: "shape?", dtype: "dtype?" } },
  randint: {
    takes: { key: "key", shape: "shape", minval: "operand", maxval: "operand" },
    options: { dtype: "dtype?" },
  },
  rayleigh: { takes: { key: "key", scale: "operand" }, options: { shape: "shape?", dtype: "dtype?" } },
  split: { takes: { key: "key" }, options: { num: "size?" } },
  t: { takes: { key: "key", df: "operand" }, options: { shape: "shape?", dtype: "dtype?" } },
  triangular: {
    takes: { key: "key", left: "operand", mode: "operand", right: "operand" },
    options: { shape: "shape?", dtype: "dtype?" },
  },
  truncatedNormal: {
    takes: { key: "key", lower: "operand", upper: "operand" },
    options: { shape: "shape?", dtype: "dtype?" },
  },
  uniform: {
    takes: { key: "key" },
    options: { shape: "shape?", minval: "operand?", maxval: "operand?", dtype: "dtype?" },
  },
  weibullMin: {
    takes: { key: "key", scale: "operand", concentration: "operand" },
    options: { shape: "shape?", dtype: "dtype?" },
  },
  wrapKeyData: { takes: { keyBitsArray: "operand" } },
});
