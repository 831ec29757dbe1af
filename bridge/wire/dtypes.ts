import type { DataOf, DType } from "./generated-protocol.ts";

export { ARRAY_OF, type DataOf, type DType, ITEM_BYTES } from "./generated-protocol.ts";

export type TypedArray = DataOf[DType];

/** Elements in host memory with their dtype and shape, in row-major order. */
export interface HostArray<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: DataOf[D];
}
