/** Scores of arcs and of their labels by a network (Dozat & Manning 2017, "Deep biaffine attention"), and trees of them. */
import {
  biaffine,
  dense,
  dropout,
  embedding,
  nn,
  np,
  random,
  SpanningTreeCRF,
  type Tensor,
} from "../src/index.ts";
import type { Lexicon } from "./lexicon.ts";
import { initSides, initWords, look, readFromBothSides, type Table, WORD_VECTOR } from "./word-encoder.ts";

export type Floats = Tensor<"float32">;
export type Ints = Tensor<"int32">;
export type Key = Tensor<"key">;

/** Sentences side by side, all `(b n)`. The first node of each is the root. */
export type Numbers = {
  /** Which words they are, */
  readonly types: Ints;
  /** and which parts of speech. */
  readonly tags: Ints;
  readonly heads: Ints;
  readonly labels: Ints;
};

/** What is compared: which trees count, or that every word chooses its head for itself. */
export const variants = {
  softmax: undefined,
  "non-projective": { directed: true, projective: false, singleRootEdge: false },
  "single-root": { directed: true, projective: false, singleRootEdge: true },
  projective: { directed: true, projective: true, singleRootEdge: true },
} as const;
export type Variant = keyof typeof variants;
type Kind = NonNullable<(typeof variants)[Variant]>;

const [TAG, HIDDEN, ARC, LABEL] = [32, 96, 96, 32];

export type Params = ReturnType<typeof initParams>;

export function initParams(key: Key, lexicon: Lexicon, labels: number) {
  let drawn = 0;
  const next = (): Key => random.foldIn(key, drawn++);
  return {
    words: initWords(next(), next(), lexicon),
    tags: embedding.init(next(), lexicon.tags.length, TAG),
    readers: [WORD_VECTOR + TAG, 2 * HIDDEN].map((from) => initSides(next(), next(), from, HIDDEN)),
    arcHead: dense.init(next(), 2 * HIDDEN, ARC),
    arcDependent: dense.init(next(), 2 * HIDDEN, ARC),
    arc: biaffine.init(next(), ARC, ARC),
    labelHead: dense.init(next(), 2 * HIDDEN, LABEL),
    labelDependent: dense.init(next(), 2 * HIDDEN, LABEL),
    label: biaffine.init(next(), LABEL, LABEL, { labels }),
  };
}

/** In training numbers are dropped, so that what the network learns does not hang on a few of them. */
export interface Training {
  readonly key: Key;
  readonly rate: number;
}

/** `(b n d)`: each word as a head and as a dependent, for arcs and for labels. */
function encoded(p: Params, table: Table, { types, tags }: Numbers, lengths: Ints, training?: Training) {
  let drawn = 0;
  const drop = (x: Floats): Floats =>
    training === undefined ? x : dropout(random.foldIn(training.key, drawn++), x, training.rate);
  const word = look(p.words, table, types);
  const x = p.readers.reduce(
    (x, reader) => drop(readFromBothSides(reader, x, lengths)),
    drop(np.concatenate([word, embedding.apply(p.tags, tags)], { axis: -1 })),
  );
  const layer = (of: Params["arcHead"]): Floats => drop(nn.relu(dense.apply(of, x)));
  return {
    arcHead: layer(p.arcHead),
    arcDependent: layer(p.arcDependent),
    labelHead: layer(p.labelHead),
    labelDependent: layer(p.labelDependent),
  };
}
type Encoded = ReturnType<typeof encoded>;

/** `(b n n)`: how well the second word would depend on the first. */
const arcScores = (p: Params, { arcHead, arcDependent }: Encoded): Floats =>
  biaffine.apply(p.arc, arcHead, arcDependent);

/** `(b n labels)`: how well each label would suit the arc from its head to each word. */
function labelScores(p: Params, { labelHead, labelDependent }: Encoded, heads: Ints): Floats {
  const theirs = np.takeAlongAxis(labelHead, heads.slice("...", null), 1);
  const pair = (of: Floats): Floats => np.expandDims(of, -2); // one head, one dependent
  return np.squeeze(biaffine.apply(p.label, pair(theirs), pair(labelDependent)), { axis: [-3, -2] });
}

/** Which head each word chooses for itself: none its own, nor what is past the end. */
function headLogits(scores: Floats, lengths: Ints): Floats {
  const n = scores.shape.at(-1);
  const isNode = np.less(np.arange(n), lengths.slice([], null)).slice("...", null);
  return np.where(np.logicalAnd(isNode, np.logicalNot(np.eye(n, { dtype: "bool" }))), scores, -1e9);
}

/** What only fills a batch counts as a root with one word: no tree has less. */
const treesOf = (kind: Kind, logPotentials: Floats, lengths: Ints): SpanningTreeCRF =>
  new SpanningTreeCRF({ ...kind, logPotentials, lengths: np.maximum(lengths, 2) });

/** Nats a word: of the right heads, and of the right labels of the right arcs. */
export function loss(
  p: Params,
  variant: Variant,
  table: Table,
  sentences: Numbers,
  lengths: Ints,
  training: Training,
): Floats {
  const { heads, labels } = sentences;
  const words = encoded(p, table, sentences, lengths, training);
  const scores = arcScores(p, words);
  const node = np.arange(heads.shape.at(1));
  const isWord = np.logicalAnd(np.greater(node, 0), np.less(node, lengths.slice([], null)));
  const counted = (of: Floats): Floats => np.where(isWord, of, 0).sum();
  const ofRight = (logits: Floats, right: Ints): Floats =>
    np.takeAlongAxis(nn.logSoftmax(logits), right.slice("...", null), -1).slice("...", 0);
  const labelled = counted(ofRight(labelScores(p, words, heads), labels));
  const kind = variants[variant];
  const dependents = np.where(isWord.slice("...", null), nn.oneHot(heads, heads.shape.at(1)), 0);
  const attached = kind
    ? treesOf(kind, scores, lengths)
        .logProb(np.swapaxes(dependents, -1, -2))
        .sum()
    : counted(ofRight(np.swapaxes(headLogits(scores, lengths), -1, -2), heads));
  return np.negative(attached.add(labelled)).div(isWord.sum());
}

/** The head of each word and its label. */
export function parse(
  p: Params,
  variant: Variant,
  table: Table,
  sentences: Numbers,
  lengths: Ints,
): { heads: Ints; labels: Ints } {
  const words = encoded(p, table, sentences, lengths);
  const scores = arcScores(p, words);
  const kind = variants[variant];
  const trees = kind && treesOf(kind, scores, lengths);
  const found = trees ? trees.decode(trees.argmax()) : headLogits(scores, lengths).argmax(-2);
  const heads = np.maximum(found, 0); // the root has none
  return { heads, labels: labelScores(p, words, heads).argmax(-1) };
}
