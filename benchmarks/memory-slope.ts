/** Whether processes grow while something is done again and again. */
import { readFileSync } from "node:fs";
import { row, type Row } from "./table.ts";

/** 97.5 % of Student's t, of ten changes: a slope of 0 is farther away once in twenty runs. */
const FAR = 2.26;

/**
 * A row for each process: by how many bytes a step its resident memory grows, in standard errors. It is read each 100 of
 * 1,000 steps, after `run(steps)`. Memory that wanders without growing has independent changes, so that their spread says
 * how far it wanders. Of Linux.
 */
export async function slopeRows(
  title: string,
  processes: Readonly<Record<string, number>>,
  run: (steps: number) => Promise<void>,
): Promise<Row[]> {
  const seen: Record<string, number>[] = [];
  for (let block = 0; block <= 10; block++) {
    if (block > 0) await run(100);
    seen.push(Object.fromEntries(Object.entries(processes).map(([name, pid]) => [name, residentBytes(pid)])));
  }
  return Object.keys(processes).map((name) => {
    const changes = seen.slice(1).map((now, i) => (now[name]! - seen[i]![name]!) / 100);
    const slope = changes.reduce((a, b) => a + b) / changes.length;
    const variance = changes.reduce((sum, change) => sum + (change - slope) ** 2, 0) / (changes.length - 1);
    const error = Math.sqrt(variance / changes.length);
    const megabytes = (seen.at(-1)![name]! / 2 ** 20).toFixed(0);
    const note = `${slope.toFixed(0)} ± ${error.toFixed(0)} bytes a step, of ${megabytes} MiB`;
    const ratio = slope === 0 ? 0 : slope / error;
    return row(`${title}: growth of ${name} a step, in standard errors`, ratio, "<=", FAR, note);
  });
}

function residentBytes(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))!;
  return 1024 * Number(kilobytes);
}
