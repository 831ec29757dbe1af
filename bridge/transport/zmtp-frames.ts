/** The bytes of ZMTP 3.0: greeting, commands and frames. https://rfc.zeromq.org/spec/23/ */
import { constants } from "node:buffer";

const MORE = 1;
const LONG = 2;
const COMMAND = 4;
const LONGEST_SHORT = 255;

const text = (value: string): Buffer => Buffer.from(value, "latin1");
/** Signature, version 3.0, no security, not the server's side. */
export const GREETING: Buffer = Buffer.concat([
  Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 0]),
  text("NULL".padEnd(20, "\0")),
  Buffer.alloc(32),
]);

function commandFrame(name: string, rest: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from([name.length]), text(name), rest]);
  return Buffer.concat([Buffer.from([COMMAND, body.length]), body]);
}

function property(name: string, value: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(value.length);
  return Buffer.concat([Buffer.from([name.length]), text(name), length, text(value)]);
}

export const READY: Buffer = commandFrame(
  "READY",
  Buffer.concat([property("Socket-Type", "DEALER"), property("Identity", "")]),
);

/** Why nothing can be said to a peer that greets so. */
export function greetingError(greeting: Uint8Array): string | undefined {
  if (greeting[0] !== 0xff || (greeting[9]! & 1) === 0) return "it speaks no ZeroMQ";
  if (greeting[10]! < 3) return `it speaks version ${greeting[10]} of ZeroMQ's protocol`;
  const mechanism = mechanismOf(greeting);
  return mechanism === "NULL" ? undefined : `it asks for ${mechanism}`;
}

/** How who greets so wants to be spoken to: "NULL", "CURVE". */
export const mechanismOf = (greeting: Uint8Array): string =>
  Buffer.from(greeting).toString("latin1", 12, 32).replaceAll("\0", "");

/** @throws Error where it has no name */
export function command(body: Uint8Array): { readonly name: string; readonly rest: Uint8Array } {
  const end = 1 + (body[0] ?? 0);
  if (body.length < end) throw new Error("a command of the peer has no name");
  return { name: Buffer.from(body.subarray(1, end)).toString("latin1"), rest: body.subarray(end) };
}

/** A ping's first two bytes say how long its sender waits. */
export const pongTo = (ping: Uint8Array): Buffer => commandFrame("PONG", ping.subarray(2));

export function frameHeader(size: number, more: boolean): Buffer {
  const flags = more ? MORE : 0;
  if (size <= LONGEST_SHORT) return Buffer.from([flags, size]);
  const header = Buffer.alloc(9);
  header[0] = flags | LONG;
  header.writeBigUInt64BE(BigInt(size), 1);
  return header;
}

export interface Frame {
  readonly body: Uint8Array;
  readonly more: boolean;
  readonly isCommand: boolean;
}

/** Cuts a stream of bytes into frames. A frame's body is copied once, into memory of its own. */
export class FrameReader {
  readonly #chunks: Uint8Array[] = [];
  #available = 0;
  /** The frame whose body is being read. */
  #flags: number | undefined;
  #size = 0;

  push(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.#available += bytes.byteLength;
  }

  /** The next bytes; `undefined` where there are not so many yet. */
  take(count: number): Uint8Array | undefined {
    if (this.#available < count) return undefined;
    const bytes = Buffer.allocUnsafeSlow(count);
    let used = 0;
    let at = 0;
    while (at < count) {
      const chunk = this.#chunks[used]!;
      const part = chunk.subarray(0, count - at);
      bytes.set(part, at);
      at += part.byteLength;
      if (part.byteLength === chunk.byteLength) used++;
      else this.#chunks[used] = chunk.subarray(part.byteLength);
    }
    this.#chunks.splice(0, used);
    this.#available -= count;
    return bytes;
  }

  /** @throws Error where the stream is none of frames */
  next(): Frame | undefined {
    if (this.#flags === undefined && !this.#readHeader()) return undefined;
    const body = this.take(this.#size);
    if (!body) return undefined;
    const flags = this.#flags!;
    this.#flags = undefined;
    return { body, more: (flags & MORE) !== 0, isCommand: (flags & COMMAND) !== 0 };
  }

  #readHeader(): boolean {
    const flags = this.#chunks[0]?.[0];
    if (flags === undefined) return false;
    if (flags > (MORE | LONG | COMMAND)) throw new Error("the peer sends what is no frame");
    const header = this.take(flags & LONG ? 9 : 2) as Buffer | undefined;
    if (!header) return false;
    const size = flags & LONG ? header.readBigUInt64BE(1) : BigInt(header[1]!);
    if (size > constants.MAX_LENGTH) throw new Error(`the peer announces a frame of ${size} bytes`);
    this.#flags = flags;
    this.#size = Number(size);
    return true;
  }
}
