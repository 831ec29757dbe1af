/** Trees of dependencies that were found, drawn beside the right ones, and pictures below one another. */
import { expect, test } from "vitest";
import { drawDependencies } from "../../src/display/dependencies.ts";
import { stacked } from "../../src/display/stacked.ts";

const sentence = {
  title: "A & B",
  words: ["she", "reads", "old", "books"],
  gold: { heads: [2, 0, 4, 2], labels: ["nsubj", "root", "amod", "obj"] },
  found: { heads: [2, 0, 2, 2], labels: ["nsubj", "root", "amod", "nmod"] },
};
const textOf = (svg: string, words: string): number =>
  Number(new RegExp(`<text x="([\\d.]+)"[^>]*>${words}</text>`).exec(svg)![1]);

test("what was found and what is right have a colour each only where they differ", () => {
  const svg = drawDependencies(sentence);
  expect(svg).toContain("<title>A &amp; B</title>");
  const strokes = [...svg.matchAll(/stroke="(#\w+)"[^>]*><title>([^<]*)</g)].map(([, ...both]) => both);
  expect(strokes).toEqual([
    ["#9aa5ab", "reads → she: nsubj"],
    ["#9aa5ab", "root → reads: root"],
    ["#d9562b", "reads → old: amod"], // another head
    ["#d9562b", "reads → books: nmod"], // another label
    ["#9aa5ab", "reads → she: nsubj"],
    ["#9aa5ab", "root → reads: root"],
    ["#1f5f8b", "books → old: amod"],
    ["#1f5f8b", "reads → books: obj"],
  ]);
});

test("arcs lie above those between their ends, and the right tree below the words", () => {
  const svg = drawDependencies(sentence);
  const ys = [...svg.matchAll(/<text [^>]*? y="([\d.]+)"[^>]*class="label"/g)].map(([, y]) => Number(y));
  const [old, books] = [ys[2]!, ys[3]!];
  expect(books).toBeLessThan(old);
  const line = Number(/ y="([\d.]+)"[^>]*>books</.exec(svg)![1]);
  for (const [i, y] of ys.entries()) expect(y < line).toBe(i < 4);
});

test("a script that is read from the right begins there", () => {
  const [left, right] = [false, true].map((rightToLeft) => drawDependencies({ ...sentence, rightToLeft }));
  expect(textOf(left!, "she")).toBeLessThan(textOf(left!, "books"));
  expect(textOf(right!, "she")).toBe(textOf(left!, "books"));
});

test("pictures stand below one another", () => {
  const one = drawDependencies(sentence);
  const svg = stacked({ title: "Two", pictures: [one, one] });
  const [width, height] = [Number(/ width="([\d.]+)"/.exec(one)![1]), Number(/ height="([\d.]+)"/.exec(one)![1])]; // prettier-ignore
  expect(svg).toContain(`viewBox="0 0 ${width} ${2 * height}"`);
  expect(svg).toContain(`translate(0 ${height})`);
  expect(svg.match(/<svg /g)).toHaveLength(3);
  expect(() => stacked({ title: "None", pictures: ["<p>"] })).toThrow("a picture");
});
