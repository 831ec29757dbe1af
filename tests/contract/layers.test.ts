/** Layers against flax: parameters, inputs and results are in a file that tests/fixtures/layers/write_layers.py wrote. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packageRoot } from "../../bridge/environment/package-root.ts";
import {
  array,
  biaffine,
  type BiaffineParams,
  charCnn,
  connect,
  dense,
  type DenseParams,
  dropout,
  embedding,
  type EmbeddingParams,
  get,
  grad,
  gru,
  type GruParams,
  jit,
  layerNorm,
  type LayerNormParams,
  lstm,
  type LstmParams,
  multiHeadAttention,
  type MultiHeadAttentionParams,
  np,
  random,
  safetensors,
  type Session,
  type Tensor,
} from "../../src/index.ts";
import { errorOf } from "../fixtures/errors.ts";

type T = Tensor<"float32">;
interface File {
  readonly params: {
    readonly dense: DenseParams;
    readonly layerNorm: LayerNormParams;
    readonly embedding: EmbeddingParams;
    readonly attention: MultiHeadAttentionParams;
    readonly cross: MultiHeadAttentionParams;
    readonly lstm: LstmParams;
    readonly reverseLstm: LstmParams;
    readonly gru: GruParams;
    readonly conv: Required<DenseParams>;
  };
  readonly x: T;
  readonly context: T;
  readonly ids: Tensor<"int32">;
  readonly lengths: Tensor<"int32">;
  readonly results: Readonly<Record<string, T>>;
}
const path = join(packageRoot(), "tests", "fixtures", "layers", "flax.safetensors");
const { params, x, context, ids, lengths, results } = safetensors.load(readFileSync(path)) as unknown as File;

let session: Session;
beforeAll(async () => {
  session = await connect();
});
afterAll(() => session.close());

const flat = (nested: unknown): number[] => [nested].flat(Infinity) as number[];
/** Rows of an item that lie beyond its length, among those of 2 items of 4 and 2. */
const beyond = (of: unknown): number[] => flat((of as number[][][])[1]!.slice(2));

const layers = jit((p: File["params"], x: T, lengths: Tensor<"int32">) => ({
  dense: dense.apply(p.dense, x),
  layerNorm: layerNorm.apply(p.layerNorm, x),
  embedding: embedding.apply(p.embedding, ids),
  attention: multiHeadAttention.apply(p.attention, x, { lengths }),
  cross: multiHeadAttention.apply(p.cross, x, { context }),
  lstm: lstm.apply(p.lstm, x, { lengths }),
  reverseLstm: lstm.apply(p.reverseLstm, x, { lengths, reverse: true }),
  gru: gru.apply(p.gru, x, { lengths, reverse: true }),
  chars: charCnn.apply({ embedding: p.embedding, conv: p.conv }, ids),
}));

