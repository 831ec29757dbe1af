import { CELL, cell, centred, framed, MARGIN, namesOf, rowLabels, widthOf } from "./parts.ts";
import { element } from "./svg.ts";

/** What is less probable is not drawn: it would look like nothing. */
const LEAST = 0.0005;

export interface TableData {
  readonly title: string;
  /** `[row][column]`: how probable each cell is. */
  readonly marginals: readonly (readonly number[])[];
  /** `[row][column]`: whether it belongs to the best structure. */
  readonly best: readonly (readonly boolean[])[];
  readonly rows?: readonly string[] | undefined;
  readonly columns?: readonly string[] | undefined;
  /** What it shows, for those who hear a picture; of a distribution unless it is given. */
  readonly description?: string;
}

const OF_A_DISTRIBUTION = "The probability of each cell, and the cells of the most probable structure.";

/** The cells of a table, as dark as they are probable, and those of the best structure framed. */
export function drawTable(data: TableData): string {
  const { title, marginals, best, rows, columns, description = OF_A_DISTRIBUTION } = data;
  const [names, heads] = [namesOf(rows, marginals.length), namesOf(columns, marginals[0]?.length ?? 0)];
  const left = MARGIN + widthOf(names, 10);
  const width = widthOf(heads, CELL);
  const top = MARGIN + 44;
  const cells = marginals.flatMap((row, i) =>
    row.map((p, j) =>
      p < LEAST ? "" : cell(left + j * width, top + i * CELL, width, p, `${names[i]}, ${heads[j]}`),
    ),
  );
  const chosen = best.flatMap((row, i) =>
    row.map((is, j) =>
      is
        ? element("rect", {
            x: left + j * width + 1,
            y: top + i * CELL + 1,
            width: width - 3,
            height: CELL - 3,
            rx: 3,
            class: "chosen",
          })
        : "",
    ),
  );
  return framed(
    {
      width: left + heads.length * width + MARGIN,
      height: top + names.length * CELL + MARGIN,
      children: [
        ...heads.map((word, j) => centred(left + j * width, width, top - 8, word)),
        ...rowLabels(names, left, top),
        ...cells.filter((each) => each !== ""),
        ...chosen.filter((each) => each !== ""),
      ],
    },
    title,
    description,
  );
}
