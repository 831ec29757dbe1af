import {
  Bool,
  Dictionary,
  Field,
  FixedSizeList,
  Float16,
  Float32,
  Int32,
  List,
  makeVector,
  Table,
  tableFromIPC,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import { describe, expect, test } from "vitest";
import { fromArrowLists, fromArrowVector, isArrowVector, toArrowVector } from "../../bridge/wire/arrow.ts";
import type { HostArray } from "../../bridge/wire/dtypes.ts";
import { SynjaxError } from "../../bridge/errors.ts";

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof SynjaxError && error.code === "INVALID_ARGUMENT") return error.message;
    throw error;
  }
  throw new Error("expected an error");
}
const shared = (a: { readonly data: ArrayBufferView }, b: ArrayBufferView): boolean =>
  a.data.buffer === b.buffer;

describe("vectors in", () => {
  test("are told from other values", () => {
    expect(isArrowVector(makeVector(new Int32Array(3)))).toBe(true);
    for (const other of [null, undefined, 1, "x", [1], new Float32Array(2), { data: [] }, new Table()])
      expect(isArrowVector(other)).toBe(false);
  });
  test.each([
    Int8Array,
    Int16Array,
    Int32Array,
    Uint8Array,
    Uint16Array,
    Uint32Array,
    Float32Array,
    Float64Array,
  ])("of a %O are its memory", (Class) => {
    const data = new Class([1, 2, 3]);
    const host = fromArrowVector(makeVector(data), "x");
    expect(host).toEqual({ dtype: Class.name.replace("Array", "").toLowerCase(), shape: [3], data });
    expect(shared(host, data)).toBe(true);
  });
  test("of 64-bit integers are bigints", () => {
    const host = fromArrowVector(makeVector(BigInt64Array.of(1n, -(2n ** 62n))), "x");
    expect(host).toEqual({ dtype: "int64", shape: [2], data: BigInt64Array.of(1n, -(2n ** 62n)) });
    expect(fromArrowVector(makeVector(BigUint64Array.of(2n ** 63n)), "x").dtype).toBe("uint64");
  });
  test("of half floats are their bits", () => {
    const host = fromArrowVector(vectorFromArray([1, -2], new Float16()), "x");
    expect(host).toEqual({ dtype: "float16", shape: [2], data: Uint16Array.of(0x3c00, 0xc000) });
  });
  test("of booleans are unpacked, also where a slice begins inside a byte", () => {
    const flags = Array.from({ length: 21 }, (_, i) => i % 3 === 0);
    const vector = vectorFromArray(flags, new Bool());
    expect([...fromArrowVector(vector, "x").data]).toEqual(flags.map(Number));
    expect([...fromArrowVector(vector.slice(3, 14), "x").data]).toEqual(flags.slice(3, 14).map(Number));
  });
  test("that are slices or made of chunks", () => {
    const vector = makeVector(Float32Array.of(1, 2, 3, 4));
    expect(fromArrowVector(vector.slice(1, 3), "x").data).toEqual(Float32Array.of(2, 3));
    const chunks = vector.slice(0, 2).concat(makeVector(Float32Array.of(9)));
    expect(fromArrowVector(chunks, "x")).toEqual({
      dtype: "float32",
      shape: [3],
      data: Float32Array.of(1, 2, 9),
    });
    expect(fromArrowVector(vectorFromArray([], new Float32()), "x")).toMatchObject({
      shape: [0],
      dtype: "float32",
    });
  });
  test("of nested fixed-size lists have more axes", () => {
    const rows = new FixedSizeList(2, new Field("item", new Int32()));
    const vector = vectorFromArray([[1, 2], [3, 4], [5, 6]], rows); // prettier-ignore
    expect(fromArrowVector(vector, "x")).toEqual({
      dtype: "int32",
      shape: [3, 2],
      data: Int32Array.of(1, 2, 3, 4, 5, 6),
    });
    expect(fromArrowVector(vector.slice(1, 2), "x")).toMatchObject({
      shape: [1, 2],
      data: Int32Array.of(3, 4),
    });
  });
  test("of a fixed-shape tensor column take the shape from its field", () => {
    const field = {
      metadata: new Map([
        ["ARROW:extension:name", "arrow.fixed_shape_tensor"],
        ["ARROW:extension:metadata", '{"shape":[2,2]}'],
      ]),
    };
    const vector = vectorFromArray([[1, 2, 3, 4]], new FixedSizeList(4, new Field("item", new Float32())));
    expect(fromArrowVector(vector, "x", field).shape).toEqual([1, 2, 2]);
    field.metadata.set("ARROW:extension:metadata", '{"shape":[3]}');
    expect(messageOf(() => fromArrowVector(vector, "x", field))).toMatch("lists of 3 elements");
  });
  test("survive Arrow IPC", () => {
    const table = new Table({ x: makeVector(Float64Array.of(1, 2)), on: vectorFromArray([true, false]) });
    const read = tableFromIPC(tableToIPC(table));
    expect(fromArrowVector(read.getChild("x")!, "x").data).toEqual(Float64Array.of(1, 2));
    expect([...fromArrowVector(read.getChild("on")!, "on").data]).toEqual([1, 0]);
  });
  test("with nulls, text, categories or ragged rows are refused by name", () => {
    expect(messageOf(() => fromArrowVector(vectorFromArray([1, null], new Float32()), "tags"))).toMatch(
      /`tags`: expected a vector without nulls.*1 null/,
    );
    expect(messageOf(() => fromArrowVector(vectorFromArray(["a"], new Utf8()), "x"))).toMatch("Utf8");
    expect(
      messageOf(() =>
        fromArrowVector(vectorFromArray(["a", "b"], new Dictionary(new Utf8(), new Int32())), "x"),
      ),
    ).toMatch("pass its indices");
    const lists = vectorFromArray([[1], [1, 2]], new List(new Field("item", new Float32())));
    expect(messageOf(() => fromArrowVector(lists, "x"))).toMatch("pad them first");
  });
});

