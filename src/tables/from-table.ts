/** Arrow tables as tensors on the host. */
import type { DataType, RecordBatch, Table, Type, TypeMap, Vector } from "apache-arrow";
import type { DType, HostArray, TypedArray } from "../../bridge/wire/dtypes.ts";
import { checkCall, shown, type Signature } from "../program/signatures.ts";
import { adopt } from "../program/traced.ts";
import { Tensor } from "../tensor/tensor.ts";
import { type Chunk, type Field, isRagged, isTable, isTensor } from "./arrow-data.ts";
import { elementsOf, type Fill, type Reading, zerosOf } from "./elements.ts";
import { paddedOf } from "./ragged-columns.ts";
import { refused } from "./refused.ts";

/** Rows of different lengths: padded values (rows, longest, …), and how long each row is. */
export interface RaggedColumn<D extends DType = DType> {
  readonly values: Tensor<D>;
  /** (rows) */
  readonly lengths: Tensor<"int32">;
}

/** A column as `fromTable` gives it. What is no array of numbers stays an Arrow vector. */
export type Column = Tensor | RaggedColumn | Vector;

interface DtypeOf {
  readonly [Type.Bool]: "bool";
  readonly [Type.Int8]: "int8";
  readonly [Type.Int16]: "int16";
  readonly [Type.Int32]: "int32";
  readonly [Type.Int64]: "int64";
  readonly [Type.Uint8]: "uint8";
  readonly [Type.Uint16]: "uint16";
  readonly [Type.Uint32]: "uint32";
  readonly [Type.Uint64]: "uint64";
  readonly [Type.Float16]: "float16";
  readonly [Type.Float32]: "float32";
  readonly [Type.Float64]: "float64";
}

/** The dtype of numbers, and of fixed-size lists of them; `never` of all else. */
type ElementOf<T extends DataType> = T["TType"] extends keyof DtypeOf
  ? DtypeOf[T["TType"]]
  : T["TType"] extends Type.FixedSizeList
    ? ItemOf<T>
    : never;
type ItemOf<T extends DataType> = T extends { readonly valueType: infer Item extends DataType }
  ? ElementOf<Item>
  : never;

/** What a column of an Arrow type becomes. */
export type ColumnOf<T extends DataType> = DataType extends T
  ? Column
  : [ElementOf<T>] extends [never]
    ? T["TType"] extends Type.List | Type.LargeList
      ? [ItemOf<T>] extends [never]
        ? Column
        : RaggedColumn<ItemOf<T>>
      : Vector<T>
    : Tensor<ElementOf<T>>;

/** The columns of a table by their names. */
export type ColumnsOf<T extends TypeMap> = string extends keyof T
  ? Readonly<Record<string, Column>>
  : { readonly [Name in keyof T]: ColumnOf<T[Name]> };

export interface FromTableOptions {
  /** The columns wanted. All where it is left out. */
  readonly columns?: readonly string[];
  /**
   * What nulls become, by the name of the column. A null list is an empty one. Where none is named, a null is an error.
   */
  readonly fill?: Readonly<Record<string, Fill>>;
  /** What stands behind the end of a row, by the name of a column of lists: 0 where it is not named. */
  readonly pad?: Readonly<Record<string, Fill>>;
  /**
   * What rows of different lengths are padded to: the longest row where it is left out, else the next power of two, or
   * the next multiple of a number, so that few shapes are compiled for many tables.
   */
  readonly bucket?: "power-of-two" | number;
  /** How large the padded values of a column may be: 1 GiB. One long row among many short ones makes them large. */
  readonly maxBytes?: number;
}

export const FROM_TABLE: Readonly<Record<string, string>> = {
  columns: "list?",
  fill: "record?",
  pad: "record?",
  bucket: '"power-of-two" | number?',
  maxBytes: "number?",
};
const SIGNATURE: Signature = { takes: { table: "any" }, options: FROM_TABLE };
const MAX_BYTES = 2 ** 30;

