/** A small network that reads sentences: words and their letters, then an LSTM from each side. */
import { nn, np, random, scan, type Tensor } from "../src/index.ts";
import type { Lexicon } from "./lexicon.ts";

type T = Tensor<"float32">;
type Ints = Tensor<"int32">;

const [WORD, LETTER, FILTERS, HIDDEN] = [64, 16, 48, 64];
/** How many letters a filter sees at once. */
const WIDTH = 3;
/** The length of the vector that stands for a word in its sentence. */
export const ENCODED = 2 * HIDDEN;

export type Lstm = { readonly input: T; readonly recurrent: T; readonly bias: T };
export type Encoder = ReturnType<typeof initEncoder>;

const normal = (key: Tensor<"key">, rows: number, columns: number): T =>
  random.normal(key, { shape: [rows, columns] }).mul(1 / Math.sqrt(rows));

/** A gate that forgets little at first: its bias is 1. */
function initLstm(key: Tensor<"key">, size: number): Lstm {
  const keys = random.split(key);
  return {
    input: normal(keys.slice(0), size, 4 * HIDDEN),
    recurrent: normal(keys.slice(1), HIDDEN, 4 * HIDDEN),
    bias: np.concatenate([np.zeros([HIDDEN]), np.ones([HIDDEN]), np.zeros([2 * HIDDEN])]),
  };
}

export function initEncoder(key: Tensor<"key">, { vocabularySize, alphabetSize }: Lexicon) {
  const keys = random.split(key, { num: 5 });
  return {
    words: normal(keys.slice(0), vocabularySize, WORD).mul(Math.sqrt(vocabularySize / WORD)),
    letters: normal(keys.slice(1), alphabetSize, LETTER),
    filters: normal(keys.slice(2), WIDTH * LETTER, FILTERS),
    forward: initLstm(keys.slice(3), WORD + FILTERS),
    backward: initLstm(keys.slice(4), WORD + FILTERS),
  };
}

/** The table of words on the device: what `encode` looks numbers of words up in. */
export type Table = { readonly vocabulary: Ints; readonly letters: Ints };

/** A vector for each word, `(b n d)`, from its number, `(b n)`; what lies past the end of a sentence does not count. */
export function encode(p: Encoder, table: Table, types: Ints, lengths: Ints): T {
  const words = np.take(p.words, np.take(table.vocabulary, types), { axis: 0 });
  const letters = np.take(p.letters, np.take(table.letters, types, { axis: 0 }), { axis: 0 });
  const seen = [0, 1, 2].map((i) => letters.slice("...", [i, i === 2 ? null : i - 2], [])); // b n windows d
  const spelt = nn.relu(np.concatenate(seen, { axis: -1 }).matmul(p.filters)).max(-2);
  const x = np.concatenate([words, spelt], { axis: -1 });
  const inside = np.less(np.arange(types.shape.at(1)), lengths.slice([], null)); // b n
  return np.concatenate([lstm(p.forward, x, inside), lstm(p.backward, x, inside, true)], { axis: -1 });
}

/** Long short-term memory along a sentence, `(b n d)`; `reverse` reads from its end. */
function lstm(p: Lstm, x: T, inside: Tensor<"bool">, reverse = false): T {
  const inputs = np.swapaxes(x.matmul(p.input).add(p.bias), 0, 1); // n b 4d
  const none = np.zeros([x.shape.at(0), HIDDEN]);
  const [, hidden] = scan(
    ([h, c]: readonly [T, T], [input, isWord]: readonly [T, Tensor<"bool">]) => {
      const gates = input.add(h.matmul(p.recurrent)).reshape([-1, 4, HIDDEN]);
      const [i, f, g, o] = [0, 1, 2, 3].map((k) => gates.slice([], k)) as [T, T, T, T];
      const cell = nn
        .sigmoid(f)
        .mul(c)
        .add(nn.sigmoid(i).mul(nn.tanh(g)));
      const kept = isWord.slice([], null);
      const next = [np.where(kept, nn.sigmoid(o).mul(nn.tanh(cell)), h), np.where(kept, cell, c)] as const;
      return [next, next[0]];
    },
    [none, none] as const,
    [inputs, np.transpose(inside)] as const,
    { reverse },
  );
  return np.swapaxes(hidden, 0, 1);
}