describe("layers", () => {
  test("give the numbers of flax, with parameters from its file, and 0 beyond lengths", async () => {
    const { lstm, reverseLstm, gru, chars, ...others } = layers(params, x, lengths);
    const [own, theirs] = await get([
      { ...others, lstm: lstm.outputs, reverseLstm: reverseLstm.outputs, gru: gru.outputs, chars },
      { ...results, chars: results["conv"]!.max(-2) },
    ]);
    for (const [name, value] of Object.entries(own)) {
      const found = value.array() as number[][][];
      const wanted = (theirs as Record<string, typeof value>)[name]!.array() as number[][][];
      const padded = ["attention", "lstm", "reverseLstm", "gru"].includes(name);
      if (padded) expect([name, beyond(found)]).toEqual([name, beyond(found).map(() => 0)]);
      // flax leaves what it finds in places beyond lengths
      const within = (of: number[][][]): number[] => flat(padded ? [of[0], of[1]!.slice(0, 2)] : of);
      const difference = within(found).map((v, i) => Math.abs(v - within(wanted)[i]!));
      expect([name, within(found).length]).toEqual([name, within(wanted).length]);
      expect([name, Math.max(...difference)]).toEqual([name, expect.closeTo(0, 5)]);
    }
  });

  test("what lies beyond a length, NaN even, leaks neither forwards nor backwards", async () => {
    const loss = (p: File["params"], x: T, lengths: Tensor<"int32">): T => {
      const { attention, lstm, reverseLstm, gru } = layers(p, x, lengths);
      const states = [lstm.carry.c, lstm.carry.h, reverseLstm.carry.h, gru.carry];
      return [attention, lstm.outputs, reverseLstm.outputs, gru.outputs, ...states]
        .map((part) => np.sin(part).sum())
        .reduce((a, b) => a.add(b));
    };
    const gradients = jit(grad(loss, { argnums: [0, 1] }));
    const broken = np.where(np.less(np.arange(4), np.expandDims(lengths, -1)).slice("...", null), x, NaN);
    const [clean, dirty, none] = await get([
      gradients(params, x, lengths),
      gradients(params, broken, lengths),
      gradients(params, broken.at(0).set(NaN), array([0, 2], { dtype: "int32" })),
    ]);
    expect(JSON.stringify(dirty)).toBe(JSON.stringify(clean));
    expect(beyond(clean[1].array())).toEqual(Array.from({ length: 12 }, () => 0));
    expect(JSON.stringify(none)).not.toContain("NaN");
    expect(flat((none[1].array() as unknown[])[0])).toEqual(Array.from({ length: 24 }, () => 0));
    expect(flat(none[0].attention.query.kernel.array()).some((v) => v !== 0)).toBe(true);
  });

  test.each([
    [[], 1],
    [[4], 4],
  ])("a biaffine scorer with labels %j is Dozat and Manning's formula", async (labels, n) => {
    // prettier-ignore
    const draw = (seed: number, ...shape: readonly number[]): T => random.normal(random.key(seed), { shape });
    const [left, right] = [draw(1, 2, 3), draw(2, 3, 2)];
    const p = {
      kernel: draw(3, 3, 2, ...labels),
      left: draw(4, 3, ...labels),
      right: draw(5, 2, ...labels),
      bias: draw(6, ...labels),
    } satisfies BiaffineParams;
    const scores = biaffine.apply(p, left, right);
    const [s, x, y, of] = await get([scores, left, right, p] as const);
    expect(s.shape).toEqual([2, 3, ...labels]);
    for (let i = 0; i < 2; i++)
      for (let j = 0; j < 3; j++)
        for (let k = 0; k < n; k++) {
          let sum = of.bias.data[k]!;
          for (let r = 0; r < 3; r++) {
            sum += x.data[3 * i + r]! * of.left.data[r * n + k]!;
            for (let c = 0; c < 2; c++)
              sum += x.data[3 * i + r]! * of.kernel.data[(2 * r + c) * n + k]! * y.data[2 * j + c]!;
          }
          for (let c = 0; c < 2; c++) sum += y.data[2 * j + c]! * of.right.data[c * n + k]!;
          expect(s.data[(3 * i + j) * n + k]).toBeCloseTo(sum, 5);
        }
  });

  test("words are as they would be without the places beyond their characters", async () => {
    const p = { embedding: params.embedding, conv: params.conv };
    const chars = [[1, 2, 3, 4], [3, 3, 3, 3], [4, 0, 2, 2]]; // prettier-ignore
    const [words, one, other] = await get([
      charCnn.apply(p, array(chars, { dtype: "int32" }), { lengths: [2, 0, 3] }),
      charCnn.apply(p, [1, 2]),
      charCnn.apply(p, [4, 0, 2]),
    ]);
    const close = (of: unknown): unknown[] => flat(of).map((v) => expect.closeTo(v, 5) as unknown);
    expect(flat(words.array())).toEqual([...close(one.array()), 0, 0, 0, 0, ...close(other.array())]);
  });

  test("a position sees only what its mask lets it see", async () => {
    const attend = (of: T): T => {
      const places = np.arange(of.shape.at(1));
      const mask = np.greaterEqual(np.expandDims(places, -1), places); // itself and those before it
      return multiHeadAttention.apply(params.attention, of, { mask });
    };
    const [all, cut] = await get([attend(x), attend(x.slice([], [0, 2]))]);
    const close = flat(cut.array()).map((v) => expect.closeTo(v, 5) as unknown);
    expect(flat((all.array() as unknown[][]).map((rows) => rows.slice(0, 2)))).toEqual(close);
  });

  test("new parameters are those of flax: shapes, variances, orthogonal states, zeros", async () => {
    const key = random.key(0);
    const init = {
      dense: dense.init(key, 400, 100),
      bare: dense.init(key, 4, 3, { useBias: false }),
      embedding: embedding.init(key, 500, 100),
      layerNorm: layerNorm.init(2),
      attention: multiHeadAttention.init(key, 100, 5, {
        contextFeatures: 50,
        qkvFeatures: 200,
        outFeatures: 10,
      }),
      lstm: lstm.init(key, 100, 20),
      gru: gru.init(key, 3, 20),
      biaffine: biaffine.init(key, 20, 30, { labels: 10 }),
      chars: charCnn.init(key, 26, 100),
    };
    const at = await get(init);
    const [{ kernel }, { query, key: keys, out }] = [at.dense, at.attention];
    expect([query, keys, out].map((p) => p.kernel.shape)).toEqual([[100, 5, 40], [50, 5, 40], [5, 40, 10]]); // prettier-ignore
    expect(at.chars.conv.kernel.shape).toEqual([3, 30, 100]);
    const variance = (of: ArrayLike<number>): number => Array.from(of).reduce((a, b) => a + b * b, 0) / of.length; // prettier-ignore
    const fanIns = [[kernel, 400], [at.embedding.embedding, 100], [query.kernel, 100], [keys.kernel, 50], [out.kernel, 200], [at.lstm.if.kernel, 100], [at.biaffine.kernel, 600], [at.chars.conv.kernel, 90]] as const; // prettier-ignore
    for (const [{ data }, fanIn] of fanIns) expect(Math.abs(variance(data) * fanIn - 1)).toBeLessThan(0.1);
    expect(Math.max(...kernel.data)).toBeLessThan(2 / Math.sqrt(400) / 0.879);
    expect(Object.keys(at.bare)).toEqual(["kernel"]);
    expect([...at.layerNorm.scale.data, ...at.layerNorm.bias.data, ...at.lstm.hf.bias.data.slice(0, 2)]).toEqual([1, 1, 0, 0, 0, 0]); // prettier-ignore
    for (const { data } of [at.lstm.ho.kernel, at.gru.hz.kernel])
      for (let i = 0; i < 20; i++)
        for (let j = 0; j < 20; j++) {
          const product = data
            .slice(20 * i, 20 * i + 20)
            .reduce((sum, v, k) => sum + v * data[20 * j + k]!, 0);
          expect(product).toBeCloseTo(i === j ? 1 : 0, 5);
        }
  });

  test("dropout keeps the mean, and everything outside of training", async () => {
    const ones = np.ones([100, 100]);
    const [kept, again, all, none] = await get([
      dropout(random.key(1), ones, 0.2),
      dropout(random.key(1), ones, 0.2),
      dropout(undefined, ones, 0.2),
      dropout(random.key(1), ones, 1),
    ]);
    expect(new Set(kept.data)).toEqual(new Set([0, 1.25]));
    expect(Math.abs(kept.data.reduce((a, b) => a + b) / 1e4 - 1)).toBeLessThan(0.02);
    expect(again.data).toEqual(kept.data);
    expect([new Set(all.data), new Set(none.data)]).toEqual([new Set([1]), new Set([0])]);
  });

  test.each<[string, () => unknown, string, string]>([
    [
      "parameters of another layer",
      () => dense.apply({ weight: x } as never, x),
      "params.kernel",
      "dense.apply",
    ],
    ["no parameters", () => lstm.apply(undefined as never, x), "params", "lstm.apply"],
    ["a size of 0", () => gru.init(random.key(0), 0, 2), "inFeatures", "gru.init"],
    ["a fraction", () => charCnn.init(random.key(0), 3, 2, { width: 1.5 }), "width", "charCnn.init"],
    [
      "heads that do not share",
      () => multiHeadAttention.init(random.key(0), 6, 4),
      "inFeatures",
      "multiHeadAttention.init",
    ],
    ["a rate above 1", () => dropout(random.key(0), x, 1.5), "rate", "dropout"],
    ["a number as a key", () => dropout(3 as never, x, 0.5), "key", "dropout"],
    [
      "an unknown option",
      () => lstm.apply(params.lstm, x, { length: lengths } as never),
      "length",
      "lstm.apply",
    ],
  ])("%s: refused by name", async (_, call, argument, layer) => {
    // prettier-ignore
    const error = await errorOf(call);
    expect([error.code, error.argument]).toEqual(["INVALID_ARGUMENT", argument]);
    expect(error.message).toContain(`${layer}: `);
    expect(error.line).toContain("layers.test.ts");
  });

  test("inputs of another width, and words that are not in the table", async () => {
    const width = await errorOf(() => dense.apply(params.dense, context.slice("...", [0, 5])).data());
    expect([width.code, width.line]).toEqual(["OP_FAILED", expect.stringContaining("layers.test.ts")]);
    const word = await errorOf(() => embedding.apply(params.embedding, [5]).data());
    expect([word.code, word.line]).toEqual(["CHECK_FAILED", expect.stringContaining("layers.test.ts")]);
  });
});
