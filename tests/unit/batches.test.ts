import { Float32, Int32, List, Field, Table, vectorFromArray } from "apache-arrow";
import { describe, expect, test } from "vitest";
import { array, batches, bucket, type Tensor } from "../../src/index.ts";
import { errorOf } from "../fixtures/errors.ts";

const loose = { batches, bucket } as unknown as Record<
  "batches" | "bucket",
  (data: unknown, options: unknown) => Iterable<unknown> & AsyncIterable<unknown>
>;

/** Trees of tensors on the host as `[dtype, nested array]`. */
async function read(of: unknown): Promise<unknown> {
  if (typeof of !== "object" || of === null || Array.isArray(of)) return of;
  if ("aval" in of) return [(await (of as Tensor).aval()).dtype, await (of as Tensor).array()];
  const read1 = async ([k, v]: [string, unknown]) => [k, await read(v)] as const;
  return Object.fromEntries(await Promise.all(Object.entries(of).map(read1)));
}
async function all(from: Iterable<unknown> | AsyncIterable<unknown>): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const batch of from) found.push(await read(batch));
  return found;
}

const pairs = [1, 2, 3].map((n) => ({ x: [n, -n], y: n }));
const two = [
  { values: { x: ["float32", [[1, -1], [2, -2]]], y: ["int32", [1, 2]] }, real: ["bool", [true, true]], indices: [0, 1] },
  { values: { x: ["float32", [[3, -3], [0, 0]]], y: ["int32", [3, 0]] }, real: ["bool", [true, false]], indices: [2] },
]; // prettier-ignore
const options = { batchSize: 2, dtype: { y: "int32" } };
async function* slowly<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) yield await Promise.resolve(item);
}

describe("batches", () => {
  test.each<[string, () => unknown]>([
    ["an array of items", () => pairs],
    ["columns of arrays", () => ({ x: pairs.map(({ x }) => x), y: [1, 2, 3] })],
    ["columns of typed arrays and tensors", () => ({ x: array([[1, -1], [2, -2], [3, -3]]), y: Int32Array.of(1, 2, 3) })], // prettier-ignore
    ["an iterable", () => new Set(pairs)],
    ["an async iterable", () => slowly(pairs)],
  ])("%s", async (_, data) => {
    expect(await all(loose.batches(data(), options))).toEqual(two);
  });

  test("an Arrow table, and items without names", async () => {
    const table = new Table({ x: vectorFromArray([1, 2, 3], new Float32()), y: vectorFromArray([4, 5, 6], new Int32()) }); // prettier-ignore
    const [, last] = [...batches(table, { batchSize: 2 })];
    expect(await read(last!.values)).toEqual({ x: ["float32", [3, 0]], y: ["int32", [6, 0]] });
    const bare = [...batches(new Int16Array([1, 2, 3]), { batchSize: 3 })];
    expect(await read(bare[0]!.values)).toEqual(["int16", [1, 2, 3]]);
    expect(await all(loose.batches([], { batchSize: 2 }))).toEqual([]);
  });

  test("what is no whole batch is dropped where that is wanted", async () => {
    expect(await all(loose.batches(pairs, { ...options, dropRemainder: true }))).toEqual(two.slice(0, 1));
    expect(await all(loose.batches(slowly(pairs), { ...options, dropRemainder: true }))).toEqual(two.slice(0, 1)); // prettier-ignore
  });

  test("a seed shuffles: every item once, each epoch otherwise, the same again", () => {
    const items = Array.from({ length: 100 }, (_, i) => i);
    const order = (seed: number, epoch?: number): number[] =>
      [...batches(items, { batchSize: 7, seed, ...(epoch === undefined ? {} : { epoch }) })].flatMap(({ indices }) => indices); // prettier-ignore
    const orders = [order(0), order(0, 1), order(1), order(1, 1), order(2 ** 40)];
    for (const one of orders) expect([...one].sort((a, b) => a - b)).toEqual(items);
    expect(new Set(orders.map(String)).size).toBe(5);
    expect(order(0, 0)).toEqual(order(0));
    // What stands first is any of them: 2,000 shuffles of 4 items
    const firsts = Array.from({ length: 2_000 }, (_, epoch) => [...batches([0, 1, 2, 3], { batchSize: 4, seed: 3, epoch })][0]!.indices); // prettier-ignore
    for (let place = 0; place < 4; place++)
      for (let item = 0; item < 4; item++)
        expect(Math.abs(firsts.filter((one) => one[place] === item).length - 500)).toBeLessThan(80); // 4 σ
  });

  test.each<[string, unknown, object, string]>([
    ["a batch of 0", pairs, { batchSize: 0 }, "batchSize"],
    ["no batch size", pairs, {}, "batchSize"],
    ["an unknown option", pairs, { batchSize: 1, shuffle: true }, "shuffle"],
    ["a fraction as a seed", pairs, { batchSize: 1, seed: 0.5 }, "seed"],
    ["an epoch without a seed", pairs, { batchSize: 1, epoch: 1 }, "epoch"],
    ["a stream with a seed", slowly(pairs), { batchSize: 1, seed: 1 }, "seed"],
    ["a text", "text", { batchSize: 1 }, "data"],
    ["words", ["one"], { batchSize: 1 }, "data[0]"],
    ["words in an item", [{ x: "one" }], { batchSize: 1 }, "data[0].x"],
    ["items of other shapes", [[1], [2, 3]], { batchSize: 2 }, "data[1]"],
    ["items of other shapes in a later batch", [[1], [2, 3]], { batchSize: 1 }, "data[1]"],
    ["items of other arrays", [{ x: 1 }, { y: 1 }], { batchSize: 2 }, "data[1]"],
    ["columns of different lengths", { x: [1, 2], y: [1] }, { batchSize: 2 }, "data.y"],
  ])("%s: refused by name", async (_, data, options, argument) => {
    const error = await errorOf(() => all(loose.batches(data, options)));
    expect([error.code, error.argument]).toEqual(["INVALID_ARGUMENT", argument]);
  });
  test("a value that the dtype cannot hold", async () => {
    expect((await errorOf(() => all(loose.batches([1.5], { batchSize: 1, dtype: "int32" })))).code).toBe("NARROWING"); // prettier-ignore
  });
});

