/** Aligns the words of a sentence with those of its translation: by how alike they are written, and where they stand. */
import { writeFile } from "node:fs/promises";
import { AlignmentCRF } from "../src/index.ts";

const rows = "the old man and his dog drink good water".split(" ");
const columns = "der alte Mann und sein Hund trinken gutes Wasser".split(" ");

/** Dice's coefficient of the pairs of letters, with the end of the word as one more letter. */
function likeness(a: string, b: string): number {
  const bigrams = (word: string) => [...`${word.toLowerCase()} `].map((x, i, all) => (all[i - 1] ?? " ") + x);
  const [left, right] = [bigrams(a), bigrams(b)];
  return (2 * left.filter((pair) => right.includes(pair)).length) / (left.length + right.length);
}

const far = (i: number, j: number) => Math.abs(i / (rows.length - 1) - j / (columns.length - 1));
const logPotentials = rows.map((a, i) => columns.map((b, j) => 8 * likeness(a, b) - 10 * far(i, j) - 2));
for (const alignmentType of ["non_monotone_one_to_one", "monotone_many_to_many"] as const) {
  const alignment = new AlignmentCRF({ logPotentials, alignmentType });
  const pairs = (await alignment.decode(alignment.argmax()).array()) as [number, number][];
  const words = pairs.filter(([i]) => i >= 0).map(([i, j]) => `${rows[i]}–${columns[j]}`);
  console.log(`${alignmentType}: ${words.join(", ")}`);
  if (alignmentType === "monotone_many_to_many")
    await writeFile(process.argv[2] ?? "sentence-alignment.svg", await alignment.toSVG({ rows, columns }));
}
