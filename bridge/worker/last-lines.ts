import type { Readable } from "node:stream";

const LINES_KEPT = 40;
const LINES_SHOWN = 12;
/** Characters kept of a line that has not ended yet. */
const LONGEST_LINE = 10_000;

/** Collects what a process writes on stderr. The function returned gives the last lines so far. */
export function keepLastLines(stderr: Readable): () => readonly string[] {
  const lines: string[] = [];
  let rest = "";
  stderr.setEncoding("utf8").on("data", (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!.slice(-LONGEST_LINE);
    lines.push(...parts.filter((line) => line.trim() !== ""));
    if (lines.length > LINES_KEPT) lines.splice(0, lines.length - LINES_KEPT);
  });
  return () => (rest.trim() === "" ? lines : [...lines, rest]);
}

/** A message with the last lines that a process wrote, where it wrote any. */
export function withLastLines(message: string, stderr: readonly string[]): string {
  const lines = stderr.slice(-LINES_SHOWN).map(readable);
  return lines.length === 0 ? message : `${message}. Its last lines:\n  ${lines.join("\n  ")}`;
}

/** A line of the worker's log as text instead of JSON; any other line as it is. */
function readable(line: string): string {
  try {
    const { level, message, trace } = JSON.parse(line) as Record<string, unknown>;
    if (typeof message !== "string") return line;
    const last = typeof trace === "string" ? `: ${trace.trim().split("\n").at(-1)}` : "";
    return `${String(level)}: ${message}${last}`;
  } catch {
    return line;
  }
}
