/** Cuts the bytes of a ZMTP 3.0 connection into frames. https://rfc.zeromq.org/spec/23/ */
import { type Frame, FRAME_FLAG, isShort } from "./zmtp-frames.ts";

/** Bytes read at a time where no long body is under way. */
const READ_AT_ONCE = 65_536;
const LONG_HEADER = 9;
const SHORT_HEADER = 2;

/**
 * Reads a greeting of so many bytes, then frames. Whoever reads asks where the next bytes go: a long body is read right
 * into the memory that it stays in, which no other frame shares.
 */
export class FrameReader {
  readonly #onGreeting: (greeting: Uint8Array) => void;
  readonly #onFrame: (frame: Frame) => void;
  /** What has been read and belongs to no body yet: from `#start` to `#end`. */
  readonly #pending: Buffer = Buffer.allocUnsafeSlow(READ_AT_ONCE);
  #start = 0;
  #end = 0;
  /** The body that is being read, `undefined` between two frames. */
  #body: Uint8Array | undefined;
  #at = 0;
  #flags: number | undefined;

  constructor(
    greetingBytes: number,
    onGreeting: (greeting: Uint8Array) => void,
    onFrame: (frame: Frame) => void,
  ) {
    this.#onGreeting = onGreeting;
    this.#onFrame = onFrame;
    this.#body = Buffer.allocUnsafeSlow(greetingBytes);
  }

  /** Where the next bytes go, at least one. */
  space(): Uint8Array {
    // Nothing waits where a body is not whole yet
    if (this.#body && this.#body.byteLength - this.#at >= READ_AT_ONCE) return this.#body.subarray(this.#at);
    // What waits here is less than a header, or nothing
    if (this.#start > 0) {
      this.#pending.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    return this.#pending.subarray(this.#end);
  }

  /**
   * So many bytes have been put into what `space()` gave: hands on what is whole now.
   *
   * @throws Error where the stream is none of frames
   */
  filled(space: Uint8Array, count: number): void {
    if (space.buffer === this.#pending.buffer) this.#end += count;
    else this.#at += count;
    while (this.#body || this.#readHeader()) {
      this.#fill(this.#body!);
      if (this.#at < this.#body!.byteLength) return;
      this.#handOn(this.#body!);
    }
  }

  /** Takes bytes that were read elsewhere. */
  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.byteLength;) {
      const space = this.space();
      const part = bytes.subarray(at, at + space.byteLength);
      space.set(part);
      this.filled(space, part.byteLength);
      at += part.byteLength;
    }
  }

  #fill(body: Uint8Array): void {
    const count = Math.min(body.byteLength - this.#at, this.#end - this.#start);
    if (count === 0) return;
    body.set(this.#pending.subarray(this.#start, this.#start + count), this.#at);
    this.#at += count;
    this.#start += count;
  }

  #handOn(body: Uint8Array): void {
    this.#body = undefined;
    this.#at = 0;
    if (this.#flags === undefined) this.#onGreeting(body);
    else this.#onFrame({ body, more: (this.#flags & FRAME_FLAG.more) !== 0, isCommand: (this.#flags & FRAME_FLAG.command) !== 0 }); // prettier-ignore
  }

  #readHeader(): boolean {
    const available = this.#end - this.#start;
    if (available === 0) return false;
    const flags = this.#pending[this.#start]!;
    if (flags > (FRAME_FLAG.more | FRAME_FLAG.long | FRAME_FLAG.command))
      throw new Error("the peer sends what is no frame");
    const length = isShort(flags) ? SHORT_HEADER : LONG_HEADER;
    if (available < length) return false;
    const size = isShort(flags)
      ? this.#pending[this.#start + 1]!
      : Number(this.#pending.readBigUInt64BE(this.#start + 1));
    this.#start += length;
    this.#flags = flags;
    this.#body = bodyOf(size);
    return true;
  }
}

function bodyOf(size: number): Uint8Array {
  try {
    return Buffer.allocUnsafeSlow(size);
  } catch (cause) {
    throw new Error(`the peer announces a frame of ${size} bytes`, { cause });
  }
}
