/**
 * A parser of Hebrew: which word each word depends on, and as what. A small network scores every arc (Dozat & Manning
 * 2017, "Deep biaffine attention for neural dependency parsing"); a distribution over trees turns scores into a loss and
 * into a tree. Four of them are trained the same way and compared on sentences that none has seen.
 *
 *     npx tsx examples/dependency-parser.ts picture.svg --sentences 4937 --epochs 4 --variants projective,softmax
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { drawCurves } from "../src/display/curve.ts";
import { jit, np, optax, type OptState, padded, random, valueAndGrad } from "../src/index.ts";
import {
  type Batch,
  type Floats,
  initial,
  type Key,
  loss,
  type Params,
  parse,
  type Variant,
} from "./biaffine-parser.ts";
import { hasCrossingArcs, readTreebank, type Sentence } from "./treebank.ts";

const { values: given, positionals } = parseArgs({
  options: {
    sentences: { type: "string", default: "4937" },
    test: { type: "string", default: "716" },
    longest: { type: "string", default: "47" }, // words; the longer sentences take most of the time
    epochs: { type: "string", default: "6" },
    variants: { type: "string", default: "softmax,non-projective,single-root,projective" },
  },
  allowPositionals: true,
});
const fits = ({ words }: Sentence): boolean => words.length <= Number(given.longest);
const treebank = await readTreebank();
const train = treebank.train.filter(fits).slice(0, Number(given.sentences));
const test = treebank.test.slice(0, Number(given.test));

// Words are numbers: 0 is past the end, 1 the root, 2 a word that was seen less than twice in training.
const numbered = (names: Iterable<string>, from: number): Map<string, number> =>
  new Map([...new Set(names)].map((name, i) => [name, from + i]));
const seen = new Map<string, number>();
for (const { words } of train) for (const word of words) seen.set(word, (seen.get(word) ?? 0) + 1);
const vocabulary = numbered(
  [...seen].filter(([, count]) => count > 1).map(([word]) => word),
  3,
);
const tags = numbered(
  treebank.train.flatMap((sentence) => sentence.tags),
  2,
);
const labels = numbered(
  treebank.train.flatMap((sentence) => sentence.labels),
  0,
);

/** Sentences side by side, the root before the first word. */
function batchOf(sentences: readonly Sentence[], width: number): Batch {
  const rows = (root: number, of: (sentence: Sentence) => readonly number[]) =>
    padded(
      sentences.map((each) => [root, ...of(each)]),
      { dtype: "int32", width },
    );
  const words = rows(1, (each) => each.words.map((word) => vocabulary.get(word) ?? 2));
  return {
    words: words.values,
    lengths: words.lengths,
    tags: rows(1, (each) => each.tags.map((tag) => tags.get(tag) ?? 0)).values,
    heads: rows(-1, (each) => each.heads).values,
    labels: rows(0, (each) => each.labels.map((label) => labels.get(label) ?? 0)).values,
  };
}

const SIZE = 32;
/** Batches of sentences of similar lengths: each width is compiled once. The last of each begins again from the first. */
function batchesOf(sentences: readonly Sentence[], widths: readonly number[]) {
  return widths.flatMap((width, k) => {
    const fits = ({ words }: Sentence): boolean =>
      words.length < width && words.length >= (widths[k - 1] ?? 0);
    const bucket = sentences.filter(fits);
    return Array.from({ length: Math.ceil(bucket.length / SIZE) }, (_, i) => {
      const rows = Array.from({ length: SIZE }, (_, j) => bucket[(i * SIZE + j) % bucket.length]!);
      return { batch: batchOf(rows, width), sentences: bucket.slice(i * SIZE, (i + 1) * SIZE) };
    });
  });
}

/** In an order that looks random and is the same in every run. */
function shuffled<T>(items: readonly T[], seed: number): readonly T[] {
  let state = seed + 1;
  const uniform = (): number => (state = (state * 48_271) % 2_147_483_647);
  return items
    .map((item) => [uniform(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}

const optimizer = optax.adam(2e-3);
const start = jit(() => {
  const params = initial(vocabulary.size + 3, tags.size + 2, labels.size);
  return { params, state: optimizer.init(params) };
});

/** Trains a parser; the mean loss of every twenty steps, in nats a word. */
async function trained(variant: Variant): Promise<{ params: Params; losses: [number, number][] }> {
  const step = jit(
    (p: Params, s: OptState, batch: Batch, key: Key) => {
      const [value, gradients] = valueAndGrad((q: Params) => loss(q, batch, variant, key))(p);
      const [updates, state] = optimizer.update(gradients as Params, s);
      return { value, params: optax.applyUpdates(p, updates), state };
    },
    { donateArgnums: [0, 1] },
  );
  let { params, state } = start();
  // A tree whose arcs cross is none of those that a projective parser knows.
  const known = variant === "projective" ? train.filter((sentence) => !hasCrossingArcs(sentence)) : train;
  const losses: [number, number][] = [];
  let values: Floats[] = [];
  for (let epoch = 0, i = 1; epoch < Number(given.epochs); epoch++)
    for (const { batch } of shuffled(batchesOf(shuffled(known, epoch), [24, 48]), epoch)) {
      const next = step(params, state, batch, random.foldIn(random.key(0), i));
      ({ params, state } = next);
      values.push(next.value);
      if (i++ % 20 > 0) continue;
      losses.push([i - 1, await np.stack(values).mean().item()]);
      values = [];
    }
  return { params, losses };
}

/** Percent of the words of the test sentences, punctuation among them, that have the right head, and the right label too. */
async function attachment(
  params: Params,
  variant: Variant,
): Promise<{ unlabelled: number; labelled: number }> {
  const parser = jit((p: Params, batch: Batch) => parse(p, batch, variant));
  let [words, heads, both] = [0, 0, 0];
  for (const { batch, sentences } of batchesOf(test, [48, 96])) {
    const found = parser(params, batch);
    const [theirHeads, theirLabels] = (await Promise.all([
      found.heads.array(),
      found.labels.array(),
    ])) as number[][][];
    for (const [i, sentence] of sentences.entries())
      for (const [j, head] of sentence.heads.entries()) {
        const isRight = theirHeads![i]![j + 1] === head;
        words += 1;
        heads += Number(isRight);
        both += Number(isRight && theirLabels![i]![j + 1] === labels.get(sentence.labels[j]!));
      }
  }
  return { unlabelled: (100 * heads) / words, labelled: (100 * both) / words };
}

console.log(`${train.length} sentences to learn from, ${test.length} to be tested on.`);
const curves = [];
for (const variant of given.variants.split(",") as Variant[]) {
  const started = Date.now();
  const { params, losses } = await trained(variant);
  const seconds = (Date.now() - started) / 1000;
  const { unlabelled, labelled } = await attachment(params, variant);
  curves.push({ name: variant, points: losses });
  console.log(
    `${variant}: ${unlabelled.toFixed(1)} % of heads right, ${labelled.toFixed(1)} % with their labels; ` +
      `the last loss ${losses.at(-1)![1].toFixed(2)} nats a word (${seconds.toFixed(0)} s)`,
  );
}
await writeFile(
  positionals[0] ?? "dependency-parser.svg",
  drawCurves({ title: "Learning to parse Hebrew", quantity: "nats a word", against: "step", curves }),
);
