import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pythonEnv } from "../environment/run-command.ts";
import { type Device, packageRoot, synjaxHome } from "../environment/environment.ts";
import { SynjaxError } from "../errors.ts";
import { refusedConfiguration } from "./options.ts";
import { LONGEST_TIMER } from "../transport/call-options.ts";

export interface WorkerOptions {
  /** The interpreter to run it with. */
  readonly python: string;
  readonly device?: Device | undefined;
  /** How it is reached: a socket file in a private directory, or the loopback interface. Default: `"ipc"` where it works. */
  readonly transport?: "ipc" | "tcp" | undefined;
  /** Other limits than the worker's own, by name. */
  readonly limits?: Readonly<Record<string, number>> | undefined;
  /** Where compiled programs are kept between runs; `null` keeps none. Default: in the user's cache directory. */
  readonly compilationCache?: string | null | undefined;
  /** Environment variables of the worker, on top of this process's. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Milliseconds it may take until it is ready. Default 120,000. */
  readonly startTimeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a worker says when it is ready. */
export interface WorkerReady {
  readonly ready: true;
  readonly version: number;
  readonly registry: string;
  readonly address: string;
  readonly pid: number;
  readonly jax: string;
  readonly platform: string;
}

export interface WorkerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const START_TIMEOUT = 120_000;
/** A stopped worker ends at once by itself; after these milliseconds it is made to. */
const TERM_AFTER = 1_000;
const KILL_AFTER = 2_000;
/** Its last words arrive this many milliseconds after its end, at most. */
const STDERR_AFTER_EXIT = 200;
const STDERR_LINES = 40;
/** `sun_path` holds 108 bytes, the last of them zero. */
const LONGEST_SOCKET_PATH = 107;

/** A worker that this process has started. It ends with this process, however that ends. */
export class WorkerProcess {
  readonly ready: WorkerReady;
  /** What it wants to hear in a hello. */
  readonly token: string;
  /** Resolves when it has ended, to the error of the calls in flight. */
  readonly exited: Promise<SynjaxError>;
  readonly #child: ChildProcess;
  #stopping: Promise<void> | undefined;

  private constructor(child: ChildProcess, ready: WorkerReady, token: string, exited: Promise<SynjaxError>) {
    this.#child = child;
    this.ready = ready;
    this.token = token;
    this.exited = exited;
  }

  get pid(): number {
    return this.ready.pid;
  }

