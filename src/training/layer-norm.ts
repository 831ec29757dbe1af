/** Normalisation of the features of each position. */
import { lax } from "../ops/lax.ts";
import { np } from "../ops/np.ts";
import { checkFunctions } from "../program/signatures.ts";
import type { TensorLike } from "../tensor/tensor.ts";
import { asFloats, checkParams, checkSizes, type Floats } from "./params.ts";

export interface LayerNormParams {
  /** (features) */
  readonly scale: Floats;
  /** (features) */
  readonly bias: Floats;
}

/** Mean 0 and variance 1 over the last axis, then a learned scale and shift. As flax's `LayerNorm`. */
export const layerNorm = {
  /** New parameters: a scale of ones, a bias of zeros. Nothing is random here: there is no key. */
  init(features: number): LayerNormParams {
    checkSizes("layerNorm.init", { features });
    return { scale: np.ones([features]), bias: np.zeros([features]) };
  },

  /**
   * (… features) → (… features)
   * @param options `epsilon`, added to the variance: 1e-6 as in flax (PyTorch has 1e-5)
   */
  apply(params: LayerNormParams, x: TensorLike, options: { readonly epsilon?: number } = {}): Floats {
    checkParams("layerNorm.apply", params, ["scale", "bias"]);
    const given = asFloats(x, "x");
    const centered = given.sub(given.mean(-1, { keepdims: true }));
    const variance = centered.mul(centered).mean(-1, { keepdims: true });
    const normal = centered.mul(lax.rsqrt(variance.add(options.epsilon ?? 1e-6)));
    return normal.mul(params.scale).add(params.bias);
  },
};

checkFunctions("layerNorm", layerNorm, {
  init: { takes: { features: "number" } },
  apply: { takes: { params: "any", x: "operand" }, options: { epsilon: "number?" } },
});
