// Generated from the Python registry by `npm run generate`; do not edit.
import { emit } from "../program/emit.ts";
import { checkFunctions } from "../program/signatures.ts";
import { type Of, type Strong, Tensor, type TensorLike } from "../tensor/tensor.ts";
import type { Float, Promote } from "./dtypes.ts";

/** `jax.scipy.special`, and what structured models need of special functions. */
export const special = {
  /** Equivalent to `jax.scipy.special.beta`. */
  beta<A extends TensorLike, B extends TensorLike>(x: A, y: B): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("special.beta", [x, y], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.betainc`: the regularized incomplete beta function. */
  betainc<A extends TensorLike>(a: A, b: A, x: A): Tensor<Float<Promote<Of<A>, Of<A>>>> {
    return emit("special.betainc", [a, b, x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.betaln`. */
  betaln<A extends TensorLike, B extends TensorLike>(x: A, y: B): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("special.betaln", [x, y], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.comb`. */
  comb<A extends TensorLike, B extends TensorLike>(x: A, y: B): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("special.comb", [x, y], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.digamma`. */
  digamma<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("special.digamma", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.entr`. */
  entr<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("special.entr", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.erf`. */
  erf<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("special.erf", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.erfc`. */
  erfc<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("special.erfc", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.erfinv`. */
  erfinv<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("special.erfinv", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.expi`. */
  expi<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("special.expi", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.expit`. */
  expit<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("special.expit", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.factorial`. */
  factorial<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("special.factorial", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.gamma`. */
  gamma<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("special.gamma", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.gammainc`. */
  gammainc<A extends TensorLike, B extends TensorLike>(x: A, y: B): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("special.gammainc", [x, y], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.gammaincc`. */
  gammaincc<A extends TensorLike, B extends TensorLike>(x: A, y: B): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("special.gammaincc", [x, y], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.gammaln`. */
  gammaln<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("special.gammaln", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.i0`. */
  i0<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("special.i0", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.i0e`. */
  i0e<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("special.i0e", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.i1`. */
  i1<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("special.i1", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.i1e`. */
  i1e<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("special.i1e", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.kl_div`. */
  klDiv<A extends TensorLike, B extends TensorLike>(x: A, y: B): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("special.kl_div", [x, y], undefined, Tensor) as never;
  },

  /** Log of the n-th Catalan number: binary trees over n + 1 leaves. */
  logCatalan<A extends TensorLike>(n: A): Tensor<Float<Of<A>>> {
    return emit("special.log_catalan", [n], undefined, Tensor) as never;
  },

  /** Log of the number of ways to choose `k` out of `n`. */
  logComb<A extends TensorLike, B extends TensorLike>(n: A, k: B): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("special.log_comb", [n, k], undefined, Tensor) as never;
  },

  /**
   * Log of the Delannoy number: paths over an m by n grid by steps right, up and both, for numbers up to
   * `maxInputValue`.
   */
  logDelannoy<A extends TensorLike, B extends TensorLike>(
    m: A,
    n: B,
    options: { readonly maxInputValue: number },
  ): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("special.log_delannoy", [m, n], { max_input_value: options.maxInputValue }, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.log_ndtr`. */
  logNdtr<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("special.log_ndtr", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.log_softmax`; over all axes unless `axis` is given. */
  logSoftmax<A extends TensorLike>(
    x: A,
    options: { readonly axis?: number | readonly number[] } = {},
  ): Tensor<Float<Of<A>>> {
    return emit("special.log_softmax", [x], { axis: options.axis }, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.logit`. */
  logit<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("special.logit", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.logsumexp`: log Σ b·exp(a), over all axes unless `axis` is given. */
  logsumexp<A extends TensorLike>(
    a: A,
    options: {
      readonly axis?: number | readonly number[];
      readonly b?: TensorLike;
      readonly keepdims?: boolean;
    } = {},
  ): Tensor<Float<Of<A>>> {
    return emit("special.logsumexp", [a], { axis: options.axis, keepdims: options.keepdims }, Tensor, {
      b: options.b,
    }) as never;
  },

  /**
   * The indicator of the maximum along the axes (the last unless `axis` is given); of equal maxima, of
   * the first. With `straightThrough` its derivative is that of `x`.
   */
  maxOneHot<A extends TensorLike>(
    x: A,
    options: { readonly axis?: number | readonly number[]; readonly straightThrough?: boolean } = {},
  ): Tensor<Float<Of<A>>> {
    return emit(
      "special.max_one_hot",
      [x],
      { axis: options.axis, straight_through: options.straightThrough },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.scipy.special.multigammaln`. */
  multigammaln<A extends TensorLike>(a: A, d: number): Tensor<Float<Of<A>>> {
    return emit("special.multigammaln", [a], { d }, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.ndtr`. */
  ndtr<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("special.ndtr", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.ndtri`. */
  ndtri<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("special.ndtri", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.polygamma`: the `n`-th derivative of `digamma`. */
  polygamma<A extends TensorLike>(n: TensorLike, x: A): Tensor<Float<Of<A>>> {
    return emit("special.polygamma", [n, x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.rel_entr`. */
  relEntr<A extends TensorLike, B extends TensorLike>(x: A, y: B): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("special.rel_entr", [x, y], undefined, Tensor) as never;
  },

  /** The logarithm, -inf with derivative 0 where `x` is 0. As `synjax.special.safe_log`. */
  safeLog<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("special.safe_log", [x], undefined, Tensor) as never;
  },

  /**
   * The indicator of a draw in proportion to exp(log_potential / temperature) along the axes
   * (the last unless `axis` is given); zeros where nothing is allowed.
   */
  sampleOneHot<A extends TensorLike>(
    logPotential: A,
    options: {
      readonly key: Tensor<"key">;
      readonly axis?: number | readonly number[];
      readonly temperature?: TensorLike;
    },
  ): Tensor<Float<Of<A>>> {
    return emit("special.sample_one_hot", [logPotential], { axis: options.axis }, Tensor, {
      key: options.key,
      temperature: options.temperature,
    }) as never;
  },

  /** Equivalent to `jax.scipy.special.softmax`; over all axes unless `axis` is given. */
  softmax<A extends TensorLike>(
    x: A,
    options: { readonly axis?: number | readonly number[] } = {},
  ): Tensor<Float<Of<A>>> {
    return emit("special.softmax", [x], { axis: options.axis }, Tensor) as never;
  },

  /**
   * The nearest point of the probability simplex along the axes, the last unless `axis` is given
   * (Martins & Astudillo 2016, Algorithm 1).
   */
  sparsemax<A extends TensorLike>(
    x: A,
    options: { readonly axis?: number | readonly number[] } = {},
  ): Tensor<Float<Of<A>>> {
    return emit("special.sparsemax", [x], { axis: options.axis }, Tensor) as never;
  },

  /** The second argument, with the derivative of the first. */
  straightThroughReplace<A extends TensorLike, B extends TensorLike>(
    differentiableInput: A,
    nonDifferentiableOutput: B,
  ): Tensor<Strong<Of<B>>> {
    return emit(
      "special.straight_through_replace",
      [differentiableInput, nonDifferentiableOutput],
      undefined,
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.scipy.special.xlog1py`. */
  xlog1py<A extends TensorLike, B extends TensorLike>(x: A, y: B): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("special.xlog1py", [x, y], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.xlogy`. */
  xlogy<A extends TensorLike, B extends TensorLike>(x: A, y: B): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("special.xlogy", [x, y], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.zeta`. */
  zeta<A extends TensorLike, B extends TensorLike>(x: A, y: B): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("special.zeta", [x, y], undefined, Tensor) as never;
  },
};

checkFunctions("special", special, {
  beta: { takes: { x: "operand", y: "operand" } },
  betainc: { takes: { a: "operand", b: "operand", x: "operand" } },
  betaln: { takes: { x: "operand", y: "operand" } },
  comb: { takes: { x: "operand", y: "operand" } },
  digamma: { takes: { x: "operand" } },
  entr: { takes: { x: "operand" } },
  erf: { takes: { x: "operand" } },
  erfc: { takes: { x: "operand" } },
  erfinv: { takes: { x: "operand" } },
  expi: { takes: { x: "operand" } },
  expit: { takes: { x: "operand" } },
  factorial: { takes: { x: "operand" } },
  gamma: { takes: { x: "operand" } },
  gammainc: { takes: { x: "operand", y: "operand" } },
  gammaincc: { takes: { x: "operand", y: "operand" } },
  gammaln: { takes: { x: "operand" } },
  i0: { takes: { x: "operand" } },
  i0e: { takes: { x: "operand" } },
  i1: { takes: { x: "operand" } },
  i1e: { takes: { x: "operand" } },
  klDiv: { takes: { x: "operand", y: "operand" } },
  logCatalan: { takes: { n: "operand" } },
  logComb: { takes: { n: "operand", k: "operand" } },
  logDelannoy: { takes: { m: "operand", n: "operand" }, options: { maxInputValue: "number" } },
  logNdtr: { takes: { x: "operand" } },
  logSoftmax: { takes: { x: "operand" }, options: { axis: "axis?" } },
  logit: { takes: { x: "operand" } },
  logsumexp: { takes: { a: "operand" }, options: { axis: "axis?", b: "operand?", keepdims: "boolean?" } },
  maxOneHot: { takes: { x: "operand" }, options: { axis: "axis?", straightThrough: "boolean?" } },
  multigammaln: { takes: { a: "operand", d: "number" } },
  ndtr: { takes: { x: "operand" } },
  ndtri: { takes: { x: "operand" } },
  polygamma: { takes: { n: "operand", x: "operand" } },
  relEntr: { takes: { x: "operand", y: "operand" } },
  safeLog: { takes: { x: "operand" } },
  sampleOneHot: {
    takes: { logPotential: "operand" },
    options: { key: "key", axis: "axis?", temperature: "operand?" },
  },
  softmax: { takes: { x: "operand" }, options: { axis: "axis?" } },
  sparsemax: { takes: { x: "operand" }, options: { axis: "axis?" } },
  straightThroughReplace: { takes: { differentiableInput: "operand", nonDifferentiableOutput: "operand" } },
  xlog1py: { takes: { x: "operand", y: "operand" } },
  xlogy: { takes: { x: "operand", y: "operand" } },
  zeta: { takes: { x: "operand", y: "operand" } },
});
