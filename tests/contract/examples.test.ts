/** The short examples, each run in a process of its own: what they print, and the picture that they draw. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { packageRoot } from "../../bridge/environment/package-root.ts";

const root = packageRoot();
const directory = mkdtempSync(join(tmpdir(), "synjax-examples-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function run(name: string): { readonly lines: readonly string[]; readonly picture: string } {
  const tsx = join(root, "node_modules", "tsx", "dist", "cli.mjs");
  const file = join(directory, `${name}.svg`);
  const example = join(root, "examples", `${name}.ts`);
  const printed = execFileSync(process.execPath, [tsx, example, file], { encoding: "utf8" });
  const picture = readFileSync(file, "utf8");
  expect(picture).toMatch(/^<svg [^]*<\/svg>\n$/);
  return { lines: printed.trimEnd().split("\n"), picture };
}

test("two protein chains are aligned as Biopython 1.88 aligns them", () => {
  const [scores, above, below] = run("protein-alignment").lines;
  expect(scores).toBe("The best alignment scores 259, the next 258.");
  expect([above!.slice(0, 30), below!.slice(0, 30)]).toEqual([
    "V-LSPADKTNVKAAWGKVGAHAGEYGAEAL",
    "VHLTPEEKSAVTALWGKV--NVDEVGGEAL",
  ]);
  expect(above).toContain("FPHF-DLS--H---GSAQVKGHGKK");
});

test("words are aligned with those of a translation", () => {
  const { lines, picture } = run("sentence-alignment");
  expect(lines).toHaveLength(2);
  for (const line of lines) expect(line).toContain("the–der, old–alte, man–Mann, and–und, his–sein");
  expect(picture).toContain("Wasser");
});

test("a text without spaces falls into its words", () => {
  expect(run("word-segmentation").lines).toEqual([
    "it was the best of times it was the worst of times it was the age of wisdom it was the age of foolishness",
  ]);
});

test("frames of letter scores are read as a word", () => {
  const { lines, picture } = run("ctc-decoding");
  expect(lines[0]).toBe('"hello" costs 1.009 nats.');
  expect(lines[1]).toMatch(/^hello 0\.364/);
  expect(picture.match(/class="chosen"/g)).toHaveLength(18);
});

test("sentences are parsed with and without arcs that cross", () => {
  const { lines, picture } = run("dependency-parse");
  expect(lines[0]).toBe("projective: saw→John ROOT→saw saw→Mary (90 %)");
  expect(lines[2]).toContain("scheduled→on");
  expect(lines[3]).toContain("hearing→on");
  expect(picture).toContain("<title>hearing → on: ");
});

test("a sentence has the readings and the probability that NLTK finds", () => {
  const { lines, picture } = run("parse");
  expect(lines).toEqual([
    "p(sentence) = 6.5198e-6", // that of the best reading is 6.31607e-6
    "96.9 %: [S Jack [VP saw [NP Bob [PP with [NP my cookie]]]]]",
    "3.1 %: [S Jack [VP [VP saw Bob] [PP with [NP my cookie]]]]",
  ]);
  expect(picture).toContain("<title>NP, my … cookie: ");
});

test("a transfer RNA folds into the cloverleaf that crystals show", () => {
  const { lines } = run("rna-folding");
  expect(lines[1]).toBe("(((((((..((((........)))).(((((.......))))).....(((((.......))))))))))))....");
});

test("a network has as many spanning trees as Kirchhoff's theorem says", () => {
  const { lines, picture } = run("karate-club");
  expect(lines[0]).toBe("It has 5.09e+15 spanning trees."); // exp(36.16625), by a determinant in float64
  expect(lines[1]).toBe("In all of them: 1–12.");
  expect(picture.match(/<line/g)).toHaveLength(78);
});
