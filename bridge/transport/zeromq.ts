import type * as zeromq from "zeromq";
import type { Dealer } from "zeromq";
import { SynjaxError } from "../errors.ts";
import type { Frames, Transport } from "./transport.ts";

/**
 * Milliseconds after which a waiting send or receive looks for itself. zeromq signals a change of a socket once, and takes
 * the signal back whenever it is asked about the socket: a receive that begins while a connection comes about leaves the
 * send that waits for it asleep, and `writable` does it to a receive (zeromq 6.8.0).
 */
const LOOK_AGAIN = 100;

/** Dials a worker at an `ipc://` or `tcp://` address. */
export async function dialZeromq(address: string): Promise<Transport> {
  const { Dealer } = await loadZeromq();
  const socket = new Dealer({
    // Otherwise messages that nobody took would keep the process from ending.
    linger: 0,
    // The channel has a window of its own.
    sendHighWaterMark: 0,
    receiveHighWaterMark: 0,
    // Makes `writable` tell whether the peer is there.
    immediate: true,
    sendTimeout: LOOK_AGAIN,
    receiveTimeout: LOOK_AGAIN,
  });
  try {
    socket.connect(address);
  } catch (error) {
    socket.close();
    throw new SynjaxError("INVALID_ARGUMENT", `\`address\`: ${address} cannot be dialled: ${String(error)}`, {
      argument: "address",
      expected: "tcp://host:port or ipc:///path",
      came: address,
      cause: error,
    });
  }
  return new DealerTransport(socket);
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

// No observer of the socket's events: closing one breaks the sockets that are opened after it (zeromq 6.8.0).
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

  // A second send() while one waits is an error of zeromq's.
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
