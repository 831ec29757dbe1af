/** How training goes, as a line for a terminal. */
import { isPlainObject } from "../program/plain-object.ts";
import { shown } from "../program/signatures.ts";
import { refused } from "../transforms/trees.ts";
import type { ProgressEvent } from "./progress.ts";

/** How many characters the bar itself has. */
const WIDTH = 20;

const NUMBERS = ["steps", "loss", "secondsPerStep", "compileSeconds"] as const;
const isNumber = (value: unknown): boolean => value === undefined || typeof value === "number";

/**
 * An event as one line, e.g. `process.stderr.write("\r" + progressBar(event) + "\x1b[K")`:
 *
 *     ████████░░░░░░░░░░░░ 120/300  loss 0.4321  8.2 ms a step  compiled for 5.3 s
 *     ░░░░░░░░░░░░░░░░░░░░ 0/300  compiling step, 3.1 s
 */
export function progressBar(event: ProgressEvent): string {
  if (
    !isPlainObject(event) ||
    !NUMBERS.every((name) => isNumber(event[name])) ||
    typeof event.step !== "number"
  )
    throw refused("progressBar", "event", "an event of progress", shown(event));
  const { type, step, steps, loss, secondsPerStep, compileSeconds, compilation } = event;
  const parts = [
    steps === undefined ? `step ${step}` : bar(step, steps),
    loss === undefined ? "" : `loss ${Number(loss.toPrecision(4))}`,
    secondsPerStep === undefined ? "" : `${duration(secondsPerStep)} a step`,
    type === "compiling" && compilation
      ? `compiling ${compilation.name}, ${duration(compilation.seconds)}`
      : compileSeconds > 0
        ? `compiled for ${duration(compileSeconds)}`
        : "",
  ];
  return parts.filter((part) => part !== "").join("  ");
}

/** How many of all, as a bar and as numbers. */
export function bar(done: number, total: number): string {
  const filled = Math.max(0, Math.min(WIDTH, Math.floor((done / total) * WIDTH)));
  return `${"█".repeat(filled)}${"░".repeat(WIDTH - filled)} ${done}/${total}`;
}

export const duration = (seconds: number): string =>
  seconds < 0.9995 ? `${Number((seconds * 1_000).toPrecision(2))} ms` : `${seconds.toFixed(1)} s`;
