/** A vector for every word. */
import { np } from "../ops/np.ts";
import { random } from "../ops/random.ts";
import type { IntDType } from "../ops/dtypes.ts";
import { checkFunctions } from "../program/signatures.ts";
import type { Tensor, TensorLike } from "../tensor/tensor.ts";
import { checkParams, checkSizes, type Floats } from "./params.ts";

export interface EmbeddingParams {
  /** (n features): a row for each of n words */
  readonly embedding: Floats;
}

/** A table of vectors, looked up by number. As flax's `Embed`. */
export const embedding = {
  /** New parameters: `numEmbeddings` normal vectors, of length 1 in the mean of its square. */
  init(key: Tensor<"key">, numEmbeddings: number, features: number): EmbeddingParams {
    checkSizes("embedding.init", { numEmbeddings, features });
    return {
      embedding: random.normal(key, { shape: [numEmbeddings, features] }).mul(1 / Math.sqrt(features)),
    };
  },

  /**
   * Whole numbers (…) → vectors (… features). They are less than `numEmbeddings`; negative ones count from the end.
   * @throws {SynjaxError} `CHECK_FAILED` for a number out of range
   */
  apply(params: EmbeddingParams, x: TensorLike<IntDType>): Floats {
    checkParams("embedding.apply", params, ["embedding"]);
    return np.take(params.embedding, x, { axis: 0 });
  },
};

checkFunctions("embedding", embedding, {
  init: { takes: { key: "key", numEmbeddings: "number", features: "number" } },
  apply: { takes: { params: "any", x: "operand" } },
});