/**
 * The columns of an Arrow table or a record batch as tensors on the host, by their names. Numbers and booleans keep their
 * dtype; a fixed-size list is a further axis, as is each axis of an `arrow.fixed_shape_tensor`; lists of different lengths
 * are padded, `{ values, lengths }`. What is no array of numbers, such as text and dictionaries, is left alone: it is the
 * Arrow vector.
 *
 * Tensors share the table's memory where one chunk holds a column without nulls, so do not change it afterwards; booleans,
 * filled and padded columns are copies.
 * @throws {SynjaxError} `INVALID_ARGUMENT` for nulls where no `fill` is named, naming the column and its first row with one;
 *   for a name that no column has; for padded values beyond `maxBytes`. `NARROWING` where a dtype does not hold a fill
 */
export function fromTable<T extends TypeMap>(
  table: Table<T> | RecordBatch<T>,
  options: FromTableOptions = {},
): ColumnsOf<T> {
  checkCall("fromTable", SIGNATURE, [table, options]);
  return columnsOf("fromTable", table, options) as ColumnsOf<T>;
}

/** @internal */
export function columnsOf(call: string, table: unknown, options: FromTableOptions): Record<string, Column> {
  if (!isTable(table)) throw refused(call, "table", "an Arrow table or record batch", shown(table));
  checkOptions(call, table.schema.fields, options);
  const { columns, fill, pad, bucket, maxBytes = MAX_BYTES } = options;
  const entries = table.schema.fields.flatMap((field, i): [string, Column][] => {
    const { name } = field;
    if (columns && !columns.includes(name)) return [];
    const vector = table.getChildAt(i)!;
    const reading = { call, name, fill: own(fill, name) };
    const chunks = vector.data as readonly Chunk[];
    if (isTensor(field.type)) return [[name, tensor(joined(chunks, field, reading))]];
    if (!isRagged(field.type)) return [[name, vector as unknown as Vector]];
    const { values, lengths } = paddedOf(chunks, field, reading, { pad: own(pad, name), bucket, maxBytes });
    return [[name, { values: tensor(values), lengths: tensor(lengths) as Tensor<"int32"> }]];
  });
  return Object.fromEntries(entries);
}

const own = (values: Readonly<Record<string, Fill>> | undefined, name: string): Fill | undefined =>
  values && Object.hasOwn(values, name) ? values[name] : undefined;

const tensor = (host: HostArray): Tensor => adopt(Tensor, { kind: "host", host });

function checkOptions(call: string, fields: readonly Field[], options: FromTableOptions): void {
  const names = fields.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw refused(call, "table", "columns of different names", `two named ${shown(twice)}`); // prettier-ignore
  const { columns, fill = {}, pad = {}, bucket, maxBytes } = options;
  for (const [option, asked] of Object.entries({ columns: columns ?? [], fill: Object.keys(fill), pad: Object.keys(pad) })) // prettier-ignore
    for (const name of asked)
      if (!names.includes(name)) throw refused(call, option, `names of columns (${names.slice(0, 20).join(", ")})`, shown(name)); // prettier-ignore
  for (const { name, type } of fields)
    if (own(pad, name) !== undefined && !isRagged(type))
      throw refused(call, `pad.${name}`, "a column of lists of numbers", String(type));
  for (const [option, values] of Object.entries({ fill, pad }))
    for (const [name, value] of Object.entries(values))
      if (!["number", "bigint", "boolean"].includes(typeof value))
        throw refused(call, `${option}.${name}`, "a number or a boolean", shown(value));
  for (const [option, value] of Object.entries({ bucket, maxBytes }))
    if (typeof value === "number" && !(Number.isSafeInteger(value) && value >= 1))
      throw refused(call, option, "a whole number of at least 1", shown(value));
}

function joined(chunks: readonly Chunk[], field: Field, reading: Reading): HostArray {
  const hosts: HostArray[] = [];
  let first = 0;
  for (const chunk of chunks) {
    const base = first;
    hosts.push(elementsOf(chunk, field, reading, (i) => base + i));
    first += chunk.length;
  }
  if (hosts.length === 1) return hosts[0]!;
  const { dtype, shape } = hosts[0]!;
  const data = zerosOf(dtype, hosts.reduce((n, host) => n + host.data.length, 0)) as Float32Array; // prettier-ignore
  let at = 0;
  for (const host of hosts) {
    data.set(host.data as Float32Array, at);
    at += host.data.length;
  }
  return { dtype, shape: [first, ...shape.slice(1)], data: data as unknown as TypedArray } as HostArray;
}
