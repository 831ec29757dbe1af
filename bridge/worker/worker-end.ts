import type { ChildProcess } from "node:child_process";
import { SynjaxError } from "../errors.ts";
import { withLastLines } from "./last-lines.ts";

/** How a worker's process ended. */
export interface WorkerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Milliseconds to wait for the last lines on stderr, after the process has ended. */
const STDERR_AFTER_EXIT = 200;

/** Resolves when the process has ended and its stderr has been read; to an error where it could not be started. */
export function endOf(child: ChildProcess): Promise<WorkerExit | Error> {
  return new Promise((resolve) => {
    child.once("error", resolve);
    child.once("exit", (code, signal) => {
      const exit = { code, signal };
      child.once("close", () => resolve(exit));
      // A child of the worker that lives on may hold the stream open.
      setTimeout(() => resolve(exit), STDERR_AFTER_EXIT).unref();
    });
  });
}

export function describeEnd(end: WorkerExit | Error): string {
  if (end instanceof Error) return `cannot be run: ${end.message}`;
  if (end.code === null && end.signal === null) return "ended";
  return end.signal ? `was ended by ${end.signal}` : `ended with status ${end.code}`;
}

/** The error of a worker that did not start. */
export function startError(what: string, python: string, stderr: readonly string[]): SynjaxError {
  return new SynjaxError(
    "WORKER_START",
    withLastLines(`The worker (${python} -m synjax_worker) ${what}`, stderr),
  );
}

/** The error of the calls in flight when a worker ends. */
export function lostError(end: WorkerExit | Error, pid: number, stderr: readonly string[]): SynjaxError {
  return new SynjaxError("WORKER_LOST", withLastLines(`The worker (pid ${pid}) ${describeEnd(end)}`, stderr));
}
