/**
 * The autoencoder of structured-vae.ts as a probabilistic program: a model that draws the states of each sentence from a
 * chain and its words by their states, and a guide that draws the states from a LinearChainCRF. There the bound's terms
 * were exact sums over all sequences, written for this model; here `svi` draws a few sequences for each sentence, so that
 * gradients pass (Y. Fu, C. Tan, B. Bi, M. Chen, Y. Feng and A. Rush, "Latent template induction with Gumbel-CRFs", NeurIPS
 * 2020), and what the model says of the words may be anything.
 *
 * The posterior of an HMM is a chain again, which the guide may come near to: how near is told at the end, by exact sums.
 *
 *   npx tsx examples/structured-vae-program.ts [structured-vae-program.svg] [--sentences 4000] [--epochs 6] [--longest 16]
 *     [--draws 8]
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import {
  dist,
  elbo,
  get,
  HMM,
  jit,
  LinearChainCRF,
  nn,
  np,
  optax,
  param,
  plate,
  random,
  sample,
  svi,
  type Tensor,
} from "../src/index.ts";
import { drawCurves } from "../src/display/curve.ts";
import { evenly, readBrown, split } from "./brown.ts";
import { lexiconOf } from "./lexicon.ts";
import { LossCurve } from "./loss-curve.ts";
import { batchesOf } from "./sentence-batches.ts";
import { StateTags } from "./state-tags.ts";

type Floats = Tensor<"float32">;
type Ints = Tensor<"int32">;

const STATES = 20;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sentences: { type: "string", default: "4000" },
    epochs: { type: "string", default: "6" },
    longest: { type: "string", default: "16" },
    draws: { type: "string", default: "8" },
  },
});
const began = performance.now();
const brown = (await readBrown()).filter(({ words }) => words.length <= Number(options.longest));
const parts = split(brown);
const train = evenly(parts.train, Number(options.sentences));
const heldOut = evenly(parts.heldOut, Number(options.sentences));
const lexicon = lexiconOf(brown, train, 5);
const { table, vocabularySize } = lexicon;
console.log(
  `${train.length} sentences to learn from, ${heldOut.length} held out; ${lexicon.vocabularySize} words`,
);

// -- model and guide ------------------------------------------------------------------------------------------------

const noise = (seed: number, shape: [number, number], scale: number): Floats =>
  random.normal(random.key(seed), { shape }).mul(scale);

const generative = () => ({
  initLogits: param("initLogits", np.zeros([STATES])),
  transitionLogits: param("transitionLogits", noise(0, [STATES, STATES], 0.1)),
  emissionDist: param(
    "emissionDist",
    noise(1, [STATES, vocabularySize], 0.5).add(np.log(lexicon.counts.map((n) => n + 1))),
  ),
});

const guessing = () => ({
  initial: param("initial", np.zeros([STATES])),
  transition: param("transition", np.zeros([STATES, STATES])),
  byWord: param("byWord", noise(2, [vocabularySize, STATES], 0.1)),
});

type Generative = ReturnType<typeof generative>;
type Guessing = ReturnType<typeof guessing>;

/** The states of sentences before their words are seen, `(b)` chains: all words are as likely in all states. */
const priorOf = ({ initLogits, transitionLogits }: Generative, words: Ints, lengths: Ints): HMM => {
  const emissionLogLikelihoods = np.zeros(words.shape.concat([STATES]));
  return new HMM({ initLogits, transitionLogits, emissionLogLikelihoods, lengths });
};

const guessOf = ({ initial, transition, byWord }: Guessing, words: Ints, lengths: Ints): LinearChainCRF =>
  new LinearChainCRF({ initial, transition, emission: np.take(byWord, words, { axis: 0 }), lengths });

function model(words: Ints, lengths: Ints): void {
  const p = generative();
  plate("sentences", words.shape.at(0), () => {
    const tags = sample("tags", priorOf(p, words, lengths));
    const logits = tags.sum(-2).matmul(nn.logSoftmax(p.emissionDist)); // of each word by the state at it
    const isWord = np.arange(words.shape.at(-1)).less(lengths.slice("...", null));
    sample("words", dist.categorical({ logits }).mask(isWord).toEvent(1), { value: words });
  });
}

