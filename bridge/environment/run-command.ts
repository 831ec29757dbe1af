import type { SpawnOptions } from "node:child_process";

export interface Finished {
  /** Exit status; null when a signal ended it or it could not be started. */
  readonly status: number | null;
  readonly stdout: string;
  /** The last 500 lines of both streams, in the order they arrived. */
  readonly output: string;
  /** Set when the command could not be started. */
  readonly error?: NodeJS.ErrnoException;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly cwd?: string | undefined;
  /** Milliseconds after which it is killed. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onLine?: ((line: string) => void) | undefined;
}

/** Runs a command to its end. Never rejects: a command that cannot be started is a `Finished` with `error`. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  const { spawn } = await import("node:child_process");
  const { createInterface } = await import("node:readline");
  const spawnOptions: SpawnOptions = {
    stdio: ["ignore", "pipe", "pipe"],
    windowsHide: true,
    env: options.env ?? process.env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
  return new Promise((resolve) => {
    const lines: string[] = [];
    const stdout: string[] = [];
    const child = spawn(command, args, spawnOptions);
    const read = (stream: NodeJS.ReadableStream | null, keep: boolean): void => {
      if (!stream) return;
      createInterface({ input: stream }).on("line", (line) => {
        if (keep) stdout.push(line);
        lines.push(line);
        if (lines.length > 500) lines.shift();
        options.onLine?.(line);
      });
    };
    const finish = (status: number | null, error?: Error): void => {
      clearTimeout(timer);
      resolve({ status, stdout: stdout.join("\n"), output: lines.join("\n"), ...(error ? { error } : {}) });
    };
    const expire = (): void => {
      child.kill("SIGKILL");
      // A grandchild may keep the pipes open.
      child.stdout?.destroy();
      child.stderr?.destroy();
      finish(null, new Error(`no answer within ${options.timeout} ms`));
    };
    const timer = options.timeout === undefined ? undefined : setTimeout(expire, options.timeout);
    read(child.stdout, true);
    read(child.stderr, false);
    child.once("error", (error) => finish(null, error));
    child.once("close", (status) => finish(status));
  });
}

/** Environment variables for a Python process, without those that change where it finds modules or installs packages. */
export function pythonEnv(env: NodeJS.ProcessEnv, extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const clean = Object.entries(env).filter(([name]) => !STRAY.has(name));
  return { ...Object.fromEntries(clean), ...extra };
}

const STRAY = new Set([
  "PYTHONHOME",
  "PYTHONPATH",
  "PYTHONSTARTUP",
  "VIRTUAL_ENV",
  "PIP_USER",
  "PIP_TARGET",
  "PIP_PREFIX",
  "PIP_REQUIRE_VIRTUALENV",
  "__PYVENV_LAUNCHER__",
]);

export function lastLines(text: string, count: number): string {
  return text.trimEnd().split(/\r?\n/).slice(-count).join("\n");
}
