/** What lies within the lengths of padded sequences. */
import { np } from "../ops/np.ts";
import { asInt } from "../tensor/array.ts";
import type { Dim, Tensor, TensorLike } from "../tensor/tensor.ts";
import type { Floats } from "./params.ts";

export type Lengths = TensorLike<"int32">;

/** Which of `n` positions lie within the lengths (*batch), as (*batch n). */
export function isWithin(lengths: Lengths, n: Dim): Tensor<"bool"> {
  return np.less(np.arange(n), np.expandDims(asInt(lengths, "lengths") as Tensor<"int32">, -1));
}

/**
 * Vectors (*batch n d), with zeros beyond the lengths (*batch). What stood there has no part in what is computed of the
 * result, nor in a gradient, were it NaN.
 */
export function zeroBeyond(x: Floats, lengths: Lengths | undefined): Floats {
  if (lengths === undefined) return x;
  return np.where(np.expandDims(isWithin(lengths, x.shape.at(-2)), -1), x, 0);
}
