// Generated from the Python registry by `npm run generate`; do not edit.
import { emit, struct } from "../program/emit.ts";
import { checkFunctions } from "../program/signatures.ts";
import { type Of, Tensor, type TensorLike } from "../tensor/tensor.ts";
import type { Float, Promote, Real } from "./dtypes.ts";

/** `jax.numpy.linalg`, as `np.linalg` too. */
export const linalg = {
  /** Equivalent to `jax.scipy.linalg.block_diag`: matrices along the diagonal of one. */
  blockDiag<A extends TensorLike>(...arrs: readonly A[]): Tensor<Promote<Of<A>, Of<A>>> {
    return emit("linalg.block_diag", [...arrs], undefined, Tensor) as never;
  },

  /**
   * Equivalent to `jax.scipy.linalg.cho_solve((c, lower), b)`, `c` as `linalg.cholesky` answers with
   * `upper`, or `lower` as it does without; b (… n k) or (n).
   */
  choSolve<A extends TensorLike, B extends TensorLike>(
    c: A,
    b: B,
    options: { readonly lower?: boolean } = {},
  ): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("linalg.cho_solve", [c, b], { lower: options.lower }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.linalg.cholesky`; NaN where (… n n) is not positive definite. */
  cholesky<A extends TensorLike>(a: A, options: { readonly upper?: boolean } = {}): Tensor<Float<Of<A>>> {
    return emit("linalg.cholesky", [a], { upper: options.upper }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.linalg.cond`: the condition number; by singular values unless `p` is given. */
  cond<A extends TensorLike>(
    x: A,
    options: { readonly p?: number | "fro" | "nuc" } = {},
  ): Tensor<Real<Float<Of<A>>>> {
    return emit("linalg.cond", [x], { p: options.p }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.linalg.det`; (… n n). */
  det<A extends TensorLike>(a: A): Tensor<Float<Of<A>>> {
    return emit("linalg.det", [a], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.linalg.eigh`; a (… n n), symmetric. */
  eigh<A extends TensorLike>(
    a: A,
  ): { readonly eigenvalues: Tensor<Real<Float<Of<A>>>>; readonly eigenvectors: Tensor<Float<Of<A>>> } {
    return struct("linalg.eigh", [a], undefined, {
      eigenvalues: ["eigenvalues", Tensor],
      eigenvectors: ["eigenvectors", Tensor],
    }) as never;
  },

  /** Equivalent to `jax.numpy.linalg.eigvalsh`: ascending; a (… n n), symmetric. */
  eigvalsh<A extends TensorLike>(a: A): Tensor<Real<Float<Of<A>>>> {
    return emit("linalg.eigvalsh", [a], undefined, Tensor) as never;
  },

  /**
   * Equivalent to `jax.scipy.linalg.expm`: the exponential of (… n n); NaN where it needs too many
   * squarings.
   */
  expm<A extends TensorLike>(
    a: A,
    options: { readonly upperTriangular?: boolean; readonly maxSquarings?: number } = {},
  ): Tensor<Float<Of<A>>> {
    return emit(
      "linalg.expm",
      [a],
      { upper_triangular: options.upperTriangular, max_squarings: options.maxSquarings },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.numpy.linalg.inv`; (… n n). */
  inv<A extends TensorLike>(a: A): Tensor<Float<Of<A>>> {
    return emit("linalg.inv", [a], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.linalg.lstsq`: least squares; a (m n), b (m) or (m k). */
  lstsq<A extends TensorLike, B extends TensorLike>(
    a: A,
    b: B,
    options: { readonly rcond?: number } = {},
  ): {
    readonly x: Tensor<Float<Promote<Of<A>, Of<B>>>>;
    readonly residuals: Tensor<Real<Float<Promote<Of<A>, Of<B>>>>>;
    readonly rank: Tensor<"int32">;
    readonly s: Tensor<Real<Float<Promote<Of<A>, Of<B>>>>>;
  } {
    return struct(
      "linalg.lstsq",
      [a, b],
      { rcond: options.rcond },
      { x: ["x", Tensor], residuals: ["residuals", Tensor], rank: ["rank", Tensor], s: ["s", Tensor] },
    ) as never;
  },

  /** Equivalent to `jax.scipy.linalg.lu`: a = p·l·u; a (… m n). */
  lu<A extends TensorLike>(
    a: A,
  ): {
    readonly p: Tensor<Real<Float<Of<A>>>>;
    readonly l: Tensor<Float<Of<A>>>;
    readonly u: Tensor<Float<Of<A>>>;
  } {
    return struct("linalg.lu", [a], undefined, {
      p: ["p", Tensor],
      l: ["l", Tensor],
      u: ["u", Tensor],
    }) as never;
  },

  /** Equivalent to `jax.numpy.linalg.matrix_norm`: Frobenius unless `ord` is given; x (… m n). */
  matrixNorm<A extends TensorLike>(
    x: A,
    options: { readonly keepdims?: boolean; readonly ord?: number | "fro" | "nuc" } = {},
  ): Tensor<Real<Float<Of<A>>>> {
    return emit("linalg.matrix_norm", [x], { keepdims: options.keepdims, ord: options.ord }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.linalg.matrix_power`; `n` is an integer, a (… m m). */
  matrixPower<A extends TensorLike>(a: A, n: number): Tensor<Float<Of<A>>> {
    return emit("linalg.matrix_power", [a], { n }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.linalg.matrix_rank`, int32; (… m n). Not differentiable. */
  matrixRank(m: TensorLike, options: { readonly rtol?: TensorLike } = {}): Tensor<"int32"> {
    return emit("linalg.matrix_rank", [m], undefined, Tensor, { rtol: options.rtol }) as never;
  },

  /** Equivalent to `jax.numpy.linalg.multi_dot`: the product of matrices, in the order that costs least. */
  multiDot<A extends TensorLike>(arrays: readonly A[]): Tensor<Promote<Of<A>, Of<A>>> {
    return emit("linalg.multi_dot", [arrays], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.linalg.norm`. */
  norm<A extends TensorLike>(
    x: A,
    options: {
      readonly ord?: number | "fro" | "nuc";
      readonly axis?: number | readonly number[];
      readonly keepdims?: boolean;
    } = {},
  ): Tensor<Real<Float<Of<A>>>> {
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
  ): { readonly sign: Tensor<Float<Of<A>>>; readonly logabsdet: Tensor<Real<Float<Of<A>>>> } {
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
    readonly s: Tensor<Real<Float<Of<A>>>>;
    readonly vh: Tensor<Float<Of<A>>>;
  } {
    return struct(
      "linalg.svd",
      [a],
      { full_matrices: options.fullMatrices },
      { u: ["u", Tensor], s: ["s", Tensor], vh: ["vh", Tensor] },
    ) as never;
  },

  /** Equivalent to `jax.numpy.linalg.svdvals`: descending; x (… m n). */
  svdvals<A extends TensorLike>(x: A): Tensor<Real<Float<Of<A>>>> {
    return emit("linalg.svdvals", [x], undefined, Tensor) as never;
  },

  /**
   * Equivalent to `jax.scipy.linalg.toeplitz`: a matrix with the column `c` and the row `r`, `c` unless
   * given.
   */
  toeplitz<A extends TensorLike>(c: A, options: { readonly r?: A } = {}): Tensor<Promote<Of<A>, Of<A>>> {
    return emit("linalg.toeplitz", [c], undefined, Tensor, { r: options.r }) as never;
  },

  /**
   * Equivalent to `jax.numpy.linalg.vector_norm`: Euclidean unless `ord` is given, of all elements
   * unless `axis` is. Integers are taken as floats.
   */
  vectorNorm<A extends TensorLike>(
    x: A,
    options: {
      readonly axis?: number | readonly number[];
      readonly keepdims?: boolean;
      readonly ord?: number;
    } = {},
  ): Tensor<Real<Float<Of<A>>>> {
    return emit(
      "linalg.vector_norm",
      [x],
      { axis: options.axis, keepdims: options.keepdims, ord: options.ord },
      Tensor,
    ) as never;
  },
};

checkFunctions("linalg", linalg, {
  blockDiag: { takes: { arrs: "...operand" } },
  choSolve: { takes: { c: "operand", b: "operand" }, options: { lower: "boolean?" } },
  cholesky: { takes: { a: "operand" }, options: { upper: "boolean?" } },
  cond: { takes: { x: "operand" }, options: { p: 'number | "fro" | "nuc"?' } },
  det: { takes: { a: "operand" } },
  eigh: { takes: { a: "operand" } },
  eigvalsh: { takes: { a: "operand" } },
  expm: { takes: { a: "operand" }, options: { upperTriangular: "boolean?", maxSquarings: "number?" } },
  inv: { takes: { a: "operand" } },
  lstsq: { takes: { a: "operand", b: "operand" }, options: { rcond: "number?" } },
  lu: { takes: { a: "operand" } },
  matrixNorm: { takes: { x: "operand" }, options: { keepdims: "boolean?", ord: 'number | "fro" | "nuc"?' } },
  matrixPower: { takes: { a: "operand", n: "number" } },
  matrixRank: { takes: { m: "operand" }, options: { rtol: "operand?" } },
  multiDot: { takes: { arrays: "operands" } },
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
  svdvals: { takes: { x: "operand" } },
  toeplitz: { takes: { c: "operand" }, options: { r: "operand?" } },
  vectorNorm: { takes: { x: "operand" }, options: { axis: "axis?", keepdims: "boolean?", ord: "number?" } },
});
