import { domainOf, numbersAcross, written } from "./axes.ts";
import { percent } from "./densities.ts";
import { checkShare, type ChainDraws, elementsOf } from "./draws.ts";
import { chainNames, COLOURLESS } from "./outlines.ts";
import { colourOf, framed, MARGIN, widthOf } from "./parts.ts";
import { inOrder, narrowestOf, quantileOf } from "./sample-statistics.ts";
import { bottomAxis, element, escaped, line, linearScale, type Scale, text } from "./svg.ts";

/** Options of `pictures.intervals`. */
export interface IntervalsOptions {
  /** Which variables, in which order; all unless given. */
  readonly variables?: readonly string[];
  /** How much of the draws the wide interval holds; 0.94 unless given. */
  readonly prob?: number;
  /** One row for all chains together, instead of one for each. */
  readonly combined?: boolean;
  /** What stands above the picture. */
  readonly title?: string;
}

const [WIDTH, ROW, GAP, NUMBERS] = [420, 16, 10, 30];

interface Row {
  readonly name: string;
  readonly colour: string;
  readonly y: number;
  /** Undefined where no draw is finite. */
  readonly marks: Marks | undefined;
}

interface Marks {
  readonly median: number;
  readonly half: readonly [number, number];
  readonly most: readonly [number, number];
}

/**
 * A row for each element of each variable and each chain: a dot at the median, a thick line between the quartiles, a
 * thin one along the narrowest interval that holds a share `prob` of the draws. What is not finite is left out.
 */
export function intervals(draws: ChainDraws, options: IntervalsOptions = {}): string {
  const { variables, prob = 0.94, combined = false, title = "Posterior intervals" } = options;
  checkShare("pictures.intervals", prob);
  const elements = elementsOf("pictures.intervals", draws, variables);
  const names = elements.map(({ name }) => name);
  const most = combined ? 1 : Math.max(...elements.map(({ chains }) => chains.length));
  const left = MARGIN + widthOf(names, 10);
  const top = MARGIN + 34;
  let bottom = top;
  const rows = elements.flatMap(({ name, chains }) => {
    const groups = combined ? [chains.flat()] : chains;
    const made = groups.map((values, chain): Row => ({
      name: groups.length > 1 ? `${name}, chain ${chain}` : name,
      colour: colourOf(chain),
      y: bottom + chain * ROW + ROW / 2,
      marks: marksOf(inOrder(values), prob),
    }));
    bottom += made.length * ROW + GAP;
    return made;
  });
  const ends = rows.flatMap(({ marks }) => (marks === undefined ? [] : [...marks.half, ...marks.most]));
  const across = domainOf(ends);
  const x = linearScale(across, [left, left + WIDTH]);
  const heights = elements.map(({ chains }) => (combined ? 1 : chains.length) * ROW + GAP);
  const middles = heights.map((height, i) => top + sum(heights.slice(0, i)) + (height - GAP) / 2);
  return framed(
    {
      width: left + WIDTH + 2 * MARGIN,
      height: bottom + NUMBERS + MARGIN,
      children: [
        element("style", {}, COLOURLESS),
        ...chainNames(most, left + WIDTH + MARGIN, MARGIN + 8),
        bottomAxis(x, bottom, numbersAcross(across, WIDTH)),
        ...names.map((name, i) => text(left - 8, middles[i]! + 4, name, { "text-anchor": "end" })),
        ...rows.map((row) => rowOf(row, x, prob)),
      ],
    },
    title,
    `Medians, quartiles and narrowest intervals of ${percent(prob)} of the draws of ${names.join(", ")}.`,
  );
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function marksOf(ordered: readonly number[], prob: number): Marks | undefined {
  if (ordered.length === 0) return undefined;
  const [low, median, high] = [0.25, 0.5, 0.75].map((share) => quantileOf(ordered, share));
  return { median: median!, half: [low!, high!], most: narrowestOf(ordered, prob) };
}

function rowOf({ name, colour, y, marks }: Row, x: Scale, prob: number): string {
  if (marks === undefined) return text(x.range[0], y + 4, "no finite draws");
  const { median, half, most } = marks;
  const digits = (value: number): string => written(value, (x.domain[1] - x.domain[0]) / 500);
  const said = `${name}: median ${digits(median)}, 50 % from ${digits(half[0])} to ${digits(half[1])}, ${percent(prob)} from ${digits(most[0])} to ${digits(most[1])}`;
  return element(
    "g",
    { stroke: colour },
    element("title", {}, escaped(said)),
    line(x(most[0]), y, x(most[1]), y, { "stroke-width": 1.2 }),
    line(x(half[0]), y, x(half[1]), y, { "stroke-width": 4 }),
    element("circle", { cx: x(median), cy: y, r: 3.5, fill: "#fdfdfb", "stroke-width": 1.5 }),
  );
}
