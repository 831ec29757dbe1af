/** Host data as the type checker knows it: what can stand where a tensor is wanted. */
import type { DType } from "../../bridge/wire/dtypes.ts";

import type { Float16Like } from "./float16-array.ts";
import type { Complex, ComplexDType } from "./static-dtypes.ts";

export type Nested<T> = T | readonly Nested<T>[];

type TypedArrayOf<D extends DType> = D extends "float32"
  ? Float32Array
  : D extends "float16"
    ? Float16Like
    : D extends "float64"
      ? Float64Array
      : D extends "int8"
        ? Int8Array
        : D extends "int16"
          ? Int16Array
          : D extends "int32"
            ? Int32Array
            : D extends "int64"
              ? BigInt64Array
              : D extends "uint8"
                ? Uint8Array | Uint8ClampedArray
                : D extends "uint16"
                  ? Uint16Array
                  : D extends "uint32"
                    ? Uint32Array
                    : D extends "uint64"
                      ? BigUint64Array
                      : never;

type NestedOf<D extends DType> = D extends "key"
  ? never
  : D extends "bool"
    ? readonly Nested<boolean>[]
    : D extends "int64" | "uint64"
      ? readonly Nested<bigint>[] | readonly Nested<number>[]
      : D extends ComplexDType
        ? readonly Nested<Complex>[]
        : readonly Nested<number>[];

/** An Arrow vector, seen from here: no need to load apache-arrow to take one. */
export interface ArrowVectorLike {
  readonly length: number;
  readonly type: { readonly typeId: number };
  readonly data: readonly unknown[];
}

/** Host data that can stand where a tensor is wanted. */
export type HostLike<D extends DType = DType> = TypedArrayOf<D> | NestedOf<D> | ArrowVectorLike;
