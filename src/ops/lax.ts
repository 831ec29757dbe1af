// Generated from the Python registry by `npm run generate`; do not edit.
import { emit, struct } from "../program/emit.ts";
import { checkFunctions } from "../program/signatures.ts";
import { type Dim, type Of, type Strong, Tensor, type TensorLike } from "../tensor/tensor.ts";

/** What only `jax.lax` has. */
export const lax = {
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

  /** Equivalent to `jax.lax.rsqrt`: 1/√x of floats. */
  rsqrt<A extends TensorLike>(x: A): Tensor<Strong<Of<A>>> {
    return emit("lax.rsqrt", [x], undefined, Tensor) as never;
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
  cumlogsumexp: { takes: { operand: "operand" }, options: { axis: "number?", reverse: "boolean?" } },
  cummax: { takes: { operand: "operand" }, options: { axis: "number?", reverse: "boolean?" } },
  cummin: { takes: { operand: "operand" }, options: { axis: "number?", reverse: "boolean?" } },
  rsqrt: { takes: { x: "operand" } },
  stopGradient: { takes: { x: "operand" } },
  topK: { takes: { operand: "operand", k: "size" } },
});
