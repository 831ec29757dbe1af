// Generated from the Python registry by `npm run generate`; do not edit.
import { emit } from "../program/emit.ts";
import { checkFunctions } from "../program/signatures.ts";
import { array, asBool, asInt } from "../tensor/array.ts";
import {
  type Dim,
  type DType,
  type Of,
  type ShapeLike,
  type Strong,
  Tensor,
  type TensorLike,
} from "../tensor/tensor.ts";
import type { Float, IntDType, Numeric, Promote, Sum } from "./dtypes.ts";

/** `jax.numpy`. Names are camelCase; what is optional in Python stands in an options object. */
export const np = {
  /** A tensor of host data. Equivalent to `jax.numpy.array`. */
  array: array as typeof array,

  pi: Math.PI as number,

  e: Math.E as number,

  inf: Infinity as number,

  nan: NaN as number,

  /** Equivalent to `jax.numpy.abs`. */
  abs<A extends TensorLike>(x: A): Tensor<Strong<Of<A>>> {
    return emit("np.abs", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.add`. */
  add<A extends TensorLike, B extends TensorLike>(x1: A, x2: B): Tensor<Promote<Of<A>, Of<B>>> {
    return emit("np.add", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.all`. Not differentiable. */
  all(
    a: TensorLike,
    options: {
      readonly axis?: number | readonly number[];
      readonly keepdims?: boolean;
      readonly where?: TensorLike<"bool">;
    } = {},
  ): Tensor<"bool"> {
    return emit("np.all", [a], { axis: options.axis, keepdims: options.keepdims }, Tensor, {
      where: asBool(options.where, "where"),
    }) as never;
  },

  /** Equivalent to `jax.numpy.any`. Not differentiable. */
  any(
    a: TensorLike,
    options: {
      readonly axis?: number | readonly number[];
      readonly keepdims?: boolean;
      readonly where?: TensorLike<"bool">;
    } = {},
  ): Tensor<"bool"> {
    return emit("np.any", [a], { axis: options.axis, keepdims: options.keepdims }, Tensor, {
      where: asBool(options.where, "where"),
    }) as never;
  },

  /** Equivalent to `jax.numpy.arange(start, stop, step)`: from `start` (0) up to `stop`, exclusive. */
  arange<D extends DType = "int32">(
    stop: Dim,
    options: { readonly start?: Dim; readonly step?: Dim; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit(
      "np.arange",
      [],
      { stop, start: options.start, step: options.step, dtype: options.dtype },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.numpy.arccos`. */
  arccos<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("np.arccos", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.arccosh`. */
  arccosh<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("np.arccosh", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.arcsin`. */
  arcsin<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("np.arcsin", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.arcsinh`. */
  arcsinh<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("np.arcsinh", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.arctan`. */
  arctan<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("np.arctan", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.arctan2`. */
  arctan2<A extends TensorLike, B extends TensorLike>(x1: A, x2: B): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("np.arctan2", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.arctanh`. */
  arctanh<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("np.arctanh", [x], undefined, Tensor) as never;
  },

  /**
   * Equivalent to `jax.numpy.argmax`: the first position where several are equal, int32. Without an
   * axis, of the flattened array. Not differentiable.
   */
  argmax(
    a: TensorLike,
    options: { readonly axis?: number; readonly keepdims?: boolean } = {},
  ): Tensor<"int32"> {
    return emit("np.argmax", [a], { axis: options.axis, keepdims: options.keepdims }, Tensor) as never;
  },

  /**
   * Equivalent to `jax.numpy.argmin`: the first position where several are equal, int32. Without an
   * axis, of the flattened array. Not differentiable.
   */
  argmin(
    a: TensorLike,
    options: { readonly axis?: number; readonly keepdims?: boolean } = {},
  ): Tensor<"int32"> {
    return emit("np.argmin", [a], { axis: options.axis, keepdims: options.keepdims }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.argsort`, int32; along the last axis. Not differentiable. */
  argsort(
    a: TensorLike,
    options: { readonly axis?: number; readonly descending?: boolean; readonly stable?: boolean } = {},
  ): Tensor<"int32"> {
    return emit(
      "np.argsort",
      [a],
      { axis: options.axis, descending: options.descending, stable: options.stable },
      Tensor,
    ) as never;
  },

  /** Equivalent to `x.astype(dtype)`. Floats become integers by dropping the fraction. */
  astype<D extends DType>(x: TensorLike, dtype: D): Tensor<D> {
    return emit("np.astype", [x], { dtype }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.bitwise_and`. Integers and booleans. Not differentiable. */
  bitwiseAnd<A extends TensorLike, B extends TensorLike>(x1: A, x2: B): Tensor<Promote<Of<A>, Of<B>>> {
    return emit("np.bitwise_and", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.bitwise_or`. Integers and booleans. Not differentiable. */
  bitwiseOr<A extends TensorLike, B extends TensorLike>(x1: A, x2: B): Tensor<Promote<Of<A>, Of<B>>> {
    return emit("np.bitwise_or", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.bitwise_xor`. Integers and booleans. Not differentiable. */
  bitwiseXor<A extends TensorLike, B extends TensorLike>(x1: A, x2: B): Tensor<Promote<Of<A>, Of<B>>> {
    return emit("np.bitwise_xor", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.broadcast_to`. */
  broadcastTo<A extends TensorLike>(array: A, shape: ShapeLike): Tensor<Strong<Of<A>>> {
    return emit("np.broadcast_to", [array], { shape }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.cbrt`. */
  cbrt<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("np.cbrt", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.ceil`; its gradient is 0. */
  ceil<A extends TensorLike>(x: A): Tensor<Strong<Of<A>>> {
    return emit("np.ceil", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.clip`. A bound that would change the dtype of the result is refused. */
  clip<A extends TensorLike>(
    a: A,
    options: { readonly min?: TensorLike; readonly max?: TensorLike } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit("np.clip", [a], undefined, Tensor, { min: options.min, max: options.max }) as never;
  },

  /** Equivalent to `jax.numpy.concatenate`; along axis 0 unless `axis` is given. */
  concatenate<A extends TensorLike>(
    arrays: readonly A[],
    options: { readonly axis?: number } = {},
  ): Tensor<Promote<Of<A>, Of<A>>> {
    return emit("np.concatenate", [arrays], { axis: options.axis }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.cos`. */
  cos<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("np.cos", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.cosh`. */
  cosh<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("np.cosh", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.count_nonzero`, int32. Not differentiable. */
  countNonzero(
    a: TensorLike,
    options: { readonly axis?: number | readonly number[]; readonly keepdims?: boolean } = {},
  ): Tensor<"int32"> {
    return emit("np.count_nonzero", [a], { axis: options.axis, keepdims: options.keepdims }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.cumprod`. Without an axis, of the flattened array. */
  cumprod<A extends TensorLike>(a: A, options: { readonly axis?: number } = {}): Tensor<Numeric<Of<A>>> {
    return emit("np.cumprod", [a], { axis: options.axis }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.cumsum`. Without an axis, of the flattened array. */
  cumsum<A extends TensorLike>(a: A, options: { readonly axis?: number } = {}): Tensor<Numeric<Of<A>>> {
    return emit("np.cumsum", [a], { axis: options.axis }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.diag`: a vector's diagonal matrix, or a matrix's diagonal. */
  diag<A extends TensorLike>(v: A, options: { readonly k?: number } = {}): Tensor<Strong<Of<A>>> {
    return emit("np.diag", [v], { k: options.k }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.diagonal`. */
  diagonal<A extends TensorLike>(
    a: A,
    options: { readonly offset?: number; readonly axis1?: number; readonly axis2?: number } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit(
      "np.diagonal",
      [a],
      { offset: options.offset, axis1: options.axis1, axis2: options.axis2 },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.numpy.diff`; `n` is at most 100. */
  diff<A extends TensorLike>(
    a: A,
    options: { readonly n?: number; readonly axis?: number } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit("np.diff", [a], { n: options.n, axis: options.axis }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.divide`. */
  divide<A extends TensorLike, B extends TensorLike>(x1: A, x2: B): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("np.divide", [x1, x2], undefined, Tensor) as never;
  },

  /**
   * Equivalent to `jax.numpy.dot`. On GPU and TPU the default precision multiplies in fewer bits than
   * the dtype has; `highest` does not.
   */
  dot<A extends TensorLike, B extends TensorLike>(
    a: A,
    b: B,
    options: { readonly precision?: "default" | "high" | "highest" } = {},
  ): Tensor<Promote<Of<A>, Of<B>>> {
    return emit("np.dot", [a, b], { precision: options.precision }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.einsum`: `np.einsum("bij,bjk->bik", x, y)`. */
  einsum<A extends TensorLike>(subscripts: string, ...operands: readonly A[]): Tensor<Promote<Of<A>, Of<A>>> {
    return emit("np.einsum", [...operands], { subscripts }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.equal`. Not differentiable. */
  equal(x1: TensorLike, x2: TensorLike): Tensor<"bool"> {
    return emit("np.equal", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.exp`. */
  exp<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("np.exp", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.exp2`. */
  exp2<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("np.exp2", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.expand_dims`. */
  expandDims<A extends TensorLike>(a: A, axis: number | readonly number[]): Tensor<Strong<Of<A>>> {
    return emit("np.expand_dims", [a], { axis }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.expm1`. */
  expm1<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("np.expm1", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.eye`: ones on the `k`-th diagonal of an (n m) matrix, m = n unless given. */
  eye<D extends DType = "float32">(
    n: Dim,
    options: { readonly m?: Dim; readonly k?: number; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit("np.eye", [], { n, m: options.m, k: options.k, dtype: options.dtype }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.flip`. */
  flip<A extends TensorLike>(
    m: A,
    options: { readonly axis?: number | readonly number[] } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit("np.flip", [m], { axis: options.axis }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.floor`; its gradient is 0. */
  floor<A extends TensorLike>(x: A): Tensor<Strong<Of<A>>> {
    return emit("np.floor", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.floor_divide`; rounds towards minus infinity. */
  floorDivide<A extends TensorLike, B extends TensorLike>(
    x1: A,
    x2: B,
  ): Tensor<Numeric<Promote<Of<A>, Of<B>>>> {
    return emit("np.floor_divide", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.full`, but float32 unless a dtype is given: `np.full([3], 0)` too. */
  full<D extends DType = "float32">(
    shape: ShapeLike,
    fillValue: TensorLike,
    options: { readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit("np.full", [fillValue], { shape, dtype: options.dtype }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.full_like`. */
  fullLike<A extends TensorLike, D extends DType = Strong<Of<A>>>(
    a: A,
    fillValue: TensorLike,
    options: { readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit("np.full_like", [a, fillValue], { dtype: options.dtype }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.greater`. Not differentiable. */
  greater(x1: TensorLike, x2: TensorLike): Tensor<"bool"> {
    return emit("np.greater", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.greater_equal`. Not differentiable. */
  greaterEqual(x1: TensorLike, x2: TensorLike): Tensor<"bool"> {
    return emit("np.greater_equal", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.hypot`. */
  hypot<A extends TensorLike, B extends TensorLike>(x1: A, x2: B): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("np.hypot", [x1, x2], undefined, Tensor) as never;
  },

  /**
   * Equivalent to `jax.numpy.inner`. On GPU and TPU the default precision multiplies in fewer bits than
   * the dtype has; `highest` does not.
   */
  inner<A extends TensorLike, B extends TensorLike>(
    a: A,
    b: B,
    options: { readonly precision?: "default" | "high" | "highest" } = {},
  ): Tensor<Promote<Of<A>, Of<B>>> {
    return emit("np.inner", [a, b], { precision: options.precision }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.isclose`. Not differentiable. */
  isclose(
    a: TensorLike,
    b: TensorLike,
    options: { readonly rtol?: TensorLike; readonly atol?: TensorLike; readonly equalNan?: boolean } = {},
  ): Tensor<"bool"> {
    return emit("np.isclose", [a, b], { equal_nan: options.equalNan }, Tensor, {
      rtol: options.rtol,
      atol: options.atol,
    }) as never;
  },

  /** Equivalent to `jax.numpy.isfinite`. Not differentiable. */
  isfinite(x: TensorLike): Tensor<"bool"> {
    return emit("np.isfinite", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.isinf`. Not differentiable. */
  isinf(x: TensorLike): Tensor<"bool"> {
    return emit("np.isinf", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.isnan`. Not differentiable. */
  isnan(x: TensorLike): Tensor<"bool"> {
    return emit("np.isnan", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.less`. Not differentiable. */
  less(x1: TensorLike, x2: TensorLike): Tensor<"bool"> {
    return emit("np.less", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.less_equal`. Not differentiable. */
  lessEqual(x1: TensorLike, x2: TensorLike): Tensor<"bool"> {
    return emit("np.less_equal", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.linspace`; 50 points unless `num` is given. */
  linspace<D extends DType = "float32">(
    start: TensorLike,
    stop: TensorLike,
    options: { readonly num?: Dim; readonly endpoint?: boolean; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit(
      "np.linspace",
      [start, stop],
      { num: options.num, endpoint: options.endpoint, dtype: options.dtype },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.numpy.log`. */
  log<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("np.log", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.log10`. */
  log10<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("np.log10", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.log1p`. */
  log1p<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("np.log1p", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.log2`. */
  log2<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("np.log2", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.logaddexp`. */
  logaddexp<A extends TensorLike, B extends TensorLike>(x1: A, x2: B): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("np.logaddexp", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.logaddexp2`. */
  logaddexp2<A extends TensorLike, B extends TensorLike>(x1: A, x2: B): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("np.logaddexp2", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.logical_and`. Not differentiable. */
  logicalAnd(x1: TensorLike, x2: TensorLike): Tensor<"bool"> {
    return emit("np.logical_and", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.logical_not`. Not differentiable. */
  logicalNot(x: TensorLike): Tensor<"bool"> {
    return emit("np.logical_not", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.logical_or`. Not differentiable. */
  logicalOr(x1: TensorLike, x2: TensorLike): Tensor<"bool"> {
    return emit("np.logical_or", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.logical_xor`. Not differentiable. */
  logicalXor(x1: TensorLike, x2: TensorLike): Tensor<"bool"> {
    return emit("np.logical_xor", [x1, x2], undefined, Tensor) as never;
  },

  /**
   * Equivalent to `jax.numpy.matmul`. On GPU and TPU the default precision multiplies in fewer bits than
   * the dtype has; `highest` does not.
   */
  matmul<A extends TensorLike, B extends TensorLike>(
    a: A,
    b: B,
    options: { readonly precision?: "default" | "high" | "highest" } = {},
  ): Tensor<Promote<Of<A>, Of<B>>> {
    return emit("np.matmul", [a, b], { precision: options.precision }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.max`. */
  max<A extends TensorLike>(
    a: A,
    options: { readonly axis?: number | readonly number[]; readonly keepdims?: boolean } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit("np.max", [a], { axis: options.axis, keepdims: options.keepdims }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.maximum`. */
  maximum<A extends TensorLike, B extends TensorLike>(x1: A, x2: B): Tensor<Promote<Of<A>, Of<B>>> {
    return emit("np.maximum", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.mean`. */
  mean<A extends TensorLike>(
    a: A,
    options: {
      readonly axis?: number | readonly number[];
      readonly keepdims?: boolean;
      readonly where?: TensorLike<"bool">;
    } = {},
  ): Tensor<Float<Of<A>>> {
    return emit("np.mean", [a], { axis: options.axis, keepdims: options.keepdims }, Tensor, {
      where: asBool(options.where, "where"),
    }) as never;
  },

  /** Equivalent to `jax.numpy.median`. */
  median<A extends TensorLike>(
    a: A,
    options: { readonly axis?: number | readonly number[]; readonly keepdims?: boolean } = {},
  ): Tensor<Float<Of<A>>> {
    return emit("np.median", [a], { axis: options.axis, keepdims: options.keepdims }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.min`. */
  min<A extends TensorLike>(
    a: A,
    options: { readonly axis?: number | readonly number[]; readonly keepdims?: boolean } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit("np.min", [a], { axis: options.axis, keepdims: options.keepdims }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.minimum`. */
  minimum<A extends TensorLike, B extends TensorLike>(x1: A, x2: B): Tensor<Promote<Of<A>, Of<B>>> {
    return emit("np.minimum", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.moveaxis`. */
  moveaxis<A extends TensorLike>(
    a: A,
    source: number | readonly number[],
    destination: number | readonly number[],
  ): Tensor<Strong<Of<A>>> {
    return emit("np.moveaxis", [a], { source, destination }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.multiply`. */
  multiply<A extends TensorLike, B extends TensorLike>(x1: A, x2: B): Tensor<Promote<Of<A>, Of<B>>> {
    return emit("np.multiply", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.nan_to_num`. */
  nanToNum<A extends TensorLike>(
    x: A,
    options: { readonly nan?: TensorLike; readonly posinf?: TensorLike; readonly neginf?: TensorLike } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit("np.nan_to_num", [x], undefined, Tensor, {
      nan: options.nan,
      posinf: options.posinf,
      neginf: options.neginf,
    }) as never;
  },

  /** Equivalent to `jax.numpy.negative`. */
  negative<A extends TensorLike>(x: A): Tensor<Strong<Of<A>>> {
    return emit("np.negative", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.not_equal`. Not differentiable. */
  notEqual(x1: TensorLike, x2: TensorLike): Tensor<"bool"> {
    return emit("np.not_equal", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.ones`. */
  ones<D extends DType = "float32">(shape: ShapeLike, options: { readonly dtype?: D } = {}): Tensor<D> {
    return emit("np.ones", [], { shape, dtype: options.dtype }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.ones_like`. */
  onesLike<A extends TensorLike, D extends DType = Strong<Of<A>>>(
    a: A,
    options: { readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit("np.ones_like", [a], { dtype: options.dtype }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.outer`. */
  outer<A extends TensorLike, B extends TensorLike>(a: A, b: B): Tensor<Promote<Of<A>, Of<B>>> {
    return emit("np.outer", [a, b], undefined, Tensor) as never;
  },

  /**
   * Equivalent to `jax.numpy.pad`; by zeros unless `mode` or `constantValues` is given, by at most 100
   * repetitions.
   */
  pad<A extends TensorLike>(
    a: A,
    padWidth: Dim | readonly (readonly [before: Dim, after: Dim])[],
    options: {
      readonly mode?: "constant" | "edge" | "reflect" | "symmetric" | "wrap";
      readonly constantValues?: TensorLike;
    } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit("np.pad", [a], { pad_width: padWidth, mode: options.mode }, Tensor, {
      constant_values: options.constantValues,
    }) as never;
  },

  /** Equivalent to `jax.numpy.power`. */
  power<A extends TensorLike, B extends TensorLike>(x1: A, x2: B): Tensor<Numeric<Promote<Of<A>, Of<B>>>> {
    return emit("np.power", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.prod`. Over all axes unless `axis` is given. */
  prod<A extends TensorLike>(
    a: A,
    options: {
      readonly axis?: number | readonly number[];
      readonly keepdims?: boolean;
      readonly where?: TensorLike<"bool">;
    } = {},
  ): Tensor<Sum<Of<A>>> {
    return emit("np.prod", [a], { axis: options.axis, keepdims: options.keepdims }, Tensor, {
      where: asBool(options.where, "where"),
    }) as never;
  },

  /** Equivalent to `jax.numpy.ravel`. */
  ravel<A extends TensorLike>(a: A): Tensor<Strong<Of<A>>> {
    return emit("np.ravel", [a], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.reciprocal`. */
  reciprocal<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("np.reciprocal", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.remainder`; the result has the sign of `x2`. */
  remainder<A extends TensorLike, B extends TensorLike>(
    x1: A,
    x2: B,
  ): Tensor<Numeric<Promote<Of<A>, Of<B>>>> {
    return emit("np.remainder", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.repeat`; every element as often. */
  repeat<A extends TensorLike>(
    a: A,
    repeats: Dim,
    options: { readonly axis?: number } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit("np.repeat", [a], { repeats, axis: options.axis }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.reshape`; one length may be -1. */
  reshape<A extends TensorLike>(a: A, shape: ShapeLike): Tensor<Strong<Of<A>>> {
    return emit("np.reshape", [a], { shape }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.roll`; the shift may be traced. */
  roll<A extends TensorLike>(
    a: A,
    shift: TensorLike<IntDType>,
    options: { readonly axis?: number | readonly number[] } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit("np.roll", [a, asInt(shift, "shift")], { axis: options.axis }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.round`; halves go to the even neighbour. Its gradient is 0. */
  round<A extends TensorLike>(a: A, options: { readonly decimals?: number } = {}): Tensor<Strong<Of<A>>> {
    return emit("np.round", [a], { decimals: options.decimals }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.searchsorted`, int32; `a` is sorted. Not differentiable. */
  searchsorted(
    a: TensorLike,
    v: TensorLike,
    options: { readonly side?: "left" | "right" } = {},
  ): Tensor<"int32"> {
    return emit("np.searchsorted", [a, v], { side: options.side }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.sign`. */
  sign<A extends TensorLike>(x: A): Tensor<Strong<Of<A>>> {
    return emit("np.sign", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.sin`. */
  sin<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("np.sin", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.sinh`. */
  sinh<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("np.sinh", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.sort`; along the last axis. */
  sort<A extends TensorLike>(
    a: A,
    options: { readonly axis?: number; readonly descending?: boolean; readonly stable?: boolean } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit(
      "np.sort",
      [a],
      { axis: options.axis, descending: options.descending, stable: options.stable },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.numpy.sqrt`. */
  sqrt<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("np.sqrt", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.square`. */
  square<A extends TensorLike>(x: A): Tensor<Numeric<Of<A>>> {
    return emit("np.square", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.squeeze`. */
  squeeze<A extends TensorLike>(
    a: A,
    options: { readonly axis?: number | readonly number[] } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit("np.squeeze", [a], { axis: options.axis }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.stack`; along a new axis 0 unless `axis` is given. */
  stack<A extends TensorLike>(
    arrays: readonly A[],
    options: { readonly axis?: number } = {},
  ): Tensor<Promote<Of<A>, Of<A>>> {
    return emit("np.stack", [arrays], { axis: options.axis }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.std`; divides by the count minus `ddof` (0). */
  std<A extends TensorLike>(
    a: A,
    options: {
      readonly axis?: number | readonly number[];
      readonly keepdims?: boolean;
      readonly ddof?: number;
      readonly where?: TensorLike<"bool">;
    } = {},
  ): Tensor<Float<Of<A>>> {
    return emit(
      "np.std",
      [a],
      { axis: options.axis, keepdims: options.keepdims, ddof: options.ddof },
      Tensor,
      { where: asBool(options.where, "where") },
    ) as never;
  },

  /** Equivalent to `jax.numpy.subtract`. */
  subtract<A extends TensorLike, B extends TensorLike>(x1: A, x2: B): Tensor<Promote<Of<A>, Of<B>>> {
    return emit("np.subtract", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.sum`. Over all axes unless `axis` is given. */
  sum<A extends TensorLike>(
    a: A,
    options: {
      readonly axis?: number | readonly number[];
      readonly keepdims?: boolean;
      readonly where?: TensorLike<"bool">;
    } = {},
  ): Tensor<Sum<Of<A>>> {
    return emit("np.sum", [a], { axis: options.axis, keepdims: options.keepdims }, Tensor, {
      where: asBool(options.where, "where"),
    }) as never;
  },

  /** Equivalent to `jax.numpy.swapaxes`. */
  swapaxes<A extends TensorLike>(a: A, axis1: number, axis2: number): Tensor<Strong<Of<A>>> {
    return emit("np.swapaxes", [a], { axis1, axis2 }, Tensor) as never;
  },

  /**
   * Equivalent to `jax.numpy.take`. Negative positions count from the end; one out of range is a failed
   * check.
   */
  take<A extends TensorLike>(
    a: A,
    indices: TensorLike<IntDType>,
    options: { readonly axis?: number } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit("np.take", [a, asInt(indices, "indices")], { axis: options.axis }, Tensor) as never;
  },

  /**
   * Equivalent to `jax.numpy.take_along_axis`. Negative positions count from the end; one out of range
   * is a failed check.
   */
  takeAlongAxis<A extends TensorLike>(
    arr: A,
    indices: TensorLike<IntDType>,
    axis: number,
  ): Tensor<Strong<Of<A>>> {
    return emit("np.take_along_axis", [arr, asInt(indices, "indices")], { axis }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.tan`. */
  tan<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("np.tan", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.tanh`. */
  tanh<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("np.tanh", [x], undefined, Tensor) as never;
  },

  /**
   * Equivalent to `jax.numpy.tensordot`. On GPU and TPU the default precision multiplies in fewer bits
   * than the dtype has; `highest` does not.
   */
  tensordot<A extends TensorLike, B extends TensorLike>(
    a: A,
    b: B,
    options: {
      readonly axes?: number | readonly [a: readonly number[], b: readonly number[]];
      readonly precision?: "default" | "high" | "highest";
    } = {},
  ): Tensor<Promote<Of<A>, Of<B>>> {
    return emit(
      "np.tensordot",
      [a, b],
      { axes: options.axes, precision: options.precision },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.numpy.tile`. */
  tile<A extends TensorLike>(a: A, reps: ShapeLike): Tensor<Strong<Of<A>>> {
    return emit("np.tile", [a], { reps }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.trace`. */
  trace<A extends TensorLike>(
    a: A,
    options: { readonly offset?: number; readonly axis1?: number; readonly axis2?: number } = {},
  ): Tensor<Sum<Of<A>>> {
    return emit(
      "np.trace",
      [a],
      { offset: options.offset, axis1: options.axis1, axis2: options.axis2 },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.numpy.transpose`: reverses the axes, or permutes them. */
  transpose<A extends TensorLike>(
    a: A,
    options: { readonly axes?: number | readonly number[] } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit("np.transpose", [a], { axes: options.axes }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.tril`. */
  tril<A extends TensorLike>(m: A, options: { readonly k?: number } = {}): Tensor<Strong<Of<A>>> {
    return emit("np.tril", [m], { k: options.k }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.triu`. */
  triu<A extends TensorLike>(m: A, options: { readonly k?: number } = {}): Tensor<Strong<Of<A>>> {
    return emit("np.triu", [m], { k: options.k }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.trunc`; its gradient is 0. */
  trunc<A extends TensorLike>(x: A): Tensor<Strong<Of<A>>> {
    return emit("np.trunc", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.var`; divides by the count minus `ddof` (0). */
  var<A extends TensorLike>(
    a: A,
    options: {
      readonly axis?: number | readonly number[];
      readonly keepdims?: boolean;
      readonly ddof?: number;
      readonly where?: TensorLike<"bool">;
    } = {},
  ): Tensor<Float<Of<A>>> {
    return emit(
      "np.var",
      [a],
      { axis: options.axis, keepdims: options.keepdims, ddof: options.ddof },
      Tensor,
      { where: asBool(options.where, "where") },
    ) as never;
  },

  /**
   * Equivalent to `jax.numpy.where`: `x` where the condition holds, else `y`, broadcast against each
   * other.
   */
  where<A extends TensorLike, B extends TensorLike>(
    condition: TensorLike<"bool">,
    x: A,
    y: B,
  ): Tensor<Promote<Of<A>, Of<B>>> {
    return emit("np.where", [asBool(condition, "condition"), x, y], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.zeros`. */
  zeros<D extends DType = "float32">(shape: ShapeLike, options: { readonly dtype?: D } = {}): Tensor<D> {
    return emit("np.zeros", [], { shape, dtype: options.dtype }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.zeros_like`. */
  zerosLike<A extends TensorLike, D extends DType = Strong<Of<A>>>(
    a: A,
    options: { readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit("np.zeros_like", [a], { dtype: options.dtype }, Tensor) as never;
  },
};

checkFunctions("np", np, {
  abs: { takes: { x: "operand" } },
  add: { takes: { x1: "operand", x2: "operand" } },
  all: { takes: { a: "operand" }, options: { axis: "axis?", keepdims: "boolean?", where: "operand?" } },
  any: { takes: { a: "operand" }, options: { axis: "axis?", keepdims: "boolean?", where: "operand?" } },
  arange: { takes: { stop: "size" }, options: { start: "size?", step: "size?", dtype: "dtype?" } },
  arccos: { takes: { x: "operand" } },
  arccosh: { takes: { x: "operand" } },
  arcsin: { takes: { x: "operand" } },
  arcsinh: { takes: { x: "operand" } },
  arctan: { takes: { x: "operand" } },
  arctan2: { takes: { x1: "operand", x2: "operand" } },
  arctanh: { takes: { x: "operand" } },
  argmax: { takes: { a: "operand" }, options: { axis: "number?", keepdims: "boolean?" } },
  argmin: { takes: { a: "operand" }, options: { axis: "number?", keepdims: "boolean?" } },
  argsort: {
    takes: { a: "operand" },
    options: { axis: "number?", descending: "boolean?", stable: "boolean?" },
  },
  astype: { takes: { x: "operand", dtype: "dtype" } },
  bitwiseAnd: { takes: { x1: "operand", x2: "operand" } },
  bitwiseOr: { takes: { x1: "operand", x2: "operand" } },
  bitwiseXor: { takes: { x1: "operand", x2: "operand" } },
  broadcastTo: { takes: { array: "operand", shape: "shape" } },
  cbrt: { takes: { x: "operand" } },
  ceil: { takes: { x: "operand" } },
  clip: { takes: { a: "operand" }, options: { min: "operand?", max: "operand?" } },
  concatenate: { takes: { arrays: "operands" }, options: { axis: "number?" } },
  cos: { takes: { x: "operand" } },
  cosh: { takes: { x: "operand" } },
  countNonzero: { takes: { a: "operand" }, options: { axis: "axis?", keepdims: "boolean?" } },
  cumprod: { takes: { a: "operand" }, options: { axis: "number?" } },
  cumsum: { takes: { a: "operand" }, options: { axis: "number?" } },
  diag: { takes: { v: "operand" }, options: { k: "number?" } },
  diagonal: { takes: { a: "operand" }, options: { offset: "number?", axis1: "number?", axis2: "number?" } },
  diff: { takes: { a: "operand" }, options: { n: "number?", axis: "number?" } },
  divide: { takes: { x1: "operand", x2: "operand" } },
  dot: { takes: { a: "operand", b: "operand" }, options: { precision: '"default" | "high" | "highest"?' } },
  einsum: { takes: { subscripts: "string", operands: "...operand" } },
  equal: { takes: { x1: "operand", x2: "operand" } },
  exp: { takes: { x: "operand" } },
  exp2: { takes: { x: "operand" } },
  expandDims: { takes: { a: "operand", axis: "axis" } },
  expm1: { takes: { x: "operand" } },
  eye: { takes: { n: "size" }, options: { m: "size?", k: "number?", dtype: "dtype?" } },
  flip: { takes: { m: "operand" }, options: { axis: "axis?" } },
  floor: { takes: { x: "operand" } },
  floorDivide: { takes: { x1: "operand", x2: "operand" } },
  full: { takes: { shape: "shape", fillValue: "operand" }, options: { dtype: "dtype?" } },
  fullLike: { takes: { a: "operand", fillValue: "operand" }, options: { dtype: "dtype?" } },
  greater: { takes: { x1: "operand", x2: "operand" } },
  greaterEqual: { takes: { x1: "operand", x2: "operand" } },
  hypot: { takes: { x1: "operand", x2: "operand" } },
  inner: { takes: { a: "operand", b: "operand" }, options: { precision: '"default" | "high" | "highest"?' } },
  isclose: {
    takes: { a: "operand", b: "operand" },
    options: { rtol: "operand?", atol: "operand?", equalNan: "boolean?" },
  },
  isfinite: { takes: { x: "operand" } },
  isinf: { takes: { x: "operand" } },
  isnan: { takes: { x: "operand" } },
  less: { takes: { x1: "operand", x2: "operand" } },
  lessEqual: { takes: { x1: "operand", x2: "operand" } },
  linspace: {
    takes: { start: "operand", stop: "operand" },
    options: { num: "size?", endpoint: "boolean?", dtype: "dtype?" },
  },
  log: { takes: { x: "operand" } },
  log10: { takes: { x: "operand" } },
  log1p: { takes: { x: "operand" } },
  log2: { takes: { x: "operand" } },
  logaddexp: { takes: { x1: "operand", x2: "operand" } },
  logaddexp2: { takes: { x1: "operand", x2: "operand" } },
  logicalAnd: { takes: { x1: "operand", x2: "operand" } },
  logicalNot: { takes: { x: "operand" } },
  logicalOr: { takes: { x1: "operand", x2: "operand" } },
  logicalXor: { takes: { x1: "operand", x2: "operand" } },
  matmul: {
    takes: { a: "operand", b: "operand" },
    options: { precision: '"default" | "high" | "highest"?' },
  },
  max: { takes: { a: "operand" }, options: { axis: "axis?", keepdims: "boolean?" } },
  maximum: { takes: { x1: "operand", x2: "operand" } },
  mean: { takes: { a: "operand" }, options: { axis: "axis?", keepdims: "boolean?", where: "operand?" } },
  median: { takes: { a: "operand" }, options: { axis: "axis?", keepdims: "boolean?" } },
  min: { takes: { a: "operand" }, options: { axis: "axis?", keepdims: "boolean?" } },
  minimum: { takes: { x1: "operand", x2: "operand" } },
  moveaxis: { takes: { a: "operand", source: "axis", destination: "axis" } },
  multiply: { takes: { x1: "operand", x2: "operand" } },
  nanToNum: { takes: { x: "operand" }, options: { nan: "operand?", posinf: "operand?", neginf: "operand?" } },
  negative: { takes: { x: "operand" } },
  notEqual: { takes: { x1: "operand", x2: "operand" } },
  ones: { takes: { shape: "shape" }, options: { dtype: "dtype?" } },
  onesLike: { takes: { a: "operand" }, options: { dtype: "dtype?" } },
  outer: { takes: { a: "operand", b: "operand" } },
  pad: {
    takes: { a: "operand", padWidth: "size | list" },
    options: { mode: '"constant" | "edge" | "reflect" | "symmetric" | "wrap"?', constantValues: "operand?" },
  },
  power: { takes: { x1: "operand", x2: "operand" } },
  prod: { takes: { a: "operand" }, options: { axis: "axis?", keepdims: "boolean?", where: "operand?" } },
  ravel: { takes: { a: "operand" } },
  reciprocal: { takes: { x: "operand" } },
  remainder: { takes: { x1: "operand", x2: "operand" } },
  repeat: { takes: { a: "operand", repeats: "size" }, options: { axis: "number?" } },
  reshape: { takes: { a: "operand", shape: "shape" } },
  roll: { takes: { a: "operand", shift: "operand" }, options: { axis: "axis?" } },
  round: { takes: { a: "operand" }, options: { decimals: "number?" } },
  searchsorted: { takes: { a: "operand", v: "operand" }, options: { side: '"left" | "right"?' } },
  sign: { takes: { x: "operand" } },
  sin: { takes: { x: "operand" } },
  sinh: { takes: { x: "operand" } },
  sort: { takes: { a: "operand" }, options: { axis: "number?", descending: "boolean?", stable: "boolean?" } },
  sqrt: { takes: { x: "operand" } },
  square: { takes: { x: "operand" } },
  squeeze: { takes: { a: "operand" }, options: { axis: "axis?" } },
  stack: { takes: { arrays: "operands" }, options: { axis: "number?" } },
  std: {
    takes: { a: "operand" },
    options: { axis: "axis?", keepdims: "boolean?", ddof: "number?", where: "operand?" },
  },
  subtract: { takes: { x1: "operand", x2: "operand" } },
  sum: { takes: { a: "operand" }, options: { axis: "axis?", keepdims: "boolean?", where: "operand?" } },
  swapaxes: { takes: { a: "operand", axis1: "number", axis2: "number" } },
  take: { takes: { a: "operand", indices: "operand" }, options: { axis: "number?" } },
  takeAlongAxis: { takes: { arr: "operand", indices: "operand", axis: "number" } },
  tan: { takes: { x: "operand" } },
  tanh: { takes: { x: "operand" } },
  tensordot: {
    takes: { a: "operand", b: "operand" },
    options: { axes: "number | list?", precision: '"default" | "high" | "highest"?' },
  },
  tile: { takes: { a: "operand", reps: "shape" } },
  trace: { takes: { a: "operand" }, options: { offset: "number?", axis1: "number?", axis2: "number?" } },
  transpose: { takes: { a: "operand" }, options: { axes: "axis?" } },
  tril: { takes: { m: "operand" }, options: { k: "number?" } },
  triu: { takes: { m: "operand" }, options: { k: "number?" } },
  trunc: { takes: { x: "operand" } },
  var: {
    takes: { a: "operand" },
    options: { axis: "axis?", keepdims: "boolean?", ddof: "number?", where: "operand?" },
  },
  where: { takes: { condition: "operand", x: "operand", y: "operand" } },
  zeros: { takes: { shape: "shape" }, options: { dtype: "dtype?" } },
  zerosLike: { takes: { a: "operand" }, options: { dtype: "dtype?" } },
});
