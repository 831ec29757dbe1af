/** What pyarrow writes is read here, and the other way round. */
import { execFile } from "node:child_process";
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Vector } from "apache-arrow";
import { asyncBufferFromFile, parquetRead } from "hyparquet";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packageRoot } from "../../bridge/environment/package-root.ts";
import { resolvePython } from "../../bridge/environment/resolve-python.ts";
import { array, np, padded, type Tensor } from "../../src/index.ts";
import { batchesFromIpc, type Column, fromIpc, ragged, toIpc } from "../../src/tables/index.ts"; // prettier-ignore
import { errorOf } from "../fixtures/errors.ts";

const directory = mkdtempSync(join(tmpdir(), "synjax-tables-"));
let python = "";
const pyarrow = (...args: string[]): Promise<{ stdout: string }> =>
  promisify(execFile)(python, ["-m", "tests.arrow_files", ...args], { cwd: join(packageRoot(), "python") });

beforeAll(async () => {
  python = await resolvePython({ dev: true });
  await pyarrow("write", directory);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const bytesOf = (name: string): Promise<Buffer> => readFile(join(directory, name));
const filled = { f32: -1 };

async function valueOf(column: Column): Promise<unknown> {
  if ("array" in column) return [(await column.aval()).dtype, await column.array()];
  if ("lengths" in column) return [(await column.values.aval()).dtype, await column.values.array(), await column.lengths.array()]; // prettier-ignore
  return [...column];
}

async function valuesOf(columns: Readonly<Record<string, Column>>): Promise<Record<string, unknown>> {
  return Object.fromEntries(await Promise.all(Object.entries(columns).map(async ([name, column]) => [name, await valueOf(column)] as const))); // prettier-ignore
}

const cube = (i: number): number[][] => [0, 3].map((j) => [0, 1, 2].map((k) => 6 * i + j + k));
/** What python/tests/arrow_files.py writes. */
const WHOLE: Record<string, unknown> = {
  i8: ["int8", [1, -2, 3, -4, 5]],
  u64: ["uint64", [0n, 1n, 2n, 3n, 2n ** 64n - 1n]],
  i64: ["int64", [0n, 1n, 2n, 3n, -(2n ** 63n)]],
  f16: ["float16", [1, -2, 0.5, 0, 65504]],
  f32: ["float32", [1.5, -1, 3, 4, 5]],
  on: ["bool", [true, false, true, true, false]],
  pair: ["int32", [[1, 2], [3, 4], [5, 6], [7, 8], [9, 10]]], // prettier-ignore
  cube: ["float64", [0, 1, 2, 3, 4].map(cube)],
  rows: ["int32", [[1, 2, 0], [0, 0, 0], [3, 0, 0], [4, 5, 6], [7, 0, 0]], [2, 0, 1, 3, 1]], // prettier-ignore
  large: ["float32", [[1, 0], [0, 0], [2, 3], [0, 0], [4, 0]], [1, 0, 2, 0, 1]], // prettier-ignore
  vectors: ["float64", [[[1, 2], [0, 0]], [[0, 0], [0, 0]], [[3, 4], [5, 6]], [[0, 0], [0, 0]], [[7, 8], [0, 0]]], [1, 0, 2, 0, 1]], // prettier-ignore
  words: ["a", "b", null, "a", "c"],
  text: ["x", "", null, "long enough", "z"],
};

describe("what pyarrow writes", () => {
  test.each(["whole.arrows", "whole.arrow"])("is read: %s", async (name) => {
    expect(await valuesOf(await fromIpc(await bytesOf(name), { fill: filled }))).toEqual(WHOLE);
    const pieces = createReadStream(join(directory, name), { highWaterMark: 100 });
    expect(await valuesOf(await fromIpc(pieces, { fill: filled }))).toEqual(WHOLE);
  });
  test.each(["slice.arrows", "slice.arrow"])("is read of a slice: %s", async (name) => {
    const found = await valuesOf(await fromIpc(await bytesOf(name), { fill: filled }));
    const [dtype, values] = WHOLE.f32 as [string, number[]];
    expect(found.f32).toEqual([dtype, values.slice(1, 4)]);
    expect(found.on).toEqual(["bool", [false, true, true]]);
    expect(found.rows).toEqual(["int32", [[0, 0, 0], [3, 0, 0], [4, 5, 6]], [0, 1, 3]]); // prettier-ignore
    expect(found.cube).toEqual(["float64", [1, 2, 3].map(cube)]);
  });
  test("is read batch by batch", async () => {
    const rows: unknown[] = [];
    for await (const { i8 } of batchesFromIpc(createReadStream(join(directory, "whole.arrows")), { columns: ["i8"] })) rows.push(await (i8 as Tensor).array()); // prettier-ignore
    expect(rows).toEqual([[1, -2], [3, -4, 5]]); // prettier-ignore
  });
  test("has its nulls named", async () => {
    expect((await errorOf(async () => fromIpc(await bytesOf("whole.arrow")))).message).toMatch(/`f32`.*null in row 1/); // prettier-ignore
  });
  test.each(["zstd", "lz4"])("is refused where it is compressed by %s, and the error says what to do", async (codec) => {
    const error = await errorOf(async () => fromIpc(await bytesOf(`${codec}.arrows`)));
    expect([error.code, error.message]).toEqual(["INVALID_ARGUMENT", expect.stringMatching(/compressed.*compression=None/)]); // prettier-ignore
  }); // prettier-ignore
});

test("what pyarrow writes as Parquet is read by hyparquet, and its columns are tensors", async () => {
  const columns: Record<string, unknown[]> = {};
  const file = await asyncBufferFromFile(join(directory, "simple.parquet"));
  await parquetRead({
    file,
    onChunk: ({ columnName, columnData }) => void (columns[columnName] ??= []).push(...(columnData as unknown[])), // prettier-ignore
  });
  expect(await array(columns.i8 as number[], { dtype: "int8" }).array()).toEqual([1, -2, 3, -4, 5]);
  expect(await array(columns.i64 as bigint[]).array()).toEqual([0n, 1n, 2n, 3n, -(2n ** 63n)]);
  expect(await array(columns.on as boolean[]).array()).toEqual([true, false, true, true, false]);
  const { values, lengths } = padded(columns.rows as number[][], { dtype: "int32" });
  expect([await values.array(), await lengths.array()]).toEqual((WHOLE.rows as unknown[]).slice(1));
  expect((await errorOf(() => array(columns.f32 as number[]))).code).toBe("INVALID_ARGUMENT"); // a null
});

test("what nodejs-polars 0.26.1 has written is read: texts as views, nulls, lists", async () => {
  const file = await readFile(join(packageRoot(), "tests", "golden", "tables", "polars.arrow"));
  const { s, ...found } = await fromIpc(file, { fill: { gap: -1 } });
  expect(await valuesOf(found)).toEqual({
    x: ["float64", [1.5, 2, -3]],
    n: ["uint64", [1n, 2n, 3n]],
    on: ["bool", [true, false, true]],
    rows: ["float64", [[1, 2], [3, 0], [0, 0]], [2, 1, 0]], // prettier-ignore
    gap: ["float64", [1, -1, 3]],
  });
  expect([...(s as Vector)]).toEqual(["a", "b", "a"]);
});

test("what is written here is read by pyarrow", async () => {
  const given = {
    x: array([1.5, 2]),
    n: BigInt64Array.of(-(2n ** 53n), 1n),
    on: array([true, false]),
    half: array(Uint16Array.of(0x3c00, 0xc000), { dtype: "float16" }),
    cube: np.ones([2, 3, 2], { dtype: "float64" }), // on the device
    rows: ragged({ values: [[1, 2], [3, 9]], lengths: Int32Array.of(2, 1) }), // prettier-ignore
    vectors: ragged({ values: array([[[1, 2], [0, 0]], [[3, 4], [5, 6]]]), lengths: [1, 2] }), // prettier-ignore
    words: (await fromIpc(await bytesOf("whole.arrow"), { columns: ["words"] })).words as Vector,
  };
  const words = given.words.slice(0, 2);
  for (const format of ["stream", "file"] as const) {
    const path = join(directory, `from-here.${format}`);
    writeFileSync(path, await toIpc({ ...given, words }, { format }));
    const { stdout } = await pyarrow("read", path);
    const ones = [[1, 1], [1, 1], [1, 1]]; // prettier-ignore
    expect(JSON.parse(stdout)).toEqual({
      x: ["float", [1.5, 2]],
      n: ["int64", [-(2 ** 53), 1]],
      on: ["bool", [true, false]],
      half: ["halffloat", [1, -2]],
      cube: ["extension<arrow.fixed_shape_tensor[value_type=double, shape=[3,2]]>", [ones, ones]],
      rows: ["list<item: float not null>", [[1, 2], [3]]], // prettier-ignore
      vectors: ["list<item: fixed_size_list<item: float not null>[2] not null>", [[[1, 2]], [[3, 4], [5, 6]]]], // prettier-ignore
      words: [expect.stringContaining("dictionary<values=string"), ["a", "b"]],
    });
  }
});
