/** Draws in short. */
import { htmlLines } from "../display/html-table.ts";
import { summaryLines, type SummaryRow, summaryTable } from "../display/summary-table.ts";
import { diagnostics } from "../ops/diagnostics.ts";
import { get } from "../session/current-session.ts";
import { type DisplayBundle, JUPYTER_DISPLAY } from "../tensor/notebook.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { jit } from "../transforms/jit.ts";

type Draws = Readonly<Record<string, Tensor>>;

const summaries = jit(
  (draws: Draws, prob: number) =>
    Object.fromEntries(
      Object.entries(draws).map(([name, draw]) => [name, diagnostics.summary(draw, { prob })]),
    ),
  { staticArgnums: 1 },
);

/** @internal */
export async function summaryOf(draws: Draws, divergences: number, prob: number): Promise<Summary> {
  const rows = await get(summaries(draws, prob));
  return new Summary(rows as unknown as Readonly<Record<string, SummaryRow>>, divergences, prob);
}

/** What a posterior is in short. */
export class Summary {
  /** By the names of the variables: what `summaryTable` takes. */
  readonly rows: Readonly<Record<string, SummaryRow>>;
  /** How many steps diverged, in all chains: draws near them are missing. */
  readonly divergences: number;
  readonly #prob: number;

  /** @internal */
  constructor(rows: Readonly<Record<string, SummaryRow>>, divergences: number, prob: number) {
    this.rows = rows;
    this.divergences = divergences;
    this.#prob = prob;
  }

  /** A table for a terminal. */
  toString(): string {
    const table = summaryTable(this.rows, { prob: this.#prob });
    return `${table}Divergences: ${this.divergences}\n`;
  }

  /** @internal A notebook shows a table. */
  [JUPYTER_DISPLAY](): DisplayBundle {
    const html = htmlLines(summaryLines(this.rows, { prob: this.#prob }), `Divergences: ${this.divergences}`);
    return { "text/plain": this.toString(), "text/html": html };
  }
}
