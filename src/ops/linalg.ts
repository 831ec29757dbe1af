// Generated from the Python registry by `npm run generate`; do not edit.
import { emit, struct } from "../program/emit.ts";
import { checkFunctions } from "../program/signatures.ts";
import { type Of, Tensor, type TensorLike } from "../tensor/tensor.ts";
import type { Float, Promote } from "./dtypes.ts";

/** `jax.numpy.linalg`. */
export const linalg = {
  /** Equivalent to `jax.numpy.linalg.cholesky`; NaN where (… n n) is not positive definite. */
  cholesky<A extends TensorLike>(a: A, options: { readonly upper?: boolean } = {}): Tensor<Float<Of<A>>> {
    return emit("linalg.cholesky", [a], { upper: options.upper }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.linalg.det`; (… n n). */
  det<A extends TensorLike>(a: A): Tensor<Float<Of<A>>> {
    return emit("linalg.det", [a], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.linalg.eigh`; a (… n n), symmetric. */
  eigh<A extends TensorLike>(
    a: A,
  ): { readonly eigenvalues: Tensor<Float<Of<A>>>; readonly eigenvectors: Tensor<Float<Of<A>>> } {
    return struct("linalg.eigh", [a], undefined, {
      eigenvalues: ["eigenvalues", Tensor],
      eigenvectors: ["eigenvectors", Tensor],
    }) as never;
  },

  /** Equivalent to `jax.numpy.linalg.inv`; (… n n). */
  inv<A extends TensorLike>(a: A): Tensor<Float<Of<A>>> {
    return emit("linalg.inv", [a], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.linalg.norm`. */
  norm<A extends TensorLike>(
    x: A,
    options: {
      readonly ord?: number | "fro" | "nuc";
      readonly axis?: number | readonly number[];
      readonly keepdims?: boolean;
    } = {},
  ): Tensor<Float<Of<A>>> {
    return emit(
      "linalg.norm",
      [x],
      { ord: options.ord, axis: options.axis, keepdims: options.keepdims },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.numpy.linalg.pinv`; (… m n) to (… n m). */
  pinv<A extends TensorLike>(a: A): Tensor<Float<Of<A>>> {
    return emit("linalg.pinv", [a], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.linalg.qr` in its "reduced" mode; a (… m n). */
  qr<A extends TensorLike>(a: A): { readonly q: Tensor<Float<Of<A>>>; readonly r: Tensor<Float<Of<A>>> } {
    return struct("linalg.qr", [a], undefined, { q: ["q", Tensor], r: ["r", Tensor] }) as never;
  },

  /** Equivalent to `jax.numpy.linalg.slogdet`; (… n n). */
  slogdet<A extends TensorLike>(
    a: A,
  ): { readonly sign: Tensor<Float<Of<A>>>; readonly logabsdet: Tensor<Float<Of<A>>> } {
    return struct("linalg.slogdet", [a], undefined, {
      sign: ["sign", Tensor],
      logabsdet: ["logabsdet", Tensor],
    }) as never;
  },

  /** Equivalent to `jax.numpy.linalg.solve`; a (… n n), b (… n k) or (n). */
  solve<A extends TensorLike, B extends TensorLike>(a: A, b: B): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("linalg.solve", [a, b], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.linalg.solve_triangular`. */
  solveTriangular<A extends TensorLike, B extends TensorLike>(
    a: A,
    b: B,
    options: { readonly lower?: boolean; readonly trans?: 0 | 1; readonly unitDiagonal?: boolean } = {},
  ): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit(
      "linalg.solve_triangular",
      [a, b],
      { lower: options.lower, trans: options.trans, unit_diagonal: options.unitDiagonal },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.numpy.linalg.svd`; a (… m n). */
  svd<A extends TensorLike>(
    a: A,
    options: { readonly fullMatrices?: boolean } = {},
  ): {
    readonly u: Tensor<Float<Of<A>>>;
    readonly s: Tensor<Float<Of<A>>>;
    readonly vh: Tensor<Float<Of<A>>>;
  } {
    return struct(
      "linalg.svd",
      [a],
      { full_matrices: options.fullMatrices },
      { u: ["u", Tensor], s: ["s", Tensor], vh: ["vh", Tensor] },
    ) as never;
  },
};

checkFunctions("linalg", linalg, {
  cholesky: { takes: { a: "operand" }, options: { upper: "boolean?" } },
  det: { takes: { a: "operand" } },
  eigh: { takes: { a: "operand" } },
  inv: { takes: { a: "operand" } },
  norm: {
    takes: { x: "operand" },
    options: { ord: 'number | "fro" | "nuc"?', axis: "axis?", keepdims: "boolean?" },
  },
  pinv: { takes: { a: "operand" } },
  qr: { takes: { a: "operand" } },
  slogdet: { takes: { a: "operand" } },
  solve: { takes: { a: "operand", b: "operand" } },
  solveTriangular: {
    takes: { a: "operand", b: "operand" },
    options: { lower: "boolean?", trans: "0 | 1?", unitDiagonal: "boolean?" },
  },
  svd: { takes: { a: "operand" }, options: { fullMatrices: "boolean?" } },
});
