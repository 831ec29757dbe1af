/** The line to the thread of the worker that does what is asked of Python: `worker/line.py` has its other end. */
import { createConnection, type Socket } from "node:net";
import { unpack } from "../wire/codec.ts";

/** Where the line is, on this machine, and what is said first. */
export type Place =
  | { readonly token: string; readonly path: string }
  | { readonly token: string; readonly port: number };

/** Bytes of the length before each message. */
const PREFIX = 4;
/** How deep lists may stand in each other; Python's side writes no deeper ones. */
const DEEPEST = 1_024;

/** It keeps the process alive only while it is held. */
export class Line {
  readonly #socket: Socket;
  readonly #hear: (said: Readonly<Record<string, unknown>>) => void;
  /** What has come and was not heard yet. */
  #pieces: Uint8Array[] = [];
  #size = 0;
  /** How much there must be for the next message to be whole. */
  #wanted = PREFIX;
  #held = 0;

  /** @param lost called once, when nothing can be said or heard any more; with the reason, as far as there is one */
  constructor(
    place: Place,
    hear: (said: Readonly<Record<string, unknown>>) => void,
    lost: (why: Error | undefined) => void,
  ) {
    this.#hear = hear;
    this.#socket = createConnection("path" in place ? { path: place.path } : { port: place.port, host: "127.0.0.1" }); // prettier-ignore
    this.#socket.setNoDelay(true);
    this.#socket.on("data", (piece: Uint8Array) => this.#take(piece));
    let why: Error | undefined;
    this.#socket.on("error", (error: Error) => (why = error)); // it is closed then
    this.#socket.on("close", () => lost(why));
    this.#socket.unref();
    this.write(place.token);
  }

  write(text: string): void {
    const bytes = Buffer.allocUnsafe(PREFIX + Buffer.byteLength(text));
    bytes.writeUInt32LE(bytes.length - PREFIX);
    bytes.write(text, PREFIX);
    this.#socket.write(bytes);
  }

  /** Somebody waits, until the function that it returns is called. */
  hold(): () => void {
    if (this.#held++ === 0) this.#socket.ref();
    return () => {
      if (--this.#held === 0) this.#socket.unref();
    };
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#size += piece.length;
    while (this.#size >= this.#wanted) {
      const all = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces);
      this.#wanted = PREFIX + new DataView(all.buffer, all.byteOffset).getUint32(0, true);
      const isWhole = all.length >= this.#wanted;
      const [message, rest] = isWhole
        ? [all.subarray(PREFIX, this.#wanted), all.subarray(this.#wanted)]
        : [undefined, all];
      this.#pieces = rest.length > 0 ? [rest] : [];
      this.#size = rest.length;
      if (message === undefined) return;
      this.#wanted = PREFIX;
      let said: Readonly<Record<string, unknown>>;
      try {
        said = unpack(message, DEEPEST) as typeof said;
      } catch (error) {
        return void this.#socket.destroy(error as Error);
      }
      this.#hear(said);
    }
  }
}
