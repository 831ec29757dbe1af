/** Words by their characters. */
import { lax } from "../ops/lax.ts";
import { np } from "../ops/np.ts";
import { random } from "../ops/random.ts";
import type { IntDType } from "../ops/dtypes.ts";
import { checkFunctions } from "../program/signatures.ts";
import { asInt } from "../tensor/array.ts";
import type { Tensor, TensorLike } from "../tensor/tensor.ts";
import type { DenseParams } from "./dense.ts";
import { embedding, type EmbeddingParams } from "./embedding.ts";
import { lecunNormal } from "./initializers.ts";
import { isWithin, type Lengths, zeroBeyond } from "./lengths.ts";
import { checkParams, checkSizes, type Floats } from "./params.ts";

export interface CharCnnParams {
  readonly embedding: EmbeddingParams;
  /** A kernel (width in features) and a bias (features) */
  readonly conv: Required<DenseParams>;
}

/**
 * Vectors of words, of any spelling: characters are looked up, filters slide over them, and the strongest answer of each
 * filter counts (dos Santos and Zadrozny 2014; Ma and Hovy 2016).
 */
export const charCnn = {
  /**
   * New parameters: an embedding as `embedding.init` makes it, kernels by LeCun's normal distribution, biases of zeros.
   * @param features how many filters there are, and so how long the vector of a word is
   * @param options `width`, how many characters a filter sees: 3; `charFeatures`: 30, as Ma and Hovy's
   */
  init(
    key: Tensor<"key">,
    numChars: number,
    features: number,
    options: { readonly width?: number; readonly charFeatures?: number } = {},
  ): CharCnnParams {
    const { width = 3, charFeatures = 30 } = options;
    checkSizes("charCnn.init", { numChars, features, width, charFeatures });
    const keys = random.split(key);
    return {
      embedding: embedding.init(keys.slice(0), numChars, charFeatures),
      conv: {
        kernel: lecunNormal(keys.slice(1), [width, charFeatures, features], width * charFeatures),
        bias: np.zeros([features]),
      },
    };
  },

  /**
   * Characters as whole numbers (*batch w) → vectors of their words (*batch features); 0 for a word without characters.
   * @param options `lengths`: how many characters each word has, (*batch); what stands beyond has no part in the result
   * @throws {SynjaxError} `CHECK_FAILED` for a character out of range
   */
  apply(
    params: CharCnnParams,
    chars: TensorLike<IntDType>,
    options: { readonly lengths?: Lengths } = {},
  ): Floats {
    checkParams("charCnn.apply", params, ["embedding.embedding", "conv.kernel", "conv.bias"]);
    const ids = asInt(chars, "chars") as Tensor<"int32">;
    const [w, words] = [ids.shape.at(-1), ids.shape.slice(0, -1)];
    const { kernel, bias } = params.conv;
    const looked = zeroBeyond(embedding.apply(params.embedding, ids), options.lengths);
    const seen = lax.convGeneralDilated(
      looked.reshape([words.product(), w, kernel.shape.at(1)]),
      kernel,
      [1],
      "SAME",
      { dimensionNumbers: ["NWC", "WIO", "NWC"] },
    );
    const answers = seen.add(bias).reshape(words.concat([w, kernel.shape.at(2)]));
    const { lengths } = options;
    if (lengths === undefined) return answers.max(-2);
    const isChar = np.expandDims(isWithin(lengths, w), -1);
    const strongest = np.max(answers, { axis: -2, where: isChar, initial: -Infinity });
    return np.where(np.any(isChar, { axis: -2 }), strongest, 0);
  },
};

checkFunctions("charCnn", charCnn, {
  init: {
    takes: { key: "key", numChars: "number", features: "number" },
    options: { width: "number?", charFeatures: "number?" },
  },
  apply: { takes: { params: "any", chars: "operand" }, options: { lengths: "operand?" } },
});
