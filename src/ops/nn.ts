// Generated from the Python registry by `npm run generate`; do not edit.
import { emit } from "../program/emit.ts";
import { checkFunctions } from "../program/signatures.ts";
import { asBool, asInt } from "../tensor/array.ts";
import { type Dim, type DType, type Of, type Strong, Tensor, type TensorLike } from "../tensor/tensor.ts";
import type { Float, IntDType, Numeric } from "./dtypes.ts";

/** `jax.nn`. */
export const nn = {
  /** Equivalent to `jax.nn.celu`. */
  celu<A extends TensorLike>(x: A, options: { readonly alpha?: TensorLike } = {}): Tensor<Float<Of<A>>> {
    return emit("nn.celu", [x], undefined, Tensor, { alpha: options.alpha }) as never;
  },

  /**
   * Equivalent to `jax.nn.dot_product_attention`: `query` (… t n h), `key` and `value` (… s k h), all of
   * one dtype; `bias` and `mask` (… n t s), true where a position may be seen.
   */
  dotProductAttention<A extends TensorLike>(
    query: A,
    key: A,
    value: A,
    options: {
      readonly bias?: TensorLike;
      readonly mask?: TensorLike<"bool">;
      readonly scale?: number;
      readonly isCausal?: boolean;
      readonly querySeqLengths?: TensorLike<"int32">;
      readonly keyValueSeqLengths?: TensorLike<"int32">;
    } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit(
      "nn.dot_product_attention",
      [query, key, value],
      { scale: options.scale, is_causal: options.isCausal },
      Tensor,
      {
        bias: options.bias,
        mask: asBool(options.mask, "mask"),
        query_seq_lengths: asInt(options.querySeqLengths, "querySeqLengths"),
        key_value_seq_lengths: asInt(options.keyValueSeqLengths, "keyValueSeqLengths"),
      },
    ) as never;
  },

  /** Equivalent to `jax.nn.elu`. */
  elu<A extends TensorLike>(x: A, options: { readonly alpha?: TensorLike } = {}): Tensor<Float<Of<A>>> {
    return emit("nn.elu", [x], undefined, Tensor, { alpha: options.alpha }) as never;
  },

  /** Equivalent to `jax.nn.gelu`; by the tanh approximation unless `approximate` is false. */
  gelu<A extends TensorLike>(x: A, options: { readonly approximate?: boolean } = {}): Tensor<Float<Of<A>>> {
    return emit("nn.gelu", [x], { approximate: options.approximate }, Tensor) as never;
  },

  /** Equivalent to `jax.nn.glu`: one half of the last axis, or of `axis`, times the sigmoid of the other. */
  glu<A extends TensorLike>(x: A, options: { readonly axis?: number } = {}): Tensor<Float<Of<A>>> {
    return emit("nn.glu", [x], { axis: options.axis }, Tensor) as never;
  },

  /** Equivalent to `jax.nn.hard_sigmoid`. */
  hardSigmoid<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("nn.hard_sigmoid", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.nn.hard_silu`. */
  hardSilu<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("nn.hard_silu", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.nn.hard_tanh`. */
  hardTanh<A extends TensorLike>(x: A): Tensor<Numeric<Of<A>>> {
    return emit("nn.hard_tanh", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.nn.identity`. */
  identity<A extends TensorLike>(x: A): Tensor<Strong<Of<A>>> {
    return emit("nn.identity", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.nn.leaky_relu`; slope 0.01 below 0 unless given. */
  leakyRelu<A extends TensorLike>(
    x: A,
    options: { readonly negativeSlope?: TensorLike } = {},
  ): Tensor<Float<Of<A>>> {
    return emit("nn.leaky_relu", [x], undefined, Tensor, { negative_slope: options.negativeSlope }) as never;
  },

  /** Equivalent to `jax.nn.log1mexp`. */
  log1mexp<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("nn.log1mexp", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.nn.log_sigmoid`. */
  logSigmoid<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("nn.log_sigmoid", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.nn.log_softmax`; over the last axis unless `axis` is given. */
  logSoftmax<A extends TensorLike>(
    x: A,
    options: { readonly axis?: number | readonly number[]; readonly where?: TensorLike<"bool"> } = {},
  ): Tensor<Float<Of<A>>> {
    return emit("nn.log_softmax", [x], { axis: options.axis }, Tensor, {
      where: asBool(options.where, "where"),
    }) as never;
  },

  /** Equivalent to `jax.nn.logmeanexp`; over all axes unless `axis` is given. */
  logmeanexp<A extends TensorLike>(
    x: A,
    options: {
      readonly axis?: number | readonly number[];
      readonly where?: TensorLike<"bool">;
      readonly keepdims?: boolean;
    } = {},
  ): Tensor<Float<Of<A>>> {
    return emit("nn.logmeanexp", [x], { axis: options.axis, keepdims: options.keepdims }, Tensor, {
      where: asBool(options.where, "where"),
    }) as never;
  },

  /** Equivalent to `jax.nn.logsumexp`; over all axes unless `axis` is given. */
  logsumexp<A extends TensorLike>(
    a: A,
    options: {
      readonly axis?: number | readonly number[];
      readonly keepdims?: boolean;
      readonly where?: TensorLike<"bool">;
    } = {},
  ): Tensor<Float<Of<A>>> {
    return emit("nn.logsumexp", [a], { axis: options.axis, keepdims: options.keepdims }, Tensor, {
      where: asBool(options.where, "where"),
    }) as never;
  },

  /** Equivalent to `jax.nn.mish`. */
  mish<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("nn.mish", [x], undefined, Tensor) as never;
  },

  /**
   * Equivalent to `jax.nn.one_hot`, along a new last axis; a class out of range gives zeros. Not
   * differentiable.
   */
  oneHot<D extends DType = "float32">(
    x: TensorLike<IntDType>,
    numClasses: Dim,
    options: { readonly axis?: number; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit(
      "nn.one_hot",
      [asInt(x, "x")],
      { num_classes: numClasses, axis: options.axis, dtype: options.dtype },
      Tensor,
    ) as never;
  },

  /** Equivalent to `jax.nn.relu`. */
  relu<A extends TensorLike>(x: A): Tensor<Numeric<Of<A>>> {
    return emit("nn.relu", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.nn.relu6`. */
  relu6<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("nn.relu6", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.nn.selu`. */
  selu<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("nn.selu", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.nn.sigmoid`. */
  sigmoid<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("nn.sigmoid", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.nn.silu`. */
  silu<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("nn.silu", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.nn.soft_sign`. */
  softSign<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("nn.soft_sign", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.nn.softmax`; over the last axis unless `axis` is given. */
  softmax<A extends TensorLike>(
    x: A,
    options: { readonly axis?: number | readonly number[]; readonly where?: TensorLike<"bool"> } = {},
  ): Tensor<Float<Of<A>>> {
    return emit("nn.softmax", [x], { axis: options.axis }, Tensor, {
      where: asBool(options.where, "where"),
    }) as never;
  },

  /** Equivalent to `jax.nn.softplus`. */
  softplus<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("nn.softplus", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.nn.sparse_plus`. */
  sparsePlus<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("nn.sparse_plus", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.nn.sparse_sigmoid`. */
  sparseSigmoid<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("nn.sparse_sigmoid", [x], undefined, Tensor) as never;
  },

  /** Equivalent to `jax.nn.squareplus`. */
  squareplus<A extends TensorLike>(x: A, options: { readonly b?: TensorLike } = {}): Tensor<Float<Of<A>>> {
    return emit("nn.squareplus", [x], undefined, Tensor, { b: options.b }) as never;
  },

  /** Equivalent to `jax.nn.standardize`: mean 0 and variance 1 over the last axis unless `axis` is given. */
  standardize<A extends TensorLike>(
    x: A,
    options: {
      readonly axis?: number | readonly number[];
      readonly mean?: TensorLike;
      readonly variance?: TensorLike;
      readonly epsilon?: TensorLike;
      readonly where?: TensorLike<"bool">;
    } = {},
  ): Tensor<Float<Of<A>>> {
    return emit("nn.standardize", [x], { axis: options.axis }, Tensor, {
      mean: options.mean,
      variance: options.variance,
      epsilon: options.epsilon,
      where: asBool(options.where, "where"),
    }) as never;
  },

  /** Equivalent to `jax.nn.tanh`. */
  tanh<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("nn.tanh", [x], undefined, Tensor) as never;
  },
};

checkFunctions("nn", nn, {
  celu: { takes: { x: "operand" }, options: { alpha: "operand?" } },
  dotProductAttention: {
    takes: { query: "operand", key: "operand", value: "operand" },
    options: {
      bias: "operand?",
      mask: "operand?",
      scale: "number?",
      isCausal: "boolean?",
      querySeqLengths: "operand?",
      keyValueSeqLengths: "operand?",
    },
  },
  elu: { takes: { x: "operand" }, options: { alpha: "operand?" } },
  gelu: { takes: { x: "operand" }, options: { approximate: "boolean?" } },
  glu: { takes: { x: "operand" }, options: { axis: "number?" } },
  hardSigmoid: { takes: { x: "operand" } },
  hardSilu: { takes: { x: "operand" } },
  hardTanh: { takes: { x: "operand" } },
  identity: { takes: { x: "operand" } },
  leakyRelu: { takes: { x: "operand" }, options: { negativeSlope: "operand?" } },
  log1mexp: { takes: { x: "operand" } },
  logSigmoid: { takes: { x: "operand" } },
  logSoftmax: { takes: { x: "operand" }, options: { axis: "axis?", where: "operand?" } },
  logmeanexp: {
    takes: { x: "operand" },
    options: { axis: "axis?", where: "operand?", keepdims: "boolean?" },
  },
  logsumexp: { takes: { a: "operand" }, options: { axis: "axis?", keepdims: "boolean?", where: "operand?" } },
  mish: { takes: { x: "operand" } },
  oneHot: { takes: { x: "operand", numClasses: "size" }, options: { axis: "number?", dtype: "dtype?" } },
  relu: { takes: { x: "operand" } },
  relu6: { takes: { x: "operand" } },
  selu: { takes: { x: "operand" } },
  sigmoid: { takes: { x: "operand" } },
  silu: { takes: { x: "operand" } },
  softSign: { takes: { x: "operand" } },
  softmax: { takes: { x: "operand" }, options: { axis: "axis?", where: "operand?" } },
  softplus: { takes: { x: "operand" } },
  sparsePlus: { takes: { x: "operand" } },
  sparseSigmoid: { takes: { x: "operand" } },
  squareplus: { takes: { x: "operand" }, options: { b: "operand?" } },
  standardize: {
    takes: { x: "operand" },
    options: {
      axis: "axis?",
      mean: "operand?",
      variance: "operand?",
      epsilon: "operand?",
      where: "operand?",
    },
  },
  tanh: { takes: { x: "operand" } },
});
