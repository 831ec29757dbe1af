import { domainOf, numbersAcross, written } from "./axes.ts";
import { outlineOf } from "./density.ts";
import { checkShare, type ChainDraws, type Element, elementsOf } from "./draws.ts";
import { COLOURLESS, heightScale, outline } from "./outlines.ts";
import { centred, colourOf, framed, MARGIN, widthOf } from "./parts.ts";
import { inOrder, meanOf, narrowestOf } from "./sample-statistics.ts";
import { bottomAxis, element, escaped, line, linearScale, text, textWidth } from "./svg.ts";

/** Options of `pictures.densities`. */
export interface DensitiesOptions {
  /** Which variables, in which order; all unless given. */
  readonly variables?: readonly string[];
  /** How much of the draws the marked interval holds; 0.94 unless given. */
  readonly prob?: number;
  /** What stands above the picture. */
  readonly title?: string;
}

/** A panel, and what is between two. */
const [WIDTH, HEIGHT, GAP, COLUMNS] = [240, 110, 32, 3];
/** Room above a panel for its name, and below it for numbers; right of the name for the mean. */
const [NAME, BELOW, MEAN] = [20, 54, 100];
const ROW = NAME + HEIGHT + BELOW;

/**
 * The density of each element of each variable, of all chains together, with its mean and the narrowest interval that
 * holds a share `prob` of the draws. What is not finite is left out.
 */
export function densities(draws: ChainDraws, options: DensitiesOptions = {}): string {
  const { variables, prob = 0.94, title = "Posterior densities" } = options;
  checkShare("pictures.densities", prob);
  const elements = elementsOf("pictures.densities", draws, variables);
  const names = elements.map(({ name }) => name);
  const columns = Math.min(COLUMNS, elements.length);
  const width = Math.max(WIDTH, widthOf(names, 0) + MEAN);
  const top = MARGIN + 24;
  return framed(
    {
      width: 2 * MARGIN + columns * (width + GAP) - GAP / 2,
      height: top + Math.ceil(elements.length / columns) * ROW + MARGIN,
      children: [
        element("style", {}, COLOURLESS),
        ...elements.map((each, i) => {
          const [left, above] = [MARGIN + (i % columns) * (width + GAP), top + Math.floor(i / columns) * ROW];
          return panel(
            each,
            { left, right: left + width, top: above + NAME, bottom: above + NAME + HEIGHT },
            prob,
          );
        }),
      ],
    },
    title,
    `The density of ${names.join(", ")}, each with its mean and the narrowest interval of ${percent(prob)} of the draws.`,
  );
}

export const percent = (share: number): string => `${Number((100 * share).toPrecision(4))} %`;

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

function panel({ name, chains }: Element, box: Box, prob: number): string {
  const { left, right, top, bottom } = box;
  const heading = text(left, top - 7, name, { class: "name" });
  const ordered = inOrder(chains.flat());
  if (ordered.length === 0) return heading + text(left, (top + bottom) / 2, "no finite draws");
  const of = outlineOf(ordered);
  const across = domainOf(of.points.map(([x]) => x));
  const x = linearScale(across, [left, right]);
  const digits = (value: number): string => written(value, (across[1] - across[0]) / 200);
  const marked = (
    x1: number,
    y1: number,
    x2: number,
    y2: number,
    attributes: Attributes,
    said: string,
  ): string =>
    element("line", { x1, y1, x2, y2, ...attributes }, element("title", {}, escaped(`${name}: ${said}`)));
  const mean = meanOf(ordered);
  const [lower, upper] = narrowestOf(ordered, prob);
  const [ink, mark] = [colourOf(0), colourOf(1)];
  return element(
    "g",
    {},
    heading,
    text(right, top - 7, `mean ${digits(mean)}`, { "text-anchor": "end", style: `fill: ${mark}` }),
    bottomAxis(x, bottom + 22, numbersAcross(across, right - left)),
    outline(of, x, heightScale([of], [bottom, top]), { fill: ink, "fill-opacity": "0.15", stroke: ink, "stroke-width": 1.5 }), // prettier-ignore
    line(left, bottom, right, bottom, { stroke: "#d5d9dd", "stroke-width": 0.5 }),
    marked(x(mean), bottom, x(mean), top, { stroke: mark, "stroke-width": 1.5 }, `mean ${digits(mean)}`),
    marked(x(lower), bottom, x(upper), bottom, { stroke: "#24292e", "stroke-width": 4 }, `${percent(prob)} from ${digits(lower)} to ${digits(upper)}`), // prettier-ignore
    ...ends(x(lower), digits(lower), x(upper), digits(upper), bottom + 16),
  );
}

type Attributes = Parameters<typeof element>[1];

/** The numbers below the ends of the interval; beside its middle where they would lie on one another. */
function ends(from: number, low: string, to: number, high: string, y: number): readonly string[] {
  const room = to - from - (textWidth(low, 12) + textWidth(high, 12)) / 2;
  if (room > 6) return [centred(from, 0, y, low), centred(to, 0, y, high)];
  const middle = (from + to) / 2;
  return [text(middle - 5, y, low, { "text-anchor": "end" }), text(middle + 5, y, high)];
}
