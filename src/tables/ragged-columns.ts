/** Columns of lists as padded tensors and their lengths. */
import type { HostArray, TypedArray } from "../../bridge/wire/dtypes.ts";
import { type Chunk, type Field, isList, itemField } from "./arrow-data.ts";
import {
  elementsOf,
  noElements,
  type Fill,
  nullAt,
  type Reading,
  rowNullsOf,
  scalarOf,
  zerosOf,
} from "./elements.ts";
import { refused } from "./refused.ts";

export interface Padding {
  /** What stands behind the end of a row. */
  readonly pad: Fill | undefined;
  /** What the longest row is padded to: a power of two, or a multiple. */
  readonly bucket: "power-of-two" | number | undefined;
  /** Of the padded values. */
  readonly maxBytes: number;
}

/** The rows of a chunk: `elements` `[total, …]`, and where in it each row begins and ends. */
interface Rows {
  readonly elements: HostArray;
  readonly starts: Float64Array;
  readonly ends: Float64Array;
}

/** The padded values `[rows, longest, …]` of a column of lists, and the lengths `[rows]` of its rows. */
export function paddedOf(
  chunks: readonly Chunk[],
  field: Field,
  reading: Reading,
  padding: Padding,
): { readonly values: HostArray; readonly lengths: HostArray<"int32"> } {
  const parts: Rows[] = [];
  let first = 0;
  for (const chunk of chunks) {
    const base = first;
    parts.push(rowsOf(chunk, field, reading, (i) => base + i));
    first += chunk.length;
  }
  const lengths = new Int32Array(first);
  let row = 0;
  for (const { starts, ends } of parts)
    for (let i = 0; i < starts.length; i++) lengths[row++] = ends[i]! - starts[i]!;
  const width = widthOf(lengths, padding.bucket);
  return {
    values: joined(parts, first, width, reading, padding),
    lengths: { dtype: "int32", shape: [first], data: lengths },
  };
}

function widthOf(lengths: Int32Array, bucket: Padding["bucket"]): number {
  const longest = lengths.reduce((a, b) => Math.max(a, b), 0);
  if (bucket === undefined) return longest;
  if (bucket !== "power-of-two") return Math.max(1, Math.ceil(longest / bucket)) * bucket;
  let width = 1;
  while (width < longest) width *= 2;
  return width;
}

function joined(
  parts: readonly Rows[],
  rows: number,
  width: number,
  { call, name }: Reading,
  { pad, maxBytes }: Padding,
): HostArray {
  // A chunk without elements may not know how long its items are
  const known = parts.find(({ elements }) => elements.data.length > 0) ?? parts[0]!;
  const { dtype, shape } = known.elements;
  const item = shape.slice(1);
  const step = item.reduce((n, d) => n * d, 1);
  for (const { elements } of parts)
    if (elements.data.length > 0 && elements.shape.slice(1).join() !== item.join())
      throw refused(call, name, `items of shape (${item.join(", ")}) in all rows`, `(${elements.shape.slice(1).join(", ")})`); // prettier-ignore
  const bytes = rows * width * step * zerosOf(dtype, 0).BYTES_PER_ELEMENT;
  if (bytes > maxBytes)
    throw refused(call, name, `at most maxBytes = ${maxBytes} of padded values (read fewer rows at once, or split the long ones)`, `${rows} rows padded to ${width}, ${bytes} bytes`); // prettier-ignore
  const data = zerosOf(dtype, rows * width * step) as Float32Array;
  if (pad !== undefined) data.fill(scalarOf(pad, dtype, `pad.${name}`) as number);
  let at = 0;
  for (const { elements, starts, ends } of parts) {
    const from = elements.data as Float32Array;
    for (let i = 0; i < starts.length; i++, at += width * step)
      if (ends[i]! > starts[i]!) data.set(from.subarray(starts[i]! * step, ends[i]! * step), at);
  }
  return { dtype, shape: [rows, width, ...item], data: data as unknown as TypedArray } as HostArray;
}

function rowsOf(chunk: Chunk, field: Field, reading: Reading, rowOf: (i: number) => number): Rows {
  const { length, valueOffsets } = chunk;
  const nulls = rowNullsOf(chunk);
  if (nulls && reading.fill === undefined) throw nullAt(reading, rowOf(nulls.indexOf(1)));
  const offset = (i: number): number => Number(valueOffsets[i] ?? 0); // no rows: Arrow may leave the offsets out
  const [begin, end] = [offset(0), offset(length)];
  const starts = Float64Array.from({ length }, (_, i) => offset(i) - begin);
  // A row that is null has no elements, whatever its offsets say
  const ends = Float64Array.from({ length }, (_, i) => (nulls?.[i] ? starts[i]! : offset(i + 1) - begin));
  const of = itemField(field.type);
  const ownerOf = (element: number): number => rowOf(ends.findIndex((e, i) => element < e && element >= starts[i]!)); // prettier-ignore
  return { elements: itemsOf(), starts, ends };

  function itemsOf(): HostArray {
    if (length === 0) return noItems(of, reading);
    const child = chunk.children[0]!.slice(begin, end - begin);
    if (!isList(of.type)) return elementsOf(child, of, reading, ownerOf);
    return stacked(rowsOf(child, of, reading, ownerOf), reading, ownerOf);
  }
}

/** The items of no rows: of lists in lists nobody knows how long they would be. */
function noItems(of: Field, reading: Reading): HostArray {
  if (!isList(of.type)) return noElements(of, reading);
  const items = noItems(itemField(of.type), reading);
  return { ...items, shape: [0, ...items.shape] };
}

/** Lists in lists: the inner ones are vectors of one length, `[total, length, …]`. */
function stacked(
  { elements, starts, ends }: Rows,
  { call, name }: Reading,
  rowOf: (i: number) => number,
): HostArray {
  const length = starts.length === 0 ? 0 : ends[0]! - starts[0]!;
  const other = ends.findIndex((end, i) => end - starts[i]! !== length);
  if (other >= 0)
    throw refused(call, name, `inner lists of one length (the first has ${length})`, `one of ${ends[other]! - starts[other]!} in row ${rowOf(other)}`); // prettier-ignore
  const shape = [starts.length, length, ...elements.shape.slice(1)];
  const data = (elements.data as Float32Array).subarray(0, shape.reduce((n, d) => n * d, 1)); // prettier-ignore
  return { ...elements, shape, data: data as unknown as TypedArray } as HostArray;
}
