/**
 * A grammar of English from sentences alone: nobody says what a phrase is. A grammar of rules of low rank (Yang, Zhao &
 * Tu 2021, "PCFGs can do better") is fitted to the probability of the sentences, and beside it a hidden Markov model,
 * which knows no phrases. How many bits a word costs on sentences held out tells which of the two predicts them better.
 *
 *     npx tsx examples/grammar-induction.ts picture.svg --sentences 3200 --epochs 3 --symbols 16
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { drawCurves } from "../src/display/curve.ts";
import {
  HMM,
  jit,
  np,
  optax,
  type OptState,
  padded,
  random,
  TensorDecompositionPCFG,
  valueAndGrad,
  type Tensor,
} from "../src/index.ts";
import { evenly, readBrown, type Sentence, split } from "./brown.ts";

type Floats = Tensor<"float32">;
type Whole = Tensor<"int32">;

const { values: given, positionals } = parseArgs({
  options: {
    sentences: { type: "string", default: "3200" },
    "held-out": { type: "string", default: "640" },
    epochs: { type: "string", default: "3" },
    longest: { type: "string", default: "20" },
    symbols: { type: "string", default: "16" }, // nonterminals; there are twice as many kinds of words
  },
  allowPositionals: true,
});
const [symbols, longest] = [Number(given.symbols), Number(given.longest)];

// Punctuation is left out: where a sentence pauses is half its grammar. So are headlines of a word or two.
const spoken = ({ words }: Sentence): readonly string[] =>
  words.map((word) => word.toLowerCase()).filter((word) => /[a-z0-9]/.test(word));
const fits = (words: readonly string[]): boolean => words.length >= 3 && words.length <= longest;
const { train: all, heldOut: others } = split(await readBrown());
const sentencesOf = (from: readonly Sentence[], count: string) =>
  evenly(
    from.filter((sentence) => fits(spoken(sentence))),
    Number(count),
  ).map(spoken);
const train = sentencesOf(all, given.sentences);
const heldOut = sentencesOf(others, given["held-out"]);

// The commonest words are numbers; all others, and those seen once, are one, 0.
const VOCABULARY = 2000;
const counts = new Map<string, number>();
for (const word of train.flat()) counts.set(word, (counts.get(word) ?? 0) + 1);
const common = [...counts]
  .filter(([, count]) => count > 1)
  .sort(([, a], [, b]) => b - a)
  .slice(0, VOCABULARY - 1);
const numberOf = new Map(common.map(([word], i) => [word, i + 1]));
const numbered = (words: readonly string[]): number[] => words.map((word) => numberOf.get(word) ?? 0);

interface Batch {
  readonly words: Whole;
  readonly lengths: Whole;
}
const SIZE = 32;

/** Batches of one shape, so that it is compiled once, each from all over the corpus; what is left over is left out. */
function batchesOf(sentences: readonly (readonly string[])[]): readonly Batch[] {
  const count = Math.floor(sentences.length / SIZE);
  return Array.from({ length: count }, (_, i) => {
    const rows = Array.from({ length: SIZE }, (_, j) => numbered(sentences[j * count + i]!));
    const { values: words, lengths } = padded(rows, { dtype: "int32", width: longest });
    return { words, lengths };
  });
}

/** Log-frequencies of the words and of the end of a sentence: where models begin. */
const frequencies = new Float32Array(VOCABULARY + 1).fill(1);
for (const sentence of train) for (const word of [...numbered(sentence), VOCABULARY]) frequencies[word]! += 1;
const usual = np.log(frequencies).sub(np.log(np.sum(frequencies)));

let drawn = 0;
const normal = (...shape: number[]): Floats =>
  random.normal(random.foldIn(random.key(1), drawn++), { shape });

/** Spans have one of `symbols` kinds and words one of twice as many; a rule is made of a left and a right half. */
const grammar = () => ({
  root: normal(symbols),
  ntToRank: normal(symbols, symbols),
  rankToLeftNt: normal(symbols, 3 * symbols),
  rankToRightNt: normal(symbols, 3 * symbols),
  emission: normal(2 * symbols, VOCABULARY).add(usual.slice([0, VOCABULARY])),
});
type Grammar = ReturnType<typeof grammar>;
const parses = (p: Grammar, { words, lengths }: Batch): TensorDecompositionPCFG =>
  new TensorDecompositionPCFG({ ...p, wordIds: words, lengths });

