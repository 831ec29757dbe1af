import { describe, expect, test } from "vitest";
import { BASES, gcContent, gcCurve, readGenome, segmentsOf } from "../../examples/genome.ts";
import { drawGenome, posteriorColumns, type Segmentation } from "../../examples/genome-picture.ts";
import { lambdaRegions } from "../../examples/lambda-regions.ts";
import * as svg from "../../src/display/svg.ts";

const lambda = await readGenome(new URL("../../examples/data/lambda_virus.fa.gz", import.meta.url));

/** The letters of bases `start` to `end`, 1-based, read from one strand. */
function read(start: number, end: number, strand: "+" | "-"): string {
  const codes = [...lambda.slice(start - 1, end)];
  // A, C, G, T are 0 to 3, so that 3 - x is the complement.
  return (strand === "+" ? codes : codes.reverse().map((x) => 3 - x)).map((x) => BASES[x]).join("");
}

describe("the genome", () => {
  test("is J02459, whole", () => {
    const counts = [0, 0, 0, 0];
    for (const base of lambda) counts[base]!++;
    expect(lambda.length).toBe(48_502);
    expect(counts).toEqual([12_334, 11_362, 12_820, 11_986]);
    expect(gcContent(lambda)).toBeCloseTo(0.4986, 4);
  });

  test.each(lambdaRegions)("$label starts and ends with a gene", ({ start, end, strand }) => {
    const region = read(start, end, strand);
    expect(["ATG", "GTG"]).toContain(region.slice(0, 3));
    expect(["TAA", "TAG", "TGA"]).toContain(region.slice(-3));
  });
});

describe("segments", () => {
  const bases = Int32Array.from("AACGGCTT", (letter) => BASES.indexOf(letter));

  test("are the maximal runs, counted from one", () => {
    expect(segmentsOf([0, 0, 1, 1, 1, 1, 0, 0], bases)).toEqual([
      { start: 1, end: 2, state: 0, gc: 0 },
      { start: 3, end: 6, state: 1, gc: 1 },
      { start: 7, end: 8, state: 0, gc: 0 },
    ]);
    expect(segmentsOf([], bases)).toEqual([]);
  });

  test("a window's GC content stands at its centre", () => {
    expect(gcCurve(bases, 4, 2)).toEqual([
      [2, 0.5],
      [4, 1],
      [6, 0.5],
    ]);
  });
});

describe("the parts of a picture", () => {
  test("a scale maps one interval to another", () => {
    const x = svg.linearScale([0, 50], [100, 200]);
    expect([x(0), x(25), x(50)]).toEqual([100, 150, 200]);
  });

  test("ticks are multiples of the step", () => {
    expect(svg.ticks([3, 21], 5)).toEqual([5, 10, 15, 20]);
    expect(svg.ticks([6, 9], 5)).toEqual([]);
  });

  test("words are escaped", () => {
    expect(svg.text(0, 0, 'A > T & "C"')).toContain("A &gt; T &amp; &quot;C&quot;");
  });

  test("a band is labelled where there is room", () => {
    const x = svg.linearScale([0, 100], [0, 100]);
    const drawn = svg.bands(x, 0, 10, [
      { from: 0, to: 90, fill: "red", label: "57%" },
      { from: 90, to: 100, fill: "blue", label: "40%" },
    ]);
    expect(drawn).toContain("57%");
    expect(drawn).not.toContain("40%");
  });

  test("a leftward gene points left", () => {
    const x = svg.linearScale([0, 100], [0, 100]);
    expect(svg.arrow(x, 0, 10, 20, 60, "-", "grey")).toContain(
      "M60.0 0.0L25.0 0.0L20.0 5.0L25.0 10.0L60.0 10.0Z",
    );
  });
});

describe("the picture", () => {
  const tags = Int32Array.from(lambda, (_, i) => (i < 22_000 ? 1 : 0));
  const two: Segmentation = {
    logLikelihoods: [-67_000, -66_678.07],
    emission: [
      [0.27, 0.21, 0.2, 0.32],
      [0.25, 0.25, 0.3, 0.2],
    ],
    tags,
    posterior: Float32Array.from({ length: 2 * lambda.length }, (_, i) =>
      tags[i >> 1] === i % 2 ? 0.9 : 0.1,
    ),
  };
  const picture = {
    title: "λ",
    subtitle: "a < b",
    bases: lambda,
    regions: lambdaRegions,
    segmentations: [two],
  };

  test("posterior columns average what they cover and still sum to one", () => {
    const { positions, columns } = posteriorColumns(two, lambda.length, 100);
    expect(positions).toHaveLength(100);
    expect(positions[0]).toBe(0);
    expect(positions.at(-1)).toBe(lambda.length);
    for (const [low, high] of columns) expect(low! + high!).toBeCloseTo(1, 5);
    expect(columns[0]![1]).toBeCloseTo(0.9, 5);
  });

  test("is well-formed, names every region and the log-likelihood, and is small", () => {
    const drawn = drawGenome(picture);
    const open: string[] = [];
    for (const [, closing, name, self] of drawn.matchAll(/<(\/?)([a-z]+)[^<>]*?(\/?)>/g)) {
      if (closing) expect(open.pop()).toBe(name);
      else if (!self) open.push(name!);
    }
    expect(open).toEqual([]);
    for (const { label } of lambdaRegions) expect(drawn).toContain(`>${label}<`);
    expect(drawn).toContain("log-likelihood −66,678.1");
    expect(drawn).toContain("2 segments");
    expect(drawn).not.toMatch(/NaN|undefined|Infinity/);
    expect(drawn.length).toBeLessThan(500_000);
  });

  test("a number of states without a palette is refused", () => {
    const three = { ...two, emission: [...two.emission, two.emission[0]!] };
    expect(() => drawGenome({ ...picture, segmentations: [three] })).toThrow(RangeError);
  });
});