function guide(words: Ints, lengths: Ints): void {
  const guess = guessOf(guessing(), words, lengths);
  plate("sentences", words.shape.at(0), () => {
    sample("tags", guess, {
      differentiable: { method: "Gumbel-CRF", temperature: 0.7, straightThrough: true },
    });
  });
}

// -- training and looking -------------------------------------------------------------------------------------------

// The divergence from the prior is an exact sum; of a draw that is relaxed a log-density is none
const fit = svi(model, guide, optax.adam(1e-2), {
  loss: elbo.traceMeanField({ numParticles: Number(options.draws) }),
});

/** One step on a batch, and the loss before it, nats a word. */
const step = jit((state: Tensor<"uint32">, types: Ints, lengths: Ints) => {
  const next = fit.update(state, np.take(table.vocabulary, types), lengths);
  return { state: next.state, loss: next.loss.div(lengths.sum()) };
});

/** Sums over all sequences: the bound, and what it lacks, the guess's divergence from the states' true distribution. */
const look = jit((state: Tensor<"uint32">, types: Ints, lengths: Ints) => {
  const words = np.take(table.vocabulary, types);
  const { initial, transition, byWord, ...hmm } = fit.params(state, words, lengths) as Generative & Guessing;
  const guess = guessOf({ initial, transition, byWord }, words, lengths);
  const truth = new HMM({ ...hmm, observations: words, lengths });
  return {
    exact: truth.logPartition().sum(),
    lacking: guess.klDivergence(truth).sum(),
    states: guess.decode(guess.argmax()),
  };
});

/** What a state of the fit makes of the held-out sentences, and the tags where it finds its states. */
async function evaluate(when: string, state: Tensor<"uint32">): Promise<StateTags> {
  const tags = new StateTags(STATES);
  const sums = { exact: 0, lacking: 0 };
  for (const { values, lengths, indices } of batchesOf(heldOut, lexicon)) {
    const seen = await get(look(state, values.types, lengths));
    const rows = seen.states.array() as number[][];
    for (const name of ["exact", "lacking"] as const) sums[name] += seen[name].item();
    indices.forEach((sentence, i) =>
      heldOut[sentence]!.tags.forEach((tag, j) => tags.add(rows[i]![j]!, tag)),
    );
  }
  const { exact, lacking } = sums;
  const [bound, all, less] = [exact - lacking, exact, lacking].map((sum) => (sum / tags.words).toFixed(4));
  console.log(`${when}, held out, nats a word: bound ${bound} = log-likelihood ${all} less ${less}`);
  return tags;
}

const begin = jit((types: Ints, lengths: Ints) =>
  fit.init(random.key(0), np.take(table.vocabulary, types), lengths),
);
let state: Tensor<"uint32"> | undefined;
const curve = new LossCurve("minus the bound");
for (let epoch = 0; epoch < Number(options.epochs); epoch++) {
  for (const { values, lengths } of batchesOf(train, lexicon, epoch)) {
    if (!state) await evaluate("before", (state = begin(values.types, lengths)));
    const done = step(state, values.types, lengths);
    ({ state } = done);
    await curve.add(done.loss);
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  console.log(
    `epoch ${epoch + 1}: minus the bound ${(await curve.latest()).toFixed(3)} nats a word, ${seconds} s`,
  );
}
const tags = await evaluate("after", state!);
const share = (count: number): string => `${((100 * count) / tags.words).toFixed(1)} %`;
console.log(`each state as the tag it meets most often: ${share(tags.right)} of words right`);
console.log(`every word as ${tags.frequent()[0]![0]}: ${share(tags.frequent()[0]![1])}`);

const file = positionals[0] ?? "structured-vae-program.svg";
await writeFile(file, tags.draw(20));
const loss = drawCurves({
  title: "Fitting a guide over sequences of states",
  quantity: "nats a word",
  against: "step",
  curves: [curve],
});
await writeFile(file.replace(/(\.svg)?$/, "-loss.svg"), loss);
