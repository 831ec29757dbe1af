/** Sentences as numbers, in batches of a few shapes: each shape of a recorded function is compiled once. */
import { bucket, type Bucket, type Tensor } from "../src/index.ts";
import type { Sentence } from "./brown.ts";
import type { Lexicon } from "./lexicon.ts";

/** The numbers of words, and of their tags, `(b n)`. */
export type Numbers = { readonly types: Tensor<"int32">; readonly tags: Tensor<"int32"> };

/** All sentences in batches of 32 of like lengths; in another order in each `epoch`, or in theirs without one. */
export function batchesOf(
  sentences: readonly Sentence[],
  { typeOf, tags }: Lexicon,
  epoch?: number,
): Iterable<Bucket<Numbers>> {
  const tagOf = new Map(tags.map((tag, i) => [tag, i]));
  const items = sentences.map((sentence) => ({
    types: sentence.words.map((word) => typeOf.get(word)!),
    tags: sentence.tags.map((tag) => tagOf.get(tag) ?? -1), // what training never showed
  }));
  const order = epoch === undefined ? {} : { seed: 0, epoch };
  return bucket(items, { batchSize: 32, widths: [16, 32, 64, 192], dtype: "int32", ...order });
}
