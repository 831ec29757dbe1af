/** How a molecule of RNA folds, by a grammar: which of its bases pair. */
import { writeFile } from "node:fs/promises";
import { GeneralizedPCFG, np } from "../src/index.ts";

// The grammar of Knudsen & Hein (1999), "RNA secondary structure prediction using stochastic context-free grammars and
// evolutionary history": S -> L S | L, F -> d F d | L S, L -> s | d F d, where s is a base alone and two d are a pair.
const alone = { A: 0.364097, C: 0.151009, G: 0.211881, U: 0.273013 };
const paired = {
  A: { A: 0.001167, C: 0.001806, G: 0.001058, U: 0.177977 },
  C: { A: 0.001806, C: 0.000391, G: 0.266974, U: 0.000763 },
  G: { A: 0.001058, C: 0.266974, G: 0.000406, U: 0.049043 },
  U: { A: 0.177977, C: 0.000763, G: 0.049043, U: 0.002793 },
};
const [longer, pairGoesOn, single] = [0.868534, 0.78764, 0.894868];

// With two symbols on the right: d F d' is d followed by "F d'", one nonterminal for each base d'. A base alone is a
// preterminal in place of an L, or of an S that is an L.
type Base = keyof typeof alone;
const bases = Object.keys(alone) as Base[];
const nonterminals = ["S", "L", "F", ...bases.map((base) => `F${base}`)];
const preterminals = ["l", "s", ...bases];
const symbols = [...nonterminals, ...preterminals];
const rule = nonterminals.map(() => symbols.map(() => symbols.map(() => 0)));
function add(whole: string, left: string, right: string, probability: number): void {
  rule[symbols.indexOf(whole)]![symbols.indexOf(left)]![symbols.indexOf(right)] = probability;
}
for (const left of ["L", "l"])
  for (const right of ["S", "s"]) {
    add("S", left, right, longer);
    add("F", left, right, 1 - pairGoesOn);
  }
for (const first of bases) {
  add(`F${first}`, "F", first, 1);
  for (const last of bases) {
    const pair = paired[first][last];
    add("S", first, `F${last}`, (1 - longer) * (1 - single) * pair);
    add("L", first, `F${last}`, (1 - single) * pair);
    add("F", first, `F${last}`, pairGoesOn * pair);
  }
}

// The transfer RNA that brings phenylalanine, of yeast: the first whose structure was seen (Kim et al. 1974).
const sequence = "GCGGAUUUAGCUCAGUUGGGAGAGCGCCAGACUGAAGAUCUGGAGGUCCUGUGUUCGAUCCACAGAAUUCGCACCA";
const letters = [...sequence] as Base[];
const emitted = (base: Base): number[] => [
  single * alone[base],
  (1 - longer) * single * alone[base],
  ...bases.map((other) => Number(other === base)),
];
const grammar = new GeneralizedPCFG({
  preterminalScores: np.log(letters.map(emitted)),
  root: np.log([1, 0, 0, 0, 0, 0, 0]),
  rule: np.log(rule),
  normalize: false,
});

const best = grammar.argmax();
const spans = (await grammar.decode(best).spans.array()) as [number, number, number][];
const fold = letters.map(() => ".");
for (const [start, end, label] of spans)
  if (nonterminals[label]!.length === 2) [fold[start - 1], fold[end]] = ["(", ")"]; // an "F d", after its other base
console.log(sequence);
console.log(fold.join(""));
const probability = Math.exp(await grammar.logProb(best).item());
const folds = (await grammar.logCount().item()) / Math.LN10;
console.log(`The most probable of 10^${folds.toFixed(0)} folds: ${(100 * probability).toFixed(2)} %.`);
await writeFile(
  process.argv[2] ?? "rna-folding.svg",
  await grammar.toSVG({ positions: letters, labels: symbols }),
);
