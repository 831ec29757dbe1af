/** Draws of Markov chains, as they are drawn. */
import { describe, expect, test } from "vitest";
import { HostTensor, pictures } from "../../src/index.ts";
import { errorOf } from "../fixtures/errors.ts";

const { traces, densities, intervals } = pictures;
/** Numbers that look drawn, the same each time. */
const drawn = (count: number, seed = 1): number[] =>
  Array.from({ length: count }, (_, i) => Math.sin((i + 1) * 12.9898 * seed) * 2);
const two = [drawn(50), drawn(50, 2)];

/** The attribute `d` of all paths of a class, as lists of points; each M begins a list. */
const paths = (svg: string, name: string): number[][][][] =>
  [...svg.matchAll(new RegExp(`<path d="([^"]*)" class="${name}"`, "g"))].map(([, d]) =>
    d!
      .split("M")
      .slice(1)
      .map((part) => part.split("L").map((point) => point.split(" ").map(Number))),
  );
const titles = (svg: string): string[] => [...svg.matchAll(/<title>([^<]*)<\/title>/g)].map(([, t]) => t!);
const count = (svg: string, what: string): number => svg.split(what).length - 1;

function expectWhole(svg: string): void {
  expect(svg).toMatch(/^<svg [^]*<\/svg>\n$/);
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  expect(svg.replace(/<[^<>]*>/g, "")).not.toMatch(/[<>]/);
}

describe("traces", () => {
  test("have a density and a line for each chain of each element", () => {
    const theta = two.map((chain) => chain.map((x) => [x, Float64Array.of(x + 1)[0]!]));
    const svg = traces({ "a<b": two.map((chain) => Float32Array.from(chain)), theta });
    expectWhole(svg);
    for (const name of ["a&lt;b", "theta[0]", "theta[1]"]) {
      expect(svg).toContain(`class="name">${name}</text>`);
      for (const chain of [0, 1]) expect(count(svg, `<title>${name}, chain ${chain}</title>`)).toBe(2);
    }
    expect(paths(svg, "trace").map(([line]) => line!.length)).toEqual(new Array(6).fill(50));
    expect(paths(svg, "density")).toHaveLength(6);
    expect(count(svg, ">chain 1</text>")).toBe(1);
  });

  test("stand where their values are", () => {
    const svg = traces({ x: [[0, 4, 2, 1]] });
    const [[[a, b, c]]] = paths(svg, "trace") as [[[number[], number[], number[]]]];
    expect(c[1]).toBeCloseTo((a[1]! + b[1]!) / 2, 0);
    expect(b[1]).toBeLessThan(a[1]!); // SVG counts from above
    expect(b[0]! - a[0]!).toBeCloseTo(c[0]! - b[0]!, 0);
    expect(svg).not.toContain(">chain 0</text>"); // there is no other
  });

  test("are broken where a draw is not finite, and a draw alone is a dot", () => {
    const svg = traces({ x: [[1, 2, NaN, 3, Infinity, 4, 5]] });
    expectWhole(svg);
    expect(paths(svg, "trace")[0]!.map((part) => part.length)).toEqual([2, 2, 2]);
    const [, [from, to]] = paths(svg, "trace")[0] as [unknown, [number[], number[]]];
    expect(from).toEqual(to);
  });

  test("of more draws than a picture has columns keep the least and the greatest", () => {
    const many = drawn(20_000).map((x, i) => (i === 12_345 ? 40 : i === 12_346 ? -40 : x));
    const svg = traces({ x: [many] });
    const [[line]] = paths(svg, "trace") as [[number[][]]];
    expect(line.length).toBeLessThan(1_000);
    const heights = line.map(([, y]) => y!);
    const outer = paths(traces({ x: [[40, -40, 0]] }), "trace")[0]![0]!.map(([, y]) => y!);
    expect([Math.min(...heights), Math.max(...heights)]).toEqual([outer[0], outer[1]]);
    const across = line.map(([x]) => x!);
    expect(across).toEqual([...across].sort((a, b) => a - b));
  });

  test("have a tick for each draw that diverged, by its value and by its place", async () => {
    const divergences = [[false, true, false], [false, false, false]]; // prettier-ignore
    const svg = traces({ x: [[0, 7, 1], [2, 3, 4]] }, { divergences }); // prettier-ignore
    expect(count(svg, 'class="divergence"')).toBe(2);
    const at = [...svg.matchAll(/<line x1="([\d.]+)"[^>]*class="divergence"/g)].map(([, x]) => Number(x));
    const [, second] = paths(svg, "trace")[0]![0]!;
    expect(Math.abs(at[1]! - second![0]!)).toBeLessThan(0.5);
    expect(at[0]).toBeGreaterThan(150); // 7 is the greatest
    expect(traces({ x: two })).not.toContain('class="divergence"');
    const odd = { divergences: [[true]] };
    const error = await errorOf(() => traces({ x: two }, odd));
    expect(error.argument).toBe("divergences");
    expect([error.expected, error.received]).toEqual(["(chain, draw) of `x`: (2, 50)", "(1, 1)"]);
  });
});

