import { SynjaxError } from "../errors.ts";
import { resolvePython } from "../environment/resolve-python.ts";
import { LONGEST_TIMER } from "../transport/call-options.ts";
import { Channel } from "../transport/channel.ts";
import { type SocketKind, socketKind } from "../transport/socket-kind.ts";
import type { Transport } from "../transport/transport.ts";
import type { HelloInfo } from "../wire/protocol.ts";
import { checkConnectionOptions, type ConnectionOptions } from "./connection-options.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** A worker that has answered our hello. */
export interface Connection {
  readonly channel: Channel;
  /** The worker's process, where this process started it. */
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
 * Starts the bundled worker, or dials one that is served, and says hello.
 *
 * @throws SynjaxError UNSUPPORTED_RUNTIME, INVALID_ARGUMENT, SETUP_REQUIRED, SETUP_FAILED, WORKER_START,
 * PROTOCOL_MISMATCH, UNAUTHORIZED, WORKER_LOST where nothing answers, ABORTED.
 */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  try {
    return await open(options);
  } catch (error) {
    if (error instanceof SynjaxError) throw error;
    // What the system refuses: no files, no space, no rights
    throw new SynjaxError("WORKER_START", `The worker cannot be started or reached: ${String(error)}`, {
      cause: error,
    });
  }
}

async function open(options: ConnectionOptions): Promise<Connection> {
  checkConnectionOptions(options);
  const socket = socketKind(options.socket);
  assertNotAborted(options.signal);
  if (options.address !== undefined) {
    const { address, token, plugins, startTimeout = DIAL_TIMEOUT } = options;
    const connection = await connect({ ...options, socket }, address, token, startTimeout, undefined);
    if (plugins === undefined) return connection;
    const { missingPlugin } = await import("../plugins/missing-plugin.ts");
    const missing = missingPlugin(plugins, connection.info, address);
    if (missing === undefined) return connection;
    await connection.close();
    throw missing;
  }
  const python = await resolvePython(options);
  const { WorkerProcess } = await import("./worker-process.ts");
  const worker = await WorkerProcess.start({ ...options, python });
  try {
    assertSameRegistry(options.registryHash, worker.ready.registry);
    return await connect({ ...options, socket }, worker.ready.address, worker.token, HELLO_TIMEOUT, worker);
  } catch (error) {
    worker.kill();
    throw error;
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
    { argument: "registry", expected: ours, received: theirs },
  );
}

async function connect(
  options: ConnectionOptions & { readonly socket: SocketKind },
  address: string,
  token: string | undefined,
  timeout: number,
  worker: WorkerProcess | undefined,
): Promise<Connection> {
  const { dial } = await import("../transport/dial.ts");
  const { clientKeys } = await import("../transport/client-keys.ts");
  const keys = clientKeys(options.keys);
  const transport = await dial(address, keys, options.socket);
  const { signal, heartbeat, hangAfter, registryHash: registry } = options;
  const limit = giveUpAfter(timeout, address, signal);
  try {
    const opening = Channel.open(transport, { registry, token, heartbeat, hangAfter });
    const endings: Promise<never>[] = [limit.reached];
    if (worker) endings.push(worker.exited.then((error) => Promise.reject(error)));
    else endings.push(refusedInSilence(address, keys !== undefined, transport, limit.isOver));
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
): { readonly reached: Promise<never>; readonly isOver: () => boolean; stop(): void } {
  let stop!: () => void;
  let isOver = false;
  const reached = new Promise<never>((_, reject) => {
    const message = `Nothing answers at ${address} within ${timeout} ms: is a worker listening there?`;
    const lost = (): void => reject(new SynjaxError("WORKER_LOST", message));
    const timer = setTimeout(lost, Math.min(timeout, LONGEST_TIMER));
    const onAbort = (): void => reject(abortedError(signal!));
    signal?.addEventListener("abort", onAbort, { once: true });
    stop = () => {
      isOver = true;
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
  });
  reached.catch(() => undefined);
  return { reached, isOver: () => isOver, stop };
}

/** Milliseconds after which a worker that has not answered is asked why. */
const SILENCE = 1_000;

/**
 * Rejects where a worker is there and does not speak with this client: ZeroMQ lets nobody know whose keys are wrong, but
 * a worker says to anybody whether it wants keys.
 */
async function refusedInSilence(
  address: string,
  hasKeys: boolean,
  transport: Transport,
  isOver: () => boolean,
): Promise<never> {
  const never = new Promise<never>(() => undefined);
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, SILENCE).unref());
  await pause();
  while (!isOver()) {
    const { askMechanism } = await import("../transport/mechanism.ts");
    const found = await askMechanism(address, SILENCE);
    const refusal = (why: string, expected: string): SynjaxError =>
      new SynjaxError("UNAUTHORIZED", `The worker at ${address} ${why}`, { argument: "keys", expected });
    if (found === "CURVE" && !hasKeys)
      throw refusal("speaks only with clients that have keys: pass `keys`, from `synjax keys`", "keys");
    if (found === "NULL" && hasKeys)
      throw refusal(
        "has no keys of its own: what is said to it would not be encrypted",
        "a worker with keys",
      );
    await pause();
    // Who is connected has been let in: the worker is slow only
    if (found === "CURVE" && !isOver() && !transport.connected)
      throw refusal("does not answer to these keys: `worker` in them is the public key of another", "the keys of this worker"); // prettier-ignore
  }
  return never;
}

function connected(channel: Channel, transport: Transport, worker: WorkerProcess | undefined): Connection {
  void worker?.exited.then((error) => channel.lose(error));
  void channel.lost.then(() => worker?.kill()); // a lost worker may still run, and hang
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
