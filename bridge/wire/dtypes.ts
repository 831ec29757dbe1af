import { ARRAY_OF, type DataOf, type DType, ITEM_BYTES } from "./generated-protocol.ts";

export { ARRAY_OF, type DataOf, type DType, ITEM_BYTES } from "./generated-protocol.ts";

export type TypedArray = DataOf[DType];

/** Elements in host memory with their dtype and shape, in row-major order. */
export interface HostArray<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: DataOf[D];
}

/** How many numbers of its typed array an element takes: complex numbers and keys are pairs. */
export const wordsOf = (dtype: DType): number => ITEM_BYTES[dtype] / ARRAY_OF[dtype].BYTES_PER_ELEMENT;
