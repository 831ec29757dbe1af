import { ARRAY_OF, type DataOf, type DType, ITEM_BYTES } from "./generated-protocol.ts";

export { ARRAY_OF, type DataOf, type DType, ITEM_BYTES } from "./generated-protocol.ts";

export type TypedArray = DataOf[DType];

/** Elements in host memory with their dtype and shape, in row-major order. */
export interface HostArray<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: DataOf[D];
  /** Where `data` stand in a file; then they are read when they are asked for. */
  readonly file?: FilePlace;
}

/** Where the elements of an array begin in a file of this machine. */
export interface FilePlace {
  readonly path: string;
  readonly offset: number;
  /** Tells the file from what it is after a change, see `docs/wire.md`. */
  readonly stamp: string;
}

/** How many numbers of its typed array an element takes: complex numbers and keys are pairs. */
export const wordsOf = (dtype: DType): number => ITEM_BYTES[dtype] / ARRAY_OF[dtype].BYTES_PER_ELEMENT;
