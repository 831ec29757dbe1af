// Generated from the Python registry by `npm run generate`; do not edit.
import { emit, list, partsOf, struct } from "../program/emit.ts";
import { checkFunctions } from "../program/signatures.ts";
import { asBool, asInt, array } from "../tensor/array.ts";
import {
  type Dim,
  type DType,
  type Of,
  type ShapeLike,
  type Strong,
  Tensor,
  type TensorLike,
} from "../tensor/tensor.ts";
import type { Float, IntDType, Numeric, Promote, Real, Sum } from "./dtypes.ts";
import { fft } from "./fft.ts";
import { linalg } from "./linalg.ts";

/** `jax.numpy`. Names are camelCase; what is optional in Python stands in an options object. */
export const np = {
  /** Fourier transforms. */
  fft: fft as typeof fft,

  /** Linear algebra. */
  linalg: linalg as typeof linalg,

  /** A tensor of host data. Equivalent to `jax.numpy.array`. */
  array: array as typeof array,

  pi: Math.PI as number,

  e: Math.E as number,

  inf: Infinity as number,

  nan: NaN as number,

  /** Equivalent to `jax.numpy.abs`. */
  abs<A extends TensorLike>(x: A): Tensor<Real<Of<A>>> {
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

  /** Equivalent to `jax.numpy.allclose`: one boolean. Not differentiable. */
  allclose(
    a: TensorLike,
    b: TensorLike,
    options: { readonly rtol?: TensorLike; readonly atol?: TensorLike; readonly equalNan?: boolean } = {},
  ): Tensor<"bool"> {
    return emit("np.allclose", [a, b], { equal_nan: options.equalNan }, Tensor, {
      rtol: options.rtol,
      atol: options.atol,
    }) as never;
  },

  /** Equivalent to `jax.numpy.angle`: of complex numbers, in radians, or in degrees where `deg` is true. */
  angle<A extends TensorLike>(z: A, options: { readonly deg?: boolean } = {}): Tensor<Float<Real<Of<A>>>> {
    return emit("np.angle", [z], { deg: options.deg }, Tensor) as never;
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

  /** Equivalent to `jax.numpy.append`; both are flattened unless `axis` is given. */
  append<A extends TensorLike, B extends TensorLike>(
    arr: A,
    values: B,
    options: { readonly axis?: number } = {},
  ): Tensor<Promote<Of<A>, Of<B>>> {
    return emit("np.append", [arr, values], { axis: options.axis }, Tensor) as never;
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

  /** Equivalent to `jax.numpy.argpartition`, int32; along the last axis. Not differentiable. */
  argpartition(a: TensorLike, kth: number, options: { readonly axis?: number } = {}): Tensor<"int32"> {
    return emit("np.argpartition", [a], { kth, axis: options.axis }, Tensor) as never;
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

  /**
   * Equivalent to `jax.numpy.argwhere`, int32: the first `size` positions that are not 0, one a row;
   * where there are fewer, 0 or `fillValue`. Not differentiable.
   */
  argwhere(
    a: TensorLike,
    options: { readonly size: Dim; readonly fillValue?: TensorLike<IntDType> },
  ): Tensor<"int32"> {
    return emit("np.argwhere", [a], { size: options.size }, Tensor, {
      fill_value: asInt(options.fillValue, "fillValue"),
    }) as never;
  },

  /** Equivalent to `jax.numpy.array_equal`: one boolean. Not differentiable. */
  arrayEqual(a: TensorLike, b: TensorLike, options: { readonly equalNan?: boolean } = {}): Tensor<"bool"> {
    return emit("np.array_equal", [a, b], { equal_nan: options.equalNan }, Tensor) as never;
  },

  /**
   * Equivalent to `jax.numpy.array_split`: so many parts that differ by one in length at most, or parts
   * that end before the positions of a list.
   */
  arraySplit<A extends TensorLike>(
    ary: A,
    indicesOrSections: number | readonly number[],
    options: { readonly axis?: number } = {},
  ): Tensor<Strong<Of<A>>>[] {
    return list(
      "np.array_split",
      [ary],
      { indices_or_sections: indicesOrSections, axis: options.axis },
      partsOf(indicesOrSections, "indicesOrSections"),
      Tensor,
    ) as never;
  },

  /**
   * Equivalent to `x.astype(dtype)`. Floats become integers by dropping the fraction; complex numbers
   * become no real ones, take `np.real` of them.
   */
  astype<D extends DType>(x: TensorLike, dtype: D): Tensor<D> {
    return emit("np.astype", [x], { dtype }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.atleast_1d`. */
  atleast1d<A extends TensorLike>(x: A): Tensor<Strong<Of<A>>> {
    return emit("np.atleast_1d", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.atleast_2d`. */
  atleast2d<A extends TensorLike>(x: A): Tensor<Strong<Of<A>>> {
    return emit("np.atleast_2d", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.atleast_3d`. */
  atleast3d<A extends TensorLike>(x: A): Tensor<Strong<Of<A>>> {
    return emit("np.atleast_3d", [x], undefined, Tensor) as never;
  },

  /**
   * Equivalent to `jax.numpy.average`: Σ weights·a / Σ weights. Weights have the shape of `a`, or that
   * of its axis.
   */
  average<A extends TensorLike>(
    a: A,
    options: {
      readonly axis?: number | readonly number[];
      readonly weights?: A;
      readonly keepdims?: boolean;
    } = {},
  ): Tensor<Float<Promote<Of<A>, Of<A>>>> {
    return emit("np.average", [a], { axis: options.axis, keepdims: options.keepdims }, Tensor, {
      weights: options.weights,
    }) as never;
  },

  /**
   * Equivalent to `jax.numpy.bincount(x, length=length)`: how often each of 0, …, `length` - 1 stands in
   * `x`. `ops.segmentSum` adds weights up. Not differentiable.
   */
  bincount(x: TensorLike<IntDType>, options: { readonly length: Dim }): Tensor<"int32"> {
    return emit("np.bincount", [asInt(x, "x")], { length: options.length }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.bitwise_and`. Integers and booleans. Not differentiable. */
  bitwiseAnd<A extends TensorLike, B extends TensorLike>(x1: A, x2: B): Tensor<Promote<Of<A>, Of<B>>> {
    return emit("np.bitwise_and", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.bitwise_count`: how many bits are 1. Integers. Not differentiable. */
  bitwiseCount<A extends TensorLike>(x: A): Tensor<"uint8"> {
    return emit("np.bitwise_count", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.bitwise_not`. Integers and booleans. Not differentiable. */
  bitwiseNot<A extends TensorLike>(x: A): Tensor<Strong<Of<A>>> {
    return emit("np.bitwise_not", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.bitwise_or`. Integers and booleans. Not differentiable. */
  bitwiseOr<A extends TensorLike, B extends TensorLike>(x1: A, x2: B): Tensor<Promote<Of<A>, Of<B>>> {
    return emit("np.bitwise_or", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.bitwise_xor`. Integers and booleans. Not differentiable. */
  bitwiseXor<A extends TensorLike, B extends TensorLike>(x1: A, x2: B): Tensor<Promote<Of<A>, Of<B>>> {
    return emit("np.bitwise_xor", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.broadcast_arrays`: all in the shape that they have together. */
  broadcastArrays<A extends TensorLike>(...args: readonly A[]): Tensor<Strong<Of<A>>>[] {
    return list("np.broadcast_arrays", [...args], undefined, args.length, Tensor) as never;
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

  /** Equivalent to `jax.numpy.column_stack`: joins arrays along axis 1, vectors as columns. */
  columnStack<A extends TensorLike>(arrays: readonly A[]): Tensor<Promote<Of<A>, Of<A>>> {
    return emit("np.column_stack", [arrays], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.concatenate`; along axis 0 unless `axis` is given. */
  concatenate<A extends TensorLike>(
    arrays: readonly A[],
    options: { readonly axis?: number } = {},
  ): Tensor<Promote<Of<A>, Of<A>>> {
    return emit("np.concatenate", [arrays], { axis: options.axis }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.conj`. */
  conj<A extends TensorLike>(x: A): Tensor<Strong<Of<A>>> {
    return emit("np.conj", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.convolve` of vectors; "full" unless `mode` is given. */
  convolve<A extends TensorLike, B extends TensorLike>(
    a: A,
    v: B,
    options: {
      readonly mode?: "full" | "same" | "valid";
      readonly precision?: "default" | "high" | "highest";
    } = {},
  ): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("np.convolve", [a, v], { mode: options.mode, precision: options.precision }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.copysign`. */
  copysign<A extends TensorLike, B extends TensorLike>(x1: A, x2: B): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("np.copysign", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.corrcoef`; a row is a variable unless `rowvar` is false. */
  corrcoef<A extends TensorLike>(x: A, options: { readonly rowvar?: boolean } = {}): Tensor<Float<Of<A>>> {
    return emit("np.corrcoef", [x], { rowvar: options.rowvar }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.correlate` of vectors; "valid" unless `mode` is given. */
  correlate<A extends TensorLike, B extends TensorLike>(
    a: A,
    v: B,
    options: {
      readonly mode?: "full" | "same" | "valid";
      readonly precision?: "default" | "high" | "highest";
    } = {},
  ): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit(
      "np.correlate",
      [a, v],
      { mode: options.mode, precision: options.precision },
      Tensor,
    ) as never;
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

  /** Equivalent to `jax.numpy.cov`; a row is a variable unless `rowvar` is false. */
  cov<A extends TensorLike>(
    m: A,
    options: { readonly rowvar?: boolean; readonly bias?: boolean; readonly ddof?: number } = {},
  ): Tensor<Float<Of<A>>> {
    return emit(
      "np.cov",
      [m],
      { rowvar: options.rowvar, bias: options.bias, ddof: options.ddof },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.numpy.cross`, of vectors along the last axis unless `axis` is given. */
  cross<A extends TensorLike, B extends TensorLike>(
    a: A,
    b: B,
    options: { readonly axis?: number } = {},
  ): Tensor<Numeric<Promote<Of<A>, Of<B>>>> {
    return emit("np.cross", [a, b], { axis: options.axis }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.cumprod`. Without an axis, of the flattened array. */
  cumprod<A extends TensorLike>(a: A, options: { readonly axis?: number } = {}): Tensor<Numeric<Of<A>>> {
    return emit("np.cumprod", [a], { axis: options.axis }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.cumsum`. Without an axis, of the flattened array. */
  cumsum<A extends TensorLike>(a: A, options: { readonly axis?: number } = {}): Tensor<Numeric<Of<A>>> {
    return emit("np.cumsum", [a], { axis: options.axis }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.cumulative_prod`: of a vector unless `axis` is given. */
  cumulativeProd<A extends TensorLike>(
    x: A,
    options: { readonly axis?: number; readonly includeInitial?: boolean } = {},
  ): Tensor<Numeric<Of<A>>> {
    return emit(
      "np.cumulative_prod",
      [x],
      { axis: options.axis, include_initial: options.includeInitial },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.numpy.cumulative_sum`: of a vector unless `axis` is given. */
  cumulativeSum<A extends TensorLike>(
    x: A,
    options: { readonly axis?: number; readonly includeInitial?: boolean } = {},
  ): Tensor<Sum<Of<A>>> {
    return emit(
      "np.cumulative_sum",
      [x],
      { axis: options.axis, include_initial: options.includeInitial },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.numpy.deg2rad`. */
  deg2rad<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("np.deg2rad", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.delete` of these positions; of the flattened array unless `axis` is given. */
  delete<A extends TensorLike>(
    arr: A,
    obj: number | readonly number[],
    options: { readonly axis?: number } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit("np.delete", [arr], { obj, axis: options.axis }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.diag`: a vector's diagonal matrix, or a matrix's diagonal. */
  diag<A extends TensorLike>(v: A, options: { readonly k?: number } = {}): Tensor<Strong<Of<A>>> {
    return emit("np.diag", [v], { k: options.k }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.diagflat`: a matrix with the flattened array as its `k`-th diagonal. */
  diagflat<A extends TensorLike>(v: A, options: { readonly k?: number } = {}): Tensor<Strong<Of<A>>> {
    return emit("np.diagflat", [v], { k: options.k }, Tensor) as never;
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

  /**
   * Equivalent to `jax.numpy.digitize`, int32: the bin of each element; `bins` ascends or descends. Not
   * differentiable.
   */
  digitize(x: TensorLike, bins: TensorLike, options: { readonly right?: boolean } = {}): Tensor<"int32"> {
    return emit("np.digitize", [x, bins], { right: options.right }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.divide`. */
  divide<A extends TensorLike, B extends TensorLike>(x1: A, x2: B): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("np.divide", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.divmod`. */
  divmod<A extends TensorLike, B extends TensorLike>(
    x1: A,
    x2: B,
  ): {
    readonly quotient: Tensor<Numeric<Promote<Of<A>, Of<B>>>>;
    readonly remainder: Tensor<Numeric<Promote<Of<A>, Of<B>>>>;
  } {
    return struct("np.divmod", [x1, x2], undefined, {
      quotient: ["quotient", Tensor],
      remainder: ["remainder", Tensor],
    }) as never;
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

  /** Equivalent to `jax.numpy.dstack`: joins arrays along axis 2. */
  dstack<A extends TensorLike>(arrays: readonly A[]): Tensor<Promote<Of<A>, Of<A>>> {
    return emit("np.dstack", [arrays], undefined, Tensor) as never;
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

  /** Equivalent to `jax.numpy.fill_diagonal(inplace=False)`. */
  fillDiagonal<A extends TensorLike>(
    a: A,
    val: TensorLike,
    options: { readonly wrap?: boolean } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit("np.fill_diagonal", [a, val], { wrap: options.wrap }, Tensor) as never;
  },

  /**
   * Equivalent to `jax.numpy.flatnonzero`, int32: the first `size` positions that are not 0, of the
   * flattened array; where there are fewer, 0 or `fillValue`. Not differentiable.
   */
  flatnonzero(
    a: TensorLike,
    options: { readonly size: Dim; readonly fillValue?: TensorLike<IntDType> },
  ): Tensor<"int32"> {
    return emit("np.flatnonzero", [a], { size: options.size }, Tensor, {
      fill_value: asInt(options.fillValue, "fillValue"),
    }) as never;
  },

  /** Equivalent to `jax.numpy.flip`. */
  flip<A extends TensorLike>(
    m: A,
    options: { readonly axis?: number | readonly number[] } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit("np.flip", [m], { axis: options.axis }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.fliplr`: along axis 1. */
  fliplr<A extends TensorLike>(m: A): Tensor<Strong<Of<A>>> {
    return emit("np.fliplr", [m], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.flipud`: along axis 0. */
  flipud<A extends TensorLike>(m: A): Tensor<Strong<Of<A>>> {
    return emit("np.flipud", [m], undefined, Tensor) as never;
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

  /** Equivalent to `jax.numpy.fmax`. */
  fmax<A extends TensorLike, B extends TensorLike>(x1: A, x2: B): Tensor<Promote<Of<A>, Of<B>>> {
    return emit("np.fmax", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.fmin`. */
  fmin<A extends TensorLike, B extends TensorLike>(x1: A, x2: B): Tensor<Promote<Of<A>, Of<B>>> {
    return emit("np.fmin", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.fmod`; the result has the sign of `x1`. */
  fmod<A extends TensorLike, B extends TensorLike>(x1: A, x2: B): Tensor<Numeric<Promote<Of<A>, Of<B>>>> {
    return emit("np.fmod", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.frexp`. */
  frexp<A extends TensorLike>(
    x: A,
  ): { readonly mantissa: Tensor<Float<Of<A>>>; readonly exponent: Tensor<"int32"> } {
    return struct("np.frexp", [x], undefined, {
      mantissa: ["mantissa", Tensor],
      exponent: ["exponent", Tensor],
    }) as never;
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

  /** Equivalent to `jax.numpy.gcd`. Integers and booleans. Not differentiable. */
  gcd<A extends TensorLike, B extends TensorLike>(x1: A, x2: B): Tensor<Promote<Of<A>, Of<B>>> {
    return emit("np.gcd", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.geomspace`; 50 points unless `num` is given. */
  geomspace<D extends DType = "float32">(
    start: TensorLike,
    stop: TensorLike,
    options: { readonly num?: Dim; readonly endpoint?: boolean; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit(
      "np.geomspace",
      [start, stop],
      { num: options.num, endpoint: options.endpoint, dtype: options.dtype },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.numpy.gradient` along one axis: central differences, one-sided at both ends. */
  gradient<A extends TensorLike>(f: A, options: { readonly axis: number }): Tensor<Float<Of<A>>> {
    return emit("np.gradient", [f], { axis: options.axis }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.greater`. Not differentiable. */
  greater(x1: TensorLike, x2: TensorLike): Tensor<"bool"> {
    return emit("np.greater", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.greater_equal`. Not differentiable. */
  greaterEqual(x1: TensorLike, x2: TensorLike): Tensor<"bool"> {
    return emit("np.greater_equal", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.hamming`: a window of `m` points. */
  hamming(m: Dim): Tensor<"float32"> {
    return emit("np.hamming", [], { m }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.hanning`: a window of `m` points. */
  hanning(m: Dim): Tensor<"float32"> {
    return emit("np.hanning", [], { m }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.heaviside`. */
  heaviside<A extends TensorLike, B extends TensorLike>(x1: A, x2: B): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("np.heaviside", [x1, x2], undefined, Tensor) as never;
  },

  /**
   * Equivalent to `jax.numpy.histogram`: counts, as floats, in 10 bins unless `bins` is given, and where
   * they begin and end. `range` is two numbers, the smallest and the largest of `a` unless given.
   */
  histogram<A extends TensorLike>(
    a: A,
    options: {
      readonly bins?: Dim;
      readonly range?: readonly TensorLike[];
      readonly weights?: TensorLike;
      readonly density?: boolean;
    } = {},
  ): { readonly hist: Tensor<Float<Of<A>>>; readonly binEdges: Tensor<Float<Of<A>>> } {
    return struct(
      "np.histogram",
      [a],
      { bins: options.bins, density: options.density },
      { hist: ["hist", Tensor], binEdges: ["bin_edges", Tensor] },
      { range: options.range, weights: options.weights },
    ) as never;
  },

  /** Equivalent to `jax.numpy.hstack`: joins arrays along axis 1, vectors along axis 0. */
  hstack<A extends TensorLike>(arrays: readonly A[]): Tensor<Promote<Of<A>, Of<A>>> {
    return emit("np.hstack", [arrays], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.hypot`. */
  hypot<A extends TensorLike, B extends TensorLike>(x1: A, x2: B): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("np.hypot", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.identity`: an (n n) matrix. */
  identity<D extends DType = "float32">(n: Dim, options: { readonly dtype?: D } = {}): Tensor<D> {
    return emit("np.identity", [], { n, dtype: options.dtype }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.imag`. */
  imag<A extends TensorLike>(x: A): Tensor<Real<Of<A>>> {
    return emit("np.imag", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.indices`: the positions along each axis of an array of this shape, stacked. */
  indices<D extends DType = "int32">(dimensions: ShapeLike, options: { readonly dtype?: D } = {}): Tensor<D> {
    return emit("np.indices", [], { dimensions, dtype: options.dtype }, Tensor) as never;
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

  /**
   * Equivalent to `jax.numpy.interp`: the values at `x` of lines through the points (`xp`, `fp`), `xp`
   * ascending.
   */
  interp<A extends TensorLike>(
    x: TensorLike,
    xp: TensorLike,
    fp: A,
    options: { readonly left?: TensorLike; readonly right?: TensorLike; readonly period?: TensorLike } = {},
  ): Tensor<Float<Of<A>>> {
    return emit("np.interp", [x, xp, fp], undefined, Tensor, {
      left: options.left,
      right: options.right,
      period: options.period,
    }) as never;
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

  /** Equivalent to `jax.numpy.iscomplex`. Not differentiable. */
  iscomplex(x: TensorLike): Tensor<"bool"> {
    return emit("np.iscomplex", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.isfinite`. Not differentiable. */
  isfinite(x: TensorLike): Tensor<"bool"> {
    return emit("np.isfinite", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.isin`: whether each element is one of `testElements`. Not differentiable. */
  isin(
    element: TensorLike,
    testElements: TensorLike,
    options: { readonly invert?: boolean } = {},
  ): Tensor<"bool"> {
    return emit("np.isin", [element, testElements], { invert: options.invert }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.isinf`. Not differentiable. */
  isinf(x: TensorLike): Tensor<"bool"> {
    return emit("np.isinf", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.isnan`. Not differentiable. */
  isnan(x: TensorLike): Tensor<"bool"> {
    return emit("np.isnan", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.isneginf`. Not differentiable. */
  isneginf(x: TensorLike): Tensor<"bool"> {
    return emit("np.isneginf", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.isposinf`. Not differentiable. */
  isposinf(x: TensorLike): Tensor<"bool"> {
    return emit("np.isposinf", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.isreal`. Not differentiable. */
  isreal(x: TensorLike): Tensor<"bool"> {
    return emit("np.isreal", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.kron`. */
  kron<A extends TensorLike, B extends TensorLike>(a: A, b: B): Tensor<Numeric<Promote<Of<A>, Of<B>>>> {
    return emit("np.kron", [a, b], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.lcm`. Integers and booleans. Not differentiable. */
  lcm<A extends TensorLike, B extends TensorLike>(x1: A, x2: B): Tensor<Promote<Of<A>, Of<B>>> {
    return emit("np.lcm", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.ldexp`: x1·2^x2. */
  ldexp<A extends TensorLike>(x1: A, x2: TensorLike<IntDType>): Tensor<Float<Of<A>>> {
    return emit("np.ldexp", [x1, asInt(x2, "x2")], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.left_shift`. Integers. Not differentiable. */
  leftShift<A extends TensorLike, B extends TensorLike>(
    x1: A,
    x2: B,
  ): Tensor<Numeric<Promote<Of<A>, Of<B>>>> {
    return emit("np.left_shift", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.less`. Not differentiable. */
  less(x1: TensorLike, x2: TensorLike): Tensor<"bool"> {
    return emit("np.less", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.less_equal`. Not differentiable. */
  lessEqual(x1: TensorLike, x2: TensorLike): Tensor<"bool"> {
    return emit("np.less_equal", [x1, x2], undefined, Tensor) as never;
  },

  /**
   * Equivalent to `jax.numpy.lexsort`, int32: an order by the last key, then by the one before it. Not
   * differentiable.
   */
  lexsort(keys: readonly TensorLike[], options: { readonly axis?: number } = {}): Tensor<"int32"> {
    return emit("np.lexsort", [keys], { axis: options.axis }, Tensor) as never;
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

  /** Equivalent to `jax.numpy.logspace`; 50 points unless `num` is given. */
  logspace<D extends DType = "float32">(
    start: TensorLike,
    stop: TensorLike,
    options: {
      readonly num?: Dim;
      readonly endpoint?: boolean;
      readonly base?: TensorLike;
      readonly dtype?: D;
    } = {},
  ): Tensor<D> {
    return emit(
      "np.logspace",
      [start, stop],
      { num: options.num, endpoint: options.endpoint, dtype: options.dtype },
      Tensor,
      { base: options.base },
    ) as never;
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

  /** Equivalent to `jax.numpy.matrix_transpose`: the last two axes exchanged. */
  matrixTranspose<A extends TensorLike>(x: A): Tensor<Strong<Of<A>>> {
    return emit("np.matrix_transpose", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.matvec`: (… m n) and (… n). */
  matvec<A extends TensorLike, B extends TensorLike>(x1: A, x2: B): Tensor<Promote<Of<A>, Of<B>>> {
    return emit("np.matvec", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.max`; `where` needs `initial`, what there is where it holds nowhere. */
  max<A extends TensorLike>(
    a: A,
    options: {
      readonly axis?: number | readonly number[];
      readonly keepdims?: boolean;
      readonly initial?: TensorLike;
      readonly where?: TensorLike<"bool">;
    } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit("np.max", [a], { axis: options.axis, keepdims: options.keepdims }, Tensor, {
      initial: options.initial,
      where: asBool(options.where, "where"),
    }) as never;
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

  /**
   * Equivalent to `jax.numpy.meshgrid(*xi)`: the coordinates of a grid; "xy" has the second vector along
   * axis 0.
   */
  meshgrid<A extends TensorLike>(
    xi: readonly A[],
    options: { readonly indexing?: "xy" | "ij"; readonly sparse?: boolean } = {},
  ): Tensor<Strong<Of<A>>>[] {
    return list(
      "np.meshgrid",
      [xi],
      { indexing: options.indexing, sparse: options.sparse },
      xi.length,
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.numpy.min`; `where` needs `initial`, what there is where it holds nowhere. */
  min<A extends TensorLike>(
    a: A,
    options: {
      readonly axis?: number | readonly number[];
      readonly keepdims?: boolean;
      readonly initial?: TensorLike;
      readonly where?: TensorLike<"bool">;
    } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit("np.min", [a], { axis: options.axis, keepdims: options.keepdims }, Tensor, {
      initial: options.initial,
      where: asBool(options.where, "where"),
    }) as never;
  },

  /** Equivalent to `jax.numpy.minimum`. */
  minimum<A extends TensorLike, B extends TensorLike>(x1: A, x2: B): Tensor<Promote<Of<A>, Of<B>>> {
    return emit("np.minimum", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.modf`. */
  modf<A extends TensorLike>(
    x: A,
  ): { readonly fractional: Tensor<Float<Of<A>>>; readonly integral: Tensor<Float<Of<A>>> } {
    return struct("np.modf", [x], undefined, {
      fractional: ["fractional", Tensor],
      integral: ["integral", Tensor],
    }) as never;
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

  /**
   * Equivalent to `jax.numpy.nanargmax`, int32; -1 where all is NaN. Without an axis, of the flattened
   * array. Not differentiable.
   */
  nanargmax(
    a: TensorLike,
    options: { readonly axis?: number; readonly keepdims?: boolean } = {},
  ): Tensor<"int32"> {
    return emit("np.nanargmax", [a], { axis: options.axis, keepdims: options.keepdims }, Tensor) as never;
  },

  /**
   * Equivalent to `jax.numpy.nanargmin`, int32; -1 where all is NaN. Without an axis, of the flattened
   * array. Not differentiable.
   */
  nanargmin(
    a: TensorLike,
    options: { readonly axis?: number; readonly keepdims?: boolean } = {},
  ): Tensor<"int32"> {
    return emit("np.nanargmin", [a], { axis: options.axis, keepdims: options.keepdims }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.nancumprod`: NaN counts as 1. Without an axis, of the flattened array. */
  nancumprod<A extends TensorLike>(a: A, options: { readonly axis?: number } = {}): Tensor<Numeric<Of<A>>> {
    return emit("np.nancumprod", [a], { axis: options.axis }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.nancumsum`: NaN counts as 0. Without an axis, of the flattened array. */
  nancumsum<A extends TensorLike>(a: A, options: { readonly axis?: number } = {}): Tensor<Numeric<Of<A>>> {
    return emit("np.nancumsum", [a], { axis: options.axis }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.nanmax`: of what is not NaN. */
  nanmax<A extends TensorLike>(
    a: A,
    options: {
      readonly axis?: number | readonly number[];
      readonly keepdims?: boolean;
      readonly initial?: TensorLike;
      readonly where?: TensorLike<"bool">;
    } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit("np.nanmax", [a], { axis: options.axis, keepdims: options.keepdims }, Tensor, {
      initial: options.initial,
      where: asBool(options.where, "where"),
    }) as never;
  },

  /** Equivalent to `jax.numpy.nanmean`: of what is not NaN. */
  nanmean<A extends TensorLike>(
    a: A,
    options: {
      readonly axis?: number | readonly number[];
      readonly keepdims?: boolean;
      readonly where?: TensorLike<"bool">;
    } = {},
  ): Tensor<Float<Of<A>>> {
    return emit("np.nanmean", [a], { axis: options.axis, keepdims: options.keepdims }, Tensor, {
      where: asBool(options.where, "where"),
    }) as never;
  },

  /** Equivalent to `jax.numpy.nanmedian`: of what is not NaN. */
  nanmedian<A extends TensorLike>(
    a: A,
    options: { readonly axis?: number | readonly number[]; readonly keepdims?: boolean } = {},
  ): Tensor<Float<Of<A>>> {
    return emit("np.nanmedian", [a], { axis: options.axis, keepdims: options.keepdims }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.nanmin`: of what is not NaN. */
  nanmin<A extends TensorLike>(
    a: A,
    options: {
      readonly axis?: number | readonly number[];
      readonly keepdims?: boolean;
      readonly initial?: TensorLike;
      readonly where?: TensorLike<"bool">;
    } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit("np.nanmin", [a], { axis: options.axis, keepdims: options.keepdims }, Tensor, {
      initial: options.initial,
      where: asBool(options.where, "where"),
    }) as never;
  },

  /** Equivalent to `jax.numpy.nanpercentile`; `q` from 0 to 100, its axes come first. */
  nanpercentile<A extends TensorLike>(
    a: A,
    q: TensorLike,
    options: {
      readonly axis?: number | readonly number[];
      readonly keepdims?: boolean;
      readonly method?: "linear" | "lower" | "higher" | "midpoint" | "nearest";
    } = {},
  ): Tensor<Float<Of<A>>> {
    return emit(
      "np.nanpercentile",
      [a, q],
      { axis: options.axis, keepdims: options.keepdims, method: options.method },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.numpy.nanprod`: NaN counts as 1. */
  nanprod<A extends TensorLike>(
    a: A,
    options: {
      readonly axis?: number | readonly number[];
      readonly keepdims?: boolean;
      readonly where?: TensorLike<"bool">;
    } = {},
  ): Tensor<Sum<Of<A>>> {
    return emit("np.nanprod", [a], { axis: options.axis, keepdims: options.keepdims }, Tensor, {
      where: asBool(options.where, "where"),
    }) as never;
  },

  /** Equivalent to `jax.numpy.nanquantile`; `q` from 0 to 1, its axes come first. */
  nanquantile<A extends TensorLike>(
    a: A,
    q: TensorLike,
    options: {
      readonly axis?: number | readonly number[];
      readonly keepdims?: boolean;
      readonly method?: "linear" | "lower" | "higher" | "midpoint" | "nearest";
    } = {},
  ): Tensor<Float<Of<A>>> {
    return emit(
      "np.nanquantile",
      [a, q],
      { axis: options.axis, keepdims: options.keepdims, method: options.method },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.numpy.nanstd`: of what is not NaN; divides by its count minus `ddof` (0). */
  nanstd<A extends TensorLike>(
    a: A,
    options: {
      readonly axis?: number | readonly number[];
      readonly keepdims?: boolean;
      readonly ddof?: number;
      readonly where?: TensorLike<"bool">;
    } = {},
  ): Tensor<Real<Float<Of<A>>>> {
    return emit(
      "np.nanstd",
      [a],
      { axis: options.axis, keepdims: options.keepdims, ddof: options.ddof },
      Tensor,
      { where: asBool(options.where, "where") },
    ) as never;
  },

  /** Equivalent to `jax.numpy.nansum`: NaN counts as 0. */
  nansum<A extends TensorLike>(
    a: A,
    options: {
      readonly axis?: number | readonly number[];
      readonly keepdims?: boolean;
      readonly where?: TensorLike<"bool">;
    } = {},
  ): Tensor<Sum<Of<A>>> {
    return emit("np.nansum", [a], { axis: options.axis, keepdims: options.keepdims }, Tensor, {
      where: asBool(options.where, "where"),
    }) as never;
  },

  /** Equivalent to `jax.numpy.nanvar`: of what is not NaN; divides by its count minus `ddof` (0). */
  nanvar<A extends TensorLike>(
    a: A,
    options: {
      readonly axis?: number | readonly number[];
      readonly keepdims?: boolean;
      readonly ddof?: number;
      readonly where?: TensorLike<"bool">;
    } = {},
  ): Tensor<Real<Float<Of<A>>>> {
    return emit(
      "np.nanvar",
      [a],
      { axis: options.axis, keepdims: options.keepdims, ddof: options.ddof },
      Tensor,
      { where: asBool(options.where, "where") },
    ) as never;
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

  /**
   * Equivalent to `jax.numpy.partition`: what is smaller than the `kth` element comes before it; along
   * the last axis.
   */
  partition<A extends TensorLike>(
    a: A,
    kth: number,
    options: { readonly axis?: number } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit("np.partition", [a], { kth, axis: options.axis }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.percentile`; `q` from 0 to 100, its axes come first. */
  percentile<A extends TensorLike>(
    a: A,
    q: TensorLike,
    options: {
      readonly axis?: number | readonly number[];
      readonly keepdims?: boolean;
      readonly method?: "linear" | "lower" | "higher" | "midpoint" | "nearest";
    } = {},
  ): Tensor<Float<Of<A>>> {
    return emit(
      "np.percentile",
      [a, q],
      { axis: options.axis, keepdims: options.keepdims, method: options.method },
      Tensor,
    ) as never;
  },

  /**
   * Equivalent to `jax.numpy.polyval`: the polynomial at `x`; the coefficient of the highest power comes
   * first.
   */
  polyval<A extends TensorLike, B extends TensorLike>(p: A, x: B): Tensor<Promote<Of<A>, Of<B>>> {
    return emit("np.polyval", [p, x], undefined, Tensor) as never;
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
      readonly initial?: TensorLike;
      readonly where?: TensorLike<"bool">;
    } = {},
  ): Tensor<Sum<Of<A>>> {
    return emit("np.prod", [a], { axis: options.axis, keepdims: options.keepdims }, Tensor, {
      initial: options.initial,
      where: asBool(options.where, "where"),
    }) as never;
  },

  /** Equivalent to `jax.numpy.ptp`: the maximum minus the minimum. */
  ptp<A extends TensorLike>(
    a: A,
    options: { readonly axis?: number | readonly number[]; readonly keepdims?: boolean } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit("np.ptp", [a], { axis: options.axis, keepdims: options.keepdims }, Tensor) as never;
  },

  /**
   * Equivalent to `jax.numpy.put_along_axis(inplace=False)`. Negative positions count from the end; one
   * out of range is a failed check.
   */
  putAlongAxis<A extends TensorLike>(
    arr: A,
    indices: TensorLike<IntDType>,
    values: TensorLike,
    axis: number,
  ): Tensor<Strong<Of<A>>> {
    return emit("np.put_along_axis", [arr, asInt(indices, "indices"), values], { axis }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.quantile`; `q` from 0 to 1, its axes come first. */
  quantile<A extends TensorLike>(
    a: A,
    q: TensorLike,
    options: {
      readonly axis?: number | readonly number[];
      readonly keepdims?: boolean;
      readonly method?: "linear" | "lower" | "higher" | "midpoint" | "nearest";
    } = {},
  ): Tensor<Float<Of<A>>> {
    return emit(
      "np.quantile",
      [a, q],
      { axis: options.axis, keepdims: options.keepdims, method: options.method },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.numpy.rad2deg`. */
  rad2deg<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("np.rad2deg", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.ravel`. */
  ravel<A extends TensorLike>(a: A): Tensor<Strong<Of<A>>> {
    return emit("np.ravel", [a], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.real`. */
  real<A extends TensorLike>(x: A): Tensor<Real<Of<A>>> {
    return emit("np.real", [x], undefined, Tensor) as never;
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

  /** Equivalent to `jax.numpy.right_shift`. Integers. Not differentiable. */
  rightShift<A extends TensorLike, B extends TensorLike>(
    x1: A,
    x2: B,
  ): Tensor<Numeric<Promote<Of<A>, Of<B>>>> {
    return emit("np.right_shift", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.rint`; halves go to the even neighbour. Its gradient is 0. */
  rint<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("np.rint", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.roll`; the shift may be traced. */
  roll<A extends TensorLike>(
    a: A,
    shift: TensorLike<IntDType>,
    options: { readonly axis?: number | readonly number[] } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit("np.roll", [a, asInt(shift, "shift")], { axis: options.axis }, Tensor) as never;
  },

  /**
   * Equivalent to `jax.numpy.rot90`: `k` quarters (1) from the first of `axes` (0, 1) towards the
   * second.
   */
  rot90<A extends TensorLike>(
    m: A,
    options: { readonly k?: number; readonly axes?: number | readonly number[] } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit("np.rot90", [m], { k: options.k, axes: options.axes }, Tensor) as never;
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

  /**
   * Equivalent to `jax.numpy.select`: each element from the first choice whose condition holds, else
   * `default` (0).
   */
  select<A extends TensorLike>(
    condlist: readonly TensorLike<"bool">[],
    choicelist: readonly A[],
    options: { readonly default?: A } = {},
  ): Tensor<Numeric<Promote<Of<A>, Of<A>>>> {
    return emit("np.select", [condlist, choicelist], undefined, Tensor, {
      default: options.default,
    }) as never;
  },

  /** Equivalent to `jax.numpy.sign`. */
  sign<A extends TensorLike>(x: A): Tensor<Strong<Of<A>>> {
    return emit("np.sign", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.signbit`. Not differentiable. */
  signbit(x: TensorLike): Tensor<"bool"> {
    return emit("np.signbit", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.sin`. */
  sin<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("np.sin", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.sinc`. */
  sinc<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("np.sinc", [x], undefined, Tensor) as never;
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

  /**
   * Equivalent to `jax.numpy.split`: so many equal parts, or parts that end before the positions of a
   * list.
   */
  split<A extends TensorLike>(
    ary: A,
    indicesOrSections: number | readonly number[],
    options: { readonly axis?: number } = {},
  ): Tensor<Strong<Of<A>>>[] {
    return list(
      "np.split",
      [ary],
      { indices_or_sections: indicesOrSections, axis: options.axis },
      partsOf(indicesOrSections, "indicesOrSections"),
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
  ): Tensor<Real<Float<Of<A>>>> {
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
      readonly initial?: TensorLike;
      readonly where?: TensorLike<"bool">;
    } = {},
  ): Tensor<Sum<Of<A>>> {
    return emit("np.sum", [a], { axis: options.axis, keepdims: options.keepdims }, Tensor, {
      initial: options.initial,
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

  /** Equivalent to `jax.numpy.trapezoid`: the integral of `y` over `x`, or over steps of `dx` (1). */
  trapezoid<A extends TensorLike>(
    y: A,
    options: { readonly x?: A; readonly dx?: TensorLike; readonly axis?: number } = {},
  ): Tensor<Float<Promote<Of<A>, Of<A>>>> {
    return emit("np.trapezoid", [y], { axis: options.axis }, Tensor, {
      x: options.x,
      dx: options.dx,
    }) as never;
  },

  /**
   * Equivalent to `jax.numpy.tri`: ones on and below the `k`-th diagonal of an (n m) matrix, m = n
   * unless given.
   */
  tri<D extends DType = "float32">(
    n: Dim,
    options: { readonly m?: Dim; readonly k?: number; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit("np.tri", [], { n, m: options.m, k: options.k, dtype: options.dtype }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.tril`. */
  tril<A extends TensorLike>(m: A, options: { readonly k?: number } = {}): Tensor<Strong<Of<A>>> {
    return emit("np.tril", [m], { k: options.k }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.tril_indices` of an (n m) matrix, m = n unless given. */
  trilIndices(
    n: Dim,
    options: { readonly k?: number; readonly m?: Dim } = {},
  ): { readonly rows: Tensor<"int32">; readonly columns: Tensor<"int32"> } {
    return struct(
      "np.tril_indices",
      [],
      { n, k: options.k, m: options.m },
      { rows: ["rows", Tensor], columns: ["columns", Tensor] },
    ) as never;
  },

  /** Equivalent to `jax.numpy.triu`. */
  triu<A extends TensorLike>(m: A, options: { readonly k?: number } = {}): Tensor<Strong<Of<A>>> {
    return emit("np.triu", [m], { k: options.k }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.triu_indices` of an (n m) matrix, m = n unless given. */
  triuIndices(
    n: Dim,
    options: { readonly k?: number; readonly m?: Dim } = {},
  ): { readonly rows: Tensor<"int32">; readonly columns: Tensor<"int32"> } {
    return struct(
      "np.triu_indices",
      [],
      { n, k: options.k, m: options.m },
      { rows: ["rows", Tensor], columns: ["columns", Tensor] },
    ) as never;
  },

  /** Equivalent to `jax.numpy.trunc`; its gradient is 0. */
  trunc<A extends TensorLike>(x: A): Tensor<Strong<Of<A>>> {
    return emit("np.trunc", [x], undefined, Tensor) as never;
  },

  /**
   * Equivalent to `jax.numpy.unique`: the `size` smallest different elements; where there are fewer, the
   * smallest again or `fillValue`.
   */
  unique<A extends TensorLike>(
    ar: A,
    options: { readonly size: Dim; readonly fillValue?: TensorLike },
  ): Tensor<Strong<Of<A>>> {
    return emit("np.unique", [ar], { size: options.size }, Tensor, {
      fill_value: options.fillValue,
    }) as never;
  },

  /** Equivalent to `jax.numpy.unwrap`: adds periods (2π) until neighbours differ by half of one at most. */
  unwrap<A extends TensorLike>(
    p: A,
    options: { readonly discont?: TensorLike; readonly axis?: number; readonly period?: TensorLike } = {},
  ): Tensor<Float<Of<A>>> {
    return emit("np.unwrap", [p], { axis: options.axis }, Tensor, {
      discont: options.discont,
      period: options.period,
    }) as never;
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
  ): Tensor<Real<Float<Of<A>>>> {
    return emit(
      "np.var",
      [a],
      { axis: options.axis, keepdims: options.keepdims, ddof: options.ddof },
      Tensor,
      { where: asBool(options.where, "where") },
    ) as never;
  },

  /**
   * Equivalent to `jax.numpy.vdot`: products of the flattened arrays. On GPU and TPU the default
   * precision multiplies in fewer bits than the dtype has; `highest` does not.
   */
  vdot<A extends TensorLike, B extends TensorLike>(
    x1: A,
    x2: B,
    options: { readonly precision?: "default" | "high" | "highest" } = {},
  ): Tensor<Promote<Of<A>, Of<B>>> {
    return emit("np.vdot", [x1, x2], { precision: options.precision }, Tensor) as never;
  },

  /**
   * Equivalent to `jax.numpy.vecdot`: products of vectors along the last axis, or along `axis`. On GPU
   * and TPU the default precision multiplies in fewer bits than the dtype has; `highest` does not.
   */
  vecdot<A extends TensorLike, B extends TensorLike>(
    x1: A,
    x2: B,
    options: { readonly axis?: number; readonly precision?: "default" | "high" | "highest" } = {},
  ): Tensor<Promote<Of<A>, Of<B>>> {
    return emit("np.vecdot", [x1, x2], { axis: options.axis, precision: options.precision }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.vecmat`: (… m) and (… m n). */
  vecmat<A extends TensorLike, B extends TensorLike>(x1: A, x2: B): Tensor<Promote<Of<A>, Of<B>>> {
    return emit("np.vecmat", [x1, x2], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.vstack`: joins arrays along axis 0, vectors as rows. */
  vstack<A extends TensorLike>(arrays: readonly A[]): Tensor<Promote<Of<A>, Of<A>>> {
    return emit("np.vstack", [arrays], undefined, Tensor) as never;
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
  allclose: {
    takes: { a: "operand", b: "operand" },
    options: { rtol: "operand?", atol: "operand?", equalNan: "boolean?" },
  },
  angle: { takes: { z: "operand" }, options: { deg: "boolean?" } },
  any: { takes: { a: "operand" }, options: { axis: "axis?", keepdims: "boolean?", where: "operand?" } },
  append: { takes: { arr: "operand", values: "operand" }, options: { axis: "number?" } },
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
  argpartition: { takes: { a: "operand", kth: "number" }, options: { axis: "number?" } },
  argsort: {
    takes: { a: "operand" },
    options: { axis: "number?", descending: "boolean?", stable: "boolean?" },
  },
  argwhere: { takes: { a: "operand" }, options: { size: "size", fillValue: "operand?" } },
  arrayEqual: { takes: { a: "operand", b: "operand" }, options: { equalNan: "boolean?" } },
  arraySplit: { takes: { ary: "operand", indicesOrSections: "number | list" }, options: { axis: "number?" } },
  astype: { takes: { x: "operand", dtype: "dtype" } },
  atleast1d: { takes: { x: "operand" } },
  atleast2d: { takes: { x: "operand" } },
  atleast3d: { takes: { x: "operand" } },
  average: { takes: { a: "operand" }, options: { axis: "axis?", weights: "operand?", keepdims: "boolean?" } },
  bincount: { takes: { x: "operand" }, options: { length: "size" } },
  bitwiseAnd: { takes: { x1: "operand", x2: "operand" } },
  bitwiseCount: { takes: { x: "operand" } },
  bitwiseNot: { takes: { x: "operand" } },
  bitwiseOr: { takes: { x1: "operand", x2: "operand" } },
  bitwiseXor: { takes: { x1: "operand", x2: "operand" } },
  broadcastArrays: { takes: { args: "...operand" } },
  broadcastTo: { takes: { array: "operand", shape: "shape" } },
  cbrt: { takes: { x: "operand" } },
  ceil: { takes: { x: "operand" } },
  clip: { takes: { a: "operand" }, options: { min: "operand?", max: "operand?" } },
  columnStack: { takes: { arrays: "operands" } },
  concatenate: { takes: { arrays: "operands" }, options: { axis: "number?" } },
  conj: { takes: { x: "operand" } },
  convolve: {
    takes: { a: "operand", v: "operand" },
    options: { mode: '"full" | "same" | "valid"?', precision: '"default" | "high" | "highest"?' },
  },
  copysign: { takes: { x1: "operand", x2: "operand" } },
  corrcoef: { takes: { x: "operand" }, options: { rowvar: "boolean?" } },
  correlate: {
    takes: { a: "operand", v: "operand" },
    options: { mode: '"full" | "same" | "valid"?', precision: '"default" | "high" | "highest"?' },
  },
  cos: { takes: { x: "operand" } },
  cosh: { takes: { x: "operand" } },
  countNonzero: { takes: { a: "operand" }, options: { axis: "axis?", keepdims: "boolean?" } },
  cov: { takes: { m: "operand" }, options: { rowvar: "boolean?", bias: "boolean?", ddof: "number?" } },
  cross: { takes: { a: "operand", b: "operand" }, options: { axis: "number?" } },
  cumprod: { takes: { a: "operand" }, options: { axis: "number?" } },
  cumsum: { takes: { a: "operand" }, options: { axis: "number?" } },
  cumulativeProd: { takes: { x: "operand" }, options: { axis: "number?", includeInitial: "boolean?" } },
  cumulativeSum: { takes: { x: "operand" }, options: { axis: "number?", includeInitial: "boolean?" } },
  deg2rad: { takes: { x: "operand" } },
  delete: { takes: { arr: "operand", obj: "number | list" }, options: { axis: "number?" } },
  diag: { takes: { v: "operand" }, options: { k: "number?" } },
  diagflat: { takes: { v: "operand" }, options: { k: "number?" } },
  diagonal: { takes: { a: "operand" }, options: { offset: "number?", axis1: "number?", axis2: "number?" } },
  diff: { takes: { a: "operand" }, options: { n: "number?", axis: "number?" } },
  digitize: { takes: { x: "operand", bins: "operand" }, options: { right: "boolean?" } },
  divide: { takes: { x1: "operand", x2: "operand" } },
  divmod: { takes: { x1: "operand", x2: "operand" } },
  dot: { takes: { a: "operand", b: "operand" }, options: { precision: '"default" | "high" | "highest"?' } },
  dstack: { takes: { arrays: "operands" } },
  einsum: { takes: { subscripts: "string", operands: "...operand" } },
  equal: { takes: { x1: "operand", x2: "operand" } },
  exp: { takes: { x: "operand" } },
  exp2: { takes: { x: "operand" } },
  expandDims: { takes: { a: "operand", axis: "axis" } },
  expm1: { takes: { x: "operand" } },
  eye: { takes: { n: "size" }, options: { m: "size?", k: "number?", dtype: "dtype?" } },
  fillDiagonal: { takes: { a: "operand", val: "operand" }, options: { wrap: "boolean?" } },
  flatnonzero: { takes: { a: "operand" }, options: { size: "size", fillValue: "operand?" } },
  flip: { takes: { m: "operand" }, options: { axis: "axis?" } },
  fliplr: { takes: { m: "operand" } },
  flipud: { takes: { m: "operand" } },
  floor: { takes: { x: "operand" } },
  floorDivide: { takes: { x1: "operand", x2: "operand" } },
  fmax: { takes: { x1: "operand", x2: "operand" } },
  fmin: { takes: { x1: "operand", x2: "operand" } },
  fmod: { takes: { x1: "operand", x2: "operand" } },
  frexp: { takes: { x: "operand" } },
  full: { takes: { shape: "shape", fillValue: "operand" }, options: { dtype: "dtype?" } },
  fullLike: { takes: { a: "operand", fillValue: "operand" }, options: { dtype: "dtype?" } },
  gcd: { takes: { x1: "operand", x2: "operand" } },
  geomspace: {
    takes: { start: "operand", stop: "operand" },
    options: { num: "size?", endpoint: "boolean?", dtype: "dtype?" },
  },
  gradient: { takes: { f: "operand" }, options: { axis: "number" } },
  greater: { takes: { x1: "operand", x2: "operand" } },
  greaterEqual: { takes: { x1: "operand", x2: "operand" } },
  hamming: { takes: { m: "size" } },
  hanning: { takes: { m: "size" } },
  heaviside: { takes: { x1: "operand", x2: "operand" } },
  histogram: {
    takes: { a: "operand" },
    options: { bins: "size?", range: "operands?", weights: "operand?", density: "boolean?" },
  },
  hstack: { takes: { arrays: "operands" } },
  hypot: { takes: { x1: "operand", x2: "operand" } },
  identity: { takes: { n: "size" }, options: { dtype: "dtype?" } },
  imag: { takes: { x: "operand" } },
  indices: { takes: { dimensions: "shape" }, options: { dtype: "dtype?" } },
  inner: { takes: { a: "operand", b: "operand" }, options: { precision: '"default" | "high" | "highest"?' } },
  interp: {
    takes: { x: "operand", xp: "operand", fp: "operand" },
    options: { left: "operand?", right: "operand?", period: "operand?" },
  },
  isclose: {
    takes: { a: "operand", b: "operand" },
    options: { rtol: "operand?", atol: "operand?", equalNan: "boolean?" },
  },
  iscomplex: { takes: { x: "operand" } },
  isfinite: { takes: { x: "operand" } },
  isin: { takes: { element: "operand", testElements: "operand" }, options: { invert: "boolean?" } },
  isinf: { takes: { x: "operand" } },
  isnan: { takes: { x: "operand" } },
  isneginf: { takes: { x: "operand" } },
  isposinf: { takes: { x: "operand" } },
  isreal: { takes: { x: "operand" } },
  kron: { takes: { a: "operand", b: "operand" } },
  lcm: { takes: { x1: "operand", x2: "operand" } },
  ldexp: { takes: { x1: "operand", x2: "operand" } },
  leftShift: { takes: { x1: "operand", x2: "operand" } },
  less: { takes: { x1: "operand", x2: "operand" } },
  lessEqual: { takes: { x1: "operand", x2: "operand" } },
  lexsort: { takes: { keys: "operands" }, options: { axis: "number?" } },
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
  logspace: {
    takes: { start: "operand", stop: "operand" },
    options: { num: "size?", endpoint: "boolean?", base: "operand?", dtype: "dtype?" },
  },
  matmul: {
    takes: { a: "operand", b: "operand" },
    options: { precision: '"default" | "high" | "highest"?' },
  },
  matrixTranspose: { takes: { x: "operand" } },
  matvec: { takes: { x1: "operand", x2: "operand" } },
  max: {
    takes: { a: "operand" },
    options: { axis: "axis?", keepdims: "boolean?", initial: "operand?", where: "operand?" },
  },
  maximum: { takes: { x1: "operand", x2: "operand" } },
  mean: { takes: { a: "operand" }, options: { axis: "axis?", keepdims: "boolean?", where: "operand?" } },
  median: { takes: { a: "operand" }, options: { axis: "axis?", keepdims: "boolean?" } },
  meshgrid: { takes: { xi: "operands" }, options: { indexing: '"xy" | "ij"?', sparse: "boolean?" } },
  min: {
    takes: { a: "operand" },
    options: { axis: "axis?", keepdims: "boolean?", initial: "operand?", where: "operand?" },
  },
  minimum: { takes: { x1: "operand", x2: "operand" } },
  modf: { takes: { x: "operand" } },
  moveaxis: { takes: { a: "operand", source: "axis", destination: "axis" } },
  multiply: { takes: { x1: "operand", x2: "operand" } },
  nanToNum: { takes: { x: "operand" }, options: { nan: "operand?", posinf: "operand?", neginf: "operand?" } },
  nanargmax: { takes: { a: "operand" }, options: { axis: "number?", keepdims: "boolean?" } },
  nanargmin: { takes: { a: "operand" }, options: { axis: "number?", keepdims: "boolean?" } },
  nancumprod: { takes: { a: "operand" }, options: { axis: "number?" } },
  nancumsum: { takes: { a: "operand" }, options: { axis: "number?" } },
  nanmax: {
    takes: { a: "operand" },
    options: { axis: "axis?", keepdims: "boolean?", initial: "operand?", where: "operand?" },
  },
  nanmean: { takes: { a: "operand" }, options: { axis: "axis?", keepdims: "boolean?", where: "operand?" } },
  nanmedian: { takes: { a: "operand" }, options: { axis: "axis?", keepdims: "boolean?" } },
  nanmin: {
    takes: { a: "operand" },
    options: { axis: "axis?", keepdims: "boolean?", initial: "operand?", where: "operand?" },
  },
  nanpercentile: {
    takes: { a: "operand", q: "operand" },
    options: {
      axis: "axis?",
      keepdims: "boolean?",
      method: '"linear" | "lower" | "higher" | "midpoint" | "nearest"?',
    },
  },
  nanprod: { takes: { a: "operand" }, options: { axis: "axis?", keepdims: "boolean?", where: "operand?" } },
  nanquantile: {
    takes: { a: "operand", q: "operand" },
    options: {
      axis: "axis?",
      keepdims: "boolean?",
      method: '"linear" | "lower" | "higher" | "midpoint" | "nearest"?',
    },
  },
  nanstd: {
    takes: { a: "operand" },
    options: { axis: "axis?", keepdims: "boolean?", ddof: "number?", where: "operand?" },
  },
  nansum: { takes: { a: "operand" }, options: { axis: "axis?", keepdims: "boolean?", where: "operand?" } },
  nanvar: {
    takes: { a: "operand" },
    options: { axis: "axis?", keepdims: "boolean?", ddof: "number?", where: "operand?" },
  },
  negative: { takes: { x: "operand" } },
  notEqual: { takes: { x1: "operand", x2: "operand" } },
  ones: { takes: { shape: "shape" }, options: { dtype: "dtype?" } },
  onesLike: { takes: { a: "operand" }, options: { dtype: "dtype?" } },
  outer: { takes: { a: "operand", b: "operand" } },
  pad: {
    takes: { a: "operand", padWidth: "size | list" },
    options: { mode: '"constant" | "edge" | "reflect" | "symmetric" | "wrap"?', constantValues: "operand?" },
  },
  partition: { takes: { a: "operand", kth: "number" }, options: { axis: "number?" } },
  percentile: {
    takes: { a: "operand", q: "operand" },
    options: {
      axis: "axis?",
      keepdims: "boolean?",
      method: '"linear" | "lower" | "higher" | "midpoint" | "nearest"?',
    },
  },
  polyval: { takes: { p: "operand", x: "operand" } },
  power: { takes: { x1: "operand", x2: "operand" } },
  prod: {
    takes: { a: "operand" },
    options: { axis: "axis?", keepdims: "boolean?", initial: "operand?", where: "operand?" },
  },
  ptp: { takes: { a: "operand" }, options: { axis: "axis?", keepdims: "boolean?" } },
  putAlongAxis: { takes: { arr: "operand", indices: "operand", values: "operand", axis: "number" } },
  quantile: {
    takes: { a: "operand", q: "operand" },
    options: {
      axis: "axis?",
      keepdims: "boolean?",
      method: '"linear" | "lower" | "higher" | "midpoint" | "nearest"?',
    },
  },
  rad2deg: { takes: { x: "operand" } },
  ravel: { takes: { a: "operand" } },
  real: { takes: { x: "operand" } },
  reciprocal: { takes: { x: "operand" } },
  remainder: { takes: { x1: "operand", x2: "operand" } },
  repeat: { takes: { a: "operand", repeats: "size" }, options: { axis: "number?" } },
  reshape: { takes: { a: "operand", shape: "shape" } },
  rightShift: { takes: { x1: "operand", x2: "operand" } },
  rint: { takes: { x: "operand" } },
  roll: { takes: { a: "operand", shift: "operand" }, options: { axis: "axis?" } },
  rot90: { takes: { m: "operand" }, options: { k: "number?", axes: "axis?" } },
  round: { takes: { a: "operand" }, options: { decimals: "number?" } },
  searchsorted: { takes: { a: "operand", v: "operand" }, options: { side: '"left" | "right"?' } },
  select: { takes: { condlist: "operands", choicelist: "operands" }, options: { default: "operand?" } },
  sign: { takes: { x: "operand" } },
  signbit: { takes: { x: "operand" } },
  sin: { takes: { x: "operand" } },
  sinc: { takes: { x: "operand" } },
  sinh: { takes: { x: "operand" } },
  sort: { takes: { a: "operand" }, options: { axis: "number?", descending: "boolean?", stable: "boolean?" } },
  split: { takes: { ary: "operand", indicesOrSections: "number | list" }, options: { axis: "number?" } },
  sqrt: { takes: { x: "operand" } },
  square: { takes: { x: "operand" } },
  squeeze: { takes: { a: "operand" }, options: { axis: "axis?" } },
  stack: { takes: { arrays: "operands" }, options: { axis: "number?" } },
  std: {
    takes: { a: "operand" },
    options: { axis: "axis?", keepdims: "boolean?", ddof: "number?", where: "operand?" },
  },
  subtract: { takes: { x1: "operand", x2: "operand" } },
  sum: {
    takes: { a: "operand" },
    options: { axis: "axis?", keepdims: "boolean?", initial: "operand?", where: "operand?" },
  },
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
  trapezoid: { takes: { y: "operand" }, options: { x: "operand?", dx: "operand?", axis: "number?" } },
  tri: { takes: { n: "size" }, options: { m: "size?", k: "number?", dtype: "dtype?" } },
  tril: { takes: { m: "operand" }, options: { k: "number?" } },
  trilIndices: { takes: { n: "size" }, options: { k: "number?", m: "size?" } },
  triu: { takes: { m: "operand" }, options: { k: "number?" } },
  triuIndices: { takes: { n: "size" }, options: { k: "number?", m: "size?" } },
  trunc: { takes: { x: "operand" } },
  unique: { takes: { ar: "operand" }, options: { size: "size", fillValue: "operand?" } },
  unwrap: { takes: { p: "operand" }, options: { discont: "operand?", axis: "number?", period: "operand?" } },
  var: {
    takes: { a: "operand" },
    options: { axis: "axis?", keepdims: "boolean?", ddof: "number?", where: "operand?" },
  },
  vdot: {
    takes: { x1: "operand", x2: "operand" },
    options: { precision: '"default" | "high" | "highest"?' },
  },
  vecdot: {
    takes: { x1: "operand", x2: "operand" },
    options: { axis: "number?", precision: '"default" | "high" | "highest"?' },
  },
  vecmat: { takes: { x1: "operand", x2: "operand" } },
  vstack: { takes: { arrays: "operands" } },
  where: { takes: { condition: "operand", x: "operand", y: "operand" } },
  zeros: { takes: { shape: "shape" }, options: { dtype: "dtype?" } },
  zerosLike: { takes: { a: "operand" }, options: { dtype: "dtype?" } },
});
