/** Curves and tables of confusions, as they are drawn. */
import { expect, test } from "vitest";
import { drawConfusion } from "../../src/display/confusion.ts";
import { drawCurves } from "../../src/display/curve.ts";

const axes = { title: "A < B", quantity: "loss", against: "step" };
/** The path of each curve, as pairs of numbers. */
const paths = (svg: string): number[][][] =>
  [...svg.matchAll(/ d="([^"]*)"/g)].map(([, d]) =>
    [...d!.matchAll(/[ML](\S+) ([^ML]+)/g)].map(([, x, y]) => [Number(x), Number(y)]),
  );

test("a curve goes from the left to the right, and down where its numbers fall", () => {
  const svg = drawCurves({ ...axes, curves: [{ name: "one", points: [[0, 3], [10, 2], [20, 1]] }] }); // prettier-ignore
  expect(svg).toContain("<title>A &lt; B</title>");
  const [[a, b, c]] = paths(svg) as [[number[], number[], number[]]];
  expect(b[0]).toBeCloseTo((a[0]! + c[0]!) / 2, 1);
  expect(b[1]).toBeCloseTo((a[1]! + c[1]!) / 2, 1);
  expect(c[0]).toBeGreaterThan(a[0]!);
  expect(c[1]).toBeGreaterThan(a[1]!); // SVG counts from above
});

test("curves share their axes, and what is not finite has no point", () => {
  const curves = [
    { name: "one", points: [[0, 1], [1, NaN], [2, 0]] as const }, // prettier-ignore
    { name: "two", points: [[0, 0.5], [2, Infinity]] as const }, // prettier-ignore
  ];
  const svg = drawCurves({ ...axes, curves });
  const [one, two] = paths(svg);
  expect([one!.length, two!.length]).toEqual([2, 1]);
  expect(two![0]![1]).toBeCloseTo((one![0]![1]! + one![1]![1]!) / 2, 1);
  expect(svg).not.toMatch(/NaN|Infinity/);
});

test("no points and equal ones are drawn too", () => {
  expect(drawCurves({ ...axes, curves: [] })).toMatch(/^<svg [^]*<\/svg>\n$/);
  const svg = drawCurves({ ...axes, curves: [{ name: "flat", points: [[1, 2], [2, 2]] }] }); // prettier-ignore
  expect(svg).not.toMatch(/NaN|Infinity/);
});

test("a confusion is told by the shares of each row, and what is right is framed", () => {
  const counts = [[3, 1], [0, 0]]; // prettier-ignore
  const svg = drawConfusion({ title: "Confusion", counts, labels: ["noun", "verb"] });
  expect(svg).toContain("<title>noun, noun: 0.750</title>");
  expect(svg).toContain("<title>noun, verb: 0.250</title>");
  expect(svg).not.toContain("<title>verb,"); // there was none
  expect(svg.match(/class="chosen"/g)).toHaveLength(2);
});
