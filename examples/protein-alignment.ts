/**
 * Aligns the two chains of human haemoglobin (UniProt P69905 and P68871) as Needleman & Wunsch did: two residues side by
 * side score by BLOSUM62, a gap costs 8.
 */
import { readFile, writeFile } from "node:fs/promises";
import { GeneralMonotoneAlignmentCRF, np } from "../src/index.ts";

const ALPHA =
  "VLSPADKTNVKAAWGKVGAHAGEYGAEALERMFLSFPTTKTYFPHFDLSHGSAQVKGHGKKVADALTNAVAHVDDMPNALSALSDLHAHKLRVDPVNFKLLSHCLLVTLAAHLPAEFTPAVHASLDKFLASVSTVLTSKYR";
const BETA =
  "VHLTPEEKSAVTALWGKVNVDEVGGEALGRLLVVYPWTQRFFESFGDLSTPDAVMGNPKVKAHGKKVLGAFSDGLAHLDNLKGTFATLSELHCDKLHVDPENFRLLGNVLVCVLAHHFGKEFTPPVQAAYQKVVAGVANALAHKYH";
const [names, ...table] = (await readFile(new URL("data/blosum62.txt", import.meta.url), "utf8"))
  .trimEnd()
  .split("\n");
const score = (a: string, b: string): number =>
  Number(table[names!.indexOf(a)]!.trim().split(/\s+/)[names!.indexOf(b)]);

// Row 0 and column 0 stand before the first residues, so that an alignment may begin with a gap.
const [rows, columns] = [
  ["-", ...ALPHA],
  ["-", ...BETA],
];
const pairs = rows.map((a, i) => columns.map((b, j) => (i > 0 && j > 0 ? score(a, b) : -Infinity)));
const gap = np.full([rows.length, columns.length], -8);
const alignment = new GeneralMonotoneAlignmentCRF({
  logPotentialsHorizontal: [gap, np.array(pairs)], // to the next column: in the same row, or one row down
  logPotentialsVertical: gap,
});

const { events, scores } = alignment.topK(2);
const [best, second] = (await scores.array()) as number[];
console.log(`The best alignment scores ${best}, the next ${second}.`);
const cells = ((await alignment.decode(events).array()) as [number, number][][])[0]!.filter(([i]) => i >= 0);
for (const [side, letters] of [rows, columns].entries())
  console.log(cells.map((cell, k) => (k > 0 && cell[side] !== cells[k - 1]![side] ? letters[cell[side]!] : "-")).slice(1).join("")); // prettier-ignore
await writeFile(process.argv[2] ?? "protein-alignment.svg", await alignment.toSVG({ rows, columns }));
