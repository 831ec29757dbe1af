import { framed, MARGIN, shade } from "./parts.ts";
import { element, escaped, text } from "./svg.ts";

export interface HeatMapData {
  readonly title: string;
  /** `[row][column]` */
  readonly values: readonly (readonly number[])[];
}

/** The sides of a cell, and how wide and high a picture gets before they shrink. */
const [LARGEST, LEAST, WHOLE] = [22, 3, 720];

/** A matrix as cells, the lightest the least and the darkest the greatest of what is finite; what is not is left white. */
export function drawHeatMap({ title, values }: HeatMapData): string {
  const [rows, columns] = [values.length, values[0]?.length ?? 0];
  const side = Math.min(LARGEST, Math.max(LEAST, Math.floor(WHOLE / Math.max(rows, columns, 1))));
  const finite = values.flat().filter(Number.isFinite);
  const [least, greatest] = extremes(finite);
  const top = MARGIN + 20;
  const cells = values.flatMap((row, i) =>
    row.map((value, j) =>
      element(
        "rect",
        {
          x: MARGIN + j * side,
          y: top + i * side,
          width: side,
          height: side,
          fill: fillOf(value, least, greatest),
        },
        element("title", {}, escaped(`${i}, ${j}: ${short(value)}`)),
      ),
    ),
  );
  const scale =
    finite.length === 0 ? "nothing finite" : `${short(least)} (light) to ${short(greatest)} (dark)`;
  const height = top + rows * side;
  return framed(
    {
      width: Math.max(2 * MARGIN + columns * side, 240),
      height: height + MARGIN + 16,
      children: [...cells, text(MARGIN, height + 16, scale)],
    },
    title,
    `A matrix of ${rows} rows and ${columns} columns, from ${scale}.`,
  );
}

function extremes(values: readonly number[]): readonly [number, number] {
  return values.reduce(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity] as [number, number]); // prettier-ignore
}

function fillOf(value: number, least: number, greatest: number): string {
  if (!Number.isFinite(value)) return "#fff";
  return shade(greatest > least ? (value - least) / (greatest - least) : 1);
}

/** Four digits are enough to look at. */
export const short = (value: number): string =>
  Number.isFinite(value) && !Number.isInteger(value) ? String(Number(value.toPrecision(4))) : String(value);
