/** Sentences of like lengths together, in a few shapes: each shape of a recorded function is compiled once. */
import { padded, type Tensor } from "../src/index.ts";
import type { Sentence } from "./brown.ts";
import type { Lexicon } from "./lexicon.ts";

/** How many words the sentences of a batch may have, and how many words and padding a batch is. */
const WIDTHS = [16, 32, 64, 192];
const AREA = 1024;

export interface Batch {
  /** `(b n)`: numbers of words, and of tags. */
  readonly types: Tensor<"int32">;
  readonly tags: Tensor<"int32">;
  /** `(b)`: 0 for the rows that fill the last batch of a width. */
  readonly lengths: Tensor<"int32">;
  readonly sentences: readonly Sentence[];
}

/** All sentences of at most `longest` words in batches, those of a batch of the same width, in a seeded order. */
export function batchesOf(
  sentences: readonly Sentence[],
  { typeOf, tags }: Lexicon,
  { longest = Infinity, seed = 0 } = {},
): readonly Batch[] {
  const tagOf = new Map(tags.map((tag, i) => [tag, i]));
  const random = mulberry(seed);
  const fitting = shuffled(sentences, random).filter(({ words }) => words.length <= longest);
  const batches = WIDTHS.flatMap((width, i) => {
    const bucket = fitting.filter(
      ({ words: { length } }) => length <= width && length > (WIDTHS[i - 1] ?? 0),
    );
    const size = Math.floor(AREA / width);
    return Array.from({ length: Math.ceil(bucket.length / size) }, (_, k) => {
      const chosen = bucket.slice(k * size, (k + 1) * size);
      const rows = [...chosen, ...Array.from({ length: size - chosen.length }, () => NONE)];
      const numbers = padded(rows.map(({ words }) => words.map((word) => typeOf.get(word)!)), { dtype: "int32", width }); // prettier-ignore
      // A tag that training never showed counts as a mistake
      const gold = padded(rows.map(({ tags }) => tags.map((tag) => tagOf.get(tag) ?? -1)), { dtype: "int32", width }); // prettier-ignore
      return { types: numbers.values, tags: gold.values, lengths: numbers.lengths, sentences: chosen };
    });
  });
  return shuffled(batches, random);
}

const NONE: Sentence = { words: [], tags: [] };

function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  const list = [...items];
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
  return list;
}

/** Numbers from 0 to 1 that a seed decides: Tommy Ettinger's generator mulberry32. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
