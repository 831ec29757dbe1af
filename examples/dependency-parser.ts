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
import { jit, padded, random, valueAndGrad } from "../src/index.ts";
import { adam, type AdamState, applyUpdates } from "./adam.ts";
import { type Batch, initial, type Key, loss, type Params, parse, type Variant } from "./biaffine-parser.ts";
import { hasCrossingArcs, readTreebank, type Sentence } from "./treebank.ts";

const { values: given, positionals } = parseArgs({
  options: {
    sentences: { type: "string", default: "4937" },
    test: { type: "string", default: "716" },
    longest: { type: "string", default: "47" },
    epochs: { type: "string", default: "5" },
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

/** Sentences side by side, the root before the first word; one of a few widths, each of which is compiled once. */
function batchOf(sentences: readonly Sentence[]): Batch {
  const rows = (root: number, of: (sentence: Sentence) => readonly number[]) =>
    padded(
      sentences.map((each) => [root, ...of(each)]),
      { dtype: "int32", multipleOf: WIDTH },
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
const [WIDTH, SIZE] = [24, 32] as const;

/** Batches of sentences of similar lengths. The last of a width is filled up with sentences from its beginning. */
function batchesOf(sentences: readonly Sentence[]): { batch: Sentence[]; count: number }[] {
  const widthOf = ({ words }: Sentence): number => Math.floor(words.length / WIDTH);
  const buckets = [...new Set(sentences.map(widthOf))].map((width) =>
    sentences.filter((each) => widthOf(each) === width),
  );
  return buckets.flatMap((bucket) =>
    Array.from({ length: Math.ceil(bucket.length / SIZE) }, (_, i) => ({
      batch: Array.from({ length: SIZE }, (_, j) => bucket[(i * SIZE + j) % bucket.length]!),
      count: Math.min(SIZE, bucket.length - i * SIZE),
    })),
  );
}

/** Numbers that look random and are the same in every run. */
let seed = 1;
const uniform = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;

const optimizer = adam(2e-3);
/** Trains a parser; its loss at every tenth step, in nats a word. */
async function trained(variant: Variant): Promise<{ params: Params; losses: [number, number][] }> {
  const step = jit(
    (p: Params, state: AdamState<Params>, batch: Batch, key: Key) => {
      const [value, gradient] = valueAndGrad((q: Params) => loss(q, batch, variant, key))(p);
      const [updates, next] = optimizer.update(gradient as Params, state);
      return { value, params: applyUpdates(p, updates), state: next };
    },
    { donateArgnums: [0, 1] },
  );
  let params = initial(vocabulary.size + 3, tags.size + 2, labels.size);
  let state = optimizer.init(params);
  // A tree whose arcs cross is none of those that a projective parser knows.
  const known = variant === "projective" ? train.filter((sentence) => !hasCrossingArcs(sentence)) : train;
  const losses: [number, number][] = [];
  for (let epoch = 0, i = 0; epoch < Number(given.epochs); epoch++) {
    const shuffled = known.map((x) => [uniform(), x] as const).sort(([a], [b]) => a - b);
    const batches = batchesOf(shuffled.map(([, sentence]) => sentence));
    for (const { batch } of batches
      .map((x) => [uniform(), x] as const)
      .sort(([a], [b]) => a - b)
      .map(([, x]) => x)) {
      const next = step(params, state, batchOf(batch), random.foldIn(random.key(0), i));
      ({ params, state } = next);
      if (i % 10 === 0) losses.push([i, await next.value.item()]);
      i++;
    }
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
  for (const { batch, count } of batchesOf(test)) {
    const found = parser(params, batchOf(batch));
    const [theirHeads, theirLabels] = (await Promise.all([
      found.heads.array(),
      found.labels.array(),
    ])) as number[][][];
    for (const [i, sentence] of batch.slice(0, count).entries())
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