describe("ragged columns", () => {
  test("are padded, and keep their lengths", () => {
    const vector = vectorFromArray([[1, 2, 3], [], [4]], new List(new Field("item", new Int32())));
    expect(fromArrowLists(vector, "x")).toEqual({
      values: { dtype: "int32", shape: [3, 3], data: Int32Array.of(1, 2, 3, 0, 0, 0, 4, 0, 0) },
      lengths: { dtype: "int32", shape: [3], data: Int32Array.of(3, 0, 1) },
    });
    expect(fromArrowLists(vector.slice(2, 3), "x").values).toMatchObject({
      shape: [1, 1],
      data: Int32Array.of(4),
    });
  });
  test("may hold fixed-size lists, or nothing", () => {
    const pairs = new List(new Field("item", new FixedSizeList(2, new Field("item", new Float32()))));
    const { values } = fromArrowLists(vectorFromArray([[[1, 2]], [[3, 4], [5, 6]]], pairs), "x"); // prettier-ignore
    expect(values).toEqual({
      dtype: "float32",
      shape: [2, 2, 2],
      data: Float32Array.of(1, 2, 0, 0, 3, 4, 5, 6),
    });
    expect(fromArrowLists(vectorFromArray([], pairs), "x").values.shape).toEqual([0, 0, 2]);
  });
});

describe("vectors out", () => {
  test("are the tensor's memory", async () => {
    const data = Float32Array.of(1, 2, 3);
    const vector = await toArrowVector({ dtype: "float32", shape: [3], data });
    expect([...vector]).toEqual([1, 2, 3]);
    expect((vector.data[0] as { values: Float32Array }).values.buffer).toBe(data.buffer);
  });
  test.each<HostArray>([
    { dtype: "bool", shape: [9], data: Uint8Array.of(1, 0, 0, 1, 1, 0, 0, 0, 1) },
    { dtype: "int64", shape: [2], data: BigInt64Array.of(1n, -2n) },
    { dtype: "float16", shape: [2], data: Uint16Array.of(0x3c00, 0) },
    { dtype: "uint8", shape: [2, 1, 2], data: Uint8Array.of(1, 2, 3, 4) },
    { dtype: "bool", shape: [2, 2], data: Uint8Array.of(1, 0, 0, 1) },
    { dtype: "float64", shape: [0], data: new Float64Array(0) },
  ])("come back as they went: $dtype $shape", async (host) => {
    const vector = await toArrowVector(host);
    expect(vector).toHaveLength(host.shape[0]!);
    expect(fromArrowVector(vector, "x")).toEqual(host);
  });
  test("do not exist of bfloat16", async () => {
    await expect(
      toArrowVector({ dtype: "bfloat16", shape: [1], data: new Uint16Array(1) }),
    ).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });
});
