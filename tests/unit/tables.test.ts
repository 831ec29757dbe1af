import {
  Bool,
  Dictionary,
  Field,
  FixedSizeList,
  Float16,
  Float32,
  Int32,
  Int64,
  List,
  makeVector,
  RecordBatch,
  Schema,
  Table,
  tableFromIPC,
  tableToIPC,
  Uint64,
  Utf8,
  vectorFromArray,
  type Vector,
} from "apache-arrow";
import { describe, expect, test } from "vitest";
import { NODE } from "../../src/program/traced.ts";
import { array, HostTensor, type Tensor } from "../../src/index.ts";
import { fromTable, type RaggedColumn, ragged, toTable } from "../../src/tables/index.ts";
import { errorOf } from "../fixtures/errors.ts";

const listOf = (type: Float32 | Int32 | FixedSizeList | List | Bool): List =>
  new List(new Field("item", type));
const pairs = (type: Float32 | Int32 | Bool): FixedSizeList => new FixedSizeList(2, new Field("item", type));
const table = (columns: Record<string, Vector>): Table => new Table(columns);

async function read(column: unknown): Promise<unknown[]> {
  const { dtype, shape } = await (column as Tensor).aval();
  return [dtype, shape, await (column as Tensor).array()];
}
async function readRagged(column: unknown): Promise<unknown[]> {
  const { values, lengths } = column as RaggedColumn;
  return [...(await read(values)), await lengths.array()];
}
async function one(vector: Vector, options: Parameters<typeof fromTable>[1] = {}): Promise<unknown[]> {
  return read(fromTable(table({ x: vector }), options).x);
}
async function oneRagged(vector: Vector, options: Parameters<typeof fromTable>[1] = {}): Promise<unknown[]> {
  return readRagged(fromTable(table({ x: vector }), options).x);
}
const messageOf = async (run: () => unknown): Promise<string> => (await errorOf(run)).message;

describe("columns of numbers", () => {
  test("keep their dtype, and are the table's memory", async () => {
    const data = Float32Array.of(1, 2, 3);
    const made = new Table({ x: makeVector(data), n: makeVector(BigInt64Array.of(-1n, 0n, 2n ** 62n)) });
    const { x, n } = fromTable(made);
    expect((x[NODE] as { host: { data: Float32Array } }).host.data.buffer).toBe(data.buffer);
    expect(await read(n)).toEqual(["int64", [3], [-1n, 0n, 2n ** 62n]]);
    expect(await one(vectorFromArray([2n ** 63n], new Uint64()))).toEqual(["uint64", [1], [2n ** 63n]]);
    expect(await one(vectorFromArray([1, -2], new Float16()))).toEqual(["float16", [2], [1, -2]]);
  });

  test("of a slice, also of booleans inside a byte", async () => {
    const flags = Array.from({ length: 21 }, (_, i) => i % 3 === 0);
    const made = table({ on: vectorFromArray(flags, new Bool()), i: makeVector(Int32Array.from(flags.keys())) }); // prettier-ignore
    const { on, i } = fromTable(made.slice(3, 14));
    expect(await read(on)).toEqual(["bool", [11], flags.slice(3, 14)]);
    expect(await read(i)).toEqual(["int32", [11], [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]]);
  });

  test("of several chunks, and of record batches", async () => {
    const x = makeVector(Int32Array.of(1, 2)).concat(makeVector(Int32Array.of(3)));
    const made = table({ x });
    expect(made.batches).toHaveLength(2);
    expect(await read(fromTable(made).x)).toEqual(["int32", [3], [1, 2, 3]]);
    expect(await read(fromTable(made.batches[1]!).x)).toEqual(["int32", [1], [3]]);
    expect(await read(fromTable(made.slice(1, 3)).x)).toEqual(["int32", [2], [2, 3]]);
  });

  test("of fixed-size lists have more axes, in slices and chunks too", async () => {
    const nested = new FixedSizeList(2, new Field("item", pairs(new Int32())));
    const rows = [[[1, 2], [3, 4]], [[5, 6], [7, 8]], [[9, 10], [11, 12]]]; // prettier-ignore
    const vector = vectorFromArray(rows, nested);
    expect(await one(vector)).toEqual(["int32", [3, 2, 2], rows]);
    expect(await one(vector.slice(1, 3))).toEqual(["int32", [2, 2, 2], rows.slice(1)]);
    const bits = vectorFromArray([[true, false], [false, true], [true, true]], pairs(new Bool())); // prettier-ignore
    expect(await one(bits.slice(1, 2).concat(bits.slice(2, 3)))).toEqual(["bool", [2, 2], [[false, true], [true, true]]]); // prettier-ignore
  });

  test("without rows", async () => {
    expect(await one(vectorFromArray([], new Float32()))).toEqual(["float32", [0], []]);
    expect(await one(vectorFromArray([], pairs(new Int32())))).toEqual(["int32", [0, 2], []]);
    const empty = new Table(new Schema([new Field("x", listOf(new Float32()))]));
    expect(await readRagged(fromTable(empty).x)).toEqual(["float32", [0, 0], [], []]);
  });
});

