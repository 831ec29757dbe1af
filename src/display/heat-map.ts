import { framed, MARGIN, shade } from "./parts.ts";
import { element, escaped, text } from "./svg.ts";

export interface HeatMapData {
  readonly title: string;
  /** `[row][column]` */
  readonly values: readonly (readonly number[])[];
}

/** The sides of a cell, and how wide and high a picture gets before they shrink. */
const [LARGEST, LEAST, WHOLE] = [22, 3, 720];

/** Shades that are told apart; neighbours in a row that have the same one are drawn as one. */
const SHADES = 24;
/** Of more cells than this nobody reads the numbers. */
const NUMBERED = 150;

/** A matrix as cells, the lightest the least and the darkest the greatest of what is finite; what is not is left white. */
export function drawHeatMap({ title, values }: HeatMapData): string {
  const [rows, columns] = [values.length, values[0]?.length ?? 0];
  const side = Math.min(LARGEST, Math.max(LEAST, Math.floor(WHOLE / Math.max(rows, columns, 1))));
  const [least, greatest] = extremes(values.flat().filter(Number.isFinite));
  const top = MARGIN + 20;
  const levels = values.map((row) => row.map((value) => levelOf(value, least, greatest)));
  const cells = [...pathsOf(levels, side, top)].map(([level, d]) =>
    element("path", { d, fill: Number.isNaN(level) ? "#fff" : shade(level / SHADES) }),
  );
  const numbers =
    rows * columns > NUMBERED
      ? []
      : values.flatMap((row, i) =>
          row.map((value, j) =>
            element(
              "rect",
              { x: MARGIN + j * side, y: top + i * side, width: side, height: side, "fill-opacity": 0 },
              element("title", {}, escaped(`${i}, ${j}: ${short(value)}`)),
            ),
          ),
        );
  const scale = least > greatest ? "nothing finite" : `${short(least)} (light) to ${short(greatest)} (dark)`;
  const height = top + rows * side;
  return framed(
    {
      width: Math.max(2 * MARGIN + columns * side, 240),
      height: height + MARGIN + 16,
      children: [...cells, ...numbers, text(MARGIN, height + 16, scale)],
    },
    title,
    `A matrix of ${rows} rows and ${columns} columns, from ${scale}.`,
  );
}

/** One path for each shade, a box for every run of cells that have it: a picture of thousands of cells stays small. */
function pathsOf(
  levels: readonly (readonly number[])[],
  side: number,
  top: number,
): ReadonlyMap<number, string> {
  const paths = new Map<number, string>();
  for (const [i, row] of levels.entries())
    for (const [from, to] of runs(row)) {
      const box = `M${MARGIN + from * side} ${top + i * side}h${(to - from) * side}v${side}h${-(to - from) * side}z`;
      paths.set(row[from]!, (paths.get(row[from]!) ?? "") + box);
    }
  return paths;
}

/** Where neighbours in a row are equal: from, and up to, exclusive. */
function runs(row: readonly number[]): readonly (readonly [number, number])[] {
  const found: (readonly [number, number])[] = [];
  for (let from = 0, to = 1; from < row.length; from = to++) {
    while (to < row.length && Object.is(row[to], row[from])) to++;
    found.push([from, to]);
  }
  return found;
}

function extremes(values: readonly number[]): readonly [number, number] {
  return values.reduce(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity] as [number, number]); // prettier-ignore
}

function levelOf(value: number, least: number, greatest: number): number {
  if (!Number.isFinite(value)) return NaN;
  return greatest > least ? Math.round((SHADES * (value - least)) / (greatest - least)) : SHADES;
}

/** Four digits are enough to look at. */
export const short = (value: number): string =>
  Number.isFinite(value) && !Number.isInteger(value) ? String(Number(value.toPrecision(4))) : String(value);
