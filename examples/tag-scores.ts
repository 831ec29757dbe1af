/** How well sentences are tagged, counted. */
import type { Sentence } from "./brown.ts";

export interface Score {
  readonly words: number;
  readonly right: number;
  readonly sentences: number;
  /** Sentences without a mistake. */
  readonly whole: number;
}

export type Tagged = readonly (readonly string[])[];

export function scoreOf(sentences: readonly Sentence[], predicted: Tagged): Score {
  const mistakes = sentences.map(({ tags }, i) => tags.filter((tag, j) => predicted[i]![j] !== tag).length);
  const words = sentences.reduce((sum, { tags }) => sum + tags.length, 0);
  return {
    words,
    right: words - mistakes.reduce((sum, count) => sum + count, 0),
    sentences: sentences.length,
    whole: mistakes.filter((count) => count === 0).length,
  };
}

/** `93.21 % of words, 40.1 % of whole sentences`. */
export function shown({ words, right, sentences, whole }: Score): string {
  const percent = (part: number, of: number, digits: number) => ((100 * part) / of).toFixed(digits);
  return `${percent(right, words, 2)} % of words, ${percent(whole, sentences, 1)} % of whole sentences`;
}

/** What needs no network: each word gets the tag that it had most often, a new word the most frequent tag of all. */
export function mostFrequent(train: readonly Sentence[], sentences: readonly Sentence[]): Tagged {
  const counts = new Map<string, Map<string, number>>();
  const count = (word: string, tag: string) => {
    const row = counts.get(word) ?? new Map<string, number>();
    counts.set(word, row.set(tag, (row.get(tag) ?? 0) + 1));
  };
  for (const { words, tags } of train) tags.forEach((tag, i) => (count(words[i]!, tag), count(ANY, tag)));
  const best = new Map([...counts].map(([word, row]) => [word, [...row].reduce((a, b) => (b[1] > a[1] ? b : a))[0]])); // prettier-ignore
  return sentences.map(({ words }) => words.map((word) => best.get(word) ?? best.get(ANY)!));
}

/** No word has a space. */
const ANY = " ";

/** The `most` tags with the most mistakes, and how often each of them was taken for which. */
export function confusion(sentences: readonly Sentence[], predicted: Tagged, most: number) {
  const counts = new Map<string, number>();
  const mistakes = new Map<string, number>();
  const add = (map: Map<string, number>, key: string) => map.set(key, (map.get(key) ?? 0) + 1);
  sentences.forEach(({ tags }, i) =>
    tags.forEach((tag, j) => {
      const other = predicted[i]![j]!;
      add(counts, `${tag} ${other}`);
      if (tag !== other) for (const each of [tag, other]) add(mistakes, each);
    }),
  );
  const labels = [...mistakes].sort((a, b) => b[1] - a[1]).slice(0, most).map(([tag]) => tag); // prettier-ignore
  return { labels, counts: labels.map((gold) => labels.map((other) => counts.get(`${gold} ${other}`) ?? 0)) };
}
