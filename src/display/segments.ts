import { CELL, cell, centred, colourOf, framed, MARGIN, namesOf, rowLabels, widthOf } from "./parts.ts";
import { bands, linearScale } from "./svg.ts";

/** Between two segments, in positions. */
const GAP = 0.04;

export interface SegmentsData {
  readonly title: string;
  /** The best segments: first position, last position, label. */
  readonly segments: readonly (readonly [start: number, end: number, label: number])[];
  /** `[position][label]`: how probable it is that a position lies in a segment with that label. */
  readonly covered: readonly (readonly number[])[];
  /** How probable it is that a segment ends at each position. */
  readonly ends: readonly number[];
  readonly positions?: readonly string[] | undefined;
  readonly labels?: readonly string[] | undefined;
}

/** The best segments, and below them how probable each label and each end is at each position. */
export function drawSegments({ title, segments, covered, ends, positions, labels }: SegmentsData): string {
  const [names, columns] = [namesOf(labels, covered[0]?.length ?? 0), namesOf(positions, covered.length)];
  const rows = [...names, "ends here"];
  const left = MARGIN + widthOf(rows, 10);
  const width = widthOf(columns, CELL);
  const top = MARGIN + 2 * CELL + 28;
  const x = linearScale([0, columns.length], [left, left + columns.length * width]);
  const best = segments.map(([start, end, label]) => ({
    from: start + GAP,
    to: end + 1 - GAP,
    fill: colourOf(label),
    label: names[label]!,
    ink: "#fdfdfb",
  }));
  const cells = columns.flatMap((word, i) =>
    [...covered[i]!, ends[i]!].map((p, row) =>
      cell(left + i * width, top + row * CELL, width, p, `${rows[row]}, ${word}`),
    ),
  );
  return framed(
    {
      width: left + columns.length * width + MARGIN,
      height: top + rows.length * CELL + MARGIN,
      children: [
        bands(x, top - 2 * CELL - 6, CELL - 1, best),
        ...columns.map((word, i) => centred(left + i * width, width, top - 8, word)),
        ...rowLabels(rows, left, top),
        ...cells,
      ],
    },
    title,
    "The most probable segments, and the probability of each label and of an end at each position.",
  );
}