describe("other columns", () => {
  test("are left alone, nulls and all", () => {
    const words = vectorFromArray(["a", null, "b"], new Utf8());
    const kinds = vectorFromArray(["a", "b", "a"], new Dictionary(new Utf8(), new Int32()));
    const found = fromTable(table({ words, kinds }));
    expect([...(found.words as Vector)]).toEqual(["a", null, "b"]);
    expect([...(found.kinds as Vector)]).toEqual(["a", "b", "a"]);
  });
  test("that are not wanted are not read", () => {
    const made = table({ x: vectorFromArray([1, null], new Float32()), y: makeVector(Int32Array.of(1, 2)) });
    expect(Object.keys(fromTable(made, { columns: ["y"] }))).toEqual(["y"]);
  });
});

describe("nulls", () => {
  const x = vectorFromArray([1, 2, null, 4, null], new Float32());
  test("are refused by column and row, also in a later chunk and in a slice", async () => {
    expect(await messageOf(() => one(x))).toMatch(/`x`.*a null in row 2/);
    expect(await messageOf(() => one(x.slice(1)))).toMatch(/a null in row 1/);
    expect(await messageOf(() => one(x.slice(0, 2).concat(x.slice(3))))).toMatch(/a null in row 3/);
    expect(await one(x.slice(0, 2))).toEqual(["float32", [2], [1, 2]]);
    const inPair = vectorFromArray([[1, 2], [3, null]], pairs(new Float32())); // prettier-ignore
    expect(await messageOf(() => one(inPair))).toMatch(/a null in row 1/);
    expect(await messageOf(() => one(vectorFromArray([[1, 2], null], pairs(new Float32()))))).toMatch(/a null in row 1/); // prettier-ignore
  });
  test("become what is named, in a copy", async () => {
    expect(await one(x, { fill: { x: -1 } })).toEqual(["float32", [5], [1, 2, -1, 4, -1]]);
    expect([...x]).toEqual([1, 2, null, 4, null]);
    const flags = vectorFromArray([true, null, false], new Bool());
    expect(await one(flags, { fill: { x: true } })).toEqual(["bool", [3], [true, true, false]]);
    expect((await errorOf(() => one(vectorFromArray([null], new Float16()), { fill: { x: 1e6 } }))).code).toBe("NARROWING"); // prettier-ignore
    const wide = vectorFromArray([1n, null], new Int64());
    expect(await one(wide, { fill: { x: -5 } })).toEqual(["int64", [2], [1n, -5n]]);
    const halves = vectorFromArray([1, null], new Float16());
    expect(await one(halves, { fill: { x: 0.5 } })).toEqual(["float16", [2], [1, 0.5]]);
    const holes = vectorFromArray([[1, 2], null, [3, null]], pairs(new Float32())); // prettier-ignore
    expect(await one(holes, { fill: { x: 9 } })).toEqual(["float32", [3, 2], [[1, 2], [9, 9], [3, 9]]]); // prettier-ignore
  });
  test("in lists and of lists", async () => {
    const rows = vectorFromArray([[1], [2, null], null, [3]], listOf(new Int32()));
    expect(await messageOf(() => oneRagged(rows))).toMatch(/a null in row 2/);
    expect(await messageOf(() => oneRagged(rows.slice(0, 2)))).toMatch(/a null in row 1/);
    expect(await oneRagged(rows.slice(3))).toEqual(["int32", [1, 1], [[3]], [1]]);
    expect(await oneRagged(rows, { fill: { x: 7 } })).toEqual(["int32", [4, 2], [[1, 0], [2, 7], [0, 0], [3, 0]], [1, 2, 0, 1]]); // prettier-ignore
  });
});

