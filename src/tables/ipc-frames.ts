/** The messages of Arrow IPC files and streams, taken out of their bytes and checked one by one. */
import { Malformed } from "./flatbuffer.ts";
import { checkBatch } from "./ipc-layout.ts";
import { type IpcField, type IpcMessage, messageOf, schemaOfFooter } from "./ipc-messages.ts";

/** The bytes could not be got: what the caller's iterable threw. */
export class SourceFailed extends Error {
  readonly thrown: unknown;
  constructor(thrown: unknown) {
    super("the source failed");
    this.thrown = thrown;
  }
}

const MAGIC = "ARROW1";
const CONTINUATION = 0xffffffff;
/** A schema of a hundred thousand columns takes a tenth of it. */
const MOST_METADATA = 2 ** 28;

/** Bytes as they come. */
export type Chunks = AsyncIterator<Uint8Array> | Iterator<Uint8Array>;

/**
 * The messages of a file or a stream, each whole, with its prefix, and aligned; those that come after the first bad one
 * do not come. A file is the stream it holds: what stands behind it, for those who look things up, is not read.
 * @throws Malformed
 */
export async function* framesOf(chunks: Chunks): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* checkedFrames(new Source(chunks));
  } finally {
    await chunks.return?.();
  }
}

async function* checkedFrames(source: Source): AsyncGenerator<Uint8Array, void, undefined> {
  const start = await source.peek(8);
  const isFile = start.length >= 6 && asText(start.subarray(0, 6)) === MAGIC;
  if (isFile) await source.take(8);
  const checked = new Checked();
  for (;;) {
    const prefix = await source.peek(8);
    if (prefix.length < 8) throw new Malformed("bytes that end before the end of the stream is marked (they were cut)"); // prettier-ignore
    const view = new DataView(prefix.buffer, prefix.byteOffset, 8);
    if (view.getUint32(0, true) !== CONTINUATION)
      throw new Malformed(isFile ? "a file without a stream in it" : "bytes that are no Arrow IPC file or stream"); // prettier-ignore
    const size = view.getInt32(4, true);
    if (size !== 0 && (size < 8 || size > MOST_METADATA)) throw new Malformed(`a message of ${size} bytes`);
    const head = size === 0 ? prefix : await source.peek(8 + size);
    if (head.length < 8 + size) throw cut(head.length, 8 + size);
    const message = size === 0 ? undefined : messageOf(head.subarray(8));
    if (isFile && !checked.hasSchema && message?.kind !== "schema") {
      // apache-arrow writes the schema of a file at its end only
      const metadata = schemaOfFooter(footerOf(await source.whole()));
      checked.check(messageOf(metadata), new Uint8Array(0));
      yield framed(metadata, new Uint8Array(0));
    }
    if (!message) break;
    const frame = await source.take(8 + size + message.bodyLength);
    checked.check(message, frame.subarray(8 + size));
    // apache-arrow takes arrays of a body where they lie: it is to lie at a multiple of 8
    const isAligned = size % 8 === 0 && frame.byteOffset % 8 === 0;
    yield isAligned ? frame : framed(frame.subarray(8, 8 + size), frame.subarray(8 + size));
  }
  if (!checked.hasSchema) throw new Malformed("a stream without a schema");
  if (isFile) {
    await source.take(8);
    footerOf(await source.whole());
  }
}

const asText = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

/** What a stream has said so far, and the message that is being read. */
class Checked {
  #fields: readonly IpcField[] | undefined;
  readonly #dictionaries = new Map<number, IpcField>();
  /** Those that have not come yet. */
  readonly #awaited = new Set<number>();
  get hasSchema(): boolean {
    return this.#fields !== undefined;
  }

