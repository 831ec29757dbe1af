/** What recorded functions may be called with, in types. */
import type { Traced } from "../program/traced.ts";
import type { ArrowVectorLike } from "../tensor/host-like.ts";
import type { Aval, DType, Tensor } from "../tensor/tensor.ts";

/** What a recorded function may be called with: its tensors, or host data that becomes them. */
export type JitArg<T> =
  T extends Tensor<infer D>
    ? Tensor<D> | HostArg<D>
    : T extends Traced
      ? T
      : T extends readonly unknown[] | Readonly<Record<string, unknown>>
        ? { readonly [K in keyof T]: JitArg<T[K]> }
        : T;
type HostArg<D extends DType> =
  (D extends "bool" ? boolean : number) | ArrayBufferView | ArrowVectorLike | NestedArrays[];
/** The type checker's message where nested arrays of numbers are given: to a recorded function they are trees. */
type NestedArrays = "a tensor of nested arrays is made by array(…): here they would be a tree of numbers";
export type JitArgs<A extends readonly unknown[]> = { [K in keyof A]: JitArg<A[K]> };
/** The same, where an aval may stand in the place of a tensor that does not exist yet. */
export type AbstractArg<T> =
  T extends Tensor<infer D>
    ? Tensor<D> | HostArg<D> | Aval<D>
    : T extends Traced
      ? T
      : T extends readonly unknown[] | Readonly<Record<string, unknown>>
        ? { readonly [K in keyof T]: AbstractArg<T[K]> }
        : T;
export type AbstractArgs<A extends readonly unknown[]> = { [K in keyof A]: AbstractArg<A[K]> };