describe("columns of lists", () => {
  const rows = vectorFromArray([[1, 2, 3], [], [4]], listOf(new Int32()));
  test("are padded, to the longest or to a bucket", async () => {
    expect(await oneRagged(rows)).toEqual(["int32", [3, 3], [[1, 2, 3], [0, 0, 0], [4, 0, 0]], [3, 0, 1]]); // prettier-ignore
    expect(await oneRagged(rows, { bucket: "power-of-two", pad: { x: -1 } })).toEqual(["int32", [3, 4], [[1, 2, 3, -1], [-1, -1, -1, -1], [4, -1, -1, -1]], [3, 0, 1]]); // prettier-ignore
    expect((await oneRagged(rows, { bucket: 5 }))[1]).toEqual([3, 5]);
    expect((await oneRagged(rows.slice(1, 2), { bucket: 5 }))[1]).toEqual([1, 5]);
    expect((await oneRagged(rows.slice(1, 2), { bucket: "power-of-two" }))[1]).toEqual([1, 1]);
  });
  test("in slices and chunks", async () => {
    expect(await oneRagged(rows.slice(2).concat(rows.slice(0, 2)))).toEqual(["int32", [3, 3], [[4, 0, 0], [1, 2, 3], [0, 0, 0]], [1, 3, 0]]); // prettier-ignore
    const bits = vectorFromArray([[true], [false, true], [true, true, false]], listOf(new Bool()));
    expect(await oneRagged(bits.slice(1))).toEqual(["bool", [2, 3], [[false, true, false], [true, true, false]], [2, 3]]); // prettier-ignore
  });
  test("of vectors, whether their lists have a fixed size or are of one length", async () => {
    const vectors = [[[1, 2]], [], [[3, 4], [5, 6]]]; // prettier-ignore
    const padded = ["float32", [3, 2, 2], [[[1, 2], [0, 0]], [[0, 0], [0, 0]], [[3, 4], [5, 6]]], [1, 0, 2]]; // prettier-ignore
    expect(await oneRagged(vectorFromArray(vectors, listOf(pairs(new Float32()))))).toEqual(padded);
    const lists = vectorFromArray(vectors, listOf(listOf(new Float32())));
    expect(await oneRagged(lists)).toEqual(padded);
    expect(await oneRagged(lists.slice(2))).toEqual(["float32", [1, 2, 2], [[[3, 4], [5, 6]]], [2]]); // prettier-ignore
    const uneven = vectorFromArray([[[1, 2]], [[3], [4]]], listOf(listOf(new Float32()))); // prettier-ignore
    expect(await messageOf(() => oneRagged(uneven))).toMatch(/inner lists of one length.*in row 1/);
  });
  test("do not become tensors that are far larger than they are", async () => {
    const long = vectorFromArray([Array.from({ length: 3000 }, () => 0), ...Array.from({ length: 3000 }, () => [])], listOf(new Int32())); // prettier-ignore
    expect(await messageOf(() => oneRagged(long, { maxBytes: 1e6 }))).toMatch(/maxBytes = 1000000.*36012000 bytes/); // prettier-ignore
  });
});