  check(message: IpcMessage, body: Uint8Array): void {
    if (message.kind === "schema") {
      if (this.#fields) throw new Malformed("two schemas in one stream");
      this.#fields = message.fields;
      message.fields.forEach((field) => this.#collect(field));
      return;
    }
    if (!this.#fields) throw new Malformed("a stream that does not begin with its schema");
    if (message.kind === "batch") {
      if (this.#awaited.size > 0) throw new Malformed("rows before the dictionaries that they refer to");
      checkBatch(this.#fields, message.batch, body);
      return;
    }
    const values = this.#dictionaries.get(message.id);
    if (!values) throw new Malformed(`a dictionary ${message.id} that no column has`);
    checkBatch([values], message.batch, body);
    this.#awaited.delete(message.id);
  }

  #collect(field: IpcField): void {
    if (field.dictionary) {
      this.#dictionaries.set(field.dictionary.id, { ...field, dictionary: undefined });
      this.#awaited.add(field.dictionary.id);
    }
    field.children.forEach((child) => this.#collect(child));
  }
}

/** A message as a stream has it. */
function framed(metadata: Uint8Array, body: Uint8Array): Uint8Array {
  const padded = Math.ceil(metadata.length / 8) * 8;
  const frame = new Uint8Array(8 + padded + body.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, CONTINUATION, true);
  view.setInt32(4, padded, true);
  frame.set(metadata, 8);
  frame.set(body, 8 + padded);
  return frame;
}

/** What stands behind a file's stream, `[footer][its size][magic]`, without the rest. */
function footerOf(bytes: Uint8Array): Uint8Array {
  const end = bytes.length - 10;
  if (end < 0 || asText(bytes.subarray(-6)) !== MAGIC) throw new Malformed("a file without its end (it was cut)"); // prettier-ignore
  const size = new DataView(bytes.buffer, bytes.byteOffset + end).getInt32(0, true);
  if (size < 8 || size > end) throw new Malformed(`a footer of ${size} bytes`);
  return bytes.subarray(end - size, end);
}

const cut = (held: number, wanted: number): Malformed =>
  new Malformed(`${held} bytes where ${wanted} should come (they were cut)`);

/** Bytes taken in pieces of the sizes that are wanted, from chunks of any. */
class Source {
  readonly #chunks: Chunks;
  #held: Uint8Array[] = [];
  #size = 0;

  constructor(chunks: Chunks) {
    this.#chunks = chunks;
  }

  /** All bytes that are left; they will be taken later. */
  async whole(): Promise<Uint8Array> {
    await this.#fill(Infinity);
    return this.#front(this.#size);
  }

  /** Up to so many bytes, fewer at the end only; they will be taken later. */
  async peek(size: number): Promise<Uint8Array> {
    await this.#fill(size);
    const bytes = this.#front(Math.min(size, this.#size));
    return bytes;
  }

  /** Nothing is allocated before it is there: a size may be a lie. */
  async take(size: number): Promise<Uint8Array> {
    await this.#fill(size);
    if (this.#size < size) throw cut(this.#size, size);
    const bytes = this.#front(size);
    this.#held[0] = this.#held[0]?.subarray(size) ?? new Uint8Array(0);
    this.#size -= size;
    return bytes;
  }

  async #fill(size: number): Promise<void> {
    while (this.#size < size) {
      const value = await this.#come();
      if (!value) return;
      this.#held.push(value);
      this.#size += value.length;
    }
  }

  async #come(): Promise<Uint8Array | undefined> {
    const { value, done } = await this.#next();
    if (done) return undefined;
    if (value instanceof Uint8Array) return value;
    throw new Malformed(`a chunk that is no Uint8Array but a ${typeof value}`);
  }

  async #next(): Promise<IteratorResult<unknown>> {
    try {
      return await this.#chunks.next();
    } catch (error) {
      throw new SourceFailed(error);
    }
  }

  /** The first bytes of what is held, in one piece. */
  #front(size: number): Uint8Array {
    if (this.#held.length > 1 && this.#held[0]!.length < size) this.#join();
    return this.#held[0]?.subarray(0, size) ?? new Uint8Array(0);
  }

  #join(): void {
    const whole = new Uint8Array(this.#size);
    let at = 0;
    for (const part of this.#held) {
      whole.set(part, at);
      at += part.length;
    }
    this.#held = [whole];
  }
}
