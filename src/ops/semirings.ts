// Generated from the Python registry by `npm run generate`; do not edit.
import { emit } from "../program/emit.ts";
import { checkFunctions } from "../program/signatures.ts";
import { type Of, Tensor, type TensorLike } from "../tensor/tensor.ts";
import type { Float, Promote } from "./dtypes.ts";

/** Sums and einsums over log-potentials. */
export const semirings = {
  /**
   * An einsum of log-potentials: its product is +, its sums are log-sum-exp; their derivatives are
   * marginals.
   */
  einsumLog<A extends TensorLike>(
    subscripts: string,
    ...operands: readonly A[]
  ): Tensor<Float<Promote<Of<A>, Of<A>>>> {
    return emit("semirings.einsum_log", [...operands], { subscripts }, Tensor) as never;
  },

  /**
   * An einsum of log-potentials: its product is +, its sums are maxima; a derivative marks one maximum,
   * the first.
   */
  einsumMax<A extends TensorLike>(
    subscripts: string,
    ...operands: readonly A[]
  ): Tensor<Float<Promote<Of<A>, Of<A>>>> {
    return emit("semirings.einsum_max", [...operands], { subscripts }, Tensor) as never;
  },

  /** Element by element, with broadcasting. Sums are log-sum-exp; their derivatives are marginals. */
  logAdd<A extends TensorLike>(...operands: readonly A[]): Tensor<Float<Promote<Of<A>, Of<A>>>> {
    return emit("semirings.log_add", [...operands], undefined, Tensor) as never;
  },

  /** Sums that are log-sum-exp; their derivatives are marginals. Over all axes unless `axis` is given. */
  logSum<A extends TensorLike>(
    a: A,
    options: { readonly axis?: number | readonly number[] } = {},
  ): Tensor<Float<Of<A>>> {
    return emit("semirings.log_sum", [a], { axis: options.axis }, Tensor) as never;
  },

  /** Element by element, with broadcasting. Sums are maxima; a derivative marks one maximum, the first. */
  maxAdd<A extends TensorLike>(...operands: readonly A[]): Tensor<Float<Promote<Of<A>, Of<A>>>> {
    return emit("semirings.max_add", [...operands], undefined, Tensor) as never;
  },

  /**
   * Sums that are maxima; a derivative marks one maximum, the first. Over all axes unless `axis` is
   * given.
   */
  maxSum<A extends TensorLike>(
    a: A,
    options: { readonly axis?: number | readonly number[] } = {},
  ): Tensor<Float<Of<A>>> {
    return emit("semirings.max_sum", [a], { axis: options.axis }, Tensor) as never;
  },
};

checkFunctions("semirings", semirings, {
  einsumLog: { takes: { subscripts: "string", operands: "...operand" } },
  einsumMax: { takes: { subscripts: "string", operands: "...operand" } },
  logAdd: { takes: { operands: "...operand" } },
  logSum: { takes: { a: "operand" }, options: { axis: "axis?" } },
  maxAdd: { takes: { operands: "...operand" } },
  maxSum: { takes: { a: "operand" }, options: { axis: "axis?" } },
});
