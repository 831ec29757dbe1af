import { SynjaxError } from "../errors.ts";
import { DEFAULT_LIMITS } from "../wire/protocol.ts";
import type { Call, Outgoing } from "./call.ts";

/** What one message and the messages in flight may hold, by the worker's limits. */
interface Window {
  readonly messages: number;
  readonly bytes: number;
  readonly frames: number;
  readonly frameBytes: number;
  readonly messageBytes: number;
}

function windowOf(limits: Readonly<Record<string, number>>): Window {
  return {
    messages: limits["inFlightMessages"] ?? DEFAULT_LIMITS.inFlightMessages,
    bytes: limits["inFlightBytes"] ?? DEFAULT_LIMITS.inFlightBytes,
    frames: limits["frames"] ?? DEFAULT_LIMITS.frames,
    frameBytes: limits["frameBytes"] ?? DEFAULT_LIMITS.frameBytes,
    messageBytes: limits["messageBytes"] ?? DEFAULT_LIMITS.messageBytes,
  };
}

/**
 * Messages that wait to be sent, in order. They are sent while the messages in flight, which are sent and unanswered,
 * stay below the worker's limits.
 */
export class Outbox {
  readonly #send: (message: Outgoing) => void;
  readonly #waiting: Outgoing[] = [];
  #window: Window = windowOf({});
  #inFlight = 0;
  #bytesInFlight = 0;

  /** @param send puts a message on the wire */
  constructor(send: (message: Outgoing) => void) {
    this.#send = send;
  }

  /** Takes over the limits that the worker states. */
  setLimits(limits: Readonly<Record<string, number>>): void {
    this.#window = windowOf(limits);
  }

  /** Sends a message after those that wait. */
  enqueue(message: Outgoing): void {
    this.#waiting.push(message);
    this.#flush();
  }

  /** Sends a message at once, before those that wait. */
  send(message: Outgoing): void {
    this.#send(message);
    const { call } = message;
    if (!call) return;
    call.sent = true;
    if (!call.windowed) return;
    this.#inFlight++;
    this.#bytesInFlight += call.bytes;
  }

  /** Makes room: a call that was sent has been answered. */
  answered(call: Call): void {
    if (!call.windowed) return;
    this.#inFlight--;
    this.#bytesInFlight -= call.bytes;
    if (this.#waiting.length > 0) this.#flush();
  }

  /** How many unanswered messages stand before a call that waits. */
  ahead(call: Call): number {
    return this.#waiting.findIndex((message) => message.call === call) + this.#inFlight;
  }

  clear(): void {
    this.#waiting.length = 0;
    this.#inFlight = this.#bytesInFlight = 0;
  }

  /** The error of a message that the worker would not take, however few are in flight. */
  excess(buffers: readonly Uint8Array[], bytes: number): SynjaxError | undefined {
    const { frames, frameBytes, messageBytes } = this.#window;
    if (buffers.length + 1 > frames) {
      return new SynjaxError(
        "LIMIT_FRAMES",
        `A call takes at most ${frames - 1} arrays that are not small, got ${buffers.length}: put them on the device first`,
      );
    }
    const largest = bytes > frameBytes ? buffers.find((buffer) => buffer.byteLength > frameBytes) : undefined;
    if (largest || bytes > messageBytes) {
      const what = largest
        ? `One array has ${largest.byteLength} bytes`
        : `The arrays of a call have ${bytes} bytes`;
      return new SynjaxError(
        "LIMIT_BYTES",
        `${what}; at most ${largest ? frameBytes : messageBytes} are sent at once: send them in parts, or raise the worker's limits`,
      );
    }
    return undefined;
  }

  #flush(): void {
    const waiting = this.#waiting;
    let n = 0;
    for (; n < waiting.length && this.#fits(waiting[n]!.call); n++) this.send(waiting[n]!);
    if (n === waiting.length) waiting.length = 0;
    else if (n > 0) waiting.splice(0, n);
  }

  // A message larger than the whole window is sent alone.
  #fits(call: Call | undefined): boolean {
    if (!call || this.#inFlight === 0) return true;
    return this.#inFlight < this.#window.messages && this.#bytesInFlight + call.bytes <= this.#window.bytes;
  }
}
