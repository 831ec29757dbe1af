/** The element types that cross the wire. A `key` is a PRNG key array (its buffer is the uint32 key data). */
export type DType =
  | "bool"
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "uint8"
  | "uint16"
  | "uint32"
  | "uint64"
  | "float16"
  | "bfloat16"
  | "float32"
  | "float64"
  | "key";

/** What `data()` returns for each dtype: float16 and bfloat16 arrive as their bits, int64 as bigints. */
export interface DataOf {
  bool: Uint8Array;
  int8: Int8Array;
  int16: Int16Array;
  int32: Int32Array;
  int64: BigInt64Array;
  uint8: Uint8Array;
  uint16: Uint16Array;
  uint32: Uint32Array;
  uint64: BigUint64Array;
  float16: Uint16Array;
  bfloat16: Uint16Array;
  float32: Float32Array;
  float64: Float64Array;
  key: Uint32Array;
}

type ArrayClass<T> = {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): T;
  new (length: number): T;
};

export const ARRAY_OF: { readonly [D in DType]: ArrayClass<DataOf[D]> } = {
  bool: Uint8Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
  key: Uint32Array,
};

/** Bytes of one element; a key is two 32-bit words. */
export function itemSize(dtype: DType): number {
  return dtype === "key" ? 8 : ARRAY_OF[dtype].BYTES_PER_ELEMENT;
}

export type TypedArray = DataOf[DType];

/** A tensor as the bridge sees it: bytes with a dtype and a shape. `src/` has the rich one. */
export interface HostArray<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: DataOf[D];
}
