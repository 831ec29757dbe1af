/** Words as numbers: which word of the vocabulary each is, and its letters. */
import type { Sentence } from "./brown.ts";

/** Longer words are known by their last letters: endings say more than beginnings. */
const LETTERS = 12;

export interface Lexicon {
  /** The number of a word among all that occur. */
  readonly typeOf: ReadonlyMap<string, number>;
  readonly tags: readonly string[];
  /** `(types)`: the row of each word's embedding; 0 for all that are rare. */
  readonly vocabulary: Int32Array;
  readonly vocabularySize: number;
  /** `[type][letter]`: which letters it has, 0 past its end. */
  readonly letters: readonly (readonly number[])[];
  readonly alphabetSize: number;
}

/** Knows the words of `all`, but gives a row of its own only to those that occur `least` times in `train`. */
export function lexiconOf(all: readonly Sentence[], train: readonly Sentence[], least = 2): Lexicon {
  const counts = new Map<string, number>();
  for (const { words } of train) for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  const known = numbered([...counts].filter(([, count]) => count >= least).map(([word]) => word));
  const types = [...new Set(all.flatMap(({ words }) => words))];
  const alphabet = numbered(new Set(train.flatMap(({ words }) => words).join("")));
  return {
    typeOf: new Map(types.map((word, i) => [word, i])),
    tags: [...new Set(train.flatMap(({ tags }) => tags))].sort(),
    vocabulary: Int32Array.from(types, (word) => known.get(word) ?? 0),
    vocabularySize: known.size + 1,
    letters: types.map((word) => {
      const last = [...word].slice(-LETTERS).map((letter) => alphabet.get(letter) ?? 0);
      return Array.from({ length: LETTERS }, (_, i) => last[i] ?? 0);
    }),
    alphabetSize: alphabet.size + 1,
  };
}

/** Numbers from 1: 0 is what is unknown. */
function numbered(items: Iterable<string>): ReadonlyMap<string, number> {
  return new Map([...items].map((item, i) => [item, i + 1]));
}
