/** How a tensor shows itself in a notebook: Deno's kernel asks for the forms that it has. */
import { type HostArray, wordsOf } from "../../bridge/wire/dtypes.ts";
import { drawHeatMap, short } from "../display/heat-map.ts";
import { htmlTable } from "../display/html-table.ts";

/** Forms of one value by MIME type; a notebook takes the richest that it can show. */
export type DisplayBundle = Readonly<Record<string, string>>;

/** The name by which notebooks ask. https://docs.deno.com/runtime/reference/cli/jupyter/ */
export const JUPYTER_DISPLAY: unique symbol = Symbol.for("Jupyter.display") as never;

/** Matrices up to this are tables, up to `DRAWN` on a side pictures, above it tables cut short. */
const [TABLE, DRAWN] = [12, 256];
/** Matrices of a tensor of more axes that are shown. */
const MATRICES = 3;

/** Numbers in tables, matrices of more rows or columns than a table has as pictures. */
export function bundleOf({ dtype, shape }: HostArray, nested: unknown): DisplayBundle {
  const title = `${dtype}[${shape.join(", ")}]`;
  const plain = { "text/plain": `Tensor ${title}` };
  if (shape.length === 0) return { "text/plain": `Tensor ${title} ${textOf(nested)}` };
  if (shape.includes(0)) return plain;
  const [rows, columns] = [shape.at(-2) ?? 1, shape.at(-1)!];
  const isPicture = shape.length === 2 && wordsOf(dtype) === 1 && Math.max(rows, columns) > TABLE && Math.max(rows, columns) <= DRAWN; // prettier-ignore
  if (isPicture) {
    const values = (nested as unknown[][]).map((row) => row.map(Number));
    return { ...plain, "image/svg+xml": drawHeatMap({ title, values }) };
  }
  const matrices = matricesOf(nested, shape.length, []);
  const tables = matrices.slice(0, MATRICES).map(({ at, matrix }) => {
    const caption = at.length === 0 ? title : `${title} at [${at.join(", ")}]`;
    return htmlTable(caption, [rows, columns], (i, j) => textOf(matrix[i]![j]));
  });
  const rest = matrices.length - tables.length;
  return { ...plain, "text/html": tables.join("") + (rest > 0 ? `<p>… and ${rest} more</p>` : "") };
}

interface Matrix {
  readonly at: readonly number[];
  readonly matrix: readonly (readonly unknown[])[];
}

function matricesOf(nested: unknown, axes: number, at: readonly number[]): readonly Matrix[] {
  if (axes === 1) return [{ at, matrix: [nested as unknown[]] }];
  if (axes === 2) return [{ at, matrix: nested as unknown[][] }];
  return (nested as unknown[]).flatMap((part, i) => matricesOf(part, axes - 1, [...at, i]));
}

function textOf(value: unknown): string {
  if (typeof value === "number") return short(value);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
