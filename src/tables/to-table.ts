/** Tensors as Arrow tables. */
import {
  type DataType,
  Field,
  List,
  makeData,
  makeVector,
  RecordBatch,
  Schema,
  Struct,
  Table,
  type Vector,
} from "apache-arrow";
import { isArrowVector, toArrowVector } from "../../bridge/wire/arrow.ts";
import { ARRAY_OF, type HostArray, type TypedArray } from "../../bridge/wire/dtypes.ts";
import { isPlainObject } from "../program/plain-object.ts";
import { checkCall, shown, type Signature } from "../program/signatures.ts";
import { NODE } from "../program/traced.ts";
import { get } from "../session/current-session.ts";
import { asBits } from "../tensor/float16-array.ts";
import { toHostArray } from "../tensor/host-array.ts";
import type { HostLike } from "../tensor/host-like.ts";
import { HostTensor } from "../tensor/host-tensor.ts";
import { Tensor } from "../tensor/tensor.ts";
import { refused } from "./refused.ts";

type Values = Tensor | HostTensor | HostLike;

/** Padded rows and their lengths, which become a column of lists. */
export interface RaggedLike {
  /** (rows, longest, …) */
  readonly values: Values;
  /** (rows), of integers */
  readonly lengths: Values;
}

/** A column for `toTable`: a tensor whose first axis is that of the rows, padded rows, or an Arrow vector. */
export type ColumnLike = Values | RaggedLike | Vector;

export interface ToTableOptions {
  /**
   * How tensors of more axes than one are written: as the canonical `"arrow.fixed_shape_tensor"` (the default), or as
   * fixed-size `"lists"` in lists, for readers that know no extension types, such as Polars.
   */
  readonly tensors?: "arrow.fixed_shape_tensor" | "lists";
}

export const TO_TABLE: Readonly<Record<string, string>> = {
  tensors: '"arrow.fixed_shape_tensor" | "lists"?',
};
const SIGNATURE: Signature = { takes: { columns: "record" }, options: TO_TABLE, isAsync: true };

/**
 * Padded rows as a column of lists for `toTable`: what stands behind the end of each row is left out.
 * @param column `values` (rows, longest, …), and `lengths` (rows) of integers
 * @throws {SynjaxError} `INVALID_ARGUMENT` where either is missing
 */
export function ragged<const C extends RaggedLike>(column: C): C {
  checkCall("ragged", { takes: { column: "record" } }, [column]);
  if (!isRaggedLike(column)) throw refused("ragged", "column", "{ values, lengths }", `{ ${Object.keys(column).join(", ")} }`); // prettier-ignore
  return column;
}

/**
 * An Arrow table of tensors, by the names of its columns: what `fromTable` gives, and gives back. Tensors on a device are
 * fetched in one round trip. The first axis is that of the rows; more axes are an `arrow.fixed_shape_tensor`, which pyarrow
 * reads as one. `ragged({ values, lengths })` becomes a column of lists; Arrow vectors stay as they are.
 *
 * The table shares memory with arrays and tensors on the host, but for booleans and lists.
 * @throws {SynjaxError} `INVALID_ARGUMENT` for columns of different lengths, for scalars, for lengths beyond the values,
 *   and for dtypes that Arrow does not have: bfloat16, complex numbers and keys
 */
export async function toTable(
  columns: Readonly<Record<string, ColumnLike>>,
  options: ToTableOptions = {},
): Promise<Table> {
  checkCall("toTable", SIGNATURE, [columns, options]);
  const names = Object.keys(columns);
  const fetched = await onHost(columns);
  const made: [Field, Vector][] = [];
  let rows: number | undefined;
  for (const name of names) {
    const [field, vector] = await columnOf(name, fetched[name], options);
    rows ??= vector.length;
    if (vector.length !== rows)
      throw refused("toTable", name, `as many rows as \`${names[0]}\` has, ${rows}`, String(vector.length));
    made.push([field, vector]);
  }
  return tableOf(made, rows ?? 0);
}

/** A table of columns that are equally long. Its record batches are as many as the chunks of its columns ask for. */
function tableOf(columns: readonly (readonly [Field, Vector])[], rows: number): Table {
  const schema = new Schema(columns.map(([field]) => field));
  if (columns.some(([, vector]) => vector.data.length !== 1))
    return new Table(schema, Object.fromEntries(columns.map(([{ name }, vector]) => [name, vector])));
  const children = columns.map(([, vector]) => vector.data[0]!);
  const struct = makeData({ type: new Struct(schema.fields), length: rows, nullCount: 0, children });
  return new Table([new RecordBatch(schema, struct as never)]);
}

const isRaggedLike = (value: unknown): value is RaggedLike =>
  isPlainObject(value) && "values" in value && "lengths" in value;

