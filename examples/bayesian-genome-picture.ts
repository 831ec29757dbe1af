/** What is known of the segments of a genome: GC content, the probability of a state along it, and paths that were drawn. */
import { short, stepOf } from "../src/display/axes.ts";
import { framed, MARGIN } from "../src/display/parts.ts";
import * as svg from "../src/display/svg.ts";
import { gcCurve, segmentsOf } from "./genome.ts";
import { lambdaRegions } from "./lambda-regions.ts";

export interface BayesianGenome {
  readonly title: string;
  readonly bases: Int32Array;
  /** The number of the first base, from 1. */
  readonly from: number;
  /** How probable the GC-rich state is at each base, `(n)`. */
  readonly isRich: ArrayLike<number>;
  /** 1 where a path is in that state, `(path n)`. */
  readonly drawn: readonly (readonly number[])[];
}

const [WIDTH, LEFT] = [1100, 150];
const [POOR, RICH, LINE] = ["#F0A202", "#1F4E9E", "#59616a"];

/** Genes, GC content, the probability of the GC-rich state, and paths, from top to bottom. */
export function drawBayesianGenome({ title, bases, from, isRich, drawn }: BayesianGenome): string {
  const right = WIDTH - MARGIN;
  const x = svg.linearScale([from - 1, from - 1 + bases.length], [LEFT, right]);
  const inside = svg.linearScale([0, bases.length], [LEFT, right]);
  const name = (y: number, words: string): string => svg.text(MARGIN, y, words);
  const probability = svg.linearScale([0, 1], [300, 210]);
  const content = svg.linearScale([0.2, 0.8], [190, 90]);
  const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
  const window = Math.min(500, Math.ceil(bases.length / 20));
  const curve = gcCurve(bases, window, Math.ceil(window / 10));
  const paths = drawn.flatMap((path, i) =>
    segmentsOf(path, bases).map(({ start, end, state }) =>
      svg.element("rect", {
        ...{ x: inside(start - 1), y: 320 + 12 * i, height: 9, fill: state === 1 ? RICH : POOR },
        width: Math.max(0.8, inside(end) - inside(start - 1)),
      }),
    ),
  );
  const bottom = 328 + 12 * drawn.length;
  const children = [
    svg.element("style", {}, ".axis line { stroke: #d5d9dd; }"),
    ...genes(x, 46),
    name(140, "GC content"),
    name(158, `of ${window} bases`),
    svg.leftAxis(content, [LEFT, right], { step: 0.2, format: percent }),
    svg.polyline(
      curve.map(([at, gc]) => [inside(at), content(gc)] as const),
      { stroke: LINE, "stroke-width": 1.2 },
    ),
    name(250, "P(GC-rich)"),
    svg.leftAxis(probability, [LEFT, right], { step: 0.5, format: percent }),
    svg.polyline(
      peaks(isRich, right - LEFT).map(([at, p]) => [inside(at), probability(p)] as const),
      { stroke: RICH, "stroke-width": 1.4, "stroke-linejoin": "round" },
    ),
    name(336, "paths drawn"),
    ...paths,
    svg.bottomAxis(x, bottom, { step: stepOf(x.domain), format: short }),
    svg.text((LEFT + right) / 2, bottom + 42, "base", { "text-anchor": "middle" }),
  ];
  return framed({ width: WIDTH, height: bottom + 42 + MARGIN, children }, title, "The probability of the GC-rich state at each base, in the mean of all draws."); // prettier-ignore
}

/** Genes read rightwards above, leftwards below. */
function genes(x: svg.Scale, y: number): string[] {
  const [first, last] = x.domain;
  return lambdaRegions
    .filter(({ start, end }) => end > first && start <= last)
    .map(({ label, start, end, strand }) => {
      const [begin, stop] = [Math.max(first, start - 1), Math.min(last, end)];
      const top = strand === "+" ? y : y + 18;
      const box = svg.arrow(x, top, 15, begin, stop, strand, "#d9dde1");
      return svg.textWidth(label, 12) > x(stop) - x(begin)
        ? box
        : box + svg.text((x(begin) + x(stop)) / 2, top + 12, label, { "text-anchor": "middle" });
    });
}

/** The least and the largest of the values that share a column of the picture: what is narrow is seen, too. */
function peaks(values: ArrayLike<number>, columns: number): [position: number, value: number][] {
  const width = Math.max(1, values.length / columns);
  const found: [number, number][] = [];
  for (let from = 0; from < values.length; from += width) {
    const column = Array.prototype.slice.call(values, Math.floor(from), Math.ceil(from + width)) as number[];
    const middle = from + width / 2;
    found.push([middle, Math.min(...column)]);
    if (column.length > 1) found.push([middle, Math.max(...column)]);
  }
  return found;
}
