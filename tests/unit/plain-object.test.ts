import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { isPlainObject } from "../../src/program/plain-object.ts";
import { tree } from "../../src/index.ts";

test("an object of no class is plain, whichever realm made it", () => {
  for (const plain of [{}, Object.create(null), structuredClone({ a: 1 }), runInNewContext("({ a: 1 })")])
    expect(isPlainObject(plain)).toBe(true);
  const others = ["new Map()", "[1]", "new (class A {})()", "new Float32Array(2)", "new Date()", "() => 1"];
  for (const code of others) {
    expect(isPlainObject(runInNewContext(code)), code).toBe(false);
    expect(isPlainObject(runInNewContext(`(${code})`)), code).toBe(false);
  }
  for (const other of [null, undefined, 1, "x", new (class A {})(), Object.create({ a: 1 })])
    expect(isPlainObject(other)).toBe(false);
});

test("a tree of another realm is a tree", () => {
  const foreign = runInNewContext("({ a: 1, b: [2, { c: 3 }] })") as {
    a: number;
    b: [number, { c: number }];
  };
  const doubled = tree.map((x: unknown) => 2 * (x as number), foreign);
  expect(JSON.stringify(doubled)).toBe('{"a":2,"b":[4,{"c":6}]}');
});