  /**
   * Starts a worker and waits until it listens.
   *
   * @throws SynjaxError WORKER_START with its last lines on stderr, INVALID_ARGUMENT where it refuses a limit or the
   * device, ABORTED.
   */
  static async start(options: WorkerOptions): Promise<WorkerProcess> {
    const { spawn } = await import("node:child_process");
    const device = options.device ?? "cpu";
    const place = placeFor(options.transport);
    const token = randomBytes(32).toString("hex");
    const child = spawn(options.python, ["-m", "synjax_worker"], {
      stdio: ["pipe", "pipe", "pipe"],
      windowsHide: true,
      env: workerEnv(device, options.env),
    });
    const stderr = keepLastLines(child);
    const ended = endOf(child);
    void ended.then(() => place.remove());
    // The token must not stand where other users can read it, as arguments and environments can.
    child.stdin!.on("error", () => undefined);
    child.stdin!.write(`${JSON.stringify(configuration(options, device, place, token))}\n`);
    try {
      const ready = await whenReady(child, ended, stderr, options);
      release(child);
      const exited = ended.then((exit) => lostError(exit, ready.pid, stderr()));
      return new WorkerProcess(child, ready, token, exited);
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
  }

  /** Ends it at once. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Ends it, and resolves when it has ended. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const child = this.#child;
    child.ref();
    child.stdin!.end();
    const term = setTimeout(() => child.kill("SIGTERM"), TERM_AFTER);
    const kill = setTimeout(() => child.kill("SIGKILL"), KILL_AFTER);
    await this.exited;
    clearTimeout(term);
    clearTimeout(kill);
  }
}

// -- before it starts ----------------------------------------------------------------------------------------------

interface Place {
  readonly address: string;
  /** Whether the socket has a directory to itself. */
  readonly isPrivate: boolean;
  remove(): void;
}

function placeFor(transport: "ipc" | "tcp" | undefined): Place {
  if (transport !== "tcp" && process.platform !== "win32") {
    const directory = mkdtempSync(join(tmpdir(), "synjax-")); // mode 0700
    const path = join(directory, "w");
    if (Buffer.byteLength(path) <= LONGEST_SOCKET_PATH) {
      removeAtExit(directory);
      return { address: `ipc://${path}`, isPrivate: true, remove: () => removeNow(directory) };
    }
    rmSync(directory, { recursive: true });
    if (transport === "ipc") {
      throw new SynjaxError(
        "INVALID_ARGUMENT",
        `\`transport\`: the temporary directory's name is too long for a socket (${path}): use "tcp", or set TMPDIR`,
        { argument: "transport", came: "ipc" },
      );
    }
  }
  return { address: "tcp://127.0.0.1:*", isPrivate: false, remove: () => undefined };
}

const directories = new Set<string>();

function removeAtExit(directory: string): void {
  if (directories.size === 0) process.on("exit", removeAll);
  directories.add(directory);
}

function removeNow(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  directories.delete(directory);
  if (directories.size === 0) process.off("exit", removeAll);
}

function removeAll(): void {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
}

function configuration(options: WorkerOptions, device: Device, place: Place, token: string): object {
  return {
    address: place.address,
    privateDirectory: place.isPrivate, // the worker removes it: this process may be killed
    token,
    device,
    limits: options.limits ?? {},
    compilationCache: cacheDirectory(options),
    parentWatch: true,
  };
}

/** Without a place to keep them programs are compiled anew each time, which is no reason to fail. */
function cacheDirectory({ compilationCache, env }: WorkerOptions): string | null {
  if (compilationCache === null) return null;
  const directory = compilationCache ?? join(synjaxHome({ ...process.env, ...env }), "compiled");
  try {
    mkdirSync(directory, { recursive: true });
    return directory;
  } catch {
    return null;
  }
}

function workerEnv(device: Device, extra: NodeJS.ProcessEnv | undefined): NodeJS.ProcessEnv {
  const own = Object.entries({ ...process.env, ...extra }).filter(([name]) => !name.startsWith("SYNJAX_"));
  return pythonEnv(Object.fromEntries(own), {
    PYTHONPATH: join(packageRoot(), "python"),
    // A file of the user's called random.py must not be taken for Python's.
    PYTHONSAFEPATH: "1",
    PYTHONNOUSERSITE: "1",
    JAX_PLATFORMS: device,
  });
}

// -- while it starts -----------------------------------------------------------------------------------------------

function keepLastLines(child: ChildProcess): () => readonly string[] {
  const lines: string[] = [];
  let rest = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!.slice(-10_000);
    lines.push(...parts.filter((line) => line.trim() !== ""));
    if (lines.length > STDERR_LINES) lines.splice(0, lines.length - STDERR_LINES);
  });
  return () => (rest.trim() === "" ? lines : [...lines, rest]);
}

/** Resolves when the process has ended and its last words are here; to an error where it could not be started. */
function endOf(child: ChildProcess): Promise<WorkerExit | Error> {
  return new Promise((resolve) => {
    child.once("error", resolve);
    child.once("exit", (code, signal) => {
      const exit = { code, signal };
      child.once("close", () => resolve(exit));
      // A process of its own that lives on could hold the stream open.
      setTimeout(() => resolve(exit), STDERR_AFTER_EXIT).unref();
    });
  });
}

async function whenReady(
  child: ChildProcess,
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
    const first = await Promise.race([firstLine(child), ended, givenUp]);
    if (typeof first !== "string") throw startError(describeEnd(first), python, stderr());
    const said = parseLine(first);
    if (said?.ready === true) return said;
    const refused = said && refusedConfiguration(said);
    if (refused) throw refused;
    const why = said ? `did not start: ${said.message}` : `said ${JSON.stringify(first.slice(0, 200))}`;
    throw startError(why, python, stderr());
  } finally {
    stop?.();
  }
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    child.stdout!.setEncoding("utf8").on("data", (chunk: string) => {
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

/** It must not keep this process alive. */
function release(child: ChildProcess): void {
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as Socket | null)?.unref();
}

// -- when it ends --------------------------------------------------------------------------------------------------

function describeEnd(end: WorkerExit | Error): string {
  if (end instanceof Error) return `cannot be run: ${end.message}`;
  return end.signal ? `was ended by ${end.signal}` : `ended with status ${end.code}`;
}

function startError(what: string, python: string, stderr: readonly string[]): SynjaxError {
  return new SynjaxError(
    "WORKER_START",
    withLastLines(`The worker (${python} -m synjax_worker) ${what}`, stderr),
  );
}

function lostError(end: WorkerExit | Error, pid: number, stderr: readonly string[]): SynjaxError {
  return new SynjaxError("WORKER_LOST", withLastLines(`The worker (pid ${pid}) ${describeEnd(end)}`, stderr));
}

function withLastLines(message: string, stderr: readonly string[]): string {
  const lines = stderr.slice(-12).map(readable);
  return lines.length === 0 ? message : `${message}. Its last lines:\n  ${lines.join("\n  ")}`;
}

/** A log line of the worker without its JSON. */
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