const sentences = [[1], [1, 2, 3], [], [4, 5], [6]].map((words, id) => ({ words, id }));
const found = [
  { values: { words: ["int32", [[1, 0], [0, 0]]], id: ["int32", [0, 2]] }, lengths: ["int32", [1, 0]], real: ["bool", [true, true]], width: 2, indices: [0, 2] },
  { values: { words: ["int32", [[4, 5], [6, 0]]], id: ["int32", [3, 4]] }, lengths: ["int32", [2, 1]], real: ["bool", [true, true]], width: 2, indices: [3, 4] },
  { values: { words: ["int32", [[1, 2, 3, 0], [0, 0, 0, 0]]], id: ["int32", [1, 0]] }, lengths: ["int32", [3, 0]], real: ["bool", [true, false]], width: 4, indices: [1] },
]; // prettier-ignore
const buckets = { batchSize: 2, widths: [4, 2], dtype: "int32" };

describe("bucket", () => {
  test.each<[string, () => unknown]>([
    ["an array of sentences", () => sentences],
    ["columns", () => ({ words: sentences.map(({ words }) => words), id: [0, 1, 2, 3, 4] })],
    [
      "an Arrow table of lists",
      () =>
        new Table({
          words: vectorFromArray(
            sentences.map(({ words }) => words),
            new List(new Field("item", new Float32())),
          ),
          id: vectorFromArray([0, 1, 2, 3, 4], new Int32()),
        }),
    ],
    ["a stream", () => slowly(sentences)],
  ])("%s", async (_, data) => {
    // prettier-ignore
    expect(await all(loose.bucket(data(), buckets))).toEqual(found);
  });

  test("items of vectors, one of them first without any; what is not whole is dropped", async () => {
    const items = [[], [[1, 2]], [[3, 4], [5, 6]]]; // prettier-ignore
    const [first, second] = [...bucket(items, { batchSize: 2, widths: [3], dropRemainder: false })];
    expect(await read(first!.values)).toEqual(["float32", [[[0, 0], [0, 0], [0, 0]], [[1, 2], [0, 0], [0, 0]]]]); // prettier-ignore
    expect((await second!.values.aval()).shape).toEqual([2, 3, 2]);
    expect([...bucket(items, { batchSize: 2, widths: [3], dropRemainder: true })]).toHaveLength(1);
  });

  test("shapes are as many as widths, whatever the lengths", async () => {
    const lengths = Array.from({ length: 200 }, (_, i) => (i * 37) % 60);
    const rows = lengths.map((n) => new Int32Array(n).fill(n));
    const shapes = new Set<string>();
    let count = 0;
    for (const { values, lengths } of bucket(rows, { batchSize: 16, widths: [8, 16, 32, 64], seed: 1 })) {
      shapes.add(String((await values.aval()).shape));
      for (const n of await lengths.data()) count += n;
    }
    expect([...shapes].sort()).toEqual(["16,16", "16,32", "16,64", "16,8"]);
    expect(count).toBe(lengths.reduce((a, b) => a + b));
  });

  test.each<[string, unknown, object, string]>([
    ["an item beyond the widths", [[1], [1, 2, 3]], { widths: [2] }, "data[1]"],
    ["arrays of an item that differ", [{ a: [1], b: [1, 2] }], { widths: [2] }, "data[0].b"],
    ["numbers only", [{ a: 1 }], { widths: [2] }, "data[0]"],
    ["no widths", [[1]], { widths: [] }, "widths"],
    ["a width of 0", [[1]], { widths: [0] }, "widths"],
    ["a number as widths", [[1]], { widths: 3 }, "widths"],
    ["items of other vectors", [[[1]], [[1, 2]]], { widths: [2] }, "data[1]"],
  ])("%s: refused by name", async (_, data, options, argument) => {
    const error = await errorOf(() => all(loose.bucket(data, { batchSize: 2, ...options })));
    expect([error.code, error.argument]).toEqual(["INVALID_ARGUMENT", argument]);
  });
});
