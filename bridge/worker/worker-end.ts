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

/** What Python, C++ and XLA say last when they have no memory left. */
const OUT_OF_MEMORY = /MemoryError|std::bad_alloc|RESOURCE_EXHAUSTED|out of memory|cannot allocate memory/i;

/**
 * The error of the calls in flight when a worker ends: `OUT_OF_MEMORY` where its last lines say so, otherwise
 * `WORKER_LOST`. A system that has no memory left kills without a word.
 */
export function lostError(end: WorkerExit | Error, pid: number, stderr: readonly string[]): SynjaxError {
  const isShort =
    !(end instanceof Error) && stderr.slice(-LINES_READ).some((line) => OUT_OF_MEMORY.test(line));
  const ended = `The worker (pid ${pid}) ${describeEnd(end)}`;
  if (isShort)
    return new SynjaxError("OUT_OF_MEMORY", withLastLines(`${ended}, because it had no memory left`, stderr));
  const hint =
    !(end instanceof Error) && end.signal === "SIGKILL" ? ": by somebody, or by a system without memory" : "";
  return new SynjaxError("WORKER_LOST", withLastLines(ended + hint, stderr));
}

/** How many of the last lines say why it ended. */
const LINES_READ = 12;
