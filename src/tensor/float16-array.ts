/** Half floats as JavaScript has them: a Float16Array where the runtime knows it (Node 24), otherwise their bits. */
import type { DataOf, DType, TypedArray } from "../../bridge/wire/dtypes.ts";

/** A Float16Array to a type checker that knows it. */
export type Float16Values = typeof globalThis extends { Float16Array: { prototype: infer A } }
  ? A
  : Uint16Array;
/** The same as an argument: bits alone would be whole numbers. */
export type Float16Like = typeof globalThis extends { Float16Array: { prototype: infer A } } ? A : never;

/** What the elements of a tensor arrive as. */
export type ElementsOf<D extends DType> = D extends "float16" ? Float16Values : DataOf[D];

type ArrayClass = new (buffer: ArrayBufferLike, byteOffset: number, length: number) => Uint16Array;

/** The elements as a caller sees them; of the same memory. */
export function elementsOf<D extends DType>(dtype: D, data: DataOf[D]): ElementsOf<D> {
  const { Float16Array } = globalThis as { readonly Float16Array?: ArrayClass };
  if (dtype !== "float16" || Float16Array === undefined || isFloat16Array(data)) return data as ElementsOf<D>;
  return new Float16Array(data.buffer, data.byteOffset, data.length) as unknown as ElementsOf<D>;
}

/** The elements as they travel; of the same memory. */
export const asBits = <T extends ArrayBufferView & { readonly length: number }>(data: T): T | Uint16Array =>
  isFloat16Array(data) ? new Uint16Array(data.buffer, data.byteOffset, data.length) : data;

/** By its tag, as other arrays: that of subclasses and of other realms too. */
export const isFloat16Array = (data: unknown): boolean =>
  (data as TypedArray | undefined)?.[Symbol.toStringTag] === ("Float16Array" as string);
