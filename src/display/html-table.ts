import { escaped } from "./svg.ts";

/** How many rows and columns are shown; of more, the first and the last. */
const [SHOWN, FIRST, LAST] = [12, 7, 4];

/** Where along an axis there is something to show, `undefined` for what is left out. */
export function shownAlong(length: number): readonly (number | undefined)[] {
  const all = Array.from({ length: Math.min(length, SHOWN) }, (_, i) => i);
  if (length <= SHOWN) return all;
  return [...all.slice(0, FIRST), undefined, ...Array.from({ length: LAST }, (_, i) => length - LAST + i)];
}

/** A table of rows and columns with their numbers; `cellAt` says what stands where. */
export function htmlTable(
  caption: string,
  [rows, columns]: readonly [number, number],
  cellAt: (row: number, column: number) => string,
): string {
  const [down, across] = [shownAlong(rows), shownAlong(columns)];
  const head = across.map((j) => `<th>${j ?? "…"}</th>`).join("");
  const body = down.map((i) => {
    const cells = across.map((j) => (i === undefined || j === undefined ? "…" : escaped(cellAt(i, j))));
    return `<tr><th>${i ?? "…"}</th>${cells.map((words) => `<td>${words}</td>`).join("")}</tr>`;
  });
  return `<table><caption>${escaped(caption)}</caption><thead><tr><th></th>${head}</tr></thead><tbody>${body.join("")}</tbody></table>`;
}

/** Lines of cells as a table: the first line is its head, and so is the first cell of each. */
export function htmlLines(lines: readonly (readonly string[])[], note = ""): string {
  const [head, ...body] = lines.map((line) => line.map(escaped));
  const rows = body.map(
    ([name, ...cells]) => `<tr><th>${name}</th>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`,
  );
  const below = note === "" ? "" : `<p>${escaped(note)}</p>`;
  return `<table><thead><tr>${head!.map((cell) => `<th>${cell}</th>`).join("")}</tr></thead><tbody>${rows.join("")}</tbody></table>${below}`;
}
