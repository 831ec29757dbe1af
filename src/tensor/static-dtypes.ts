/** Dtypes as the type checker knows them, before any tensor exists. */
import type { DType } from "../../bridge/wire/dtypes.ts";

export type FloatDType = "float16" | "bfloat16" | "float32" | "float64";
/** A JavaScript number has no dtype of its own: it takes that of what it meets. */
export type Static = DType | "weak";
/** The dtype of a result that keeps its argument's: a bare number has become an int32 or a float32. */
export type Strong<S extends Static> = S extends DType ? S : "int32" | "float32";
