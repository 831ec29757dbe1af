/**
 * The header of a safetensors file: the length of a header as 8 bytes, the header as JSON, then the elements of all
 * tensors, little end first, without gaps. https://github.com/huggingface/safetensors
 */
import type { SynjaxError } from "../errors.ts";
import { type DType, ITEM_BYTES } from "../wire/dtypes.ts";

export const NAME_OF: Partial<Readonly<Record<DType, string>>> = {
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
export const PREFIX = 8;
/** A longer header is refused, as the library of the format does. */
const LONGEST_HEADER = 100_000_000;
/** Where text about the file stands among the tensors. */
export const METADATA = "__metadata__";

/** Where a tensor stands, in bytes from the end of the header. */
export interface Entry {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  /** What stands at `__metadata__`, if something does. */
  readonly metadata: unknown;
  /** In the order of the header. */
  readonly entries: ReadonlyMap<string, Entry>;
  /** Where the elements begin. */
  readonly start: number;
}

/** The error of what is no such file. */
export type Wrong = (expected: string, received: string) => SynjaxError;

/** Where the elements of a file of this size begin, by its first 8 bytes. */
export function startOf(prefix: Uint8Array, size: number, wrong: Wrong): number {
  if (prefix.length < PREFIX) throw wrong("a safetensors file", `${size} bytes`);
  const length = new DataView(prefix.buffer, prefix.byteOffset, PREFIX).getBigUint64(0, true);
  if (length > BigInt(Math.min(LONGEST_HEADER, size - PREFIX)))
    throw wrong("a safetensors file", `a header of ${length} bytes in a file of ${size}`);
  return PREFIX + Number(length);
}

/** The header of a file of this size, by all bytes before the elements; every size in it is checked. */
export function readHeader(bytes: Uint8Array, size: number, wrong: Wrong): Header {
  let fields: unknown;
  try {
    fields = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(PREFIX)));
  } catch (error) {
    throw wrong("a header of JSON", (error as Error).message);
  }
  if (!isRecord(fields)) throw wrong("a header that is an object", nameOf(fields));
  const entries = Object.entries(fields)
    .filter(([name]) => name !== METADATA)
    .map(([name, field]) => [name, entryOf(name, field, wrong)] as const);
  let end = 0;
  for (const [name, entry] of [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)) {
    if (entry.begin !== end)
      throw wrong(`\`${name}\` to begin where the one before it ends, at ${end}`, String(entry.begin));
    end = entry.end;
  }
  if (end !== size - bytes.length) throw wrong(`${end} bytes of elements`, String(size - bytes.length));
  return { metadata: fields[METADATA], entries: new Map(entries), start: bytes.length };
}

const isLength = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function entryOf(name: string, field: unknown, wrong: Wrong): Entry {
  const { dtype, shape, data_offsets: offsets } = isRecord(field) ? field : {};
  const known = DTYPE_OF.get(dtype as string);
  if (known === undefined)
    throw wrong(
      `a dtype of \`${name}\` among ${[...DTYPE_OF.keys()].join(", ")}`,
      typeof dtype === "string" ? JSON.stringify(dtype) : nameOf(dtype),
    );
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

/** Whether a value is an object that JSON made. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What JSON has in the place of something else, as errors name it. */
export function nameOf(value: unknown): string {
  if (Array.isArray(value)) return "an Array";
  return typeof value === "object" && value !== null ? "an Object" : String(value);
}
