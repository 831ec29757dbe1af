/**
 * Parts of speech, from the Brown corpus. A network reads the words and the letters of a sentence and scores the tags
 * of each word; a chain over them weighs whole sequences of tags. Beside it the same network is trained without the
 * chain: a softmax for each word by itself.
 *
 *   npx tsx examples/tagger.ts [tagger.svg] [--sentences 20000] [--epochs 3] [--longest 64]
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import {
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
import { drawConfusion } from "../src/display/confusion.ts";
import { drawCurves } from "../src/display/curve.ts";
import { evenly, readBrown, split } from "./brown.ts";
import { type Lexicon, lexiconOf } from "./lexicon.ts";
import { LossCurve } from "./loss-curve.ts";
import { batchesOf } from "./sentence-batches.ts";
import { confusion, mostFrequent, scoreOf, shown, type Tagged } from "./tag-scores.ts";
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
    initial: np.zeros([t]), // the chain's own: which tag comes first,
    transition: np.zeros([t, t]), // and which follows which
  };
}
type Params = ReturnType<typeof initParams>;

/** How well each tag suits each word, `(b n t)`. */
const scores = (p: Params, table: Table, types: Ints, lengths: Ints): T =>
  encode(p.encoder, table, types, lengths).matmul(p.output);

/** The distribution of the tags of whole sentences. */
const chain = ({ initial, transition }: Params, emission: T, lengths: Ints) =>
  new LinearChainCRF({ initial, transition, emission, lengths });

/** Minus the log-probability of the tags that people gave, nats a word. */
function loss(p: Params, head: Head, table: Table, types: Ints, tags: Ints, lengths: Ints): T {
  const emission = scores(p, table, types, lengths);
  const words = lengths.sum();
  if (head === "chain") {
    const crf = chain(p, emission, lengths);
    return crf.logProb(crf.encode(tags)).sum().neg().div(words);
  }
  const each = np.takeAlongAxis(nn.logSoftmax(emission), tags.slice("...", null), -1).slice("...", 0);
  const isWord = np.less(np.arange(types.shape.at(1)), lengths.slice([], null));
  return np.where(isWord, each, 0).sum().neg().div(words);
}

const optimizer = optax.adam(4e-3);

/** Where training begins: one program, where each of its operations by itself would be one. */
const begin = jit((key: Tensor<"key">) => {
  const params = initParams(key, lexicon);
  return { params, state: optimizer.init(params) };
});

const step = jit(
  (p: Params, state: OptState, head: Head, table: Table, types: Ints, tags: Ints, lengths: Ints) => {
    const [value, grads] = valueAndGrad((q: Params) => loss(q, head, table, types, tags, lengths))(p);
    const [updates, next] = optimizer.update(grads, state, p);
    return { value, params: optax.applyUpdates(p, updates), state: next };
  },
  { staticArgnums: 2, donateArgnums: [0, 1] },
);

/** The best tags: of the whole sentence by the chain, of each word by the softmax. */
const predict = jit(
  (p: Params, head: Head, table: Table, types: Ints, lengths: Ints) => {
    const emission = scores(p, table, types, lengths);
    if (head === "softmax") return emission.argmax(-1);
    const crf = chain(p, emission, lengths);
    return crf.decode(crf.argmax());
  },
  { staticArgnums: 1 },
);

// -- training and looking -------------------------------------------------------------------------------------------

/** Trains one of the two from its beginning. */
async function fit(head: Head): Promise<{ readonly params: Params; readonly curve: LossCurve }> {
  let { params, state } = begin(random.key(0));
  const curve = new LossCurve(head);
  for (let epoch = 0; epoch < Number(options.epochs); epoch++) {
    for (const { values, lengths } of batchesOf(train, lexicon, epoch)) {
      const done = step(params, state, head, table, values.types, values.tags, lengths);
      ({ params, state } = done);
      await curve.add(done.value);
    }
    console.log(
      `${head}, epoch ${epoch + 1}: loss ${(await curve.latest()).toFixed(3)} nats a word, ${seconds()} s`,
    );
  }
  return { params, curve };
}

/** The tags that it gives to sentences it has not seen. */
async function tagged(head: Head, params: Params): Promise<Tagged> {
  const found: (readonly string[])[] = [];
  for (const { values, lengths, indices } of batchesOf(heldOut, lexicon)) {
    const rows = (await predict(params, head, table, values.types, lengths).array()) as number[][];
    indices.forEach((sentence, i) => {
      found[sentence] = heldOut[sentence]!.words.map((_, j) => lexicon.tags[rows[i]![j]!]!);
    });
  }
  return found;
}

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sentences: { type: "string", default: "20000" },
    epochs: { type: "string", default: "3" },
    longest: { type: "string", default: "64" },
  },
});
const began = performance.now();
const seconds = (): string => ((performance.now() - began) / 1000).toFixed(0);

const brown = (await readBrown()).filter(({ words }) => words.length <= Number(options.longest));
const parts = split(brown);
const train = evenly(parts.train, Number(options.sentences));
const heldOut = evenly(parts.heldOut, Number(options.sentences));
const lexicon = lexiconOf(brown, train);
const { table } = lexicon;
console.log(
  `${train.length} sentences to learn from, ${heldOut.length} held out; ${lexicon.tags.length} tags`,
);
console.log(`most frequent tag of each word: ${shown(scoreOf(heldOut, mostFrequent(train, heldOut)))}`);

const file = positionals[0] ?? "tagger.svg";
const curves: LossCurve[] = [];
for (const head of ["softmax", "chain"] as const) {
  const { params, curve } = await fit(head);
  curves.push(curve);
  const predicted = await tagged(head, params);
  console.log(`${head}: ${shown(scoreOf(heldOut, predicted))}`);
  if (head === "chain")
    await writeFile(
      file,
      drawConfusion({
        title: "Tags of held-out words, and what the chain took them for",
        ...confusion(heldOut, predicted, 24),
      }),
    );
}
const drawn = drawCurves({
  title: "Training a tagger",
  quantity: "loss, nats a word",
  against: "step",
  curves,
});
await writeFile(file.replace(/(\.svg)?$/, "-loss.svg"), drawn);
