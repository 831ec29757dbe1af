/** The form of every suite: ratios of interleaved medians, one run, with the bound each must keep. */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";

export interface Row {
  readonly name: string;
  readonly ratio: number;
  readonly sense: "<=" | ">=";
  readonly bound: number;
  readonly ok: boolean;
  /** What the ratio was made of, for people. */
  readonly note?: string;
}

export function row(name: string, ratio: number, sense: "<=" | ">=", bound: number, note?: string): Row {
  const ok = sense === "<=" ? ratio <= bound : ratio >= bound;
  return { name, ratio, sense, bound, ok, ...(note ? { note } : {}) };
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}

/** Milliseconds. */
export async function timed(run: () => unknown): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

export function report(suite: string, rows: readonly Row[]): void {
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? "unknown CPU"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
  const width = Math.max(...rows.map((r) => r.name.length));
  for (const { name, ratio, sense, bound, ok, note } of rows) {
    const verdict = ok ? "ok    " : "MISSED";
    console.log(
      `${verdict} ${name.padEnd(width)}  ${ratio.toPrecision(3).padStart(6)}  ${sense} ${bound}${note ? `   (${note})` : ""}`,
    );
  }
  const directory = new URL("./results/", import.meta.url);
  mkdirSync(directory, { recursive: true });
  writeFileSync(
    new URL(`${suite}.json`, directory),
    `${JSON.stringify({ suite, machine, rows }, null, 2)}\n`,
  );
}
