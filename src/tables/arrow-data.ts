/** What is read here of Arrow tables. Any copy of apache-arrow may have made them, so nothing asks for a class. */
import type { ArrowField, ArrowVector } from "../../bridge/wire/arrow.ts";
import type { TypedArray } from "../../bridge/wire/dtypes.ts";

/** `Type` of apache-arrow; the format fixes these numbers. */
const TYPE = { int: 2, float: 3, bool: 6, list: 12, fixedSizeList: 16, largeList: 21 } as const;

export interface ArrowType {
  readonly typeId: number;
  readonly children?: readonly Field[] | null;
}

export interface Field extends ArrowField {
  readonly name: string;
  readonly type: ArrowType;
}

/** A chunk of a vector. Its values begin at its first element; its bits, of booleans and of nulls, at `offset`. */
export interface Chunk {
  readonly type: ArrowType;
  readonly length: number;
  readonly nullCount: number;
  readonly offset: number;
  readonly values: TypedArray;
  readonly valueOffsets: Int32Array | BigInt64Array;
  readonly nullBitmap?: Uint8Array;
  readonly children: readonly Chunk[];
  slice(offset: number, length: number): Chunk;
}

/** A table or a record batch, seen from here. */
export interface TableLike {
  readonly numRows: number;
  readonly schema: { readonly fields: readonly Field[] };
  getChildAt(index: number): ArrowVector | null;
}

export const isTable = (value: unknown): value is TableLike =>
  typeof (value as Partial<TableLike> | null)?.getChildAt === "function" &&
  typeof (value as TableLike).numRows === "number" &&
  Array.isArray((value as Partial<TableLike>).schema?.fields);

const isNumber = ({ typeId }: ArrowType): boolean =>
  typeId === TYPE.int || typeId === TYPE.float || typeId === TYPE.bool;
export const isFixedSizeList = ({ typeId }: ArrowType): boolean => typeId === TYPE.fixedSizeList;
export const isList = ({ typeId }: ArrowType): boolean => typeId === TYPE.list || typeId === TYPE.largeList;
export const itemField = ({ children }: ArrowType): Field => children![0]!;

/** Numbers, booleans, and lists of one size of them: what is a tensor. */
export const isTensor = (type: ArrowType): boolean =>
  isNumber(type) || (isFixedSizeList(type) && isTensor(itemField(type).type));

/** Lists whose rows differ in length, of what is a tensor or of such lists. */
export function isRagged(type: ArrowType): boolean {
  if (!isList(type)) return false;
  const item = itemField(type).type;
  return isTensor(item) || isRagged(item);
}
