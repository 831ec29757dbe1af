/** A network that reads sentences: words and their letters, then an LSTM from each side. */
import { charCnn, embedding, lstm, np, random, type Tensor } from "../src/index.ts";
import type { Lexicon } from "./lexicon.ts";

type Floats = Tensor<"float32">;
type Ints = Tensor<"int32">;
type Key = Tensor<"key">;

const [WORD, LETTERS, HIDDEN] = [64, 48, 64];
/** The length of the vector that stands for a word by itself. */
export const WORD_VECTOR = WORD + LETTERS;
/** The length of the vector that stands for a word in its sentence. */
export const ENCODED = 2 * HIDDEN;

export type Words = ReturnType<typeof initWords>;
export type Sides = ReturnType<typeof initSides>;
export type Encoder = Words & Sides;

export function initWords(key: Key, key2: Key, { vocabularySize, alphabetSize }: Lexicon) {
  return {
    words: embedding.init(key, vocabularySize, WORD),
    letters: charCnn.init(key2, alphabetSize, LETTERS, { charFeatures: 16 }),
  };
}

export function initSides(key: Key, key2: Key, inFeatures: number, features: number) {
  return {
    forward: lstm.init(key, inFeatures, features),
    backward: lstm.init(key2, inFeatures, features),
  };
}

export function initEncoder(key: Key, lexicon: Lexicon): Encoder {
  const keys = random.split(key, { num: 4 });
  return {
    ...initWords(keys.slice(0), keys.slice(1), lexicon),
    ...initSides(keys.slice(2), keys.slice(3), WORD_VECTOR, HIDDEN),
  };
}

/** What is known of each word, on the device: the row of its embedding `(types)`, and its letters `(types w)`. */
export interface Table {
  readonly vocabulary: Ints;
  readonly letters: Ints;
  readonly letterCounts: Ints;
}

/** A vector for each word by itself, `(b n d)`, from its number, `(b n)`. */
export function look(p: Words, table: Table, types: Ints): Floats {
  const word = embedding.apply(p.words, np.take(table.vocabulary, types));
  const spelt = charCnn.apply(p.letters, np.take(table.letters, types, { axis: 0 }), {
    lengths: np.take(table.letterCounts, types),
  });
  return np.concatenate([word, spelt], { axis: -1 });
}

/** `(b n d)` → `(b n 2·features)`: what was read from the left and from the right so far. */
export function readFromBothSides(p: Sides, x: Floats, lengths: Ints): Floats {
  const ahead = lstm.apply(p.forward, x, { lengths }).outputs;
  const back = lstm.apply(p.backward, x, { lengths, reverse: true }).outputs;
  return np.concatenate([ahead, back], { axis: -1 });
}

/** A vector for each word in its sentence, `(b n d)`; what lies past the end has no part in it. */
export const encode = (p: Encoder, table: Table, types: Ints, lengths: Ints): Floats =>
  readFromBothSides(p, look(p, table, types), lengths);
