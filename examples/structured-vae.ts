/**
 * Tags that nobody gave: a variational autoencoder whose hidden variable is a whole sequence of states. An HMM generates
 * sentences of the Brown corpus: states follow one another, each emits a word. A recogniser, a network with a
 * LinearChainCRF on top, guesses the states of a sentence. Both are trained together to raise a lower bound of the
 * log-likelihood: what the guessed states say of the words, less the divergence of the guess from the prior. Both terms
 * are exact sums over all sequences, by `marginals` and `klDivergence`: nothing is sampled.
 *
 *   npx tsx examples/structured-vae.ts [structured-vae.svg] [--sentences 20000] [--epochs 6] [--longest 16]
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
  optax,
  type OptState,
  random,
  type Tensor,
  valueAndGrad,
} from "../src/index.ts";
import { drawCurves } from "../src/display/curve.ts";
import { evenly, readBrown, split } from "./brown.ts";
import { type Lexicon, lexiconOf } from "./lexicon.ts";
import { LossCurve } from "./loss-curve.ts";
import { batchesOf } from "./sentence-batches.ts";
import { StateTags } from "./state-tags.ts";
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
      emissionDist: normal(1, [STATES, lexicon.vocabularySize], 0.5).add(
        np.log(lexicon.counts.map((n) => n + 1)),
      ),
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

/** The states before any word is seen: an HMM in which every word is as likely in all of them. */
const priorOf = ({ hmm: { initLogits, transitionLogits } }: Params, emitted: T, lengths: Ints): HMM =>
  new HMM({ initLogits, transitionLogits, emissionLogLikelihoods: np.zerosLike(emitted), lengths });

/** The lower bound of each sentence's log-likelihood, `(b)`, nats. */
function bound(p: Params, guess: LinearChainCRF, words: Ints, lengths: Ints): T {
  const emitted = likelihoods(p, words);
  const guessed = guess.marginals().sum(-2); // the probability of each state at each word, 0 past the end
  return guessed
    .mul(emitted)
    .sum([-2, -1])
    .sub(guess.klDivergence(priorOf(p, emitted, lengths)));
}

const optimizer = optax.adam(1e-2);

/** Where training begins: one program, where each of its operations by itself would be one. */
const begin = jit((key: Tensor<"key">) => {
  const params = initParams(key, lexicon);
  return { params, state: optimizer.init(params) };
});

const step = jit(
  (p: Params, state: OptState, table: Table, types: Ints, lengths: Ints) => {
    const words = np.take(table.vocabulary, types);
    const loss = (q: Params): T =>
      bound(q, recognise(q, table, types, lengths), words, lengths)
        .sum()
        .neg()
        .div(lengths.sum());
    const [value, grads] = valueAndGrad(loss)(p);
    const [updates, next] = optimizer.update(grads, state, p);
    return { value, params: optax.applyUpdates(p, updates), state: next };
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
  const truth = new HMM({ ...p.hmm, observations: words, lengths });
  return {
    bound: bound(p, guess, words, lengths).sum(),
    exact: truth.logPartition().sum(),
    lacking: guess.klDivergence(truth).sum(),
    states: guess.decode(guess.argmax()),
  };
});

// -- training and looking -------------------------------------------------------------------------------------------

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sentences: { type: "string", default: "20000" },
    epochs: { type: "string", default: "6" },
    longest: { type: "string", default: "16" },
  },
});
const began = performance.now();
const seconds = (): string => ((performance.now() - began) / 1000).toFixed(0);

const brown = (await readBrown()).filter(({ words }) => words.length <= Number(options.longest));
const parts = split(brown);
const train = evenly(parts.train, Number(options.sentences));
const heldOut = evenly(parts.heldOut, Number(options.sentences));
const lexicon = lexiconOf(brown, train, 5);
const { table } = lexicon;
console.log(
  `${train.length} sentences to learn from, ${heldOut.length} held out; ${lexicon.vocabularySize} words`,
);

let { params, state } = begin(random.key(0));
const curve = new LossCurve("minus the bound");
for (let epoch = 0; epoch < Number(options.epochs); epoch++) {
  for (const { values, lengths } of batchesOf(train, lexicon, epoch)) {
    const done = step(params, state, table, values.types, lengths);
    ({ params, state } = done);
    await curve.add(done.value);
  }
  console.log(
    `epoch ${epoch + 1}: minus the bound ${(await curve.latest()).toFixed(3)} nats a word, ${seconds()} s`,
  );
}

const tags = new StateTags(STATES);
const sums = { bound: 0, exact: 0, lacking: 0 };
for (const { values, lengths, indices } of batchesOf(heldOut, lexicon)) {
  const seen = await get(look(params, table, values.types, lengths));
  const rows = seen.states.array() as number[][];
  for (const name of ["bound", "exact", "lacking"] as const) sums[name] += seen[name].item();
  indices.forEach((sentence, i) => heldOut[sentence]!.tags.forEach((tag, j) => tags.add(rows[i]![j]!, tag)));
}
const each = (name: "bound" | "exact" | "lacking"): string => (sums[name] / tags.words).toFixed(4);
const share = (count: number): string => `${((100 * count) / tags.words).toFixed(1)} %`;
console.log(
  `held out, nats a word: bound ${each("bound")} = log-likelihood ${each("exact")} less ${each("lacking")}`,
);
console.log(`each state as the tag it meets most often: ${share(tags.right)} of words right`);
console.log(`every word as ${tags.frequent()[0]![0]}: ${share(tags.frequent()[0]![1])}`);

const file = positionals[0] ?? "structured-vae.svg";
await writeFile(file, tags.draw(20));
const loss = drawCurves({
  title: "Training an autoencoder",
  quantity: "nats a word",
  against: "step",
  curves: [curve],
});
await writeFile(file.replace(/(\.svg)?$/, "-loss.svg"), loss);
