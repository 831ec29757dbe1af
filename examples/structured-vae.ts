/**
 * Tags that nobody gave: a variational autoencoder whose hidden variable is a whole sequence of states. An HMM generates
 * sentences of the Brown corpus: states follow one another, each emits a word. A recogniser, a network with a
 * LinearChainCRF on top, guesses the states of a sentence. Both are trained together to raise a lower bound of the
 * log-likelihood: what the guessed states say of the words, less the divergence of the guess from the prior. Both terms
 * are exact sums over all sequences, by `marginals` and `klDivergence`: nothing is sampled.
 *
 *   npx tsx examples/structured-vae.ts [structured-vae.svg] [--sentences 8000] [--epochs 4] [--longest 32]
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import {
  get,
  HMM,
  jit,
  LinearChainCRF,
  nn,
  np,
  put,
  random,
  type Tensor,
  valueAndGrad,
} from "../src/index.ts";
import { type Curve, drawCurves } from "../src/display/curve.ts";
import { drawTable } from "../src/display/table.ts";
import { adam, adamInit, type AdamState } from "./adam.ts";
import { evenly, readBrown, split } from "./brown.ts";
import { type Lexicon, lexiconOf } from "./lexicon.ts";
import { batchesOf } from "./sentence-batches.ts";
import { encode, ENCODED, initEncoder, type Table } from "./word-encoder.ts";

type T = Tensor<"float32">;
type Ints = Tensor<"int32">;

const STATES = 20;

// -- the model ------------------------------------------------------------------------------------------------------

function initParams(key: Tensor<"key">, lexicon: Lexicon) {
  const keys = random.split(key, { num: 4 });
  const normal = (i: number, shape: [number, number], scale: number): T =>
    random.normal(keys.slice(i), { shape }).mul(scale);
  return {
    hmm: {
      initLogits: np.zeros([STATES]),
      transitionLogits: normal(0, [STATES, STATES], 0.1),
      emissionDist: normal(1, [STATES, lexicon.vocabularySize], 0.1),
    },
    recogniser: {
      encoder: initEncoder(keys.slice(2), lexicon),
      output: normal(3, [ENCODED, STATES], 1 / Math.sqrt(ENCODED)),
      initial: np.zeros([STATES]),
      transition: np.zeros([STATES, STATES]),
    },
  };
}
type Params = ReturnType<typeof initParams>;

/** The guess: a chain over the states of each sentence. */
function recognise({ recogniser: p }: Params, table: Table, types: Ints, lengths: Ints): LinearChainCRF {
  const emission = encode(p.encoder, table, types, lengths).matmul(p.output);
  return new LinearChainCRF({ initial: p.initial, transition: p.transition, emission, lengths });
}

/** The log-probability of each word in each state, `(b n states)`. */
const likelihoods = ({ hmm }: Params, words: Ints): T =>
  np.take(np.transpose(nn.logSoftmax(hmm.emissionDist)), words, { axis: 0 });

/** The states of the HMM as a chain: before the words are seen with scores of 0, afterwards with their likelihoods. */
const states = ({ hmm }: Params, emission: T, lengths: Ints): LinearChainCRF =>
  new LinearChainCRF({
    initial: nn.logSoftmax(hmm.initLogits),
    transition: nn.logSoftmax(hmm.transitionLogits),
    emission,
    lengths,
  });

/** The lower bound of each sentence's log-likelihood, `(b)`, nats. */
function bound(p: Params, guess: LinearChainCRF, words: Ints, lengths: Ints): T {
  const emitted = likelihoods(p, words);
  const guessed = guess.marginals().sum(-2); // the probability of each state at each word, 0 past the end
  const prior = states(p, np.zerosLike(emitted), lengths);
  return guessed.mul(emitted).sum([-2, -1]).sub(guess.klDivergence(prior));
}

const step = jit(
  (p: Params, state: AdamState<Params>, table: Table, types: Ints, lengths: Ints) => {
    const words = np.take(table.vocabulary, types);
    const loss = (q: Params): T =>
      bound(q, recognise(q, table, types, lengths), words, lengths)
        .sum()
        .neg()
        .div(lengths.sum());
    const [value, grads] = valueAndGrad(loss)(p);
    const [params, next] = adam(p, grads, state, 4e-3);
    return { value, params, state: next };
  },
  { donateArgnums: [0, 1] },
);

