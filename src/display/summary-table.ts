import { refused } from "../program/refused.ts";
import { isPlainObject } from "../program/plain-object.ts";
import { checkCall, shown, type Signature } from "../program/signatures.ts";
import { checkShare } from "./draws.ts";
import { flattened, indicesOf, type NestedNumbers } from "./nested.ts";

/** What `diagnostics.summary` says of a variable, as `get` returns it: of each element of an event. */
export interface SummaryRow {
  readonly mean: NestedNumbers;
  readonly std: NestedNumbers;
  readonly median: NestedNumbers;
  readonly lower: NestedNumbers;
  readonly upper: NestedNumbers;
  readonly nEff: NestedNumbers;
  readonly rHat: NestedNumbers;
}

/** Options of `summaryTable`. */
export interface SummaryTableOptions {
  /** How much the interval holds, as `diagnostics.summary` was asked for it; 0.9 unless given. */
  readonly prob?: number;
}

const SUMMARY_TABLE: Signature = { takes: { rows: "record" }, options: { prob: "number?" } };
const FIELDS = ["mean", "std", "median", "lower", "upper", "nEff", "rHat"] as const;
/** The least width of a name, and of a number. */
const [NAME, NUMBER] = [10, 9];

/**
 * Summaries as a table for a terminal, a line for each element of each variable, as `numpyro.diagnostics.print_summary`
 * prints them:
 *
 *                     mean       std    median      5.0%     95.0%     n_eff     r_hat
 *             mu      4.39      3.31      4.37     -0.88     10.02   2134.22      1.00
 *       theta[0]      6.26      5.55      5.77     -2.50     14.73   2540.38      1.00
 *
 * @param rows a summary for each variable, by its name
 * @throws {SynjaxError} `INVALID_ARGUMENT` where a summary lacks a column, or its columns differ in shape
 */
export function summaryTable(
  rows: Readonly<Record<string, SummaryRow>>,
  options: SummaryTableOptions = {},
): string {
  checkCall("summaryTable", SUMMARY_TABLE, [rows, options]);
  const lines = summaryLines(rows, options);
  const widths = lines[0]!.map((_, column) =>
    lines.reduce((most, line) => Math.max(most, line[column]!.length), column === 0 ? NAME : NUMBER),
  );
  return lines.map((line) => line.map((cell, i) => cell.padStart(widths[i]!)).join(" ") + "\n").join("");
}

/** The cells of the table, the first line its head. */
export function summaryLines(
  rows: Readonly<Record<string, SummaryRow>>,
  { prob = 0.9 }: SummaryTableOptions,
): readonly (readonly string[])[] {
  checkShare("summaryTable", prob);
  const ends = [1 - prob, 1 + prob].map((share) => `${(50 * share).toFixed(1)}%`);
  const head = ["", "mean", "std", "median", ...ends, "n_eff", "r_hat"];
  return [head, ...Object.entries(rows).flatMap(([name, row]) => linesOf(name, row))];
}

/** The cells of a variable, a line for each element. */
function linesOf(name: string, row: unknown): string[][] {
  const argument = `rows.${name}`;
  if (!isPlainObject(row)) throw refused("summaryTable", argument, "a summary", shown(row));
  const columns = FIELDS.map((field) => ({ field, ...flattened("summaryTable", `${argument}.${field}`, row[field]) })); // prettier-ignore
  const [{ shape }] = columns as [(typeof columns)[number]];
  for (const { field, shape: own } of columns)
    if (own.join() !== shape.join())
      throw refused("summaryTable", `${argument}.${field}`, `(${shape.join(", ")}), as its mean`, `(${own.join(", ")})`); // prettier-ignore
  return indicesOf(shape).map((index, i) => [
    name + index,
    ...columns.map(({ numbers }) => cell(numbers[i]!)),
  ]);
}

/** As Python writes it. */
function cell(value: number): string {
  if (Number.isNaN(value)) return "nan";
  return Number.isFinite(value) ? value.toFixed(2) : value > 0 ? "inf" : "-inf";
}
