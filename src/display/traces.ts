import { domainOf, numbersAcross, numbersOf } from "./axes.ts";
import { type Outline, outlineOf } from "./density.ts";
import { divergencesOf, type ChainDraws, type Element, elementsOf } from "./draws.ts";
import type { NestedList, Fetched } from "./nested.ts";
import { chainNames, COLOURLESS, heightScale, outline } from "./outlines.ts";
import { colourOf, framed, MARGIN } from "./parts.ts";
import { inOrder, isDrawn } from "./sample-statistics.ts";
import { bottomAxis, element, escaped, leftAxis, line, linearScale, path, type Scale, text } from "./svg.ts";

/** Options of `pictures.traces`. */
export interface TracesOptions {
  /** Which variables, in which order; all unless given. */
  readonly variables?: readonly string[];
  /** (chain, draw): which draws diverged, as booleans or 0 and 1. They are ticks at both bottoms. */
  readonly divergences?: NestedList | Fetched;
  /** What stands above the picture. */
  readonly title?: string;
}

const [LEFT, RIGHT, HEIGHT] = [220, 460, 80];
/** Room for the numbers of an axis, and for a name. */
const [NUMBERS, NAME, BELOW] = [64, 20, 30];
const ROW = NAME + HEIGHT + BELOW;

/**
 * A row for each element of each variable: at the left the density of each chain's draws, at the right the draws in
 * their order. What is not finite is left out.
 */
export function traces(draws: ChainDraws, options: TracesOptions = {}): string {
  const { variables, divergences, title = "Traces" } = options;
  const elements = elementsOf("pictures.traces", draws, variables);
  const diverged = divergencesOf("pictures.traces", divergences, elements);
  const top = MARGIN + 24;
  const width = 2 * MARGIN + LEFT + NUMBERS + RIGHT;
  const most = Math.max(...elements.map(({ chains }) => chains.length));
  return framed(
    {
      width,
      height: top + elements.length * ROW + MARGIN,
      children: [
        element("style", {}, COLOURLESS),
        ...chainNames(most, width - MARGIN, MARGIN + 8),
        ...elements.map((each, i) => row(each, top + i * ROW, diverged)),
      ],
    },
    title,
    `For each of ${elements.map(({ name }) => name).join(", ")}, by chain: the density of the draws, and the draws in their order.`,
  );
}

function row({ name, chains }: Element, top: number, diverged: readonly (readonly boolean[])[]): string {
  const [above, bottom] = [top + NAME, top + NAME + HEIGHT];
  const [start, end] = [MARGIN + LEFT + NUMBERS, MARGIN + LEFT + NUMBERS + RIGHT];
  const heading = text(MARGIN, top + 13, name, { class: "name" });
  const ordered = chains.map(inOrder);
  const outlines = ordered.map((values) => (values.length === 0 ? undefined : outlineOf(values)));
  const drawn = outlines.filter((each) => each !== undefined);
  if (drawn.length === 0) return heading + text(MARGIN, above + HEIGHT / 2, "no finite draws");
  const inside = domainOf(
    ordered.flatMap((values) => [values[0], values.at(-1)]).filter((v) => v !== undefined),
  );
  const across = domainOf([...inside, ...drawn.flatMap(({ points }) => points.map(([x]) => x))]);
  const x = linearScale(across, [MARGIN, MARGIN + LEFT]);
  const densities = heightScale(drawn, [bottom, above]);
  const order = linearScale(domainOf([0, chains[0]!.length - 1]), [start, end]);
  const y = linearScale(inside, [bottom - 3, above + 3]);
  const named = (chain: number): string => element("title", {}, escaped(`${name}, chain ${chain}`));
  const both = chains.flatMap((values, chain) => {
    const stroke = { stroke: colourOf(chain), fill: "none", "stroke-opacity": "0.7" };
    const of: Outline | undefined = outlines[chain];
    return [
      of === undefined ? "" : outline(of, x, densities, { ...stroke, "stroke-width": 1.5 }, named(chain)),
      element("path", { d: traceOf(values, order, y), class: "trace", ...stroke }, named(chain)),
    ];
  });
  const wrong = chains.flatMap((values, chain) =>
    values.flatMap((value, i) => (diverged[chain]?.[i] ? [[value, i] as const] : [])),
  );
  const ticks = [
    ...places(wrong.map(([value]) => value).filter(isDrawn), x),
    ...places(wrong.map(([, i]) => i), order), // prettier-ignore
  ];
  return element(
    "g",
    {},
    heading,
    bottomAxis(x, bottom, numbersAcross(across, LEFT)),
    leftAxis(y, [start, end], numbersOf(inside, 4)),
    bottomAxis(order, bottom, numbersAcross(order.domain, RIGHT)),
    ...both,
    ...ticks.map((at) => line(at, bottom - 8, at, bottom, { class: "divergence" })),
  );
}

/** Where values stand, each place once: of many there is no more to be seen. */
const places = (values: readonly number[], scale: Scale): readonly number[] => [
  ...new Set(values.map((value) => Math.round(scale(value) * 2) / 2)),
];

/**
 * A line through the draws, broken where one cannot be drawn. Of more draws than the picture has columns the least and
 * the greatest of each column: it looks the same.
 */
function traceOf(values: readonly number[], x: Scale, y: Scale): string {
  const width = values.length > 2 * RIGHT ? Math.ceil(values.length / RIGHT) : 1;
  let [parts, part]: [(readonly [number, number])[][], (readonly [number, number])[]] = [[], []];
  for (let from = 0; from < values.length; from += width) {
    const column = Array.from({ length: Math.min(width, values.length - from) }, (_, i) => from + i);
    const drawn = column.filter((i) => isDrawn(values[i]!));
    if (drawn.length === 0) {
      parts = [...parts, part];
      part = [];
      continue;
    }
    const least = drawn.reduce((best, i) => (values[i]! < values[best]! ? i : best));
    const greatest = drawn.reduce((best, i) => (values[i]! > values[best]! ? i : best));
    for (const i of [...new Set([least, greatest])].sort((a, b) => a - b)) part.push([x(i), y(values[i]!)]);
  }
  // A line to itself is a dot, by its round ends
  const whole = [...parts, part].filter((each) => each.length > 0);
  return whole.map((each) => path(each.length === 1 ? [each[0]!, each[0]!] : each)).join("");
}
