/** Arrow's messages, as the format lays them out: a schema, dictionaries and record batches. */
import { type FlatTable, Flatbuffer, Malformed } from "./flatbuffer.ts";

/** A type by the numbers of the format's `Type` union, which are not those of apache-arrow. */
export interface IpcType {
  readonly id: number;
  /** The width of a value of a primitive type, bits. */
  readonly bits: number;
  readonly listSize: number;
  readonly isDense: boolean;
}

export interface IpcField {
  readonly type: IpcType;
  readonly children: readonly IpcField[];
  /** The dictionary of a field, and the bits of its indices. */
  readonly dictionary: { readonly id: number; readonly bits: number } | undefined;
}

/** What a record batch says of its buffers. */
export interface IpcBatch {
  readonly length: number;
  /** Length and null count of each field, depth first. */
  readonly nodes: readonly (readonly [length: number, nulls: number])[];
  readonly buffers: readonly (readonly [offset: number, length: number])[];
  readonly variadicCounts: readonly number[];
}

export type IpcMessage =
  | { readonly kind: "schema"; readonly fields: readonly IpcField[]; readonly bodyLength: number }
  | {
      readonly kind: "dictionary";
      readonly id: number;
      readonly batch: IpcBatch;
      readonly bodyLength: number;
    }
  | { readonly kind: "batch"; readonly batch: IpcBatch; readonly bodyLength: number };

/** The format's `Type` union, as far as apache-arrow knows it. */
export const IPC_TYPE = {
  null: 1, int: 2, float: 3, binary: 4, utf8: 5, bool: 6, decimal: 7, date: 8, time: 9, timestamp: 10, interval: 11,
  list: 12, struct: 13, union: 14, fixedSizeBinary: 15, fixedSizeList: 16, map: 17, duration: 18, largeBinary: 19,
  largeUtf8: 20, largeList: 21, binaryView: 23, utf8View: 24,
} as const; // prettier-ignore

const [SCHEMA, DICTIONARY, BATCH] = [1, 2, 3];
const V4 = 3;

/** @throws Malformed where the bytes are no message, or one that is not read here. */
export function messageOf(metadata: Uint8Array): IpcMessage {
  const message = new Flatbuffer(metadata).root();
  if (message.int16(0) < V4) throw new Malformed("a version of the format from before 2017 (write it again)");
  const bodyLength = message.int64(3);
  if (bodyLength < 0) throw new Malformed("a body of negative length");
  keyValues(message, 4);
  const header = message.table(2);
  const kind = message.int8(1);
  if (!header) throw new Malformed("a message without a header");
  if (kind === SCHEMA) return { kind: "schema", fields: schemaOf(header), bodyLength };
  if (kind === BATCH) return { kind: "batch", batch: batchOf(header), bodyLength };
  if (kind !== DICTIONARY) throw new Malformed("a message that is neither schema, dictionary nor record batch (pa.Tensor: write a column of a table)"); // prettier-ignore
  const data = header.table(1);
  if (!data) throw new Malformed("a dictionary without values");
  return { kind: "dictionary", id: header.int64(0), batch: batchOf(data), bodyLength };
}

/** The schema in the footer of a file as the metadata of a message. */
export function schemaOfFooter(footer: Uint8Array): Uint8Array {
  const [version, schemaAt] = new Flatbuffer(footer).root().reference(1);
  // A message of three fields in front of the footer: its version, and what its header is and where
  const start = 32;
  const metadata = new Uint8Array(start + footer.length);
  const view = new DataView(metadata.buffer);
  [16, 10 | (12 << 16), 4 | (6 << 16), 8].forEach((word, i) => view.setUint32(4 * i, word, true));
  [12, version | (SCHEMA << 16), start + schemaAt - 24].forEach((word, i) => view.setInt32(16 + 4 * i, word, true)); // prettier-ignore
  metadata.set(footer, start);
  return metadata;
}

function schemaOf(schema: FlatTable): readonly IpcField[] {
  if (schema.int16(0) !== 0) throw new Malformed("big-endian numbers (write them little-endian)");
  keyValues(schema, 2);
  schema.int64s(3);
  return schema.tables(1).map(fieldOf);
}

function fieldOf(field: FlatTable): IpcField {
  field.passOver(0, 1);
  keyValues(field, 6);
  const type = typeOf(field.int8(2), field.table(3));
  const children = field.tables(5).map(fieldOf);
  const encoding = field.table(4);
  const { list, largeList, fixedSizeList, map } = IPC_TYPE;
  const isOne = ([list, largeList, fixedSizeList, map] as number[]).includes(type.id);
  if (isOne && children.length !== 1) throw new Malformed("a list without a type of its items");
  if (!encoding) return { type, children, dictionary: undefined };
  // Indices are 32 bits where nothing is said
  const indices = encoding.table(1);
  return { type, children, dictionary: { id: encoding.int64(0), bits: indices ? intBits(indices) : 32 } };
}

function keyValues(of: FlatTable, place: number): void {
  for (const pair of of.tables(place)) {
    pair.passOver(0, 1);
    pair.passOver(1, 1);
  }
}

function intBits(type: FlatTable): number {
  const bits = type.int32(0);
  if (![8, 16, 32, 64].includes(bits)) throw new Malformed(`integers of ${bits} bits`);
  return bits;
}

function typeOf(id: number, type: FlatTable | undefined): IpcType {
  if (!type) throw new Malformed("a field without a type");
  const known = Object.entries(IPC_TYPE).find(([, number]) => number === id);
  if (!known) throw new Malformed(`a type that is not read here (number ${id} of the format)`);
  const name = known[0] as keyof typeof IPC_TYPE;
  if (name === "timestamp") type.passOver(1, 1);
  if (name === "union") type.passOver(1, 4);
  return { id, bits: bitsOf(name, type), listSize: sizeOf(name, type), isDense: type.int16(0) === 1 };
}

function bitsOf(name: keyof typeof IPC_TYPE, type: FlatTable): number {
  switch (name) {
    case "bool":
      return 1;
    case "int":
      return intBits(type);
    case "float":
      return [16, 32, 64][type.int16(0)] ?? wrong("floats of an unknown width");
    case "decimal":
      return [32, 64, 128, 256].find((bits) => bits === (type.int32(2) || 128)) ?? wrong("decimals of an unknown width"); // prettier-ignore
    case "date":
      return type.int16(0, 1) === 0 ? 32 : 64; // days or milliseconds
    case "time":
      return type.int32(1) === 64 ? 64 : 32;
    case "timestamp":
    case "duration":
      return 64;
    case "interval":
      return [32, 64, 128][type.int16(0)] ?? wrong("intervals of an unknown unit");
    case "fixedSizeBinary": {
      const bytes = type.int32(0);
      return bytes >= 0 ? bytes * 8 : wrong("values of negative width");
    }
    case "binaryView":
    case "utf8View":
      return 128;
    default:
      return 0;
  }
}

function sizeOf(name: keyof typeof IPC_TYPE, type: FlatTable): number {
  if (name !== "fixedSizeList") return 0;
  const size = type.int32(0);
  return size >= 0 ? size : wrong("lists of negative size");
}

function wrong(what: string): never {
  throw new Malformed(what);
}

function batchOf(batch: FlatTable): IpcBatch {
  if (batch.table(3)) throw new Malformed("a compressed body (write it without: pyarrow.ipc.IpcWriteOptions(compression=None), polars compression=\"uncompressed\")"); // prettier-ignore
  return {
    length: batch.int64(0),
    nodes: batch.pairs(1),
    buffers: batch.pairs(2),
    variadicCounts: batch.int64s(4),
  };
}
