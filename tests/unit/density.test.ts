/** Densities of draws, and what pictures say of draws. */
import { expect, test } from "vitest";
import { numbersAcross, written } from "../../src/display/axes.ts";
import { outlineOf } from "../../src/display/density.ts";
import {
  deviationOf,
  inOrder,
  meanOf,
  narrowestOf,
  quantileOf,
} from "../../src/display/sample-statistics.ts";

/** The probit of evenly spaced shares, by bisection of a series: what a standard normal draws, without chance. */
const normal = (count: number): number[] => {
  const share = (x: number): number => {
    let [sum, term] = [x, x];
    for (let i = 1; i < 100; i++) sum += term *= (x * x) / (2 * i + 1);
    return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
  };
  return Array.from({ length: count }, (_, i) => {
    let [low, high] = [-6, 6];
    for (let step = 0; step < 50; step++) {
      const middle = (low + high) / 2;
      if (share(middle) < (i + 0.5) / count) low = middle;
      else high = middle;
    }
    return low;
  });
};
const areaOf = (points: readonly (readonly [number, number])[]): number =>
  points.slice(1).reduce((sum, [x, y], i) => sum + ((x - points[i]![0]) * (y + points[i]![1])) / 2, 0);

test("a kernel density is the density that the draws are of, at any place and scale", () => {
  for (const [loc, scale] of [
    [0, 1],
    [1e6, 1e-3],
    [-3, 1e20],
  ] as const) {
    // prettier-ignore
    const values = normal(2_000).map((z) => loc + scale * z);
    const { kind, points } = outlineOf(values);
    expect(kind).toBe("curve");
    expect(areaOf(points)).toBeCloseTo(1, 3);
    // Of a normal and kernels of bandwidth h it is a normal of variance 1 + h^2; h by Silverman's rule
    const deviation = Math.sqrt(1 + (0.9 * 2_000 ** -0.2) ** 2);
    for (const [x, y] of points) {
      const z = (x - loc) / scale / deviation;
      expect(y * scale).toBeCloseTo(Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI) / deviation, 2);
    }
  }
});

test("a draw far from all others takes no part of the area away", () => {
  const { points } = outlineOf([...normal(500), 1e6]);
  expect(areaOf(points)).toBeCloseTo(1, 3);
  const heights = points.map(([, y]) => y);
  // As wide as the picture can show it
  expect(heights.filter((y) => y > Math.max(...heights) / 100)).toHaveLength(7);
});

test("draws of which most are equal have the bandwidth of their deviation", () => {
  const values = Array.from({ length: 100 }, (_, i) => (i < 90 ? 0.5 : 1.5));
  const bandwidth = 0.9 * deviationOf(values) * 100 ** -0.2;
  const peak = Math.max(...outlineOf(values).points.map(([, y]) => y));
  expect(peak * bandwidth).toBeCloseTo(0.9 / Math.sqrt(2 * Math.PI), 2);
});

test("whole numbers are bars of one number each, or of several where there are many", () => {
  const few = outlineOf([2, 2, 3, 5]);
  expect(few.kind).toBe("bars");
  expect(areaOf(few.points)).toBeCloseTo(1, 12);
  expect(few.points.slice(1, 3)).toEqual([[1.5, 0.5], [2.5, 0.5]]); // prettier-ignore
  const many = outlineOf(Array.from({ length: 1_000 }, (_, i) => i));
  expect(many.points.length).toBeLessThan(125);
  expect(areaOf(many.points)).toBeCloseTo(1, 12);
});

test("means and deviations keep their digits far from 0", () => {
  const values = normal(100).map((z) => 1e9 + z);
  expect(meanOf(values) - 1e9).toBeCloseTo(0, 6);
  expect(deviationOf([1e9, 1e9 + 1, 1e9 + 2])).toBe(1);
  expect(meanOf([])).toBeNaN();
});

test("quantiles and narrowest intervals are NumPy's and NumPyro's", () => {
  expect(inOrder([3, NaN, -1, Infinity, 10])).toEqual([-1, 3, 10]);
  expect([0, 0.25, 0.5, 1].map((share) => quantileOf([1, 2, 4, 8], share))).toEqual([1, 1.75, 3, 8]);
  // >>> numpyro.diagnostics.hpdi(np.array([0., 1., 2., 4., 5., 5.5, 6., 9.]), prob=0.5)
  expect(narrowestOf([0, 1, 2, 4, 5, 5.5, 6, 9], 0.5)).toEqual([2, 6]);
  expect(narrowestOf([0, 1, 2, 3], 0.5)).toEqual([0, 2]); // the first of equal ones
});

test("numbers of an axis are as many as have room, with the digits that tell them apart", () => {
  const all = (low: number, high: number, width: number): string[] => {
    const { step, format } = numbersAcross([low, high], width);
    return Array.from({ length: Math.floor(high / step) - Math.ceil(low / step) + 1 }, (_, i) =>
      format((Math.ceil(low / step) + i) * step),
    );
  };
  expect(all(0, 1, 240)).toEqual(["0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "1"]);
  expect(all(0, 1, 64)).toEqual(["0", "0.5", "1"]);
  expect(all(9999.97, 10000.03, 200)).toEqual(["9999.98", "10000", "10000.02"]);
  expect(all(-2e-8, 2e-8, 200)).toEqual(["-2e-8", "-1e-8", "0", "1e-8", "2e-8"]);
  expect(all(2.98e8, 3.02e8, 240)).toEqual(["2.98e+8", "2.99e+8", "3.00e+8", "3.01e+8", "3.02e+8"]);
  expect([written(-0.0001, 0.01), written(2.345, 0.01), written(0, 1e-12)]).toEqual(["0", "2.35", "0"]);
});
