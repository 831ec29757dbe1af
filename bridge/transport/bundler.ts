import { packHeader } from "../wire/codec.ts";
import { BUNDLE_BYTES, BUNDLE_MESSAGES, MESSAGE } from "../wire/protocol.ts";
import type { Frames } from "./transport.ts";

/**
 * Messages on their way to the transport. Those of one turn leave together: neighbours without buffers in bundles,
 * because a frame costs ZeroMQ as much as all else costs a small call.
 */
export class Bundler {
  readonly #send: (frames: Frames) => void;
  #waiting: Frames[] = [];
  #most = BUNDLE_BYTES;

  /** @param send puts a message on the wire */
  constructor(send: (frames: Frames) => void) {
    this.#send = send;
  }

  /** Takes over the limits that the worker states: a bundle is a header, and half of one is room for what is around. */
  setLimits(limits: Readonly<Record<string, number>>): void {
    this.#most = Math.min(BUNDLE_BYTES, (limits["headerBytes"] ?? Infinity) / 2);
  }

  /** Sends a message, after those before it. */
  send(frames: Frames): void {
    if (this.#waiting.push(frames) === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    let headers: Uint8Array[] = [];
    let bytes = 0;
    const leave = (): void => {
      if (headers.length === 1) this.#send(headers);
      else if (headers.length > 1) this.#send([packHeader([MESSAGE.bundle, 0, headers])]);
      headers = [];
      bytes = 0;
    };
    for (const frames of waiting) {
      const [header] = frames as [Uint8Array];
      const isFull = headers.length === BUNDLE_MESSAGES || bytes + header.byteLength > this.#most;
      if (frames.length > 1 || isFull) leave();
      if (frames.length > 1) this.#send(frames);
      else {
        headers.push(header);
        bytes += header.byteLength;
      }
    }
    leave();
  }
}
