import type * as zeromq from "zeromq";
import type { Dealer } from "zeromq";
import { SynjaxError } from "../errors.ts";
import type { ClientKeys } from "./client-keys.ts";
import type { Frames, Transport } from "./transport.ts";

/**
 * Readiness is edge-triggered and another operation can consume it, so a waiting send or receive polls every 100 ms.
 * For example, a receive that starts while the socket connects consumes the signal that a send waits for; reading
 * `writable` does the same to a receive (zeromq 6.8.0).
 */
const POLL_INTERVAL = 100;

/** Dials a worker at an `ipc://` or `tcp://` address; with keys, all that is said is encrypted. */
export async function dialZeromq(address: string, keys?: ClientKeys): Promise<Transport> {
  const { Dealer } = await loadZeromq();
  const socket = newSocket(Dealer, {
    // Otherwise undelivered messages would keep the process from ending.
    linger: 0,
    // The channel bounds what is in flight itself.
    sendHighWaterMark: 0,
    receiveHighWaterMark: 0,
    // Makes `writable` false while no peer is connected.
    immediate: true,
    sendTimeout: POLL_INTERVAL,
    receiveTimeout: POLL_INTERVAL,
    ...(keys && { curveServerKey: keys.worker, curvePublicKey: keys.public, curveSecretKey: keys.secret }),
  });
  try {
    socket.connect(address);
  } catch (error) {
    socket.close();
    throw new SynjaxError("INVALID_ARGUMENT", `\`address\`: ${address} cannot be dialled: ${String(error)}`, {
      argument: "address",
      expected: "tcp://host:port or ipc:///path",
      received: address,
      cause: error,
    });
  }
  return new DealerTransport(socket);
}

/** A new socket; zeromq throws the system's bare error where none can be had, for example for want of descriptors. */
function newSocket(Class: typeof Dealer, options: ConstructorParameters<typeof Dealer>[0]): Dealer {
  try {
    return new Class(options);
  } catch (error) {
    // Not every text in Z85 is a number of 32 bytes
    if (options?.curveServerKey && (error as NodeJS.ErrnoException).code === "EINVAL")
      throw new SynjaxError("INVALID_ARGUMENT", "`keys`: expected CURVE keys, got texts that are none", { argument: "keys", expected: "CURVE keys", cause: error }); // prettier-ignore
    throw new SynjaxError(
      "WORKER_LOST",
      `The worker cannot be reached: no socket can be opened (${String(error)})`,
      {
        cause: error,
      },
    );
  }
}

async function loadZeromq(): Promise<typeof zeromq> {
  try {
    return await import("zeromq");
  } catch (error) {
    throw new SynjaxError(
      "UNSUPPORTED_RUNTIME",
      `The native part of the package zeromq does not load on ${process.platform}-${process.arch}: ${String(error)}`,
      { cause: error },
    );
  }
}

// It does not observe the socket's events: closing such an observer breaks sockets opened later (zeromq 6.8.0).
class DealerTransport implements Transport {
  readonly #socket: Dealer;
  readonly #queue: Frames[] = [];
  #sending = false;
  #failure: unknown;

  constructor(socket: Dealer) {
    this.#socket = socket;
  }

  get connected(): boolean {
    return !this.#socket.closed && this.#failure === undefined && this.#socket.writable;
  }

  send(frames: Frames): void {
    this.#queue.push(frames);
    if (!this.#sending) void this.#drain();
  }

  // zeromq refuses a second send() while one is pending.
  async #drain(): Promise<void> {
    this.#sending = true;
    try {
      for (let frames; !this.#socket.closed && (frames = this.#queue.shift());) {
        const message = frames as Uint8Array[];
        await this.#untilDone(() => this.#socket.send(message));
      }
    } catch (error) {
      if (!this.#socket.closed) {
        this.#failure = error;
        this.#socket.close();
      }
    } finally {
      this.#sending = false;
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<Frames, undefined> {
    return { next: () => this.#receive() };
  }

  async #receive(): Promise<IteratorResult<Frames, undefined>> {
    try {
      if (!this.#socket.closed) {
        return { done: false, value: await this.#untilDone(() => this.#socket.receive()) };
      }
    } catch (error) {
      if (!this.#socket.closed) throw error;
    }
    if (this.#failure !== undefined) throw this.#failure as Error;
    return { done: true, value: undefined };
  }

  async #untilDone<T>(operation: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await operation();
      } catch (error) {
        if (this.#socket.closed || (error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      }
    }
  }

  close(): void {
    this.#queue.length = 0;
    this.#socket.close();
  }
}
