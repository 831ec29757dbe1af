/** Words as numbers: which word of the vocabulary each is, and its letters. */
import { array, padded, put } from "../src/index.ts";
import type { Sentence } from "./brown.ts";
import type { Table } from "./word-encoder.ts";

/** Longer words are known by their last letters: endings say more than beginnings. */
const LETTERS = 12;

export interface Lexicon {
  /** The number of a word among all that occur. */
  readonly typeOf: ReadonlyMap<string, number>;
  readonly tags: readonly string[];
  /** How many words have a row of their own; row 0 is for all others. */
  readonly vocabularySize: number;
  /** How often the words of each row occur in training. */
  readonly counts: readonly number[];
  readonly alphabetSize: number;
  readonly table: Table;
}

/** Knows the words of `all`, but gives a row of its own only to those that occur `least` times in `train`. */
export function lexiconOf(all: readonly Sentence[], train: readonly Sentence[], least = 2): Lexicon {
  const occurrences = new Map<string, number>();
  for (const { words } of train)
    for (const word of words) occurrences.set(word, (occurrences.get(word) ?? 0) + 1);
  const frequent = [...occurrences].filter(([, count]) => count >= least);
  const rare = [...occurrences.values()].reduce((sum, count) => sum + (count < least ? count : 0), 0);
  const rows = numbered(frequent.map(([word]) => word));
  const types = [...new Set(all.flatMap(({ words }) => words))];
  const alphabet = numbered(new Set(train.flatMap(({ words }) => words).join("")));
  const letters = padded(
    types.map((word) => [...word].slice(-LETTERS).map((letter) => alphabet.get(letter) ?? 0)),
    { dtype: "int32", width: LETTERS },
  );
  const vocabulary = Int32Array.from(types, (word) => rows.get(word) ?? 0);
  return {
    typeOf: new Map(types.map((word, i) => [word, i])),
    tags: [...new Set(train.flatMap(({ tags }) => tags))].sort(),
    vocabularySize: rows.size + 1,
    counts: [rare, ...frequent.map(([, count]) => count)],
    alphabetSize: alphabet.size + 1,
    table: put({ vocabulary: array(vocabulary), letters: letters.values, letterCounts: letters.lengths }),
  };
}

/** Numbers from 1: 0 is what is unknown. */
function numbered(items: Iterable<string>): ReadonlyMap<string, number> {
  return new Map([...items].map((item, i) => [item, i + 1]));
}
