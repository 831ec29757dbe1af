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

  /** Equivalent to `jax.random.laplace`. Not differentiable. */
  laplace<D extends DType = "float32">(
    key: Tensor<"key">,
    options: { readonly shape?: ShapeLike; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit("random.laplace", [key], { shape: options.shape, dtype: options.dtype }, Tensor) as never;
  },

  /** Equivalent to `jax.random.logistic`. Not differentiable. */
  logistic<D extends DType = "float32">(
    key: Tensor<"key">,
    options: { readonly shape?: ShapeLike; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit("random.logistic", [key], { shape: options.shape, dtype: options.dtype }, Tensor) as never;
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

  /**
   * Equivalent to `jax.random.split`: 2 new keys along a new axis unless `num` is given. Not
   * differentiable.
   */
  split(key: Tensor<"key">, options: { readonly num?: Dim } = {}): Tensor<"key"> {
    return emit("random.split", [key], { num: options.num }, Tensor) as never;
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
};

checkFunctions("random", random, {
  bernoulli: { takes: { key: "key" }, options: { p: "operand?", shape: "shape?" } },
  beta: { takes: { key: "key", a: "operand", b: "operand" }, options: { shape: "shape?", dtype: "dtype?" } },
  bits: { takes: { key: "key" }, options: { shape: "shape?", dtype: "dtype?" } },
  categorical: {
    takes: { key: "key", logits: "operand" },
    options: { axis: "number?", shape: "shape?", replace: "boolean?" },
  },
  cauchy: { takes: { key: "key" }, options: { shape: "shape?", dtype: "dtype?" } },
  choice: {
    takes: { key: "key", a: "operand" },
    options: { shape: "shape?", replace: "boolean?", p: "operand?", axis: "number?" },
  },
  dirichlet: { takes: { key: "key", alpha: "operand" }, options: { shape: "shape?", dtype: "dtype?" } },
  exponential: { takes: { key: "key" }, options: { shape: "shape?", dtype: "dtype?" } },
  foldIn: { takes: { key: "key", data: "operand" } },
  gamma: { takes: { key: "key", a: "operand" }, options: { shape: "shape?", dtype: "dtype?" } },
  gumbel: { takes: { key: "key" }, options: { shape: "shape?", dtype: "dtype?" } },
  key: { takes: { seed: "operand" } },
  laplace: { takes: { key: "key" }, options: { shape: "shape?", dtype: "dtype?" } },
  logistic: { takes: { key: "key" }, options: { shape: "shape?", dtype: "dtype?" } },
  multivariateNormal: {
    takes: { key: "key", mean: "operand", cov: "operand" },
    options: { shape: "shape?", dtype: "dtype?" },
  },
  normal: { takes: { key: "key" }, options: { shape: "shape?", dtype: "dtype?" } },
  permutation: { takes: { key: "key", x: "operand" }, options: { axis: "number?", independent: "boolean?" } },
  poisson: { takes: { key: "key", lam: "operand" }, options: { shape: "shape?", dtype: "dtype?" } },
  rademacher: { takes: { key: "key" }, options: { shape: "shape?", dtype: "dtype?" } },
  randint: {
    takes: { key: "key", shape: "shape", minval: "operand", maxval: "operand" },
    options: { dtype: "dtype?" },
  },
  split: { takes: { key: "key" }, options: { num: "size?" } },
  truncatedNormal: {
    takes: { key: "key", lower: "operand", upper: "operand" },
    options: { shape: "shape?", dtype: "dtype?" },
  },
  uniform: {
    takes: { key: "key" },
    options: { shape: "shape?", minval: "operand?", maxval: "operand?", dtype: "dtype?" },
  },
});
