import { Field, FixedSizeList, Float32, Int32, List, vectorFromArray } from "apache-arrow";
import { describe, expect, test } from "vitest";
import { array, padded, type Tensor } from "../../src/index.ts";
import { errorOf } from "../fixtures/errors.ts";

const ofInts = new List(new Field("item", new Int32()));
const loose = padded as (rows: unknown, options?: object) => ReturnType<typeof padded>;

async function read({ values, lengths }: { values: Tensor; lengths: Tensor }): Promise<unknown[]> {
  const { dtype, shape } = await values.aval();
  return [dtype, shape, await values.array(), await lengths.array()];
}

describe("padded", () => {
  test.each<[string, unknown, object, unknown[]]>([
    ["rows of numbers", [[1, 2], [3]], {}, ["float32", [2, 2], [[1, 2], [3, 0]], [2, 1]]], // prettier-ignore
    ["of a dtype", [[1, 2], [3]], { dtype: "int32" }, ["int32", [2, 2], [[1, 2], [3, 0]], [2, 1]]], // prettier-ignore
    ["typed rows", [Int32Array.of(5), Int32Array.of(1, 2)], {}, ["int32", [2, 2], [[5, 0], [1, 2]], [1, 2]]], // prettier-ignore
    ["rows of bigints", [[1n], []], {}, ["int64", [2, 1], [[1n], [0n]], [1, 0]]],
    ["rows of vectors", [[[1, 2]], [], [[3, 4], [5, 6]]], {}, ["float32", [3, 2, 2], [[[1, 2], [0, 0]], [[0, 0], [0, 0]], [[3, 4], [5, 6]]], [1, 0, 2]]], // prettier-ignore
    ["a width", [[1]], { width: 3 }, ["float32", [1, 3], [[1, 0, 0]], [1]]],
    ["a multiple", [[1], [1, 2, 3]], { multipleOf: 2 }, ["float32", [2, 4], [[1, 0, 0, 0], [1, 2, 3, 0]], [1, 3]]], // prettier-ignore
    ["a multiple that is reached", [[1, 2]], { multipleOf: 2 }, ["float32", [1, 2], [[1, 2]], [2]]],
    ["no rows", [], { width: 2 }, ["float32", [0, 2], [], []]],
    ["empty rows", [[], []], {}, ["float32", [2, 0], [[], []], [0, 0]]],
    ["no rows of pairs", [], { item: [2], multipleOf: 2 }, ["float32", [0, 2, 2], [], []]],
    ["empty rows of pairs", [[]], { item: [2], multipleOf: 1 }, ["float32", [1, 1, 2], [[[0, 0]]], [0]]],
    ["an Arrow column", vectorFromArray([[1, 2], [3]], ofInts), {}, ["int32", [2, 2], [[1, 2], [3, 0]], [2, 1]]], // prettier-ignore
    ["an Arrow column and a width", vectorFromArray([[1, 2], [], [3]], ofInts), { width: 3 }, ["int32", [3, 3], [[1, 2, 0], [0, 0, 0], [3, 0, 0]], [2, 0, 1]]], // prettier-ignore
    ["an Arrow column of another dtype", vectorFromArray([[1], [2, 3]], ofInts), { dtype: "float32" }, ["float32", [2, 2], [[1, 0], [2, 3]], [1, 2]]], // prettier-ignore
  ])("%s", async (_, rows, options, expected) => {
    expect(await read(loose(rows, options))).toEqual(expected);
  });

  test("Arrow rows of vectors keep their items", async () => {
    const ofPairs = new List(new Field("item", new FixedSizeList(2, new Field("item", new Float32()))));
    const rows = vectorFromArray([[[1, 2]], [[3, 4], [5, 6]]], ofPairs); // prettier-ignore
    expect(await read(loose(rows, { multipleOf: 3 }))).toEqual(["float32", [2, 3, 2], [[[1, 2], [0, 0], [0, 0]], [[3, 4], [5, 6], [0, 0]]], [1, 2]]); // prettier-ignore
  });

  test.each<[string, unknown, object, string]>([
    ["a row beyond the width", [[1], [1, 2, 3]], { width: 2 }, "rows[1]"],
    ["rows of different dtypes", [Int32Array.of(1), Float32Array.of(1)], {}, "rows[1]"],
    ["rows of different items", [[[1, 2]], [[1]]], {}, "rows[1]"],
    ["a row of ragged items", [[[1, 2], [1]]], {}, "rows[0]"], // prettier-ignore
    ["a row that is none", [[1], 2], {}, "rows[1]"],
    ["a hole", [[1], null], {}, "rows[1]"],
    ["a tensor", array([[1]]), {}, "rows"],
    ["a number", 3, {}, "rows"],
    ["a fraction as a width", [[1]], { width: 1.5 }, "width"],
    ["a negative width", [[1]], { width: -1 }, "width"],
    ["a multiple of 0", [[1]], { multipleOf: 0 }, "multipleOf"],
    ["both", [[1]], { width: 2, multipleOf: 2 }, "multipleOf"],
    ["rows of other items than are said", [[[1, 2]]], { item: [3] }, "rows[0]"],
    ["items that are no shape", [[1]], { item: 2 }, "item"],
    ["an unknown option", [[1]], { length: 2 }, "length"],
  ])("%s is refused by name", async (_, rows, options, argument) => {
    const error = await errorOf(() => loose(rows, options));
    expect([error.code, error.argument]).toEqual(["INVALID_ARGUMENT", argument]);
  });

  test("a value that the dtype cannot hold is refused", async () => {
    expect((await errorOf(() => padded([[1.5]], { dtype: "int32" }))).code).toBe("NARROWING");
  });
});
