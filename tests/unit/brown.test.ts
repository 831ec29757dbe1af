/** The corpus of the examples, as it is read. */
import { expect, test } from "vitest";
import { baseTag, evenly, readBrown, split } from "../../examples/brown.ts";
import { mostFrequent, scoreOf } from "../../examples/tag-scores.ts";

test("compound tags are folded to their base tags", () => {
  const folded = { "nn-tl": "nn", "fw-in+nn-tl": "in", "ppss+bem": "ppss", "md*": "md", "*": "*", "*-hl": "*", "--": "--", "np$": "np$", "nn-tl-hl": "nn" }; // prettier-ignore
  for (const [tag, base] of Object.entries(folded)) expect([tag, baseTag(tag)]).toEqual([tag, base]);
});

test("the Brown corpus has its sentences, words and base tags, and a tenth is held out", async () => {
  const sentences = await readBrown();
  expect(sentences).toHaveLength(57_340);
  expect(sentences.reduce((sum, { words }) => sum + words.length, 0)).toBe(1_161_192);
  expect(new Set(sentences.flatMap(({ tags }) => tags)).size).toBe(92);
  expect(sentences[0]!.words.slice(0, 3)).toEqual(["The", "Fulton", "County"]);
  const { train, heldOut } = split(sentences);
  expect([train.length, heldOut.length]).toEqual([51_606, 5_734]);
  expect(heldOut[0]).toBe(sentences[9]);
  expect(new Set(evenly(train, 5_000)).size).toBe(5_000);
  // Each word's most frequent tag; what a network has to be better than
  const { right, words } = scoreOf(heldOut, mostFrequent(train, heldOut));
  expect(right / words).toBeCloseTo(0.9165, 4);
});
