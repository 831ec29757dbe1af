/**
 * The flatbuffers of Arrow's messages, read within their bounds. apache-arrow reads them without: a number that lies makes
 * it loop over what is not there. Whatever it will read is read here first.
 */

/** Why bytes are no message. */
export class Malformed extends Error {}

/** A message may hold many fields, but not a tree that refers to itself: this many tables are read. */
const MOST_TABLES = 200_000;
const DEEPEST = 64;

/** A buffer of which parts are read, and how much has been. */
export class Flatbuffer {
  readonly #view: DataView;
  #tables = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  root(): FlatTable {
    return this.table(this.#indirect(0), 0);
  }

  table(at: number, depth: number): FlatTable {
    if (++this.#tables > MOST_TABLES || depth > DEEPEST) throw new Malformed("nested too deep or too often");
    const vtable = at - this.int32(at);
    const size = this.#uint16(vtable);
    this.#within(vtable, size);
    this.#within(at, this.#uint16(vtable + 2));
    return new FlatTable(this, at, vtable, size, depth);
  }

  /** Where a field of a table stands, or 0 where it was left out. */
  slot(at: number, vtable: number, size: number, field: number): number {
    const entry = 4 + 2 * field;
    const offset = entry + 2 <= size ? this.#uint16(vtable + entry) : 0;
    return offset === 0 ? 0 : at + offset;
  }

  int8(at: number): number {
    return this.#view.getInt8(this.#within(at, 1));
  }
  int16(at: number): number {
    return this.#view.getInt16(this.#within(at, 2), true);
  }
  int32(at: number): number {
    return this.#view.getInt32(this.#within(at, 4), true);
  }
  /** @throws Malformed beyond what a number holds. */
  int64(at: number): number {
    const value = Number(this.#view.getBigInt64(this.#within(at, 8), true));
    if (!Number.isSafeInteger(value)) throw new Malformed("a number beyond 2^53");
    return value;
  }

  /** Where the elements of the vector behind an offset begin, and how many there are. */
  vector(at: number, elementSize: number): { readonly start: number; readonly length: number } {
    const start = this.#indirect(at);
    const length = this.#view.getUint32(this.#within(start, 4), true);
    this.#within(start + 4, length * elementSize);
    return { start: start + 4, length };
  }

  follow(at: number): number {
    return this.#indirect(at);
  }

  #indirect(at: number): number {
    return at + this.#view.getUint32(this.#within(at, 4), true);
  }
  #uint16(at: number): number {
    return this.#view.getUint16(this.#within(at, 2), true);
  }
  #within(at: number, size: number): number {
    if (at < 0 || at + size > this.#view.byteLength) throw new Malformed("an offset outside of the message");
    return at;
  }
}

/** A table: its fields by their places in the schema of the format. */
export class FlatTable {
  readonly #in: Flatbuffer;
  readonly #at: number;
  readonly #vtable: number;
  readonly #size: number;
  readonly #depth: number;

  constructor(buffer: Flatbuffer, at: number, vtable: number, size: number, depth: number) {
    this.#in = buffer;
    this.#at = at;
    this.#vtable = vtable;
    this.#size = size;
    this.#depth = depth;
  }

  #slot(field: number): number {
    return this.#in.slot(this.#at, this.#vtable, this.#size, field);
  }
  int8(field: number): number {
    const at = this.#slot(field);
    return at && this.#in.int8(at);
  }
  /** @param missing what the format's schema says of a field that was left out */
  int16(field: number, missing = 0): number {
    const at = this.#slot(field);
    return at === 0 ? missing : this.#in.int16(at);
  }
  int32(field: number): number {
    const at = this.#slot(field);
    return at && this.#in.int32(at);
  }
  int64(field: number): number {
    const at = this.#slot(field);
    return at && this.#in.int64(at);
  }
  table(field: number): FlatTable | undefined {
    const at = this.#slot(field);
    return at === 0 ? undefined : this.#in.table(this.#in.follow(at), this.#depth + 1);
  }
  tables(field: number): readonly FlatTable[] {
    const at = this.#slot(field);
    if (at === 0) return [];
    const { start, length } = this.#in.vector(at, 4);
    return Array.from({ length }, (_, i) => this.#in.table(this.#in.follow(start + 4 * i), this.#depth + 1));
  }
  /** The first field, a version, and where the table behind another one stands. */
  reference(field: number): readonly [first: number, at: number] {
    const at = this.#slot(field);
    if (at === 0) throw new Malformed("a table without what it is for");
    return [this.int16(0), this.#in.follow(at)];
  }
  /** Structs of two 64-bit numbers. */
  pairs(field: number): readonly (readonly [number, number])[] {
    const at = this.#slot(field);
    if (at === 0) return [];
    const { start, length } = this.#in.vector(at, 16);
    return Array.from({ length }, (_, i) => [this.#in.int64(start + 16 * i), this.#in.int64(start + 16 * i + 8)]); // prettier-ignore
  }
  int64s(field: number): readonly number[] {
    const at = this.#slot(field);
    if (at === 0) return [];
    const { start, length } = this.#in.vector(at, 8);
    return Array.from({ length }, (_, i) => this.#in.int64(start + 8 * i));
  }
  /** Checks a string, or a vector of 32-bit numbers, of which nothing is needed here. */
  passOver(field: number, elementSize: 1 | 4): void {
    const at = this.#slot(field);
    if (at !== 0) this.#in.vector(at, elementSize);
  }
}
