import { randomBytes } from "node:crypto";
import type { SynjaxError } from "../errors.ts";
import { keepLastLines } from "./last-lines.ts";
import { forwardPrints } from "./prints.ts";
import { whenReady, type WorkerReady } from "./readiness.ts";
import { type Spawned, spawnWorker } from "./spawn-worker.ts";
import { startConfiguration, workerEnv, type WorkerOptions } from "./start-configuration.ts";
import { lostError } from "./worker-end.ts";
import { makeWorkerSocket } from "./worker-socket.ts";

/** Milliseconds after closing its stdin, at which a worker that still runs is sent SIGTERM, then SIGKILL. */
const TERM_AFTER = 1_000;
const KILL_AFTER = 2_000;

/** A worker that this process started. It ends when this process ends, even if that is killed. */
export class WorkerProcess {
  readonly ready: WorkerReady;
  /** The secret that it expects in a hello. */
  readonly token: string;
  /** Resolves when the process has ended, to the error for the calls in flight. */
  readonly exited: Promise<SynjaxError>;
  readonly #child: Spawned;
  #stopping: Promise<void> | undefined;

  private constructor(child: Spawned, ready: WorkerReady, token: string, exited: Promise<SynjaxError>) {
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
    const device = options.device ?? "cpu";
    const socket = makeWorkerSocket(options.transport);
    const token = randomBytes(32).toString("hex");
    const child = await spawnWorker(options.python, workerEnv(device, options.env)).catch(
      (error: unknown) => {
        socket.remove();
        throw error;
      },
    );
    const { ended } = child;
    const stderr = keepLastLines(child.stderr);
    forwardPrints(child.stderr);
    void ended.then(() => socket.remove());
    // The token goes through stdin: other users can read arguments and environment variables.
    child.stdin.on("error", () => undefined);
    child.stdin.write(`${JSON.stringify(startConfiguration(options, device, socket, token))}\n`);
    try {
      const ready = await whenReady(child.stdout, ended, stderr, options);
      child.keepsAlive(false); // this process may end although the worker still runs
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
    child.keepsAlive(true);
    child.stdin.end();
    const term = setTimeout(() => child.kill("SIGTERM"), TERM_AFTER);
    const kill = setTimeout(() => child.kill("SIGKILL"), KILL_AFTER);
    await this.exited;
    clearTimeout(term);
    clearTimeout(kill);
  }
}
