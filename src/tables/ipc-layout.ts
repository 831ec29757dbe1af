/** Whether the buffers of a record batch are what its schema and its lengths say. */
import { Malformed } from "./flatbuffer.ts";
import { IPC_TYPE, type IpcBatch, type IpcField } from "./ipc-messages.ts";

/** JavaScript's arrays, and Arrow's offsets of 32 bits, hold no more. */
const MOST_ROWS = 2 ** 31 - 1;

/** @throws Malformed where a buffer is missing, too short, or refers to what is not there. */
export function checkBatch(fields: readonly IpcField[], batch: IpcBatch, body: Uint8Array): void {
  if (batch.length < 0 || batch.length > MOST_ROWS) throw new Malformed(`${batch.length} rows`);
  const layout = new Layout(batch, body);
  for (const field of fields)
    if (layout.length(field) !== batch.length) throw new Malformed("columns of different lengths");
  layout.end();
}

class Layout {
  readonly #batch: IpcBatch;
  readonly #body: Uint8Array;
  #node = 0;
  #buffer = 0;
  #variadic = 0;

  constructor(batch: IpcBatch, body: Uint8Array) {
    this.#batch = batch;
    this.#body = body;
  }

  /** Checks the buffers of a field, in the order in which they stand, and gives the number of its rows. */
  length(field: IpcField): number {
    const [length, nulls] = this.#batch.nodes[this.#node++] ?? missing("a field");
    if (length < 0 || length > MOST_ROWS || nulls < 0 || nulls > length)
      throw new Malformed(`a column of ${length} rows, ${nulls} of them null`);
    const { id, bits, isDense } = field.type;
    if (id !== IPC_TYPE.null && id !== IPC_TYPE.union) this.#take(nulls > 0 ? length / 8 : 0);
    if (field.dictionary) {
      this.#take((length * field.dictionary.bits) / 8);
      return length;
    }
    switch (id) {
      case IPC_TYPE.null:
        break;
      case IPC_TYPE.utf8:
      case IPC_TYPE.binary:
      case IPC_TYPE.largeUtf8:
      case IPC_TYPE.largeBinary: {
        const last = this.#offsets(length, id === IPC_TYPE.largeUtf8 || id === IPC_TYPE.largeBinary);
        this.#take(last);
        break;
      }
      case IPC_TYPE.list:
      case IPC_TYPE.map:
      case IPC_TYPE.largeList: {
        const last = this.#offsets(length, id === IPC_TYPE.largeList);
        if (this.length(field.children[0]!) < last) throw new Malformed("lists beyond their items");
        break;
      }
      case IPC_TYPE.fixedSizeList:
        if (this.length(field.children[0]!) < length * field.type.listSize)
          throw new Malformed("lists beyond their items");
        break;
      case IPC_TYPE.struct:
        for (const child of field.children)
          if (this.length(child) < length) throw new Malformed("a struct beyond its fields");
        break;
      case IPC_TYPE.union:
        this.#take(length);
        if (isDense) this.#take(4 * length);
        for (const child of field.children) this.length(child);
        break;
      case IPC_TYPE.binaryView:
      case IPC_TYPE.utf8View:
        this.#views(length);
        break;
      default:
        this.#take((length * bits) / 8);
    }
    return length;
  }

  end(): void {
    if (this.#node !== this.#batch.nodes.length || this.#buffer !== this.#batch.buffers.length)
      throw new Malformed("more buffers than its schema has");
  }

  /** The next buffer, which holds so many bytes at least. */
  #take(bytes: number): DataView {
    const [offset, length] = this.#batch.buffers[this.#buffer++] ?? missing("a buffer");
    if (offset < 0 || length < 0 || offset + length > this.#body.length)
      throw new Malformed("a buffer outside of its message");
    if (offset % 8 !== 0) throw new Malformed("a buffer that does not begin at a multiple of 8 bytes");
    if (length < bytes) throw new Malformed(`a buffer of ${length} bytes where ${Math.ceil(bytes)} are needed`); // prettier-ignore
    return new DataView(this.#body.buffer, this.#body.byteOffset + offset, length);
  }

  /** Offsets grow; the last one is what they reach. None may stand there where there are no rows. */
  #offsets(length: number, isLarge: boolean): number {
    const view = this.#take(length === 0 ? 0 : (length + 1) * (isLarge ? 8 : 4));
    let last = 0;
    for (let i = 0; length > 0 && i <= length; i++) {
      const offset = isLarge ? Number(view.getBigInt64(8 * i, true)) : view.getInt32(4 * i, true);
      if (offset < last) throw new Malformed("offsets that do not grow");
      last = offset;
    }
    return last;
  }

  /** Values of up to 12 bytes stand in their views; others are parts of further buffers. */
  #views(length: number): void {
    const views = this.#take(16 * length);
    const count = this.#batch.variadicCounts[this.#variadic++] ?? missing("a count of buffers");
    if (count < 0 || count > this.#batch.buffers.length) throw new Malformed(`${count} buffers of views`);
    const sizes = Array.from({ length: count }, () => this.#take(0).byteLength);
    for (let i = 0; i < length; i++) {
      const size = views.getInt32(16 * i, true);
      if (size <= 12) continue;
      const end = views.getInt32(16 * i + 12, true) + size;
      const held = sizes[views.getInt32(16 * i + 8, true)];
      if (held === undefined || end - size < 0 || end > held) throw new Malformed("a view beyond its buffer");
    }
  }
}

function missing(what: string): never {
  throw new Malformed(`${what} too few for its schema`);
}
