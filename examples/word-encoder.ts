/** A network that reads sentences: words and their letters, then an LSTM from each side. */
import { charCnn, embedding, lstm, np, random, type Tensor } from "../src/index.ts";
import type { Lexicon } from "./lexicon.ts";

type Ints = Tensor<"int32">;

const [WORD, LETTERS, HIDDEN] = [64, 48, 64];
/** The length of the vector that stands for a word in its sentence. */
export const ENCODED = 2 * HIDDEN;

export type Encoder = ReturnType<typeof initEncoder>;

export function initEncoder(key: Tensor<"key">, { vocabularySize, alphabetSize }: Lexicon) {
  const keys = random.split(key, { num: 4 });
  return {
    words: embedding.init(keys.slice(0), vocabularySize, WORD),
    letters: charCnn.init(keys.slice(1), alphabetSize, LETTERS, { charFeatures: 16 }),
    forward: lstm.init(keys.slice(2), WORD + LETTERS, HIDDEN),
    backward: lstm.init(keys.slice(3), WORD + LETTERS, HIDDEN),
  };
}

/** What is known of each word, on the device: the row of its embedding `(types)`, and its letters `(types w)`. */
export interface Table {
  readonly vocabulary: Ints;
  readonly letters: Ints;
  readonly letterCounts: Ints;
}

/** A vector for each word, `(b n d)`, from its number, `(b n)`; what lies past the end of a sentence has no part in it. */
export function encode(p: Encoder, table: Table, types: Ints, lengths: Ints): Tensor<"float32"> {
  const word = embedding.apply(p.words, np.take(table.vocabulary, types));
  const spelt = charCnn.apply(p.letters, np.take(table.letters, types, { axis: 0 }), {
    lengths: np.take(table.letterCounts, types),
  });
  const x = np.concatenate([word, spelt], { axis: -1 });
  const ahead = lstm.apply(p.forward, x, { lengths }).outputs;
  const back = lstm.apply(p.backward, x, { lengths, reverse: true }).outputs;
  return np.concatenate([ahead, back], { axis: -1 });
}