/** As many kinds of words, each chosen by the one before it. */
const chain = () => ({
  initLogits: normal(2 * symbols),
  transitionLogits: normal(2 * symbols, 2 * symbols),
  emissionDist: normal(2 * symbols, VOCABULARY + 1).add(usual),
});
type Chain = ReturnType<typeof chain>;
/** A last word says that the sentence ends: a grammar's probability is that of a whole sentence too. */
function paths(p: Chain, { words, lengths }: Batch): HMM {
  const places = np.arange(words.shape.at(1).add(1));
  const isEnd = np.equal(places, np.expandDims(lengths, -1));
  const observations = np.where(isEnd, VOCABULARY, np.pad(words, [[0, 0], [0, 1]])); // prettier-ignore
  return new HMM({ ...p, observations, lengths: lengths.add(1) });
}

const [batches, held] = [batchesOf(train), batchesOf(heldOut)];
const optimizer = optax.adam(0.05);

/** Fits a model; the bits that a word of the sentences held out costs, at the start and after every epoch. */
async function fitted<P>(start: () => P, of: (params: P, batch: Batch) => { logPartition(): Floats }) {
  const cost = (p: P, batch: Batch): Floats =>
    np.negative(of(p, batch).logPartition().sum()).div(batch.lengths.sum()).div(Math.LN2);
  const step = jit(
    (p: P, s: OptState, batch: Batch) => {
      const [value, gradients] = valueAndGrad((q: P) => cost(q, batch))(p);
      const [updates, state] = optimizer.update(gradients as P, s);
      return { value, params: optax.applyUpdates(p, updates), state };
    },
    { donateArgnums: [0, 1] },
  );
  const started = Date.now();
  const measure = jit(cost);
  const bitsAWord = async (p: P): Promise<number> => {
    const each = held.map((batch) => measure(p as never, batch));
    const sizes = await Promise.all(held.map(({ lengths }) => lengths.sum().item()));
    const costs = await Promise.all(each.map((x) => x.item()));
    const words = sizes.reduce((a, b) => a + b, 0);
    return costs.reduce((sum, bits, i) => sum + bits * sizes[i]!, 0) / words;
  };
  let { params, state } = jit(() => {
    const params = start();
    return { params, state: optimizer.init(params) };
  })();
  const bits: [number, number][] = [[0, await bitsAWord(params)]];
  for (let epoch = 1; epoch <= Number(given.epochs); epoch++) {
    for (const batch of batches) ({ params, state } = step(params as never, state, batch));
    bits.push([epoch, await bitsAWord(params)]);
  }
  const told = `${bits.map(([, bit]) => bit.toFixed(2)).join(" → ")} (${((Date.now() - started) / 1000).toFixed(0)} s)`;
  return { params, bits, told };
}

console.log(
  `${train.length} sentences to learn from, ${heldOut.length} held out; bits a word of those held out:`,
);
const one = await fitted(grammar, parses);
console.log(`grammar: ${one.told}`);
const other = await fitted(chain, paths);
console.log(`hidden Markov model: ${other.told}`);
const curves = [
  { name: "grammar", points: one.bits },
  { name: "hidden Markov model", points: other.bits },
];

// The most probable trees of a few sentences. Brackets are the phrases.
const shown = heldOut.filter(({ length }) => length >= 6 && length <= 10).slice(0, 3);
const { values: words, lengths } = padded(shown.map(numbered), { dtype: "int32" });
const trees = parses(one.params, { words, lengths });
const spans = (await trees.decode(trees.argmax()).spans.array()) as number[][][];
for (const [i, sentence] of shown.entries()) {
  const opens = (at: number): string => "[".repeat(spans[i]!.filter(([start]) => start === at).length);
  const closes = (at: number): string =>
    "]".repeat(spans[i]!.filter(([start, end]) => start! >= 0 && end === at).length);
  console.log(sentence.map((word, at) => opens(at) + word + closes(at)).join(" "));
}
await writeFile(
  positionals[0] ?? "grammar-induction.svg",
  await trees.toSVG({ item: 0, positions: shown[0]!, title: "A tree of a grammar that was found" }),
);
await writeFile(
  positionals[1] ?? "grammar-induction-bits.svg",
  drawCurves({
    title: "Learning from sentences alone",
    quantity: "bits a word, held out",
    against: "epoch",
    curves,
  }),
);
