/**
 * The safetensors format: the length of a header as 8 bytes, the header as JSON, then the elements of all tensors, little
 * end first, without gaps. https://github.com/huggingface/safetensors
 */
import type { SynjaxError } from "../../bridge/errors.ts";
import {
  ARRAY_OF,
  type DType,
  type HostArray,
  ITEM_BYTES,
  type TypedArray,
} from "../../bridge/wire/dtypes.ts";
import { isPlainObject } from "../program/plain-object.ts";
import { shown } from "../program/signatures.ts";
import { refused } from "../transforms/trees.ts";

const NAME_OF: Partial<Readonly<Record<DType, string>>> = {
  bool: "BOOL",
  int8: "I8",
  int16: "I16",
  int32: "I32",
  int64: "I64",
  uint8: "U8",
  uint16: "U16",
  uint32: "U32",
  uint64: "U64",
  float16: "F16",
  bfloat16: "BF16",
  float32: "F32",
  float64: "F64",
};
const DTYPE_OF = new Map(Object.entries(NAME_OF).map(([dtype, name]) => [name, dtype as DType]));

/** The length of the length. */
const PREFIX = 8;
/** A longer header is refused, as the library of the format does. */
const LONGEST_HEADER = 100_000_000;
/** Free text about the file. */
const METADATA = "__metadata__";

interface Entry {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** The tensors of a file by their names, copied out of it. */
export function readSafetensors(file: Uint8Array): readonly (readonly [name: string, host: HostArray])[] {
  const bytes = new Uint8Array(file.buffer, file.byteOffset, file.byteLength); // a Buffer's slice is no copy
  const header = headerOf(bytes);
  const elements = bytes.subarray(header.end);
  const entries = Object.entries(header.fields)
    .filter(([name]) => name !== METADATA)
    .map(([name, field]) => [name, entryOf(name, field)] as const);
  let end = 0;
  for (const [name, entry] of [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)) {
    if (entry.begin !== end)
      throw wrong(`\`${name}\` to begin where the one before it ends, at ${end}`, String(entry.begin));
    end = entry.end;
  }
  if (end !== elements.length) throw wrong(`${end} bytes of elements`, String(elements.length));
  return entries.map(([name, { dtype, shape, begin, end }]) => {
    const data = new ARRAY_OF[dtype](elements.slice(begin, end).buffer) as TypedArray;
    if (dtype === "bool" && (data as Uint8Array).some((byte) => byte > 1))
      throw wrong(`bytes of 0 and 1 in \`${name}\``, "another");
    return [name, { dtype, shape, data } as HostArray];
  });
}

function headerOf(bytes: Uint8Array): {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly end: number;
} {
  if (bytes.length < PREFIX) throw wrong("a safetensors file", `${bytes.length} bytes`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, PREFIX).getBigUint64(0, true);
  if (length > BigInt(Math.min(LONGEST_HEADER, bytes.length - PREFIX)))
    throw wrong("a safetensors file", `a header of ${length} bytes in a file of ${bytes.length}`);
  const end = PREFIX + Number(length);
  let fields: unknown;
  try {
    fields = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(PREFIX, end)));
  } catch (error) {
    throw wrong("a header of JSON", (error as Error).message);
  }
  if (!isPlainObject(fields)) throw wrong("a header that is an object", shown(fields));
  return { fields: fields as Readonly<Record<string, unknown>>, end };
}

const isLength = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function entryOf(name: string, field: unknown): Entry {
  const {
    dtype,
    shape,
    data_offsets: offsets,
  } = (isPlainObject(field) ? field : {}) as Record<string, unknown>;
  const known = DTYPE_OF.get(dtype as string);
  if (known === undefined)
    throw wrong(`a dtype of \`${name}\` among ${[...DTYPE_OF.keys()].join(", ")}`, shown(dtype));
  if (!Array.isArray(shape) || !shape.every(isLength))
    throw wrong(`a shape of \`${name}\``, JSON.stringify(shape));
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isLength))
    throw wrong(`two data_offsets of \`${name}\``, JSON.stringify(offsets));
  const [begin, end] = offsets as [number, number];
  const size = shape.reduce((n, d) => n * d, ITEM_BYTES[known]);
  if (end - begin !== size)
    throw wrong(`${size} bytes for \`${name}\`, of ${known}[${shape.join(", ")}]`, String(end - begin));
  return { dtype: known, shape: shape as number[], begin, end };
}

/** A file with these tensors. */
export function writeSafetensors(
  tensors: readonly (readonly [name: string, host: HostArray])[],
): Uint8Array<ArrayBuffer> {
  // Wide elements first: so all of them are aligned
  const sorted = [...tensors].sort(
    ([a, x], [b, y]) => ITEM_BYTES[y.dtype] - ITEM_BYTES[x.dtype] || (a < b ? -1 : 1),
  );
  let end = 0;
  const fields = sorted.map(([name, { dtype, shape, data }]) => {
    const known = NAME_OF[dtype];
    if (known === undefined) throw refused("safetensors.save", name, "a tensor of numbers", dtype);
    const begin = end;
    end += data.byteLength;
    return [name, { dtype: known, shape, data_offsets: [begin, end] }] as const;
  });
  const header = new TextEncoder().encode(JSON.stringify(Object.fromEntries(fields)));
  const start = PREFIX + Math.ceil(header.length / PREFIX) * PREFIX;
  const file = new Uint8Array(start + end).fill(0x20, PREFIX, start);
  new DataView(file.buffer).setBigUint64(0, BigInt(start - PREFIX), true);
  file.set(header, PREFIX);
  let position = start;
  for (const [, { data }] of sorted) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return file;
}

const wrong = (expected: string, received: string): SynjaxError =>
  refused("safetensors.load", "bytes", expected, received);
