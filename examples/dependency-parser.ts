/**
 * A parser of Hebrew: which word each word depends on, and as what. A network scores every arc; a distribution over trees
 * turns scores into a loss and into a tree. Four of them are trained the same way. After every epoch each parses the
 * sentences for choosing (dev), and the epoch that does best there is the one that is tested.
 *
 *   npx tsx examples/dependency-parser.ts [dependency-parser.svg] [--sentences 4494] [--epochs 6]
 *     [--variants softmax,single-root]
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { drawCurves } from "../src/display/curve.ts";
import { drawDependencies } from "../src/display/dependencies.ts";
import { stacked } from "../src/display/stacked.ts";
import { bucket, get, jit, optax, type OptState, random, valueAndGrad } from "../src/index.ts";
import {
  type Ints,
  initParams,
  type Key,
  loss,
  type Numbers,
  type Params,
  parse,
  type Variant,
} from "./biaffine-parser.ts";
import { lexiconOf } from "./lexicon.ts";
import { LossCurve } from "./loss-curve.ts";
import {
  attachment,
  hasCrossingArcs,
  type Parsed,
  readTreebank,
  type Sentence,
  shown,
  withRoot,
} from "./treebank.ts";
import type { Table } from "./word-encoder.ts";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sentences: { type: "string", default: "4494" },
    dev: { type: "string", default: "500" },
    test: { type: "string", default: "716" }, // 0 while settings are being chosen
    longest: { type: "string", default: "47" }, // words, in training; the longer sentences take most of the time
    epochs: { type: "string", default: "6" },
    rate: { type: "string", default: "0.006" },
    dropout: { type: "string", default: "0.2" },
    seed: { type: "string", default: "0" },
    variants: { type: "string", default: "softmax,projective,non-projective,single-root" },
  },
});
const began = performance.now();
const seconds = (): string => ((performance.now() - began) / 1000).toFixed(0);
const [epochs, seed] = [Number(options.epochs), Number(options.seed)];

const treebank = await readTreebank();
const train = treebank.train
  .filter(({ words }) => words.length <= Number(options.longest))
  .slice(0, Number(options.sentences));
const dev = treebank.dev.slice(0, Number(options.dev));
const test = treebank.test.slice(0, Number(options.test));
const lexicon = lexiconOf([...train, ...dev, ...test].map(withRoot), train.map(withRoot));
const labels = [...new Set(train.flatMap((sentence) => sentence.labels))].sort();

/** Batches of 32 sentences of like lengths: each width is compiled once. */
function batchesOf(sentences: readonly Sentence[], widths: readonly number[], epoch?: number) {
  const numbersOf = (names: readonly string[]) => new Map(names.map((name, i) => [name, i]));
  const [tagOf, labelOf] = [numbersOf(lexicon.tags), numbersOf(labels)];
  const items = sentences.map(withRoot).map((sentence) => ({
    types: sentence.words.map((word) => lexicon.typeOf.get(word)!),
    tags: sentence.tags.map((tag) => tagOf.get(tag) ?? 0),
    heads: sentence.heads,
    labels: sentence.labels.map((label) => labelOf.get(label) ?? 0),
  }));
  const order = epoch === undefined ? {} : { seed, epoch };
  return bucket(items, { batchSize: 32, widths, dtype: "int32", ...order });
}

// In all these steps the rate falls to nothing
const steps = epochs * (Math.ceil(train.length / 32) + 1);
const optimizer = optax.adam(optax.cosineDecaySchedule(Number(options.rate), steps));

/** Made by one compiled function, not by an operation after the other. */
const start = jit(() => {
  const params = initParams(random.key(seed), lexicon, labels.length);
  return { params, state: optimizer.init(params) };
});

