import { describe, expect, test } from "vitest";
import { array, tree } from "../../src/index.ts";
import { errorOf } from "../fixtures/errors.ts";

describe("tree", () => {
  const params = { w: [1, 2], b: { bias: 3, none: null }, a: array([4]) };

  test("flatten and unflatten are the way there and back, in the order of sorted keys", async () => {
    const [leaves, structure] = tree.flatten(params);
    expect(leaves.slice(1)).toEqual([3, 1, 2]);
    expect(leaves[0]).toBe(params.a);
    expect(structure.leaves).toBe(4);
    expect(tree.unflatten(structure, leaves)).toEqual(params);
    expect(tree.unflatten(structure, ["a", "bias", "w0", "w1"])).toEqual({
      a: "a",
      b: { bias: "bias", none: null },
      w: ["w0", "w1"],
    });
    expect((await errorOf(() => tree.unflatten(structure, ["one"]))).argument).toBe("leaves");
    expect((await errorOf(() => tree.unflatten({} as never, leaves))).argument).toBe("structure");
  });

  test("reduce joins leaves from the left, with and without a beginning", async () => {
    const sizes = { w: [1, 2], b: 3 };
    expect(tree.reduce((joined: number, leaf) => 10 * joined + leaf, sizes)).toBe(312);
    expect(tree.reduce((joined: string, leaf) => `${joined}${leaf}`, sizes, "n")).toBe("n312");
    expect(tree.reduce((joined: number) => joined + 1, {}, 5)).toBe(5);
    expect((await errorOf(() => tree.reduce((joined: number) => joined, {}))).argument).toBe("initial");
  });
});
