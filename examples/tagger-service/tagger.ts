/** A small tagger: what it knows of words, how it is trained, and the recorded function that tags a sentence. */
import { readFile, writeFile } from "node:fs/promises";
import {
  array,
  bucket,
  jit,
  LinearChainCRF,
  np,
  optax,
  type OptState,
  put,
  safetensors,
  type Session,
  type Tensor,
  valueAndGrad,
} from "../../src/index.ts";
import { save } from "../../src/files/index.ts";
import { evenly, readBrown, type Sentence, split } from "../brown.ts";

type Ints = Tensor<"int32">;

export type Weights = Readonly<
  Record<"words" | "endings" | "bias" | "initial" | "transition", Tensor<"float32">>
>;

/** Sentences are padded to one of these, so that few programs are compiled. */
export const WIDTHS = [16, 32, 64, 128] as const;

const ENDING = 3; // letters

/** What a tagger has to be like to be used again: its weights are rows by these. */
export interface Vocabulary {
  readonly words: readonly string[];
  readonly endings: readonly string[];
  readonly tags: readonly string[];
}

/** The words and endings that occur at least twice, and all tags. Row 0 of each is for all others. */
function vocabularyOf(sentences: readonly Sentence[]): Vocabulary {
  const frequent = (items: readonly string[]): string[] => {
    const counts = new Map<string, number>();
    for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
    return ["", ...[...counts].filter(([, count]) => count > 1).map(([item]) => item)];
  };
  const words = sentences.flatMap((sentence) => sentence.words);
  return {
    words: frequent(words.map(spelling)),
    endings: frequent(words.map(ending)),
    tags: [...new Set(sentences.flatMap((sentence) => sentence.tags))].sort(),
  };
}

/** Where training begins. */
function initial({ words, endings, tags: { length: t } }: Vocabulary): Weights {
  const zeros = (...shape: number[]): Tensor<"float32"> =>
    array(new Float32Array(shape.reduce((a, b) => a * b)), { shape });
  return {
    words: zeros(words.length, t),
    endings: zeros(endings.length, t),
    bias: zeros(t),
    initial: zeros(t),
    transition: zeros(t, t),
  };
}

const spelling = (word: string): string => word.toLowerCase();
const ending = (word: string): string =>
  (/^\p{Lu}/u.test(word) ? "^" : "") + spelling(word).slice(-ENDING).replace(/\d/g, "0");

const chain = ({ words, endings, bias, ...edges }: Weights, known: Ints, ends: Ints, lengths: Ints) =>
  new LinearChainCRF({
    ...edges,
    emission: np
      .take(words, known, { axis: 0 })
      .add(np.take(endings, ends, { axis: 0 }))
      .add(bias),
    lengths,
  });

const tagsOf = jit((weights: Weights, known: Ints, ends: Ints, length: Ints) => {
  const crf = chain(weights, known, ends, length);
  return crf.decode(crf.argmax());
});

const optimizer = optax.adam(0.03);

const step = jit(
  (weights: Weights, state: OptState, known: Ints, ends: Ints, tags: Ints, lengths: Ints) => {
    const loss = (w: Weights): Tensor<"float32"> => {
      const crf = chain(w, known, ends, lengths);
      return crf.logProb(crf.encode(tags)).sum().neg().div(lengths.sum());
    };
    const [value, grads] = valueAndGrad(loss)(weights);
    const [updates, next] = optimizer.update(grads, state, weights);
    return { value, weights: optax.applyUpdates(weights, updates), state: next };
  },
  { donateArgnums: [0, 1] },
);

export class Tagger {
  readonly vocabulary: Vocabulary;
  readonly #weights: Weights;
  readonly #word: ReadonlyMap<string, number>;
  readonly #ending: ReadonlyMap<string, number>;

  constructor(vocabulary: Vocabulary, weights: Weights) {
    this.vocabulary = vocabulary;
    this.#weights = weights;
    this.#word = numbered(vocabulary.words);
    this.#ending = numbered(vocabulary.endings);
  }

