/** The elements of Arrow chunks as arrays, nulls refused or filled. */
import { fromArrowVector } from "../../bridge/wire/arrow.ts";
import { ARRAY_OF, type DType, type HostArray, type TypedArray } from "../../bridge/wire/dtypes.ts";
import { SynjaxError } from "../../bridge/errors.ts";
import { fromFloat32, toFloat32 } from "../../bridge/wire/float16.ts";
import { toHostArray } from "../tensor/host-array.ts";
import { type Chunk, type Field, isFixedSizeList } from "./arrow-data.ts";
import { refused } from "./refused.ts";

/** A value that stands for a missing one. */
export type Fill = number | bigint | boolean;

/** A column that is read: by whom, how its errors name it, and what its nulls become. */
export interface Reading {
  readonly call: string;
  readonly name: string;
  readonly fill: Fill | undefined;
}

/**
 * The array `[length, …]` of a chunk of numbers or of fixed-size lists of them. It is the chunk's memory, unless bits
 * are unpacked or nulls are filled.
 * @param rowOf the row of the table that an element of the chunk belongs to
 */
export function elementsOf(
  chunk: Chunk,
  field: Field,
  reading: Reading,
  rowOf: (element: number) => number,
): HostArray {
  if (chunk.length === 0) return noElements(field, reading);
  const vector = { type: chunk.type, length: chunk.length, nullCount: 0, data: [blind(chunk)] };
  const host = fromArrowVector(vector, reading.name, field);
  const missing = nullsOf(chunk);
  if (!missing) return host;
  const size = host.data.length / chunk.length;
  if (reading.fill === undefined) {
    const row = rowOf(Math.floor(missing.indexOf(1) / size));
    throw nullAt(reading, row);
  }
  const value = scalarOf(reading.fill, host.dtype, `fill.${reading.name}`);
  const data = (host.data as Float32Array).slice();
  for (let i = 0; i < data.length; i++) if (missing[i]) data[i] = value as number;
  return { ...host, data: data as unknown as TypedArray } as HostArray;
}

/** An array `[0, …]` of a type alone: where there are no rows, Arrow may leave out buffers and children. */
export function noElements(field: Field, { name }: Reading): HostArray {
  return fromArrowVector({ type: field.type, length: 0, nullCount: 0, data: [] }, name, field);
}

export const nullAt = ({ call, name }: Reading, row: number): Error =>
  refused(call, name, `a column without nulls (fill: { ${JSON.stringify(name)}: … } says what they are)`, `a null in row ${row}`); // prettier-ignore

/** A value as an element of a dtype. @throws SynjaxError NARROWING where the dtype does not hold it. */
export function scalarOf(value: Fill, dtype: DType, argument: string): number | bigint {
  const number = typeof value === "boolean" && dtype !== "bool" ? Number(value) : value;
  const wide = (dtype === "int64" || dtype === "uint64") && Number.isSafeInteger(number);
  if (dtype === "float16" && typeof number === "number") {
    const [bits] = fromFloat32(Float32Array.of(number), dtype);
    const isLost = Number.isFinite(number) && !Number.isFinite(toFloat32(Uint16Array.of(bits!), dtype)[0]);
    if (!isLost) return bits!;
    throw new SynjaxError("NARROWING", `\`${argument}\`: expected a value of dtype float16, got ${number}`, { argument, expected: dtype, received: String(number) }); // prettier-ignore
  }
  const one = wide ? BigInt(number) : dtype === "bool" ? Boolean(number) : number;
  return toHostArray([one], "any", argument, { dtype })!.data[0]!;
}

export const zerosOf = (dtype: DType, length: number): TypedArray => new ARRAY_OF[dtype](length);

/** The chunk as if it had no nulls: whatever stands in their places is read. */
const blind = ({ type, length, offset, values, valueOffsets, children }: Chunk): object => ({
  type,
  length,
  nullCount: 0,
  offset,
  values,
  valueOffsets,
  children: children.map(blind),
});

/** 1 for each element that is null, or in a list that is; `undefined` where none is. */
function nullsOf(chunk: Chunk): Uint8Array | undefined {
  const own = rowNullsOf(chunk);
  if (!isFixedSizeList(chunk.type)) return own;
  const child = chunk.children[0]!;
  const within = nullsOf(child);
  if (!own || chunk.length === 0) return within;
  const size = sizeOf(child) / chunk.length;
  const all = within ?? new Uint8Array(size * chunk.length);
  own.forEach((isNull, i) => isNull && all.fill(1, i * size, (i + 1) * size));
  // A list without elements is null as a whole only: there is no element to say it of
  return size > 0 ? all : undefined;
}

/** How many numbers a chunk holds. */
function sizeOf(chunk: Chunk): number {
  return isFixedSizeList(chunk.type) ? sizeOf(chunk.children[0]!) : chunk.length;
}

/** 1 for each row of a chunk that is null itself. */
export function rowNullsOf({ nullCount, nullBitmap, offset, length }: Chunk): Uint8Array | undefined {
  if (nullCount === 0 || !nullBitmap?.length) return undefined;
  const nulls = new Uint8Array(length);
  for (let i = 0; i < length; i++)
    nulls[i] = 1 ^ ((nullBitmap[(offset + i) >> 3]! >> ((offset + i) & 7)) & 1);
  return nulls.includes(1) ? nulls : undefined;
}
