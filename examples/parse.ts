/** A sentence with two readings, by a small grammar: does Bob have the cookie? */
import { writeFile } from "node:fs/promises";
import { np, PCFG } from "../src/index.ts";

// The second grammar of NLTK's examples (Bird, Klein & Loper 2009). What it makes of one symbol, NP -> Name and
// VP -> V, is a preterminal here that stands where an NP or a VP may, with the probability of both steps for its words.
const rules = [
  ["S", ["NP", "Name"], ["VP", "Verb"], 1],
  ["VP", ["V"], ["NP", "Name"], 0.59],
  ["VP", ["VP", "Verb"], ["PP"], 0.01],
  ["NP", ["Det"], ["N"], 0.41],
  ["NP", ["NP", "Name"], ["PP"], 0.31],
  ["PP", ["P"], ["NP", "Name"], 1],
] as const;
const words: Record<string, Record<string, number>> = {
  Det: { the: 0.41, a: 0.31, my: 0.28 },
  N: { boy: 0.11, cookie: 0.12, table: 0.13, telescope: 0.14, hill: 0.5 },
  P: { with: 0.61, under: 0.39 },
  V: { saw: 0.21, ate: 0.51, ran: 0.28 },
  Verb: { saw: 0.4 * 0.21, ate: 0.4 * 0.51, ran: 0.4 * 0.28 },
  Name: { Jack: 0.28 * 0.52, Bob: 0.28 * 0.48 },
};
const nonterminals = ["S", "VP", "NP", "PP"];
const preterminals = Object.keys(words);
const symbols = [...nonterminals, ...preterminals];
const vocabulary = [...new Set(Object.values(words).flatMap(Object.keys))];

const rule = nonterminals.map(() => symbols.map(() => symbols.map(() => 0)));
for (const [whole, lefts, rights, probability] of rules)
  for (const left of lefts)
    for (const right of rights)
      rule[symbols.indexOf(whole)]![symbols.indexOf(left)]![symbols.indexOf(right)] = probability;

const sentence = "Jack saw Bob with my cookie".split(" ");
const grammar = new PCFG({
  root: np.log([1, 0, 0, 0]),
  rule: np.log(rule),
  emission: np.log(preterminals.map((name) => vocabulary.map((word) => words[name]![word] ?? 0))),
  wordIds: sentence.map((word) => vocabulary.indexOf(word)),
  normalize: false,
});

/** A tree in brackets, of its spans in order. */
function bracketed(spans: number[][]): string {
  const read = (start: number, end: number): string => {
    if (start === end) return sentence[start]!;
    const label = nonterminals[spans.shift()![2]!]!;
    const split = spans[0]?.[0] === start ? spans[0][1]! : start;
    return `[${label} ${read(start, split)} ${read(split + 1, end)}]`;
  };
  return read(0, sentence.length - 1);
}

const { events } = grammar.topK(2);
const [trees, logs] = await Promise.all([
  grammar.decode(events).spans.array(),
  grammar.logProb(events).array(),
]);
console.log(`p(sentence) = ${Math.exp(await grammar.logPartition().item()).toExponential(4)}`);
for (const [i, log] of (logs as number[]).entries())
  console.log(`${(100 * Math.exp(log)).toFixed(1)} %: ${bracketed((trees as number[][][])[i]!)}`);
await writeFile(
  process.argv[2] ?? "parse.svg",
  await grammar.toSVG({ positions: sentence, labels: symbols }),
);
