/** How Markov chains go, as a line for a terminal. */
import { isPlainObject } from "../program/plain-object.ts";
import { refused } from "../program/refused.ts";
import { shown } from "../program/signatures.ts";
import { bar, duration } from "../training/progress-bar.ts";
import type { McmcProgress } from "./mcmc.ts";

const NUMBERS = [
  "done",
  "total",
  "divergences",
  "acceptProb",
  "stepSize",
  "leapfrogSteps",
  "millisecondsPerStep",
] as const;

/**
 * What `onProgress` of `mcmc` is told as one line, e.g. `process.stderr.write("\r" + mcmcProgressBar(told) + "\x1b[K")`:
 *
 *     ██████████░░░░░░░░░░ 750/1500  sampling  2.1 ms a step  7.4 leapfrog steps of 0.31  accepted 0.86  3 divergences
 *
 * @throws {SynjaxError} `INVALID_ARGUMENT` where it is given something else
 */
export function mcmcProgressBar(told: McmcProgress): string {
  if (
    !isPlainObject(told) ||
    !NUMBERS.every((name) => typeof told[name] === "number") ||
    typeof told.phase !== "string"
  )
    throw refused("mcmcProgressBar", "told", "what onProgress of mcmc() is told", shown(told));
  const { phase, done, total, divergences, acceptProb, stepSize, leapfrogSteps, millisecondsPerStep } = told;
  const parts = [
    bar(done, total),
    phase,
    `${duration(millisecondsPerStep / 1_000)} a step`,
    `${leapfrogSteps.toFixed(1)} leapfrog steps of ${Number(stepSize.toPrecision(2))}`,
    `accepted ${acceptProb.toFixed(2)}`,
    divergences === 0 ? "" : `${divergences} ${divergences === 1 ? "divergence" : "divergences"}`,
  ];
  return parts.filter((part) => part !== "").join("  ");
}