/** A step of training, and parsing. */
const compiled = (variant: Variant) => ({
  step: jit((p: Params, state: OptState, table: Table, batch: Numbers, lengths: Ints, key: Key) => {
    const training = { key, rate: Number(options.dropout) };
    const [value, grads] = valueAndGrad((q: Params) => loss(q, variant, table, batch, lengths, training))(p);
    const [updates, next] = optimizer.update(grads, state, p);
    return { value, params: optax.applyUpdates(p, updates), state: next };
  }),
  parser: jit((p: Params, table: Table, batch: Numbers, lengths: Ints) =>
    parse(p, variant, table, batch, lengths),
  ),
});
type Parser = ReturnType<typeof compiled>["parser"];

/** The trees that it gives to sentences it has not seen. */
async function parsed(
  parser: Parser,
  params: Params,
  sentences: readonly Sentence[],
): Promise<readonly Parsed[]> {
  const found: Parsed[] = [];
  for (const { values, lengths, indices } of batchesOf(sentences, [48, 128])) {
    const trees = await get(parser(params, lexicon.table, values, lengths));
    const [heads, kinds] = [trees.heads.array() as number[][], trees.labels.array() as number[][]];
    for (const [i, sentence] of indices.entries()) {
      const words = sentences[sentence]!.words.map((_, j) => j + 1); // after the root
      found[sentence] = {
        heads: words.map((word) => heads[i]![word]!),
        labels: words.map((word) => labels[kinds[i]![word]!]!),
      };
    }
  }
  return found;
}

/** Trains a parser; the parameters after the epoch that did best on the dev sentences. */
async function fit(
  variant: Variant,
  { step, parser }: ReturnType<typeof compiled>,
): Promise<{ readonly params: Params; readonly curve: LossCurve }> {
  // A tree whose arcs cross is none of those that a projective parser knows.
  const known = variant === "projective" ? train.filter((sentence) => !hasCrossingArcs(sentence)) : train;
  let { params, state } = start();
  let best = { params, labelled: -1 };
  let i = 0;
  const curve = new LossCurve(variant);
  for (let epoch = 1; epoch <= epochs; epoch++) {
    for (const { values, lengths } of batchesOf(known, [24, 48], epoch)) {
      const key = random.foldIn(random.key(seed + 1), i++);
      const next = step(params, state, lexicon.table, values, lengths, key);
      ({ params, state } = next);
      await curve.add(next.value);
    }
    const latest = (await curve.latest()).toFixed(3);
    const score = attachment(dev, await parsed(parser, params, dev));
    if (score.labelled > best.labelled) best = { params, labelled: score.labelled };
    console.log(
      `${variant}, epoch ${epoch}: loss ${latest} nats a word; dev ${shown(score)}; ${seconds()} s`,
    );
  }
  return { params: best.params, curve };
}

console.log(
  `${train.length} sentences to learn from, ${dev.length} to choose by, ${test.length} to be tested on`,
);
const file = positionals[0] ?? "dependency-parser.svg";
const curves: LossCurve[] = [];
for (const variant of options.variants.split(",") as Variant[]) {
  const programs = compiled(variant);
  const { params, curve } = await fit(variant, programs);
  curves.push(curve);
  if (test.length === 0) continue;
  const found = await parsed(programs.parser, params, test);
  console.log(`${variant}: ${shown(attachment(test, found))}`);
  // Of a length for a picture: the first without a mistake, and the first two with one; of the last variant they stay
  const short = [...test.keys()].filter((i) => test[i]!.words.length >= 8 && test[i]!.words.length <= 14);
  const isRight = (i: number): boolean => attachment([test[i]!], [found[i]!]).labelled === 1;
  const few = [...short.filter(isRight).slice(0, 1), ...short.filter((i) => !isRight(i)).slice(0, 2)];
  const pictures = few.map((i) =>
    drawDependencies({
      title: `${variant} above the words, the treebank below`,
      words: test[i]!.words,
      found: found[i]!,
      gold: test[i]!,
      rightToLeft: true,
    }),
  );
  await writeFile(file, stacked({ title: "Hebrew sentences and their trees", pictures }));
}
const drawn = drawCurves({
  title: "Learning to parse Hebrew",
  quantity: "loss, nats a word",
  against: "step",
  curves,
});
await writeFile(file.replace(/(\.svg)?$/, "-loss.svg"), drawn);
