import type { Readable } from "node:stream";
import { SynjaxError } from "../errors.ts";
import { LONGEST_TIMER } from "../transport/call-options.ts";
import type { WorkerOptions } from "./start-configuration.ts";
import { describeEnd, startError, type WorkerExit } from "./worker-end.ts";

const START_TIMEOUT = 120_000; // milliseconds

/** The line that a worker writes on stdout when it listens. */
export interface WorkerReady {
  readonly ready: true;
  readonly version: number;
  readonly registry: string;
  readonly address: string;
  readonly pid: number;
  readonly jax: string;
  readonly platform: string;
  /** `host:port` where metrics are asked for, if the configuration wants any. */
  readonly metricsAddress?: string;
}

/** Waits for the line with which a worker says that it listens, or why it does not. */
export async function whenReady(
  stdout: Readable,
  ended: Promise<WorkerExit | Error>,
  stderr: () => readonly string[],
  { startTimeout = START_TIMEOUT, signal, python }: WorkerOptions,
): Promise<WorkerReady> {
  let stop: (() => void) | undefined;
  const givenUp = new Promise<never>((_, reject) => {
    const timer = setTimeout(
      () => reject(startError(`is not ready after ${startTimeout} ms`, python, stderr())),
      Math.min(startTimeout, LONGEST_TIMER),
    );
    const onAbort = (): void =>
      reject(new SynjaxError("ABORTED", "Starting the worker was aborted", { cause: signal?.reason }));
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    stop = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
  });
  try {
    const first = await Promise.race([firstLine(stdout), ended, givenUp]);
    if (typeof first !== "string") throw startError(describeEnd(first), python, stderr());
    const line = parseLine(first);
    if (line?.ready === true) return line;
    const refused = line && refusedConfiguration(line);
    if (refused) throw refused;
    const why = line ? `did not start: ${line.message}` : `said ${JSON.stringify(first.slice(0, 200))}`;
    throw startError(why, python, stderr());
  } finally {
    stop?.();
  }
}

function firstLine(stdout: Readable): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      const end = text.indexOf("\n");
      if (end >= 0) resolve(text.slice(0, end));
    });
  });
}

function parseLine(
  line: string,
): WorkerReady | { readonly ready: false; readonly message: string } | undefined {
  try {
    return JSON.parse(line) as WorkerReady;
  } catch {
    return undefined;
  }
}

/**
 * The error of a worker that refuses an option, from the line it wrote. `undefined` where it did not start for another
 * reason.
 */
export function refusedConfiguration(line: unknown): SynjaxError | undefined {
  const { code, message, argument, expected, received } = line as Partial<Record<string, string>>;
  if (code !== "INVALID_ARGUMENT" || message === undefined) return undefined;
  return new SynjaxError("INVALID_ARGUMENT", message, { argument, expected, received });
}
