import { Channel } from "../transport/channel.ts";
import { type Device, type SetupProgress, resolvePython } from "../environment/environment.ts";
import { SynjaxError } from "../errors.ts";
import { checkConnectionOptions } from "./options.ts";
import type { HelloInfo } from "../wire/protocol.ts";
import type { WorkerProcess } from "./worker.ts";
import type { Transport } from "../transport/transport.ts";
import { LONGEST_TIMER } from "../transport/call-options.ts";

export interface ConnectionOptions {
  /** Where JAX computes. Default `"cpu"`. */
  readonly device?: Device | undefined;
  /** `tcp://host:port` of a worker that is served; without one the bundled worker is started. */
  readonly address?: string | undefined;
  /** What the served worker wants to hear. */
  readonly token?: string | undefined;
  /** How the bundled worker is reached. Default: `"ipc"` where it works, otherwise `"tcp"` on the loopback interface. */
  readonly transport?: "ipc" | "tcp" | undefined;
  /** A Python interpreter to use instead of the environment that `synjax setup` made. */
  readonly python?: string | undefined;
  /** `"auto"` makes the Python environment where it is missing. Default `"never"`. */
  readonly setup?: "auto" | "never" | undefined;
  readonly onProgress?: ((progress: SetupProgress) => void) | undefined;
  /** Limits of the bundled worker, by name; see `info.limits`. */
  readonly limits?: Readonly<Record<string, number>> | undefined;
  /** Directory for compiled programs, kept between runs; `null` keeps none. Default: in the user's cache directory. */
  readonly compilationCache?: string | null | undefined;
  /** Environment variables of the bundled worker, on top of this process's. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Milliseconds until the worker must be ready. Default 120,000; 10,000 for one that is served. */
  readonly startTimeout?: number | undefined;
  /** Milliseconds without a sign of life, while calls are unanswered, until the worker is given up. Default 30,000. */
  readonly hangAfter?: number | undefined;
  /** Milliseconds between pings while calls are unanswered; 0 sends none. Default 1,000. */
  readonly heartbeat?: number | undefined;
  /** Hash of the registry this side was generated from. */
  readonly registryHash: string;
  /** Gives up connecting. */
  readonly signal?: AbortSignal | undefined;
}

/** A worker that has answered. */
export interface Connection {
  readonly channel: Channel;
  /** Where this process started it. */
  readonly worker: WorkerProcess | undefined;
  readonly info: HelloInfo;
  /** Resolves when the worker is lost, before the calls in flight reject. */
  readonly lost: Promise<SynjaxError>;
  /** Ends the channel, and the worker if it is ours. Idempotent. */
  close(): Promise<void>;
}

const DIAL_TIMEOUT = 10_000;
const HELLO_TIMEOUT = 30_000;

/**
 * Starts the bundled worker, or dials one, and introduces this side.
 *
 * @throws SynjaxError UNSUPPORTED_RUNTIME, INVALID_ARGUMENT, SETUP_REQUIRED, SETUP_FAILED, WORKER_START,
 * PROTOCOL_MISMATCH, UNAUTHORIZED, WORKER_LOST where nothing answers, ABORTED.
 */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  assertNode();
  checkConnectionOptions(options);
  assertNotAborted(options.signal);
  if (options.address !== undefined) {
    const { address, token, startTimeout = DIAL_TIMEOUT } = options;
    return connect(options, address, token, startTimeout, undefined);
  }
  const python = await resolvePython(options);
  const { WorkerProcess } = await import("./worker.ts");
  const worker = await WorkerProcess.start({ ...options, python });
  try {
    assertSameRegistry(options.registryHash, worker.ready.registry);
    return await connect(options, worker.ready.address, worker.token, HELLO_TIMEOUT, worker);
  } catch (error) {
    worker.kill();
    throw error;
  }
}

// zeromq's native part hangs or crashes there; a typed error is better.
function assertNode(): void {
  for (const runtime of ["Deno", "Bun"]) {
    if (runtime in globalThis) {
      throw new SynjaxError(
        "UNSUPPORTED_RUNTIME",
        `Sessions need Node.js 20.19 or newer for now: under ${runtime} the native part of zeromq hangs or crashes`,
        { expected: "Node.js", came: runtime },
      );
    }
  }
}

function assertNotAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortedError(signal);
}

function abortedError(signal: AbortSignal): SynjaxError {
  return new SynjaxError("ABORTED", "Connecting was aborted", { cause: signal.reason });
}

function assertSameRegistry(ours: string, theirs: string): void {
  if (ours === theirs) return;
  throw new SynjaxError(
    "PROTOCOL_MISMATCH",
    `The worker's operations are not the ones this package was generated from (registry ${theirs} there, ${ours} here): ` +
      "install matching versions, or run `npm run generate` in a checkout",
    { argument: "registry", expected: ours, came: theirs },
  );
}

async function connect(
  options: ConnectionOptions,
  address: string,
  token: string | undefined,
  timeout: number,
  worker: WorkerProcess | undefined,
): Promise<Connection> {
  const { dialZeromq } = await import("../transport/zeromq.ts");
  const transport = await dialZeromq(address);
  const { signal, heartbeat, hangAfter, registryHash: registry } = options;
  const limit = giveUpAfter(timeout, address, signal);
  try {
    const opening = Channel.open(transport, { registry, token, heartbeat, hangAfter });
    const endings: Promise<never>[] = [limit.reached];
    if (worker) endings.push(worker.exited.then((error) => Promise.reject(error)));
    const channel = await Promise.race([opening, ...endings]);
    return connected(channel, transport, worker);
  } catch (error) {
    transport.close();
    throw error;
  } finally {
    limit.stop();
  }
}

function giveUpAfter(
  timeout: number,
  address: string,
  signal: AbortSignal | undefined,
): { readonly reached: Promise<never>; stop(): void } {
  let stop!: () => void;
  const reached = new Promise<never>((_, reject) => {
    const message = `Nothing answers at ${address} within ${timeout} ms: is a worker listening there?`;
    const lost = (): void => reject(new SynjaxError("WORKER_LOST", message));
    const timer = setTimeout(lost, Math.min(timeout, LONGEST_TIMER));
    const onAbort = (): void => reject(abortedError(signal!));
    signal?.addEventListener("abort", onAbort, { once: true });
    stop = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
  });
  reached.catch(() => undefined);
  return { reached, stop };
}

function connected(channel: Channel, transport: Transport, worker: WorkerProcess | undefined): Connection {
  void worker?.exited.then((error) => channel.lose(error));
  void channel.lost.then(() => worker?.kill()); // it may only hang
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await channel.close({ farewell: !worker });
    transport.close();
    await worker?.stop();
  };
  return {
    channel,
    worker,
    info: channel.info,
    lost: channel.lost,
    close: () => (closing ??= close()),
  };
}
