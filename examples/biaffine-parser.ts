/** Scores of arcs and of their labels by a small network (Dozat & Manning 2017, "Deep biaffine attention"). */
import { nn, np, random, SpanningTreeCRF, type Tensor } from "../src/index.ts";

export type Floats = Tensor<"float32">;
export type Whole = Tensor<"int32">;
export type Key = Tensor<"key">;

export interface Batch {
  readonly words: Whole;
  readonly tags: Whole;
  /** -1 at the root, and past the end. */
  readonly heads: Whole;
  readonly labels: Whole;
  /** How many nodes each sentence has, the root with them. */
  readonly lengths: Whole;
}

/** What is compared: which trees count, or that every word chooses its head for itself. */
export const variants = {
  softmax: undefined,
  "non-projective": { directed: true, projective: false, singleRootEdge: false },
  "single-root": { directed: true, projective: false, singleRootEdge: true },
  projective: { directed: true, projective: true, singleRootEdge: true },
} as const;
export type Variant = keyof typeof variants;

const [WORD, TAG, WIDE, ARC, FARTHEST] = [64, 32, 128, 96, 10] as const;
const KEPT = 2 / 3;

export type Params = ReturnType<typeof initial>;

export function initial(words: number, tags: number, labels: number) {
  let drawn = 0;
  const normal = (...shape: number[]): Floats =>
    random.normal(random.foldIn(random.key(0), drawn++), { shape }).mul(shape.at(-2)! ** -0.5);
  const layer = (from: number, to: number) => ({ weights: normal(from, to), bias: np.zeros([to]) });
  return {
    words: normal(words, WORD),
    tags: normal(tags, TAG),
    windows: [layer(3 * (WORD + TAG), WIDE), layer(3 * WIDE, WIDE), layer(3 * WIDE, WIDE)],
    head: layer(WIDE, ARC),
    dependent: layer(WIDE, ARC),
    arc: np.zeros([ARC, ARC]),
    asHead: np.zeros([ARC, 1]),
    distance: np.zeros([2 * FARTHEST + 1]),
    label: np.zeros([labels, ARC, ARC]),
    ofHead: layer(ARC, labels),
    ofDependent: layer(ARC, labels),
  };
}

const dense = (x: Floats, { weights, bias }: { weights: Floats; bias: Floats }): Floats =>
  x.matmul(weights).add(bias);

/** A third of the numbers become 0, so that what the network learns does not hang on a few of them. */
const dropout = (x: Floats, key: Key): Floats =>
  x.mul(random.bernoulli(key, { p: KEPT, shape: x.shape })).div(KEPT);

/** Each word with its neighbours, three times over, so that seven words are seen together. */
function encoded(p: Params, { words, tags, lengths }: Batch, key?: Key) {
  const n = words.shape.at(1);
  const isNode = np.less(np.arange(n), np.expandDims(lengths, -1));
  let x: Floats = np.concatenate([np.take(p.words, words, { axis: 0 }), np.take(p.tags, tags, { axis: 0 })], {
    axis: -1,
  });
  p.windows.forEach((window, i) => {
    if (key) x = dropout(x, random.foldIn(key, i));
    const middle = np.where(np.expandDims(isNode, -1), x, 0);
    const around = np.pad(middle, [[0, 0], [1, 1], [0, 0]]); // prettier-ignore
    const [left, right] = [around.slice([], [null, -2]), around.slice([], [2, null])];
    x = nn.relu(dense(np.concatenate([left, middle, right], { axis: -1 }), window));
  });
  return { head: nn.relu(dense(x, p.head)), dependent: nn.relu(dense(x, p.dependent)), isNode, n };
}
type Encoded = ReturnType<typeof encoded>;

/** `(b n n)`: how well the second word would depend on the first. */
function arcScores(p: Params, { head, dependent, n }: Encoded): Floats {
  const places = np.arange(n);
  const distances = np
    .clip(places.sub(np.expandDims(places, -1)), { min: -FARTHEST, max: FARTHEST })
    .add(FARTHEST);
  const matched = head.matmul(p.arc).matmul(np.swapaxes(dependent, -1, -2));
  return matched.add(head.matmul(p.asHead)).add(np.take(p.distance, distances));
}

/** `(b n labels)`: how well each label would suit the arc from its head to each word. */
function labelScores(p: Params, { head, dependent }: Encoded, heads: Whole): Floats {
  const theirs = np.takeAlongAxis(head, np.expandDims(np.maximum(heads, 0), -1), 1);
  const matched = np.einsum("bni,rij,bnj->bnr", theirs, p.label, dependent);
  return matched.add(dense(theirs, p.ofHead)).add(dense(dependent, p.ofDependent));
}

/** No word is its own head, the root is nobody's dependent, and what is past the end is no head. */
function headLogits(scores: Floats, { isNode, n }: Encoded): Floats {
  const allowed = np.logicalAnd(np.expandDims(isNode, -1), np.logicalNot(np.eye(n, { dtype: "bool" })));
  return np.where(allowed, scores, -1e9);
}

const chosen = (logits: Floats, index: Whole, axis: number): Floats =>
  np.squeeze(
    np.takeAlongAxis(nn.logSoftmax(logits, { axis }), np.expandDims(np.maximum(index, 0), axis), axis),
    { axis },
  );

/** Nats a word: of the right heads, and of the right labels of the right arcs. */
export function loss(p: Params, batch: Batch, variant: Variant, key: Key): Floats {
  const { heads, labels, lengths } = batch;
  const words = encoded(p, batch, key);
  const scores = arcScores(p, words);
  const isWord = np.greaterEqual(heads, 0).mul(words.isNode);
  const kind = variants[variant];
  const labelled = chosen(labelScores(p, words, heads), labels, -1)
    .mul(isWord)
    .sum(-1);
  const right = np.swapaxes(nn.oneHot(heads, words.n), -1, -2).mul(np.expandDims(isWord, -2)); // the tree, [head, dependent]
  const attached = kind
    ? new SpanningTreeCRF({ ...kind, logPotentials: scores, lengths }).logProb(right)
    : chosen(headLogits(scores, words), heads, -2).mul(isWord).sum(-1);
  return np.negative(attached.add(labelled).sum()).div(isWord.sum());
}

/** The head of each word and its label. */
export function parse(p: Params, batch: Batch, variant: Variant): { heads: Whole; labels: Whole } {
  const words = encoded(p, batch);
  const scores = arcScores(p, words);
  const kind = variants[variant];
  const trees = kind && new SpanningTreeCRF({ ...kind, logPotentials: scores, lengths: batch.lengths });
  const heads = trees ? trees.decode(trees.argmax()) : np.argmax(headLogits(scores, words), { axis: -2 });
  return { heads, labels: np.argmax(labelScores(p, words, heads), { axis: -1 }) };
}