  /** The best tags of one sentence. Calls of many requests run together on a worker that batches. */
  async tag(words: readonly string[], signal?: AbortSignal): Promise<readonly string[]> {
    const width = WIDTHS.find((each) => each >= words.length)!;
    const row = (numbers: ReadonlyMap<string, number>, of: (word: string) => string): Ints => {
      const data = new Int32Array(width);
      words.forEach((word, i) => (data[i] = numbers.get(of(word)) ?? 0));
      return array(data);
    };
    const length = array(words.length, { dtype: "int32" });
    const tags = tagsOf(this.#weights, row(this.#word, spelling), row(this.#ending, ending), length);
    const found = await tags.data(signal ? { signal } : {});
    return words.map((_, i) => this.vocabulary.tags[found[i]!]!);
  }

  /** Words as the recorded function takes them: their numbers, and those of their endings. */
  numbersOf(words: readonly string[]): {
    readonly known: readonly number[];
    readonly ends: readonly number[];
  } {
    return {
      known: words.map((each) => this.#word.get(spelling(each)) ?? 0),
      ends: words.map((each) => this.#ending.get(ending(each)) ?? 0),
    };
  }

  /** The function and the weights as a file of programs, for whole batches of sentences. */
  async saveProgram(file: string): Promise<void> {
    const rows = { dtype: "int32", shape: ["b", "n"] } as const;
    await save(
      file,
      { tag: tagsOf },
      {
        params: this.#weights,
        examples: { tag: [rows, rows, { dtype: "int32", shape: ["b"] }] },
        names: { tag: ["known", "ends", "lengths"] },
        metadata: { tags: JSON.stringify(this.vocabulary.tags) },
      },
    );
  }

  /** The weights, on the worker under a name: other services use the same copy. */
  async share(session: Session, name: string): Promise<void> {
    await session.share(name, this.#weights, { replace: true });
  }

  async save(file: string): Promise<void> {
    await writeFile(file, await safetensors.save(this.#weights));
    await writeFile(`${file}.json`, JSON.stringify(this.vocabulary));
  }

  static async load(file: string): Promise<Tagger> {
    const vocabulary = JSON.parse(await readFile(`${file}.json`, "utf8")) as Vocabulary;
    return new Tagger(vocabulary, put(safetensors.load(await readFile(file), initial(vocabulary))));
  }

  /** Learns from so many sentences of the Brown corpus. `told` gets the loss, nats a word, and the share of right tags. */
  static async train(count: number, epochs: number, told: (line: string) => void): Promise<Tagger> {
    const parts = split((await readBrown()).filter(({ words }) => words.length <= WIDTHS.at(-1)!));
    const sentences = evenly(parts.train, count);
    const vocabulary = vocabularyOf(sentences);
    const [word, end, tag] = [vocabulary.words, vocabulary.endings, vocabulary.tags].map(numbered);
    const items = sentences.map(({ words, tags }) => ({
      known: words.map((each) => word!.get(spelling(each)) ?? 0),
      ends: words.map((each) => end!.get(ending(each)) ?? 0),
      tags: tags.map((each) => tag!.get(each)!),
    }));
    let weights = put(initial(vocabulary));
    let state: OptState = put(optimizer.init(weights));
    for (let epoch = 0; epoch < epochs; epoch++) {
      let loss: Tensor<"float32"> | undefined;
      const order = { batchSize: 32, widths: [...WIDTHS], dtype: "int32", seed: 0, epoch } as const;
      for (const { values, lengths } of bucket(items, order)) {
        const done = step(weights, state, values.known, values.ends, values.tags, lengths);
        ({ weights, state, value: loss } = done);
      }
      told(`epoch ${epoch + 1}: loss ${(await loss!.item()).toFixed(2)} nats a word`);
    }
    const tagger = new Tagger(vocabulary, weights);
    const heldOut = evenly(parts.heldOut, 100);
    const found = await Promise.all(heldOut.map(({ words }) => tagger.tag(words)));
    const right = heldOut.flatMap(({ tags }, i) => tags.map((each, j) => each === found[i]![j]));
    told(
      `${((100 * right.filter(Boolean).length) / right.length).toFixed(1)} % of the tags of 100 other sentences`,
    );
    return tagger;
  }
}

function numbered(items: readonly string[]): ReadonlyMap<string, number> {
  return new Map(items.map((item, i) => [item, i]));
}
