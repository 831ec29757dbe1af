// Generated from the Python registry by `npm run generate`; do not edit.
import { emit } from "../program/emit.ts";
import { checkFunctions } from "../program/signatures.ts";
import { asInt } from "../tensor/array.ts";
import { type Dim, type Of, type Strong, Tensor, type TensorLike } from "../tensor/tensor.ts";
import type { IntDType } from "./dtypes.ts";

/** `jax.ops`: reductions over segments. */
export const ops = {
  /**
   * Equivalent to `jax.ops.segment_max`: one result for each segment, the smallest value for an empty
   * one. Rows whose id is `numSegments` or more are left out, as those of padding are.
   */
  segmentMax<A extends TensorLike>(
    data: A,
    segmentIds: TensorLike<IntDType>,
    options: {
      readonly numSegments: Dim;
      readonly indicesAreSorted?: boolean;
      readonly uniqueIndices?: boolean;
    },
  ): Tensor<Strong<Of<A>>> {
    return emit(
      "ops.segment_max",
      [data, asInt(segmentIds, "segmentIds")],
      {
        num_segments: options.numSegments,
        indices_are_sorted: options.indicesAreSorted,
        unique_indices: options.uniqueIndices,
      },
      Tensor,
    ) as never;
  },

  /**
   * Equivalent to `jax.ops.segment_min`: one result for each segment, the largest value for an empty
   * one. Rows whose id is `numSegments` or more are left out, as those of padding are.
   */
  segmentMin<A extends TensorLike>(
    data: A,
    segmentIds: TensorLike<IntDType>,
    options: {
      readonly numSegments: Dim;
      readonly indicesAreSorted?: boolean;
      readonly uniqueIndices?: boolean;
    },
  ): Tensor<Strong<Of<A>>> {
    return emit(
      "ops.segment_min",
      [data, asInt(segmentIds, "segmentIds")],
      {
        num_segments: options.numSegments,
        indices_are_sorted: options.indicesAreSorted,
        unique_indices: options.uniqueIndices,
      },
      Tensor,
    ) as never;
  },

  /**
   * Equivalent to `jax.ops.segment_prod`: one result for each segment, 1 for an empty one. Rows whose id
   * is `numSegments` or more are left out, as those of padding are.
   */
  segmentProd<A extends TensorLike>(
    data: A,
    segmentIds: TensorLike<IntDType>,
    options: {
      readonly numSegments: Dim;
      readonly indicesAreSorted?: boolean;
      readonly uniqueIndices?: boolean;
    },
  ): Tensor<Strong<Of<A>>> {
    return emit(
      "ops.segment_prod",
      [data, asInt(segmentIds, "segmentIds")],
      {
        num_segments: options.numSegments,
        indices_are_sorted: options.indicesAreSorted,
        unique_indices: options.uniqueIndices,
      },
      Tensor,
    ) as never;
  },

  /**
   * Equivalent to `jax.ops.segment_sum`: one result for each segment, 0 for an empty one. Rows whose id
   * is `numSegments` or more are left out, as those of padding are.
   */
  segmentSum<A extends TensorLike>(
    data: A,
    segmentIds: TensorLike<IntDType>,
    options: {
      readonly numSegments: Dim;
      readonly indicesAreSorted?: boolean;
      readonly uniqueIndices?: boolean;
    },
  ): Tensor<Strong<Of<A>>> {
    return emit(
      "ops.segment_sum",
      [data, asInt(segmentIds, "segmentIds")],
      {
        num_segments: options.numSegments,
        indices_are_sorted: options.indicesAreSorted,
        unique_indices: options.uniqueIndices,
      },
      Tensor,
    ) as never;
  },
};

checkFunctions("ops", ops, {
  segmentMax: {
    takes: { data: "operand", segmentIds: "operand" },
    options: { numSegments: "size", indicesAreSorted: "boolean?", uniqueIndices: "boolean?" },
  },
  segmentMin: {
    takes: { data: "operand", segmentIds: "operand" },
    options: { numSegments: "size", indicesAreSorted: "boolean?", uniqueIndices: "boolean?" },
  },
  segmentProd: {
    takes: { data: "operand", segmentIds: "operand" },
    options: { numSegments: "size", indicesAreSorted: "boolean?", uniqueIndices: "boolean?" },
  },
  segmentSum: {
    takes: { data: "operand", segmentIds: "operand" },
    options: { numSegments: "size", indicesAreSorted: "boolean?", uniqueIndices: "boolean?" },
  },
});