describe("extension types", () => {
  const fieldOf = (metadata: string, size = 6): Field =>
    new Field("x", new FixedSizeList(size, new Field("item", new Float32())), false, new Map([["ARROW:extension:name", "arrow.fixed_shape_tensor"], ["ARROW:extension:metadata", metadata]])); // prettier-ignore
  const tensorTable = (metadata: string, rows = 1): Table => {
    const field = fieldOf(metadata);
    const schema = new Schema([field]);
    const made = new Table({ x: vectorFromArray(Array.from({ length: rows }, () => [1, 2, 3, 4, 5, 6]), field.type) }); // prettier-ignore
    return new Table(schema, made.batches.map((batch) => new RecordBatch(schema, batch.data))); // prettier-ignore
  };
  test("give the shape", async () => {
    expect(await read(fromTable(tensorTable('{"shape":[2,3]}')).x)).toEqual(["float32", [1, 2, 3], [[[1, 2, 3], [4, 5, 6]]]]); // prettier-ignore
  });
  test.each(['{"shape":[2,4]}', '{"shape":[-2,-3]}', '{"shape":["6"]}', "{", "null", "{}", '{"shape":[2,3],"permutation":[1,0]}', '{"shape":[2,3],"permutation":7}'])(
    "that lie are refused: %s", async (metadata) => {
      expect((await errorOf(() => fromTable(tensorTable(metadata)))).code).toBe("INVALID_ARGUMENT");
    }); // prettier-ignore
});

