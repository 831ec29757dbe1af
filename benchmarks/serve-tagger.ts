/** The tagger that `serve.ts` has served: an embedding, a layer, and a chain over the tags. */
import { jit, LinearChainCRF, np, type Tensor } from "../src/index.ts";

export const [LENGTH, TAGS, VOCABULARY] = [32, 17, 5_000];
const WIDTH = 64;

export type Weights = Readonly<
  Record<"embedding" | "projection" | "initial" | "transition", Tensor<"float32">>
>;
export const NAME = "tagger";
export const TOKEN = "bench";

/** The best tags of a sentence, `(n)`. */
export const tag = jit((weights: Weights, words: Tensor<"int32">) => {
  const hidden = np.tanh(np.take(weights.embedding, words, { axis: 0 }));
  const emission = np.matmul(hidden, weights.projection);
  const crf = new LinearChainCRF({ initial: weights.initial, transition: weights.transition, emission });
  return crf.decode(crf.argmax());
});

/** Weights as rows of numbers, the same each time. */
export function weightArrays(): Record<keyof Weights, { data: Float32Array; shape: number[] }> {
  const next = numbersFrom(1);
  const array = (...shape: number[]) => ({
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => 4 * next() - 2),
    shape,
  });
  return {
    embedding: array(VOCABULARY, WIDTH),
    projection: array(WIDTH, TAGS),
    initial: array(TAGS),
    transition: array(TAGS, TAGS),
  };
}

/** Sentences, as numbers of words. */
export function sentences(count: number): Int32Array[] {
  const next = numbersFrom(2);
  return Array.from({ length: count }, () =>
    Int32Array.from({ length: LENGTH }, () => Math.floor(VOCABULARY * next())),
  );
}

/** Numbers in [0, 1), from a linear congruential generator (Numerical Recipes, section 7.1). */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}