/**
 * An HMM is simple enough to know its likelihood itself, and so what the bound lacks: the divergence of the guess from
 * the states' true distribution given the words.
 */
const look = jit((p: Params, table: Table, types: Ints, lengths: Ints) => {
  const words = np.take(table.vocabulary, types);
  const guess = recognise(p, table, types, lengths);
  const exact = new HMM({ ...p.hmm, observations: words, lengths }).logPartition().sum();
  const lacking = guess.klDivergence(states(p, likelihoods(p, words), lengths)).sum();
  return {
    bound: bound(p, guess, words, lengths).sum(),
    exact,
    lacking,
    states: guess.decode(guess.argmax()),
  };
});

// -- training and looking -------------------------------------------------------------------------------------------

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sentences: { type: "string", default: "8000" },
    epochs: { type: "string", default: "4" },
    longest: { type: "string", default: "32" },
  },
});
const began = performance.now();
const seconds = (): string => ((performance.now() - began) / 1000).toFixed(0);

const brown = (await readBrown()).filter(({ words }) => words.length <= Number(values.longest));
const parts = split(brown);
const train = evenly(parts.train, Number(values.sentences));
const heldOut = evenly(parts.heldOut, Number(values.sentences));
const lexicon = lexiconOf(brown, train, 5);
const table: Table = put({
  vocabulary: np.array(lexicon.vocabulary),
  letters: np.array(lexicon.letters, { dtype: "int32" }),
});
console.log(
  `${train.length} sentences to learn from, ${heldOut.length} held out; ${lexicon.vocabularySize} words`,
);

let params = initParams(random.key(0), lexicon);
let state = adamInit(params);
const points: [number, number][] = [];
for (let epoch = 0; epoch < Number(values.epochs); epoch++) {
  const batches = batchesOf(train, lexicon, { seed: epoch });
  const losses: T[] = [];
  for (const [i, { types, lengths }] of batches.entries()) {
    const done = step(params, state, table, types, lengths);
    ({ params, state } = done);
    losses.push(done.value);
    if (losses.length < 20 && i + 1 < batches.length) continue;
    const numbers = (await get(losses.splice(0))).map((loss) => loss.item());
    points.push([epoch * batches.length + i + 1, numbers.reduce((a, b) => a + b, 0) / numbers.length]);
  }
  console.log(
    `epoch ${epoch + 1}: minus the bound ${points.at(-1)![1].toFixed(3)} nats a word, ${seconds()} s`,
  );
}

/** How often each state stands where people gave each tag, and what the held-out sentences cost. */
const counts = Array.from({ length: STATES }, () => new Map<string, number>());
const sums = { words: 0, bound: 0, exact: 0, lacking: 0 };
for (const { types, lengths, sentences } of batchesOf(heldOut, lexicon)) {
  const seen = await get(look(params, table, types, lengths));
  const rows = seen.states.array() as number[][];
  for (const name of ["bound", "exact", "lacking"] as const) sums[name] += seen[name].item();
  sentences.forEach(({ tags }, i) =>
    tags.forEach((tag, j) => {
      const row = counts[rows[i]![j]!]!;
      row.set(tag, (row.get(tag) ?? 0) + 1);
      sums.words++;
    }),
  );
}
const each = (name: "bound" | "exact" | "lacking"): string => (sums[name] / sums.words).toFixed(4);
console.log(
  `held out, nats a word: bound ${each("bound")} = log-likelihood ${each("exact")} less ${each("lacking")}`,
);
const most = counts.map((row) => Math.max(0, ...row.values()));
const share = (part: number): string => `${((100 * part) / sums.words).toFixed(1)} %`;
const totals = new Map<string, number>();
for (const row of counts) for (const [tag, n] of row) totals.set(tag, (totals.get(tag) ?? 0) + n);
const frequent = [...totals].sort((a, b) => b[1] - a[1]);
console.log(
  `each state as the tag it stands for most often: ${share(most.reduce((a, b) => a + b, 0))} of words right`,
);
console.log(`every word as ${frequent[0]![0]}, the most frequent tag: ${share(frequent[0]![1])}`);
