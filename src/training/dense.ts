/** A linear layer. */
import { np } from "../ops/np.ts";
import { checkFunctions } from "../program/signatures.ts";
import type { Tensor, TensorLike } from "../tensor/tensor.ts";
import { lecunNormal } from "./initializers.ts";
import { asFloats, checkParams, checkSizes, type Floats } from "./params.ts";

export interface DenseParams {
  /** (in out) */
  readonly kernel: Floats;
  /** (out); left out where the layer has none */
  readonly bias?: Floats;
}

/** Every feature of the result is a weighted sum of all features of the input, and a bias. As flax's `Dense`. */
export const dense = {
  /**
   * New parameters: a kernel by LeCun's normal distribution, a bias of zeros.
   * @param options `useBias: false`: without a bias
   */
  init(
    key: Tensor<"key">,
    inFeatures: number,
    features: number,
    options: { readonly useBias?: boolean } = {},
  ): DenseParams {
    checkSizes("dense.init", { inFeatures, features });
    const kernel = lecunNormal(key, [inFeatures, features], inFeatures);
    return options.useBias === false ? { kernel } : { kernel, bias: np.zeros([features]) };
  },

  /** (… in) → (… out) */
  apply(params: DenseParams, x: TensorLike): Floats {
    checkParams("dense.apply", params, ["kernel"]);
    const y = asFloats(x, "x").matmul(params.kernel);
    return params.bias === undefined ? y : y.add(params.bias);
  },
};

checkFunctions("dense", dense, {
  init: {
    takes: { key: "key", inFeatures: "number", features: "number" },
    options: { useBias: "boolean?" },
  },
  apply: { takes: { params: "any", x: "operand" } },
});
