/**
 * A grammar of English from sentences alone: nobody says what a phrase is. A grammar of rules of low rank (Yang, Zhao &
 * Tu 2021, "PCFGs can do better") is fitted to the probability of the sentences, and beside it a hidden Markov model,
 * which knows no phrases. How many bits a word costs on sentences that neither has seen tells which predicts better. Of
 * each the epoch that does best on sentences for choosing (dev) is the one that is tested.
 *
 *   npx tsx examples/grammar-induction.ts [grammar-induction.svg] [--sentences 12800] [--epochs 4] [--symbols 32]
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { drawCurves } from "../src/display/curve.ts";
import { stacked } from "../src/display/stacked.ts";
import {
  bucket,
  get,
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
import { LossCurve } from "./loss-curve.ts";

type Floats = Tensor<"float32">;
type Whole = Tensor<"int32">;

const { values: given, positionals } = parseArgs({
  options: {
    sentences: { type: "string", default: "12800" },
    dev: { type: "string", default: "640" },
    test: { type: "string", default: "640" }, // 0 while settings are being chosen
    epochs: { type: "string", default: "4" },
    longest: { type: "string", default: "20" },
    symbols: { type: "string", default: "32" }, // nonterminals; there are twice as many kinds of words
    rate: { type: "string", default: "0.2" },
  },
  allowPositionals: true,
});
const [symbols, longest, epochs] = [Number(given.symbols), Number(given.longest), Number(given.epochs)];

// Punctuation is left out: where a sentence pauses is half its grammar. So are headlines of a word or two.
const spoken = ({ words }: Sentence): readonly string[] =>
  words.map((word) => word.toLowerCase()).filter((word) => /[a-z0-9]/.test(word));
const fits = (words: readonly string[]): boolean => words.length >= 3 && words.length <= longest;
const { train: rest, heldOut: others } = split(await readBrown());
const { train: all, heldOut: tested } = split(rest);
const sentencesOf = (from: readonly Sentence[], count: string) =>
  evenly(
    from.filter((sentence) => fits(spoken(sentence))),
    Number(count),
  ).map(spoken);
const train = sentencesOf(all, given.sentences);
const dev = sentencesOf(others, given.dev);
const test = sentencesOf(tested, given.test);

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
/** Batches of 32 sentences, the shorter ones and the longer ones apart: each width is compiled once. */
function* batchesOf(sentences: readonly (readonly string[])[], epoch?: number): Generator<Batch> {
  const widths = longest > 12 ? [12, longest] : [longest];
  const order = epoch === undefined ? {} : { seed: 0, epoch };
  const items = sentences.map(numbered);
  for (const { values: words, lengths } of bucket(items, { batchSize: 32, widths, dtype: "int32", ...order }))
    yield { words, lengths };
}

/** Log-frequencies of the words and of the end of a sentence: where models begin. */
const frequencies = new Float32Array(VOCABULARY + 1).fill(1);
for (const sentence of train) for (const word of [...numbered(sentence), VOCABULARY]) frequencies[word]! += 1;
const usual = np.log(frequencies).sub(np.log(np.sum(frequencies)));

let keys = 0;
const normal = (...shape: number[]): Floats => random.normal(random.foldIn(random.key(1), keys++), { shape });

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

// In all these steps the rate falls to nothing
const steps = epochs * (Math.ceil(train.length / 32) + 1);
const optimizer = optax.adam(optax.cosineDecaySchedule(Number(given.rate), steps));

/** Fits a model, and measures the bits that a word of other sentences costs. */
async function fitted<P>(
  name: string,
  start: () => P,
  of: (params: P, batch: Batch) => { logPartition(): Floats },
) {
  /** Of a batch in all. What only fills it, of length 0, counts as one word for the model, and does not count here. */
  const cost = (p: P, { words, lengths }: Batch): Floats => {
    const each = of(p, { words, lengths: np.maximum(lengths, 1) }).logPartition();
    return np.where(np.greater(lengths, 0), each, 0).sum().div(-Math.LN2);
  };
  const step = jit((p: P, s: OptState, batch: Batch) => {
    const loss = (q: P): Floats => cost(q, batch).div(batch.lengths.sum());
    const [value, gradients] = valueAndGrad(loss)(p);
    const [updates, state] = optimizer.update(gradients as P, s);
    return { value, params: optax.applyUpdates(p, updates), state };
  });
  const measure = jit((p: P, batch: Batch) => ({ bits: cost(p, batch), words: batch.lengths.sum() }));
  const bitsAWord = async (p: P, sentences: typeof dev): Promise<number> => {
    const each = await get(Array.from(batchesOf(sentences), (batch) => measure(p as never, batch)));
    const sum = (of: "bits" | "words") => each.reduce((total, one) => total + one[of].item(), 0);
    return sum("bits") / sum("words");
  };
  const began = performance.now();
  let { params, state } = jit(() => {
    const params = start();
    return { params, state: optimizer.init(params) };
  })();
  let best = { params, bits: await bitsAWord(params, dev) };
  const told = [best.bits];
  const curve = new LossCurve(name);
  for (let epoch = 1; epoch <= epochs; epoch++) {
    for (const batch of batchesOf(train, epoch)) {
      const next = step(params as never, state, batch);
      ({ params, state } = next);
      await curve.add(next.value);
    }
    await curve.latest(); // of each epoch, so that its last steps are drawn too
    told.push(await bitsAWord(params, dev));
    if (told.at(-1)! < best.bits) best = { params, bits: told.at(-1)! };
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  console.log(`${name}, dev: ${told.map((bits) => bits.toFixed(2)).join(" → ")} (${seconds} s)`);
  if (test.length > 0) console.log(`${name}, test: ${(await bitsAWord(best.params, test)).toFixed(2)}`);
  return { params: best.params, curve };
}

console.log(
  `${train.length} sentences to learn from, ${dev.length} to choose by, ${test.length} to be tested on; bits a word:`,
);
const one = await fitted("grammar", grammar, parses);
const other = await fitted("hidden Markov model", chain, paths);

// The most probable trees of a few sentences. Brackets are the phrases.
const few = dev.filter(({ length }) => length >= 6 && length <= 10).slice(0, 3);
const { values: words, lengths } = padded(few.map(numbered), { dtype: "int32" });
const trees = parses(one.params, { words, lengths });
const spans = (await trees.decode(trees.argmax()).spans.array()) as number[][][];
const pictures: string[] = [];
for (const [i, sentence] of few.entries()) {
  const opens = (at: number): string => "[".repeat(spans[i]!.filter(([start]) => start === at).length);
  const closes = (at: number): string =>
    "]".repeat(spans[i]!.filter(([start, end]) => start! >= 0 && end === at).length);
  const bracketed = sentence.map((word, at) => opens(at) + word + closes(at)).join(" ");
  console.log(bracketed);
  pictures.push(await trees.toSVG({ item: i, positions: sentence, title: sentence.join(" ") }));
}
const file = positionals[0] ?? "grammar-induction.svg";
await writeFile(file, stacked({ title: "Trees of a grammar that was found", pictures }));
const drawn = drawCurves({
  title: "Learning from sentences alone",
  quantity: "loss, bits a word",
  against: "step",
  curves: [one.curve, other.curve],
});
await writeFile(file.replace(/(\.svg)?$/, "-loss.svg"), drawn);
