// Generated from the Python registry by `npm run generate`; do not edit.
import { emit, struct } from "../program/emit.ts";
import { checkFunctions } from "../program/signatures.ts";
import { asBool, asInt, asInts } from "../tensor/array.ts";
import {
  type Dim,
  type DType,
  type Of,
  type ShapeLike,
  type Strong,
  Tensor,
  type TensorLike,
} from "../tensor/tensor.ts";
import type { IntDType, Promote } from "./dtypes.ts";

/** What only `jax.lax` has. */
export const lax = {
  /** Equivalent to `jax.lax.approx_max_k`: about the `k` largest, along the last axis; exact on a CPU. */
  approxMaxK<A extends TensorLike>(
    operand: A,
    k: Dim,
    options: { readonly reductionDimension?: number; readonly recallTarget?: number } = {},
  ): { readonly values: Tensor<Strong<Of<A>>>; readonly indices: Tensor<"int32"> } {
    return struct(
      "lax.approx_max_k",
      [operand],
      { k, reduction_dimension: options.reductionDimension, recall_target: options.recallTarget },
      { values: ["values", Tensor], indices: ["indices", Tensor] },
    ) as never;
  },

  /** Equivalent to `jax.lax.approx_min_k`: about the `k` smallest, along the last axis; exact on a CPU. */
  approxMinK<A extends TensorLike>(
    operand: A,
    k: Dim,
    options: { readonly reductionDimension?: number; readonly recallTarget?: number } = {},
  ): { readonly values: Tensor<Strong<Of<A>>>; readonly indices: Tensor<"int32"> } {
    return struct(
      "lax.approx_min_k",
      [operand],
      { k, reduction_dimension: options.reductionDimension, recall_target: options.recallTarget },
      { values: ["values", Tensor], indices: ["indices", Tensor] },
    ) as never;
  },

  /** Equivalent to `jax.lax.batch_matmul`; (… m k) and (… k n) of equal leading axes. */
  batchMatmul<A extends TensorLike>(
    lhs: A,
    rhs: A,
    options: { readonly precision?: "default" | "high" | "highest" } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit("lax.batch_matmul", [lhs, rhs], { precision: options.precision }, Tensor) as never;
  },

  /**
   * Equivalent to `jax.lax.bitcast_convert_type`: the same bits read as another dtype. Not
   * differentiable.
   */
  bitcastConvertType<D extends DType>(operand: TensorLike, newDtype: D): Tensor<D> {
    return emit("lax.bitcast_convert_type", [operand], { new_dtype: newDtype }, Tensor) as never;
  },

  /** Equivalent to `jax.lax.broadcasted_iota`: 0, 1, … along one axis of an array of this shape. */
  broadcastedIota<D extends DType>(dtype: D, shape: ShapeLike, dimension: number): Tensor<D> {
    return emit("lax.broadcasted_iota", [], { dtype, shape, dimension }, Tensor) as never;
  },

  /** Equivalent to `jax.lax.clamp`: all three of one dtype, the bounds of the shape of `x` or scalars. */
  clamp<A extends TensorLike>(min: A, x: A, max: A): Tensor<Strong<Of<A>>> {
    return emit("lax.clamp", [min, x, max], undefined, Tensor) as never;
  },

  /**
   * Equivalent to `jax.lax.complex`: the complex numbers with these real and imaginary parts, of one
   * dtype and shape.
   */
  complex<A extends TensorLike>(x: A, y: A): Tensor<Promote<Of<A>, "complex64">> {
    return emit("lax.complex", [x, y], undefined, Tensor) as never;
  },

  /**
   * Equivalent to `jax.lax.conv_general_dilated`: inputs (N C …) and kernels (O I …) unless
   * `dimensionNumbers` says otherwise, as ["NHWC", "HWIO", "NHWC"].
   */
  convGeneralDilated<A extends TensorLike>(
    lhs: A,
    rhs: A,
    windowStrides: readonly number[],
    padding: "SAME" | "VALID" | "SAME_LOWER" | readonly (readonly [low: number, high: number])[],
    options: {
      readonly lhsDilation?: readonly number[];
      readonly rhsDilation?: readonly number[];
      readonly dimensionNumbers?: readonly [lhs: string, rhs: string, out: string];
      readonly featureGroupCount?: number;
      readonly batchGroupCount?: number;
      readonly precision?: "default" | "high" | "highest";
    } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit(
      "lax.conv_general_dilated",
      [lhs, rhs],
      {
        window_strides: windowStrides,
        padding,
        lhs_dilation: options.lhsDilation,
        rhs_dilation: options.rhsDilation,
        dimension_numbers: options.dimensionNumbers,
        feature_group_count: options.featureGroupCount,
        batch_group_count: options.batchGroupCount,
        precision: options.precision,
      },
      Tensor,
    ) as never;
  },

  /**
   * Equivalent to `jax.lax.conv_transpose`: inputs (N … C) and kernels (… I O) unless `dimensionNumbers`
   * says otherwise.
   */
  convTranspose<A extends TensorLike>(
    lhs: A,
    rhs: A,
    strides: readonly number[],
    padding: "SAME" | "VALID" | "SAME_LOWER" | readonly (readonly [low: number, high: number])[],
    options: {
      readonly rhsDilation?: readonly number[];
      readonly dimensionNumbers?: readonly [lhs: string, rhs: string, out: string];
      readonly transposeKernel?: boolean;
      readonly precision?: "default" | "high" | "highest";
    } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit(
      "lax.conv_transpose",
      [lhs, rhs],
      {
        strides,
        padding,
        rhs_dilation: options.rhsDilation,
        dimension_numbers: options.dimensionNumbers,
        transpose_kernel: options.transposeKernel,
        precision: options.precision,
      },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.lax.cumlogsumexp` of floats; along axis 0 unless `axis` is given. */
  cumlogsumexp<A extends TensorLike>(
    operand: A,
    options: { readonly axis?: number; readonly reverse?: boolean } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit(
      "lax.cumlogsumexp",
      [operand],
      { axis: options.axis, reverse: options.reverse },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.lax.cummax`; along axis 0 unless `axis` is given. */
  cummax<A extends TensorLike>(
    operand: A,
    options: { readonly axis?: number; readonly reverse?: boolean } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit("lax.cummax", [operand], { axis: options.axis, reverse: options.reverse }, Tensor) as never;
  },

  /** Equivalent to `jax.lax.cummin`; along axis 0 unless `axis` is given. */
  cummin<A extends TensorLike>(
    operand: A,
    options: { readonly axis?: number; readonly reverse?: boolean } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit("lax.cummin", [operand], { axis: options.axis, reverse: options.reverse }, Tensor) as never;
  },

  /** Equivalent to `jax.lax.cumprod`: along axis 0 unless `axis` is given; from the end if `reverse`. */
  cumprod<A extends TensorLike>(
    operand: A,
    options: { readonly axis?: number; readonly reverse?: boolean } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit("lax.cumprod", [operand], { axis: options.axis, reverse: options.reverse }, Tensor) as never;
  },

  /** Equivalent to `jax.lax.cumsum`: along axis 0 unless `axis` is given; from the end if `reverse`. */
  cumsum<A extends TensorLike>(
    operand: A,
    options: { readonly axis?: number; readonly reverse?: boolean } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit("lax.cumsum", [operand], { axis: options.axis, reverse: options.reverse }, Tensor) as never;
  },

  /** Equivalent to `jax.lax.dot_general`: sums over the contracting axes; the batch axes come first. */
  dotGeneral<A extends TensorLike, B extends TensorLike>(
    lhs: A,
    rhs: B,
    dimensionNumbers: readonly [
      contracting: readonly [lhs: readonly number[], rhs: readonly number[]],
      batch: readonly [lhs: readonly number[], rhs: readonly number[]],
    ],
    options: { readonly precision?: "default" | "high" | "highest" } = {},
  ): Tensor<Promote<Of<A>, Of<B>>> {
    return emit(
      "lax.dot_general",
      [lhs, rhs],
      { dimension_numbers: dimensionNumbers, precision: options.precision },
      Tensor,
    ) as never;
  },

  /**
   * Equivalent to `jax.lax.dynamic_index_in_dim`; along axis 0 unless `axis` is given, and with an axis
   * of length 1 unless `keepdims` is false. An index out of range is moved inside, as JAX does.
   */
  dynamicIndexInDim<A extends TensorLike>(
    operand: A,
    index: TensorLike<IntDType>,
    options: { readonly axis?: number; readonly keepdims?: boolean } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit(
      "lax.dynamic_index_in_dim",
      [operand, asInt(index, "index")],
      { axis: options.axis, keepdims: options.keepdims },
      Tensor,
    ) as never;
  },

  /**
   * Equivalent to `jax.lax.dynamic_slice`. A start that would leave the array is moved inside, as JAX
   * does.
   */
  dynamicSlice<A extends TensorLike>(
    operand: A,
    startIndices: readonly TensorLike<IntDType>[],
    sliceSizes: ShapeLike,
  ): Tensor<Strong<Of<A>>> {
    return emit(
      "lax.dynamic_slice",
      [operand, asInts(startIndices, "startIndices")],
      { slice_sizes: sliceSizes },
      Tensor,
    ) as never;
  },

  /**
   * Equivalent to `jax.lax.dynamic_slice_in_dim`; along axis 0 unless `axis` is given. A start that
   * would leave the array is moved inside, as JAX does.
   */
  dynamicSliceInDim<A extends TensorLike>(
    operand: A,
    startIndex: TensorLike<IntDType>,
    sliceSize: Dim,
    options: { readonly axis?: number } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit(
      "lax.dynamic_slice_in_dim",
      [operand, asInt(startIndex, "startIndex")],
      { slice_size: sliceSize, axis: options.axis },
      Tensor,
    ) as never;
  },

  /**
   * Equivalent to `jax.lax.dynamic_update_index_in_dim`. An index out of range is moved inside, as JAX
   * does.
   */
  dynamicUpdateIndexInDim<A extends TensorLike>(
    operand: A,
    update: A,
    index: TensorLike<IntDType>,
    axis: number,
  ): Tensor<Strong<Of<A>>> {
    return emit(
      "lax.dynamic_update_index_in_dim",
      [operand, update, asInt(index, "index")],
      { axis },
      Tensor,
    ) as never;
  },

  /**
   * Equivalent to `jax.lax.dynamic_update_slice`. A start that would leave the array is moved inside, as
   * JAX does.
   */
  dynamicUpdateSlice<A extends TensorLike>(
    operand: A,
    update: A,
    startIndices: readonly TensorLike<IntDType>[],
  ): Tensor<Strong<Of<A>>> {
    return emit(
      "lax.dynamic_update_slice",
      [operand, update, asInts(startIndices, "startIndices")],
      undefined,
      Tensor,
    ) as never;
  },

  /**
   * Equivalent to `jax.lax.dynamic_update_slice_in_dim`. A start that would leave the array is moved
   * inside, as JAX does.
   */
  dynamicUpdateSliceInDim<A extends TensorLike>(
    operand: A,
    update: A,
    startIndex: TensorLike<IntDType>,
    axis: number,
  ): Tensor<Strong<Of<A>>> {
    return emit(
      "lax.dynamic_update_slice_in_dim",
      [operand, update, asInt(startIndex, "startIndex")],
      { axis },
      Tensor,
    ) as never;
  },

  /**
   * Equivalent to `jax.lax.index_in_dim`; along axis 0 unless `axis` is given, and with an axis of
   * length 1 unless `keepdims` is false.
   */
  indexInDim<A extends TensorLike>(
    operand: A,
    index: number,
    options: { readonly axis?: number; readonly keepdims?: boolean } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit(
      "lax.index_in_dim",
      [operand],
      { index, axis: options.axis, keepdims: options.keepdims },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.lax.integer_pow`: `y` is an integer. */
  integerPow<A extends TensorLike>(x: A, y: number): Tensor<Strong<Of<A>>> {
    return emit("lax.integer_pow", [x], { y }, Tensor) as never;
  },

  /** Equivalent to `jax.lax.iota`: 0, 1, … in a vector of this size. */
  iota<D extends DType>(dtype: D, size: Dim): Tensor<D> {
    return emit("lax.iota", [], { dtype, size }, Tensor) as never;
  },

  /** Equivalent to `jax.lax.optimization_barrier`: the value; the compiler moves nothing across it. */
  optimizationBarrier<A extends TensorLike>(operand: A): Tensor<Strong<Of<A>>> {
    return emit("lax.optimization_barrier", [operand], undefined, Tensor) as never;
  },

  /**
   * Equivalent to `jax.lax.reduce_window`, `computation` by its name in `jax.lax`: `lax.reduceWindow(x,
   * -Infinity, "max", [1, 2, 2, 1], { windowStrides: [1, 2, 2, 1] })` pools. Windows do not overlap the
   * edge unless `padding` is given.
   */
  reduceWindow<A extends TensorLike>(
    operand: A,
    initValue: number,
    computation: "add" | "max" | "min" | "mul",
    windowDimensions: readonly number[],
    options: {
      readonly windowStrides?: readonly number[];
      readonly padding?: "SAME" | "VALID" | "SAME_LOWER" | readonly (readonly [low: number, high: number])[];
      readonly baseDilation?: readonly number[];
      readonly windowDilation?: readonly number[];
    } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit(
      "lax.reduce_window",
      [operand],
      {
        init_value: initValue,
        computation,
        window_dimensions: windowDimensions,
        window_strides: options.windowStrides,
        padding: options.padding,
        base_dilation: options.baseDilation,
        window_dilation: options.windowDilation,
      },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.lax.rev`: reversed along the axes. */
  rev<A extends TensorLike>(operand: A, dimensions: readonly number[]): Tensor<Strong<Of<A>>> {
    return emit("lax.rev", [operand], { dimensions }, Tensor) as never;
  },

  /** Equivalent to `jax.lax.rsqrt`: 1/√x of floats. */
  rsqrt<A extends TensorLike>(x: A): Tensor<Strong<Of<A>>> {
    return emit("lax.rsqrt", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.lax.select`: as `np.where`, without broadcasting and promotion. */
  select<A extends TensorLike>(pred: TensorLike<"bool">, onTrue: A, onFalse: A): Tensor<Strong<Of<A>>> {
    return emit("lax.select", [asBool(pred, "pred"), onTrue, onFalse], undefined, Tensor) as never;
  },

  /**
   * Equivalent to `jax.lax.shift_right_logical` of integers: zeros come in at the front. Not
   * differentiable.
   */
  shiftRightLogical<A extends TensorLike>(x: A, y: A): Tensor<Strong<Of<A>>> {
    return emit("lax.shift_right_logical", [x, y], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.lax.slice_in_dim`; along axis 0 unless `axis` is given. */
  sliceInDim<A extends TensorLike>(
    operand: A,
    startIndex: Dim,
    limitIndex: Dim,
    options: { readonly stride?: number; readonly axis?: number } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit(
      "lax.slice_in_dim",
      [operand],
      { start_index: startIndex, limit_index: limitIndex, stride: options.stride, axis: options.axis },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.lax.sort_key_val`: both in the ascending order of the keys, along the last axis. */
  sortKeyVal<A extends TensorLike, B extends TensorLike>(
    keys: A,
    values: B,
    options: { readonly dimension?: number; readonly isStable?: boolean } = {},
  ): { readonly keys: Tensor<Strong<Of<A>>>; readonly values: Tensor<Strong<Of<B>>> } {
    return struct(
      "lax.sort_key_val",
      [keys, values],
      { dimension: options.dimension, is_stable: options.isStable },
      { keys: ["keys", Tensor], values: ["values", Tensor] },
    ) as never;
  },

  /** Equivalent to `jax.lax.stop_gradient`: the value, a constant to derivatives. */
  stopGradient<A extends TensorLike>(x: A): Tensor<Strong<Of<A>>> {
    return emit("lax.stop_gradient", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.lax.top_k`: the `k` largest of the last axis, descending, and their positions. */
  topK<A extends TensorLike>(
    operand: A,
    k: Dim,
  ): { readonly values: Tensor<Strong<Of<A>>>; readonly indices: Tensor<"int32"> } {
    return struct(
      "lax.top_k",
      [operand],
      { k },
      { values: ["values", Tensor], indices: ["indices", Tensor] },
    ) as never;
  },
};

checkFunctions("lax", lax, {
  approxMaxK: {
    takes: { operand: "operand", k: "size" },
    options: { reductionDimension: "number?", recallTarget: "number?" },
  },
  approxMinK: {
    takes: { operand: "operand", k: "size" },
    options: { reductionDimension: "number?", recallTarget: "number?" },
  },
  batchMatmul: {
    takes: { lhs: "operand", rhs: "operand" },
    options: { precision: '"default" | "high" | "highest"?' },
  },
  bitcastConvertType: { takes: { operand: "operand", newDtype: "dtype" } },
  broadcastedIota: { takes: { dtype: "dtype", shape: "shape", dimension: "number" } },
  clamp: { takes: { min: "operand", x: "operand", max: "operand" } },
  complex: { takes: { x: "operand", y: "operand" } },
  convGeneralDilated: {
    takes: {
      lhs: "operand",
      rhs: "operand",
      windowStrides: "list",
      padding: '"SAME" | "VALID" | "SAME_LOWER" | list',
    },
    options: {
      lhsDilation: "list?",
      rhsDilation: "list?",
      dimensionNumbers: "list?",
      featureGroupCount: "number?",
      batchGroupCount: "number?",
      precision: '"default" | "high" | "highest"?',
    },
  },
  convTranspose: {
    takes: {
      lhs: "operand",
      rhs: "operand",
      strides: "list",
      padding: '"SAME" | "VALID" | "SAME_LOWER" | list',
    },
    options: {
      rhsDilation: "list?",
      dimensionNumbers: "list?",
      transposeKernel: "boolean?",
      precision: '"default" | "high" | "highest"?',
    },
  },
  cumlogsumexp: { takes: { operand: "operand" }, options: { axis: "number?", reverse: "boolean?" } },
  cummax: { takes: { operand: "operand" }, options: { axis: "number?", reverse: "boolean?" } },
  cummin: { takes: { operand: "operand" }, options: { axis: "number?", reverse: "boolean?" } },
  cumprod: { takes: { operand: "operand" }, options: { axis: "number?", reverse: "boolean?" } },
  cumsum: { takes: { operand: "operand" }, options: { axis: "number?", reverse: "boolean?" } },
  dotGeneral: {
    takes: { lhs: "operand", rhs: "operand", dimensionNumbers: "list" },
    options: { precision: '"default" | "high" | "highest"?' },
  },
  dynamicIndexInDim: {
    takes: { operand: "operand", index: "operand" },
    options: { axis: "number?", keepdims: "boolean?" },
  },
  dynamicSlice: { takes: { operand: "operand", startIndices: "operands", sliceSizes: "shape" } },
  dynamicSliceInDim: {
    takes: { operand: "operand", startIndex: "operand", sliceSize: "size" },
    options: { axis: "number?" },
  },
  dynamicUpdateIndexInDim: {
    takes: { operand: "operand", update: "operand", index: "operand", axis: "number" },
  },
  dynamicUpdateSlice: { takes: { operand: "operand", update: "operand", startIndices: "operands" } },
  dynamicUpdateSliceInDim: {
    takes: { operand: "operand", update: "operand", startIndex: "operand", axis: "number" },
  },
  indexInDim: {
    takes: { operand: "operand", index: "number" },
    options: { axis: "number?", keepdims: "boolean?" },
  },
  integerPow: { takes: { x: "operand", y: "number" } },
  iota: { takes: { dtype: "dtype", size: "size" } },
  optimizationBarrier: { takes: { operand: "operand" } },
  reduceWindow: {
    takes: {
      operand: "operand",
      initValue: "number",
      computation: '"add" | "max" | "min" | "mul"',
      windowDimensions: "list",
    },
    options: {
      windowStrides: "list?",
      padding: '"SAME" | "VALID" | "SAME_LOWER" | list?',
      baseDilation: "list?",
      windowDilation: "list?",
    },
  },
  rev: { takes: { operand: "operand", dimensions: "list" } },
  rsqrt: { takes: { x: "operand" } },
  select: { takes: { pred: "operand", onTrue: "operand", onFalse: "operand" } },
  shiftRightLogical: { takes: { x: "operand", y: "operand" } },
  sliceInDim: {
    takes: { operand: "operand", startIndex: "size", limitIndex: "size" },
    options: { stride: "number?", axis: "number?" },
  },
  sortKeyVal: {
    takes: { keys: "operand", values: "operand" },
    options: { dimension: "number?", isStable: "boolean?" },
  },
  stopGradient: { takes: { x: "operand" } },
  topK: { takes: { operand: "operand", k: "size" } },
});