describe("toTable", () => {
  test("gives what fromTable took", async () => {
    const given = new Table({
      x: makeVector(Float32Array.of(1, 2)),
      on: vectorFromArray([true, false], new Bool()),
      rows: vectorFromArray([[1], [2, 3]], listOf(new Int32())),
      vectors: vectorFromArray([[[1, 2]], []], listOf(pairs(new Float32()))), // prettier-ignore
      words: vectorFromArray(["a", "b"], new Utf8()),
    });
    const back = await toTable(fromTable(given) as never);
    expect(back.toArray().map(String)).toEqual(given.toArray().map(String));
    expect(String(back.schema.fields.map(({ type }) => type))).toEqual(String(given.schema.fields.map(({ type }) => type))); // prettier-ignore
  });
  test("writes tensors of more axes as the canonical extension, and survives IPC", async () => {
    const cube = array([[[1, 2], [3, 4], [5, 6]]]); // prettier-ignore
    const made = tableFromIPC(tableToIPC(await toTable({ cube })));
    expect(made.schema.fields[0]!.metadata.get("ARROW:extension:metadata")).toBe('{"shape":[3,2]}');
    expect(await read(fromTable(made).cube)).toEqual(await read(cube));
  });
  test("writes them as lists where it is asked to", async () => {
    const { fields } = (await toTable({ cube: array([[[1, 2], [3, 4], [5, 6]]]) }, { tensors: "lists" })).schema; // prettier-ignore
    expect([String(fields[0]!.type), fields[0]!.metadata.size]).toEqual(["FixedSizeList[3]<FixedSizeList[2]<Float32>>", 0]); // prettier-ignore
    expect((await errorOf(() => toTable({}, { tensors: "both" } as never))).message).toContain("tensors");
  });
  test("takes typed arrays without copies, nested ones, host tensors and half floats", async () => {
    const data = Int32Array.of(1, 2);
    const half = new HostTensor({ dtype: "float16", shape: [2], data: Uint16Array.of(0x3c00, 0) });
    const made = await toTable({ data, nested: [[1], [2]], half, big: [1n, 2n] });
    expect((made.getChild("data")!.data[0]!.values as Int32Array).buffer).toBe(data.buffer);
    const found = fromTable(made) as Record<string, Tensor>;
    expect(await read(found.half)).toEqual(["float16", [2], [1, 0]]);
    expect(await read(found.nested)).toEqual(["float32", [2, 1], [[1], [2]]]);
  });
  test("keeps the chunks of Arrow vectors", async () => {
    const words = vectorFromArray(["a"], new Utf8()).concat(vectorFromArray(["b", null], new Utf8()));
    const made = await toTable({ words, x: Float32Array.of(1, 2, 3) });
    expect([...made.getChild("words")!]).toEqual(["a", "b", null]);
    expect(await read(fromTable(made).x)).toEqual(["float32", [3], [1, 2, 3]]);
  });
  test("without columns, or rows", async () => {
    expect((await toTable({})).numRows).toBe(0);
    const made = await toTable({ x: new Float32Array(0), rows: ragged({ values: array([], { dtype: "int32", shape: [0, 4] }), lengths: new Int32Array(0) }) }); // prettier-ignore
    expect(await readRagged(fromTable(made).rows)).toEqual(["int32", [0, 0], [], []]);
  });
  test.each<[string, Record<string, unknown>, string]>([
    ["columns of different lengths", { a: [1, 2], b: [1] }, "`b`"],
    ["a scalar", { a: array(1) }, "`a`"],
    ["bfloat16", { a: array(Uint16Array.of(1), { dtype: "bfloat16" }) }, "bfloat16"],
    ["a key's dtype in lists", { a: { values: array(Uint16Array.of(1), { dtype: "bfloat16", shape: [1, 1] }), lengths: [1] } }, "bfloat16"], // prettier-ignore
    ["lengths beyond the values", { a: { values: [[1]], lengths: [2] } }, "`a.lengths`: expected whole numbers from 0 to 1, got 2 in row 0"], // prettier-ignore
    ["negative lengths", { a: { values: [[1]], lengths: [-1] } }, "-1 in row 0"],
    ["fractions of lengths", { a: { values: [[1, 2]], lengths: [0.5] } }, "0.5 in row 0"],
    ["too few lengths", { a: { values: [[1], [2]], lengths: [1] } }, "`a.lengths`"],
    ["ragged values of one axis", { a: { values: [1], lengths: [1] } }, "`a.values`"],
    ["text", { a: "abc" }, "`a`"],
    ["no columns", 3 as never, "columns"],
  ])("refuses %s", async (_, columns, expected) => {
    expect(await messageOf(() => toTable(columns as never))).toContain(expected);
  });
  test("ragged() wants both parts", async () => {
    expect((await errorOf(() => ragged({ values: [1] } as never))).argument).toBe("column");
  });
});

describe("options", () => {
  const made = table({ x: vectorFromArray([[1]], listOf(new Int32())), y: makeVector(Int32Array.of(1)) });
  test.each<[string, object, string]>([
    ["an unknown column", { columns: ["z"] }, "columns"],
    ["a fill for none", { fill: { z: 1 } }, "fill"],
    ["a fill that is no number", { fill: { y: "1" } }, "fill.y"],
    ["padding of what is not padded", { pad: { y: 1 } }, "pad.y"],
    ["a bucket of nothing", { bucket: 0 }, "bucket"],
    ["a bucket of another kind", { bucket: "large" }, "bucket"],
    ["a limit that is none", { maxBytes: -1 }, "maxBytes"],
  ])("refuse %s", async (_, options, argument) => {
    const error = await errorOf(() => fromTable(made, options));
    expect([error.code, error.message]).toEqual(["INVALID_ARGUMENT", expect.stringContaining(argument)]);
  });
  test("refuse padding that the dtype does not hold", async () => {
    expect((await errorOf(() => fromTable(made, { pad: { x: 2 ** 40 } }))).code).toBe("NARROWING");
  });
  test("refuse what is no table", async () => {
    expect((await errorOf(() => fromTable({} as never))).message).toContain("`table`");
    const twice = new Table(new Schema([new Field("x", new Int32()), new Field("x", new Int32())]));
    expect((await errorOf(() => fromTable(twice))).message).toContain('two named "x"');
  });
});
