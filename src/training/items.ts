/** Training data as items, one after another: of arrays, of columns, of Arrow tables, of streams. */
import { fromArrowLists, fromArrowVector, isArrowVector } from "../../bridge/wire/arrow.ts";
import type { DType, HostArray } from "../../bridge/wire/dtypes.ts";
import { isPlainObject } from "../program/plain-object.ts";
import { shown } from "../program/signatures.ts";
import { NODE } from "../program/traced.ts";
import { toHostArray } from "../tensor/host-array.ts";
import type { ArrowVectorLike } from "../tensor/host-like.ts";
import { rowOf } from "../tensor/padded.ts";
import { Tensor } from "../tensor/tensor.ts";
import { refused } from "../transforms/trees.ts";

/** The arrays of an item by their names: one without a name where the item is no object. */
export type Fields = ReadonlyMap<string, HostArray>;

/** One dtype for all arrays, or one for each by its name; where none is said, numbers are float32. */
export type Dtypes = DType | { readonly [name: string]: DType | undefined };

/** An Arrow table, seen from here. */
export interface ArrowTableLike {
  readonly numRows: number;
  readonly schema: { readonly fields: readonly { readonly name: string }[] };
  getChild(name: string): ArrowVectorLike | null;
}

/** Items that can be taken in any order. */
export interface Items {
  readonly count: number;
  at(i: number): Fields;
}

export const BARE = "";

const isArrowTable = (data: unknown): data is ArrowTableLike =>
  typeof (data as Partial<ArrowTableLike> | null)?.getChild === "function" &&
  typeof (data as ArrowTableLike).numRows === "number";

/** What a caller gave, as items; `undefined` for a stream. */
export function itemsOf(call: string, data: unknown, dtypes: Dtypes | undefined): Items | undefined {
  if (Array.isArray(data)) return { count: data.length, at: (i) => fieldsOf(call, data[i], `data[${i}]`, dtypes) }; // prettier-ignore
  if (isArrowTable(data)) {
    const columns = data.schema.fields.map(({ name }) => [name, data.getChild(name)] as const);
    return ofColumns(call, columns, dtypes);
  }
  if (isArrowVector(data) || ArrayBuffer.isView(data) || data instanceof Tensor)
    return ofColumns(call, [[BARE, data]], dtypes);
  if (isPlainObject(data) && !(Symbol.iterator in data) && !(Symbol.asyncIterator in data))
    return ofColumns(call, Object.entries(data), dtypes);
  return undefined;
}

/** The arrays of one item. */
export function fieldsOf(call: string, item: unknown, path: string, dtypes: Dtypes | undefined): Fields {
  const named = isPlainObject(item) ? Object.entries(item) : [[BARE, item] as const];
  return new Map(
    named.map(([name, value]) => [name, hostOf(call, value, named.length && name !== BARE ? `${path}.${name}` : path, dtypeOf(name, dtypes))]), // prettier-ignore
  );
}

const dtypeOf = (name: string, dtypes: Dtypes | undefined): DType | undefined =>
  typeof dtypes === "string" ? dtypes : dtypes?.[name];

function hostOf(call: string, value: unknown, path: string, dtype: DType | undefined): HostArray {
  if (value instanceof Tensor) {
    const node = value[NODE];
    if (node.kind !== "host" || (dtype !== undefined && dtype !== node.host.dtype))
      throw refused(call, path, "data on the host, of the dtype that is asked for", String(value));
    return node.host;
  }
  const host = toHostArray(value, "any", path, dtype === undefined ? {} : { dtype });
  if (!host) throw refused(call, path, "a number, an array of numbers, or an object of them", shown(value));
  return host;
}

interface Column {
  readonly count: number;
  at(i: number): HostArray;
}

function ofColumns(
  call: string,
  given: readonly (readonly [name: string, data: unknown])[],
  dtypes: Dtypes | undefined,
): Items {
  const columns = given.map(([name, data]) => {
    const path = name === BARE ? "data" : `data.${name}`;
    return [name, columnOf(call, data, path, dtypeOf(name, dtypes))] as const;
  });
  const count = columns[0]?.[1].count ?? 0;
  for (const [name, column] of columns)
    if (column.count !== count)
      throw refused(call, `data.${name}`, `as many items as in data.${columns[0]![0]}, ${count}`, String(column.count)); // prettier-ignore
  return { count, at: (i) => new Map(columns.map(([name, column]) => [name, column.at(i)])) };
}

/** The types of Arrow lists, whose rows differ in length. */
const [LIST, LARGE_LIST] = [12, 21];

function columnOf(call: string, data: unknown, path: string, dtype: DType | undefined): Column {
  if (Array.isArray(data)) return { count: data.length, at: (i) => hostOf(call, data[i], `${path}[${i}]`, dtype) }; // prettier-ignore
  if (isArrowVector(data) && [LIST, LARGE_LIST].includes((data as ArrowVectorLike).type.typeId)) {
    const { values, lengths } = fromArrowLists(data, path);
    return { count: lengths.data.length, at: (i) => cast(call, rowOf(values, i, lengths.data[i]!), `${path}[${i}]`, dtype) }; // prettier-ignore
  }
  const host = isArrowVector(data) ? fromArrowVector(data, path) : hostOf(call, data, path, undefined);
  if (host.shape.length === 0) throw refused(call, path, "an array of items", "one number");
  const [count, ...shape] = host.shape as readonly [number, ...number[]];
  const row = (i: number): HostArray => ({ ...rowOf({ ...host, shape: [count, 1, ...shape] }, i, 1), shape });
  return { count, at: (i) => cast(call, row(i), `${path}[${i}]`, dtype) };
}

/** Elements in the dtype that is asked for, if it holds them. */
function cast(call: string, host: HostArray, path: string, dtype: DType | undefined): HostArray {
  if (dtype === undefined || dtype === host.dtype) return host;
  return { ...hostOf(call, host.data, path, dtype), shape: host.shape };
}
