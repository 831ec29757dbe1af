import { CELL, cell, centred, framed, MARGIN, namesOf, rowLabels, widthOf } from "./parts.ts";
import { element, polyline } from "./svg.ts";

export interface ChainData {
  readonly title: string;
  /** The best state at each position; none where there is no sequence. */
  readonly tags: readonly number[];
  /** `[position][state]`: how probable each state is. */
  readonly posterior: readonly (readonly number[])[];
  readonly positions?: readonly string[] | undefined;
  readonly labels?: readonly string[] | undefined;
}

/** Every state at every position, as dark as it is probable, and the best path through them. */
export function drawChain({ title, tags, posterior, positions, labels }: ChainData): string {
  const [names, columns] = [namesOf(labels, posterior[0]?.length ?? 0), namesOf(positions, posterior.length)];
  const left = MARGIN + widthOf(names, 10);
  const width = widthOf(columns, CELL);
  const top = MARGIN + 44;
  const heads = columns.map((word, i) => centred(left + i * width, width, top - 8, word));
  const cells = posterior.flatMap((column, i) =>
    column.map((p, state) =>
      cell(left + i * width, top + state * CELL, width, p, `${names[state]} at ${columns[i]}`),
    ),
  );
  const points = tags.map((tag, i) => [left + (i + 0.5) * width, top + (tag + 0.5) * CELL] as const);
  const dots = points.map(([cx, cy]) => element("circle", { cx, cy, r: 4, class: "chosen" }));
  return framed(
    {
      width: left + columns.length * width + MARGIN,
      height: top + names.length * CELL + MARGIN,
      children: [
        ...heads,
        ...rowLabels(names, left, top),
        ...cells,
        polyline(points, { class: "chosen" }),
        ...dots,
      ],
    },
    title,
    "The probability of each state at each position, and the most probable sequence of states.",
  );
}
