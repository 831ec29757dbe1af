/**
 * Parts of speech: a network reads the words and letters of a sentence and a chain over it weighs whole sequences of
 * tags, trained on the Brown corpus; and beside it the same network with a softmax for each word by itself.
 *
 *   npx tsx examples/tagger.ts [picture.svg] [--sentences 8000] [--epochs 2] [--longest 192]
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { jit, LinearChainCRF, nn, np, put, random, type Tensor, valueAndGrad } from "../src/index.ts";
import { drawConfusion } from "../src/display/confusion.ts";
import { drawCurves } from "../src/display/curve.ts";
import { adam, adamInit, type AdamState } from "./adam.ts";
import { evenly, readBrown, split } from "./brown.ts";
import { type Lexicon, lexiconOf } from "./lexicon.ts";
import { type Batch, batchesOf } from "./sentence-batches.ts";
import { encode, ENCODED, initEncoder, type Table } from "./word-encoder.ts";

type T = Tensor<"float32">;
type Ints = Tensor<"int32">;
type Head = "chain" | "softmax";

// -- the model ------------------------------------------------------------------------------------------------------

function initParams(key: Tensor<"key">, lexicon: Lexicon) {
  const keys = random.split(key);
  const t = lexicon.tags.length;
  return {
    encoder: initEncoder(keys.slice(0), lexicon),
    output: random.normal(keys.slice(1), { shape: [ENCODED, t] }).mul(1 / Math.sqrt(ENCODED)),
    initial: np.zeros([t]), // these two are the chain's: which tag comes first, which follows which
    transition: np.zeros([t, t]),
  };
}
type Params = ReturnType<typeof initParams>;

/** The chain over the tags of each sentence. */
function chain(p: Params, emission: T, lengths: Ints) {
  return new LinearChainCRF({ initial: p.initial, transition: p.transition, emission, lengths });
}

/** Minus the log-probability of the tags that people gave, nats a word. */
function loss(p: Params, head: Head, table: Table, types: Ints, tags: Ints, lengths: Ints): T {
  const emission = encode(p.encoder, table, types, lengths).matmul(p.output); // (b n t)
  const words = lengths.sum();
  if (head === "chain") {
    const crf = chain(p, emission, lengths);
    return crf.logProb(crf.encode(tags)).sum().neg().div(words);
  }
  const each = np.takeAlongAxis(nn.logSoftmax(emission), tags.slice("...", null), -1).slice("...", 0);
  const isWord = np.less(np.arange(types.shape.at(1)), lengths.slice([], null));
  return np.where(isWord, each, 0).sum().neg().div(words);
}

const step = jit(
  (p: Params, state: AdamState<Params>, head: Head, table: Table, types: Ints, tags: Ints, lengths: Ints) => {
    const [value, grads] = valueAndGrad((q: Params) => loss(q, head, table, types, tags, lengths))(p);
    const [params, next] = adam(p, grads, state, RATE);
    return { value, params, state: next };
  },
  { staticArgnums: 2, donateArgnums: [0, 1] },
);

/** The best tags: of the whole sentence for a chain, of each word for a softmax. */
const predict = jit(
  (p: Params, head: Head, table: Table, types: Ints, lengths: Ints) => {
    const emission = encode(p.encoder, table, types, lengths).matmul(p.output);
    if (head === "softmax") return emission.argmax(-1);
    const crf = chain(p, emission, lengths);
    return crf.decode(crf.argmax());
  },
  { staticArgnums: 1 },
);

// -- training -------------------------------------------------------------------------------------------------------

const RATE = 2e-3;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sentences: { type: "string", default: "8000" },
    epochs: { type: "string", default: "2" },
    longest: { type: "string", default: "192" },
  },
});
const longest = Number(values.longest);
const began = performance.now();
const seconds = () => ((performance.now() - began) / 1000).toFixed(0);

const brown = await readBrown();
const parts = split(brown.filter(({ words }) => words.length <= longest));
const train = evenly(parts.train, Number(values.sentences));
const heldOut = evenly(parts.heldOut, Number(values.sentences));
const lexicon = lexiconOf(brown, train);
const table = put({
  vocabulary: np.array(lexicon.vocabulary),
  letters: np.array(lexicon.letters, { dtype: "int32" }),
}) as Table;
console.log(`${train.length} sentences to learn from, ${heldOut.length} held out, ${lexicon.tags.length} tags`);

interface Trained {
  readonly head: Head;
  readonly params: Params;
  readonly losses: readonly (readonly [number, number])[];
}

async function fit(head: Head): Promise<Trained> {
  let params = initParams(random.key(0), lexicon);
  let state = adamInit(params);
  const losses: [number, number][] = [];
  let steps = 0;
  let sum: T[] = [];
  for (let epoch = 0; epoch < Number(values.epochs); epoch++)
    for (const { types, tags, lengths } of batchesOf(train, lexicon, { seed: epoch })) {
      const done = step(params, state, head, table, types, tags, lengths);
      ({ params, state } = done);
      sum.push(done.value);
      if (++steps % 20 === 0) {
        const mean = await np.stack(sum).mean().item();
        losses.push([steps, mean]);
        sum = [];
        console.log(`${head}, step ${steps}: ${mean.toFixed(3)} nats a word, ${seconds()} s`);
      }
    }
  return { head, params, losses };
}

async function evaluate({ head, params }: Trained) {
  const t = lexicon.tags.length;
  const confusion = Array.from({ length: t }, () => new Array<number>(t).fill(0));
  let [right, words] = [0, 0];
  for (const { types, tags, lengths, sentences } of batchesOf(heldOut, lexicon)) {
    const [predicted, gold] = [await predict(params, head, table, types, lengths).array(), await tags.array()] as [number[][], number[][]]; // prettier-ignore
    sentences.forEach((s, i) =>
      s.words.forEach((_, j) => {
        words++;
        const [g, h] = [gold[i]![j]!, predicted[i]![j]!];
        if (g >= 0) confusion[g]![h]!++;
        if (g === h) right++;
      }),
    );
  }
  return { confusion, accuracy: right / words, words };
}

for (const head of ["chain", "softmax"] as const) {
  const trained = await fit(head);
  const { accuracy, words } = await evaluate(trained);
  console.log(head, accuracy, words, seconds());
}
