/** The types of what `get`, `put` and the like make of a tree. */
import type { Traced } from "../program/traced.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Tensors in lists and objects, by the names that a file or a worker has for them. */
export type TensorTree = Tensor | readonly TensorTree[] | { readonly [name: string]: TensorTree };

export type Fetched<T> =
  T extends Tensor<infer D>
    ? HostTensor<D>
    : T extends Traced | ArrayBufferView
      ? T
      : T extends object // an interface is no record
        ? { readonly [K in keyof T]: Fetched<T[K]> }
        : T;

export type OnDevice<T> =
  T extends Tensor<infer D>
    ? Tensor<D>
    : T extends number
      ? Tensor<"float32">
      : T extends boolean
        ? Tensor<"bool">
        : T extends Float32Array
          ? Tensor<"float32">
          : T extends Int32Array
            ? Tensor<"int32">
            : T extends ArrayBufferView
              ? Tensor
              : T extends readonly unknown[] | Readonly<Record<string, unknown>>
                ? { readonly [K in keyof T]: OnDevice<T[K]> }
                : T;