/** The same columns, without tensors of a device. */
async function onHost(columns: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
  const away: Tensor[] = [];
  const isAway = (value: unknown): value is Tensor => value instanceof Tensor && value[NODE].kind !== "host";
  const each = (value: unknown, visit: (value: unknown) => unknown): unknown =>
    isRaggedLike(value) ? { values: visit(value.values), lengths: visit(value.lengths) } : visit(value);
  for (const value of Object.values(columns))
    each(value, (leaf) => {
      if (isAway(leaf)) away.push(leaf);
    });
  const here = away.length > 0 ? await get(away) : [];
  let next = 0;
  return Object.fromEntries(Object.entries(columns).map(([name, value]) => [name, each(value, (leaf) => (isAway(leaf) ? here[next++] : leaf))])); // prettier-ignore
}

function hostOf(value: unknown, name: string): HostArray {
  if (value instanceof Tensor && value[NODE].kind === "host") return value[NODE].host;
  if (value instanceof HostTensor) {
    const { dtype, shape, data } = value as HostTensor;
    return { dtype, shape, data: asBits(data) } as HostArray;
  }
  // An array of the caller's is not copied
  const isArray = Array.isArray(value) || ArrayBuffer.isView(value);
  const host = isArray ? toHostArray(value, "any", name, { transfer: true }) : undefined;
  if (!host) throw refused("toTable", name, "a tensor, an array, { values, lengths } or an Arrow vector", shown(value)); // prettier-ignore
  return host;
}

async function columnOf(name: string, value: unknown, { tensors }: ToTableOptions): Promise<[Field, Vector]> {
  if (isRaggedLike(value)) return raggedOf(name, value);
  if (isArrowVector(value)) {
    const vector = value as unknown as Vector<DataType>;
    return [new Field(name, vector.type, true), vector];
  }
  const host = hostOf(value, name);
  if (host.shape.length === 0) throw refused("toTable", name, "a first axis, of rows", "a scalar");
  const [rows, ...item] = host.shape as readonly [number, ...number[]];
  const isTensor = item.length > 0 && tensors !== "lists";
  // Storage of a tensor is one list of all its elements, whatever its axes
  const flat = isTensor ? { ...host, shape: [rows, item.reduce((n, d) => n * d, 1)] } : host;
  const vector = await vectorOf(name, flat);
  const metadata = new Map([
    ["ARROW:extension:name", "arrow.fixed_shape_tensor"],
    ["ARROW:extension:metadata", JSON.stringify({ shape: item })],
  ]);
  return [new Field(name, vector.type, false, isTensor ? metadata : undefined), vector];
}

async function vectorOf(name: string, host: HostArray): Promise<Vector<DataType>> {
  if (["bfloat16", "complex64", "complex128", "key"].includes(host.dtype))
    throw refused("toTable", name, "a dtype that Arrow has (convert it with .astype, or take its parts)", host.dtype); // prettier-ignore
  return toArrowVector(host);
}

async function raggedOf(name: string, column: RaggedLike): Promise<[Field, Vector]> {
  const values = hostOf(column.values, `${name}.values`);
  const lengths = hostOf(column.lengths, `${name}.lengths`);
  const [rows, longest, ...item] = values.shape;
  if (rows === undefined || longest === undefined)
    throw refused("toTable", `${name}.values`, "two axes at least, (rows, longest, …)", `(${values.shape.join(", ")})`); // prettier-ignore
  if (lengths.shape.length !== 1 || lengths.shape[0] !== rows)
    throw refused("toTable", `${name}.lengths`, `the shape (${rows})`, `(${lengths.shape.join(", ")})`);
  const offsets = new Int32Array(rows + 1);
  for (let i = 0; i < rows; i++) {
    const length = Number(lengths.data[i]);
    if (!Number.isInteger(length) || length < 0 || length > longest)
      throw refused("toTable", `${name}.lengths`, `whole numbers from 0 to ${longest}`, `${length} in row ${i}`); // prettier-ignore
    if (offsets[i]! + length >= 2 ** 31) throw refused("toTable", name, "fewer than 2^31 items in one table", "more"); // prettier-ignore
    offsets[i + 1] = offsets[i]! + length;
  }
  const step = item.reduce((n, d) => n * d, 1);
  const total = offsets[rows]!;
  const packed = new ARRAY_OF[values.dtype](total * step) as Float32Array;
  for (let i = 0; i < rows; i++) {
    const [from, length] = [i * longest * step, offsets[i + 1]! - offsets[i]!];
    packed.set((values.data as Float32Array).subarray(from, from + length * step), offsets[i]! * step);
  }
  const elements = { dtype: values.dtype, shape: [total, ...item], data: packed as unknown as TypedArray };
  const child = (await vectorOf(name, elements as HostArray)).data[0]!;
  const type = new List(new Field("item", child.type, false));
  const data = makeData({ type, length: rows, nullCount: 0, valueOffsets: offsets, child });
  return [new Field(name, type, false), makeVector(data)];
}
