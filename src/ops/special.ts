// Generated from the Python registry by `npm run generate`; do not edit.
import { emit } from "../program.ts";
import { type Of, Tensor, type TensorLike } from "../tensor.ts";
import type { Float, Promote } from "./dtypes.ts";

/** `jax.scipy.special`. */
export const special = {
  /** Equivalent to `jax.scipy.special.betaln`. */
  betaln<A extends TensorLike, B extends TensorLike>(x: A, y: B): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("special.betaln", [x, y], undefined, Tensor) as never;
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

  /** Equivalent to `jax.scipy.special.expit`. */
  expit<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("special.expit", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.gammaln`. */
  gammaln<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("special.gammaln", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.kl_div`. */
  klDiv<A extends TensorLike, B extends TensorLike>(x: A, y: B): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("special.kl_div", [x, y], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.log_ndtr`. */
  logNdtr<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("special.log_ndtr", [x], undefined, Tensor) as never;
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

  /** Equivalent to `jax.scipy.special.ndtr`. */
  ndtr<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("special.ndtr", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.ndtri`. */
  ndtri<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("special.ndtri", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.rel_entr`. */
  relEntr<A extends TensorLike, B extends TensorLike>(x: A, y: B): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("special.rel_entr", [x, y], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.xlog1py`. */
  xlog1py<A extends TensorLike, B extends TensorLike>(x: A, y: B): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("special.xlog1py", [x, y], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.scipy.special.xlogy`. */
  xlogy<A extends TensorLike, B extends TensorLike>(x: A, y: B): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("special.xlogy", [x, y], undefined, Tensor) as never;
  },
};