describe("densities", () => {
  test("are of all chains together, with their mean and the narrowest interval", () => {
    const svg = densities({ x: [[1.5, 2, 2.5], [3, 100, 2]] }, { prob: 0.75 }); // prettier-ignore
    expectWhole(svg);
    expect(titles(svg)).toContain("x: mean 18.5");
    expect(titles(svg)).toContain("x: 75 % from 1.5 to 3");
    expect(paths(svg, "density")).toHaveLength(1);
  });

  test("stand side by side, three in a row", () => {
    const one = two.map((chain) => chain.map((x) => [x, x, x, x]));
    const [, width, height] = /width="([\d.]+)" height="([\d.]+)"/.exec(densities({ one }))!.map(Number);
    const [, narrow, low] = /width="([\d.]+)" height="([\d.]+)"/.exec(densities({ two }))!.map(Number);
    expect(width).toBeGreaterThan(2.5 * narrow!);
    expect(height).toBeGreaterThan(1.5 * low!);
    expect(height).toBeLessThan(2.5 * low!);
  });

  test("of equal draws are a line, of whole numbers bars, of no number nothing", () => {
    const svg = densities({ same: [[3, 3]], whole: [[0, 1, 1, 3]], none: [[NaN, NaN]] });
    expectWhole(svg);
    const [same, whole] = paths(svg, "density").map(([outline]) => outline!);
    expect(same).toHaveLength(2);
    expect(same![0]![0]).toBe(same![1]![0]);
    expect(whole).toHaveLength(10);
    const [zero, one, two] = [1, 3, 5].map((i) => whole![0]![1]! - whole![i]![1]!);
    expect([zero! * 2, two]).toEqual([expect.closeTo(one!, 0), 0]);
    expect(svg).toContain("no finite draws");
  });
});

describe("intervals", () => {
  test("have a row for each chain, and say what they show", () => {
    const svg = intervals({ x: [[1, 2, 3, 4, 50], [7, 7, 7, 7, 7]] }, { prob: 0.7 }); // prettier-ignore
    expectWhole(svg);
    expect(titles(svg).slice(1)).toEqual([
      "x, chain 0: median 3, 50 % from 2 to 4, 70 % from 1 to 4",
      "x, chain 1: median 7, 50 % from 7 to 7, 70 % from 7 to 7",
    ]);
    expect(count(svg, "<circle")).toBe(2);
    const [wide, thick] = [...svg.matchAll(/<line x1="([\d.]+)"[^>]* x2="([\d.]+)"[^>]* stroke-width/g)]
      .slice(0, 2)
      .map(([, from, to]) => [Number(from), Number(to)]);
    expect(wide![0]).toBeLessThan(thick![0]!);
    expect(wide![1]).toBe(thick![1]); // the third quartile is the upper end of both
  });

  test("are one row for all chains where that is asked for", () => {
    const svg = intervals({ x: [[1, 2], [3, 4]], y: [[NaN]] }, { combined: true, title: "Both" }); // prettier-ignore
    expect(titles(svg)).toEqual(["Both", "x: median 2.5, 50 % from 1.75 to 3.25, 94 % from 1 to 4"]);
    expect(count(svg, ">x</text>")).toBe(1);
    expect(svg).toContain("no finite draws");
  });
});

describe("all of them", () => {
  const all = Object.entries({ traces, densities, intervals });

  test.each(all)("%s take what was fetched, and variables in an order", (_, draw) => {
    const x = new HostTensor({ dtype: "int64", shape: [1, 3], data: BigInt64Array.of(1n, 5n, 2n) });
    const svg = draw({ x, y: [[1, 2]], z: [[true, false]] as never }, { variables: ["z", "x"] });
    expectWhole(svg);
    const names = [...svg.matchAll(/>([xyz])<\/text>/g)].map(([, name]) => name);
    expect(names).toEqual(["z", "x"]);
  });

  test.each(all)("%s draw what is large, far from 0, alone or empty", (_, draw) => {
    const of = (...values: number[]): string => draw({ x: [values] });
    for (const values of [
      [1e20, 1e20],
      [-1.7e308, 1.7e308, 1],
      [1e299, -1e299],
      [5e-324, 0],
      [1, 1 + 2 ** -52],
      [1e9, 1e9 + 1e-6],
      [4],
      [NaN],
      [2 ** 60, 0, 1],
    ])
      // prettier-ignore
      expectWhole(of(...values));
    expectWhole(draw({ x: [[[]]], y: [[1]] } as never)); // an event without elements
  });

  test.each(all)("%s say what is wrong with draws", async (name, draw) => {
    const of = (draws: unknown, options?: object) => errorOf(() => draw(draws as never, options));
    const ragged = await of({ x: [[1, 2], [1, 2, 3]] }); // prettier-ignore
    expect([ragged.code, ragged.argument]).toEqual(["INVALID_ARGUMENT", "draws.x[1]"]);
    expect([ragged.expected, ragged.received]).toEqual(["an array of 2, as the first has", "one of 3"]);
    expect(ragged.message).toContain(`pictures.${name}: `);
    expect(ragged.line).toMatch(/chain-pictures\.test\.ts/);
    expect((await of({ x: [[1, [2]]] })).argument).toBe("draws.x[0][1]");
    expect((await of({ x: [[1, "2"]] })).received).toBe('"2"');
    expect((await of({ x: [1, 2] })).received).toBe("(2)");
    for (const empty of [[], [[]], 3]) expect((await of({ x: empty })).argument).toBe("draws.x");
    expect((await of({})).message).toMatch(/draws of a variable at least/);
    expect((await of([[1, 2]])).argument).toBe("draws");
    const own: unknown[] = [];
    own.push(own);
    expect((await of({ x: own })).message).toMatch(/at most 32 axes/);
    expect((await of({ x: [[1]] }, { variables: ["y"] })).argument).toBe("variables[0]");
    const wide = [[new Array(201).fill(0)]];
    expect((await of({ wide })).message).toMatch(/at most 200 elements.*got 201/);
    expectWhole(draw({ wide, x: two }, { variables: ["x"] }));
    const chains = new Array(1_001).fill([1, 2]);
    expect((await of({ chains })).message).toMatch(/at most 1000 chains/);
    if (name !== "traces")
      for (const prob of [0, 1, NaN, "x"]) expect((await of({ x: two }, { prob })).argument).toBe("prob");
  });
});
