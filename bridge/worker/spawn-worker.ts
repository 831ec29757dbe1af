import type { ChildProcess, ChildProcessWithoutNullStreams, spawn as Spawn } from "node:child_process";
import type { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { isMainThread } from "node:worker_threads";
import type { SynjaxError } from "../errors.ts";
import { describeEnd, endOf, startError, type WorkerExit } from "./worker-end.ts";

/** The process of a worker. */
export interface Spawned {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when it has ended and its stderr has been read; to an error where it could not be started. */
  readonly ended: Promise<WorkerExit | Error>;
  kill(signal: "SIGTERM" | "SIGKILL"): void;
  /** Whether this process waits for its end. */
  keepsAlive(wanted: boolean): void;
}

/**
 * Starts the worker as a child of this process. In a thread it becomes an orphan instead, which the system waits for: a
 * thread that is terminated waits for none of its children, which then stay in the table of processes until the whole
 * process ends.
 */
export async function spawnWorker(python: string, env: NodeJS.ProcessEnv): Promise<Spawned> {
  const { spawn } = await import("node:child_process");
  if (!isMainThread && process.platform !== "win32") return orphan(spawn, python, env);
  const stdio = ["pipe", "pipe", "pipe"] as const;
  const child = spawn(python, ["-m", "synjax_worker"], { stdio: [...stdio], windowsHide: true, env });
  if (!isWhole(child)) throw await notSpawned(child, python);
  const { stdin, stdout, stderr } = child;
  return {
    stdin,
    stdout,
    stderr,
    ended: endOf(child),
    kill: (signal) => void child.kill(signal),
    keepsAlive: (wanted) => setRef([child, stdin, stdout, stderr], wanted),
  };
}

/** Its stdin is no stdin of the shell: Node closes that when the shell ends. */
const START = 'exec "$0" -m synjax_worker <&3 3<&- 4>&- & echo $! >&4';

async function orphan(spawn: typeof Spawn, python: string, env: NodeJS.ProcessEnv): Promise<Spawned> {
  const stdio = ["ignore", "pipe", "pipe", "pipe", "pipe"] as const;
  const shell: ChildProcess = spawn("/bin/sh", ["-c", START, python], { stdio: [...stdio], env });
  if (!shell.stdout) throw await notSpawned(shell, python);
  const [, stdout, stderr, stdin, told] = shell.stdio as unknown as readonly [null, ...Socket[]];
  let hasEnded = false;
  const ended = new Promise<WorkerExit | Error>((resolve) => {
    shell.once("error", resolve);
    shell.once("close", () => resolve({ code: null, signal: null }));
  });
  void ended.then(() => {
    hasEnded = true;
    stdin!.destroy();
  });
  const pid = new Promise<number>((resolve) => told!.once("data", (text) => resolve(Number(String(text)))));
  stdin!.on("end", () => undefined).resume();
  return {
    stdin: stdin!,
    stdout: stdout!,
    stderr: stderr!,
    ended,
    kill: (signal) => void pid.then((id) => hasEnded || kill(id, signal)),
    keepsAlive: (wanted) => setRef([shell, stdin!, stdout!, stderr!, told!], wanted),
  };
}

const isWhole = (child: ChildProcess): child is ChildProcessWithoutNullStreams =>
  Boolean(child.stdin && child.stdout && child.stderr);

/** Where this process may have no more files open, Node makes no streams. */
async function notSpawned(child: ChildProcess, python: string): Promise<SynjaxError> {
  const error = await new Promise<Error>((resolve) => child.once("error", resolve));
  return startError(describeEnd(error), python, []);
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended
  }
}

function setRef(handles: readonly unknown[], wanted: boolean): void {
  for (const handle of handles as readonly Socket[]) {
    if (wanted) handle.ref?.();
    else handle.unref?.();
  }
}
