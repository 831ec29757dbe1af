import { expect, test } from "vitest";
import { CallSites, lineOf } from "../../src/program/source-line.ts";
import { tree } from "../../src/index.ts";

/** A function that says where it is called. */
function told(): () => string | undefined {
  const sites = new CallSites();
  const call = (): string | undefined => lineOf(sites.capture(call));
  return call;
}

const thisLine = (): number =>
  Number(/source-line\.test\.ts:(\d+)/.exec(new Error().stack!.split("\n")[2]!)![1]);
const at = (line: number): RegExp => new RegExp(`^tests/unit/source-line\\.test\\.ts:${line}:\\d+$`);

test("each call's own line, not the first one's", () => {
  const call = told();
  for (let i = 0; i < 3; i++) expect(call()).toMatch(at(thisLine()));
  const deeper = (depth: number): string | undefined => (depth > 0 ? deeper(depth - 1) : call());
  expect(deeper(10)).toMatch(at(thisLine() - 1));
});

test("where the platform or this package calls it for somebody", () => {
  const call = told();
  expect([0, 1].map(call)[1]).toMatch(at(thisLine()));
  const nested = { a: [{ b: [1] }] };
  const lines: (string | undefined)[] = [];
  for (const one of [told(), call])
    tree.map((leaf: unknown) => {
      lines.push(one());
      return leaf;
    }, nested);
  const direct = told();
  direct();
  lines.push(...[0].map(() => direct()), [0].map(direct)[0]);
  expect(lines.map((line) => /source-line/.test(String(line)))).toEqual([true, true, true, true]);
});

test("of a function that was called before by the one who reads its answer", async () => {
  const call = told();
  call();
  await Promise.resolve();
  const later = async (): Promise<string | undefined> => {
    await null;
    return call();
  };
  expect(await later()).toMatch(at(thisLine() - 2));
});
