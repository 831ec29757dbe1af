/** Dtypes as the type checker knows them, before any tensor exists. */
import type { DType } from "../../bridge/wire/dtypes.ts";

export type FloatDType = "float16" | "bfloat16" | "float32" | "float64";
export type ComplexDType = "complex64" | "complex128";
/** A complex number on the host. */
export type Complex = { readonly real: number; readonly imag: number };
/** A JavaScript number has no dtype of its own: it takes that of what it meets. Of a literal it is known whether it is an int. */
export type Static = DType | "weak" | "weakInt" | "weakFloat";
/** The dtype of a result that keeps its argument's: a bare number has become an int32 or a float32. */
export type Strong<S extends Static> = S extends DType
  ? S
  : S extends "weakInt"
    ? "int32"
    : S extends "weakFloat"
      ? "float32"
      : "int32" | "float32";

/** The dtype of a number: of a literal, by what it looks like. From ten characters on it may be more than 32 bits hold. */
export type OfNumber<N extends number> = number extends N
  ? "weak"
  : `${N}` extends `${bigint}`
    ? `${N}` extends `${infer _0}${infer _1}${infer _2}${infer _3}${infer _4}${infer _5}${infer _6}${infer _7}${infer _8}${infer _9}${infer _}`
      ? "weak"
      : "weakInt"
    : "weakFloat";
