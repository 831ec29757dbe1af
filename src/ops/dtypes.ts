// Generated from the Python registry by `npm run generate`; do not edit.
import type { Static } from "../tensor/static-dtypes.ts";

export type IntDType = "int8" | "int16" | "int32" | "int64" | "uint8" | "uint16" | "uint32" | "uint64";

interface NumericTable {
  bool: "int32";
  int8: "int8";
  int16: "int16";
  int32: "int32";
  int64: "int64";
  uint8: "uint8";
  uint16: "uint16";
  uint32: "uint32";
  uint64: "uint64";
  float16: "float16";
  bfloat16: "bfloat16";
  float32: "float32";
  float64: "float64";
  weak: "int32" | "float32";
  key: never;
}
/** The dtype of arithmetic: that of booleans is int32. */
export type Numeric<A extends Static> = NumericTable[A];

interface FloatTable {
  bool: "float32";
  int8: "float32";
  int16: "float32";
  int32: "float32";
  int64: "float64";
  uint8: "float32";
  uint16: "float32";
  uint32: "float32";
  uint64: "float64";
  float16: "float16";
  bfloat16: "bfloat16";
  float32: "float32";
  float64: "float64";
  weak: "float32";
  key: never;
}
/** The dtype of a function of floats, such as `np.exp`. */
export type Float<A extends Static> = FloatTable[A];

interface SumTable {
  bool: "int32";
  int8: "int32";
  int16: "int32";
  int32: "int32";
  int64: "int64";
  uint8: "uint32";
  uint16: "uint32";
  uint32: "uint32";
  uint64: "uint64";
  float16: "float16";
  bfloat16: "bfloat16";
  float32: "float32";
  float64: "float64";
  weak: "int32" | "float32";
  key: never;
}
/** The dtype of a sum: small integers are added up as 32-bit ones. */
export type Sum<A extends Static> = SumTable[A];

interface PromoteTable {
  bool: {
    bool: "bool";
    int8: "int8";
    int16: "int16";
    int32: "int32";
    int64: "int64";
    uint8: "uint8";
    uint16: "uint16";
    uint32: "uint32";
    uint64: "uint64";
    float16: "float16";
    bfloat16: "bfloat16";
    float32: "float32";
    float64: "float64";
    weak: "int32" | "float32";
    key: never;
  };
  int8: {
    bool: "int8";
    int8: "int8";
    int16: "int16";
    int32: "int32";
    int64: "int64";
    uint8: "int16";
    uint16: "int32";
    uint32: "int32";
    uint64: "float64";
    float16: "float16";
    bfloat16: "bfloat16";
    float32: "float32";
    float64: "float64";
    weak: "int8" | "float32";
    key: never;
  };
  int16: {
    bool: "int16";
    int8: "int16";
    int16: "int16";
    int32: "int32";
    int64: "int64";
    uint8: "int16";
    uint16: "int32";
    uint32: "int32";
    uint64: "float64";
    float16: "float16";
    bfloat16: "bfloat16";
    float32: "float32";
    float64: "float64";
    weak: "int16" | "float32";
    key: never;
  };
  int32: {
    bool: "int32";
    int8: "int32";
    int16: "int32";
    int32: "int32";
    int64: "int64";
    uint8: "int32";
    uint16: "int32";
    uint32: "int32";
    uint64: "float64";
    float16: "float16";
    bfloat16: "bfloat16";
    float32: "float32";
    float64: "float64";
    weak: "int32" | "float32";
    key: never;
  };
  int64: {
    bool: "int64";
    int8: "int64";
    int16: "int64";
    int32: "int64";
    int64: "int64";
    uint8: "int64";
    uint16: "int64";
    uint32: "int64";
    uint64: "float64";
    float16: "float16";
    bfloat16: "bfloat16";
    float32: "float32";
    float64: "float64";
    weak: "int64" | "float64";
    key: never;
  };
  uint8: {
    bool: "uint8";
    int8: "int16";
    int16: "int16";
    int32: "int32";
    int64: "int64";
    uint8: "uint8";
    uint16: "uint16";
    uint32: "uint32";
    uint64: "uint64";
    float16: "float16";
    bfloat16: "bfloat16";
    float32: "float32";
    float64: "float64";
    weak: "uint8" | "float32";
    key: never;
  };
  uint16: {
    bool: "uint16";
    int8: "int32";
    int16: "int32";
    int32: "int32";
    int64: "int64";
    uint8: "uint16";
    uint16: "uint16";
    uint32: "uint32";
    uint64: "uint64";
    float16: "float16";
    bfloat16: "bfloat16";
    float32: "float32";
    float64: "float64";
    weak: "uint16" | "float32";
    key: never;
  };
  uint32: {
    bool: "uint32";
    int8: "int32";
    int16: "int32";
    int32: "int32";
    int64: "int64";
    uint8: "uint32";
    uint16: "uint32";
    uint32: "uint32";
    uint64: "uint64";
    float16: "float16";
    bfloat16: "bfloat16";
    float32: "float32";
    float64: "float64";
    weak: "uint32" | "float32";
    key: never;
  };
  uint64: {
    bool: "uint64";
    int8: "float64";
    int16: "float64";
    int32: "float64";
    int64: "float64";
    uint8: "uint64";
    uint16: "uint64";
    uint32: "uint64";
    uint64: "uint64";
    float16: "float16";
    bfloat16: "bfloat16";
    float32: "float32";
    float64: "float64";
    weak: "uint64" | "float64";
    key: never;
  };
  float16: {
    bool: "float16";
    int8: "float16";
    int16: "float16";
    int32: "float16";
    int64: "float16";
    uint8: "float16";
    uint16: "float16";
    uint32: "float16";
    uint64: "float16";
    float16: "float16";
    bfloat16: "float32";
    float32: "float32";
    float64: "float64";
    weak: "float16";
    key: never;
  };
  bfloat16: {
    bool: "bfloat16";
    int8: "bfloat16";
    int16: "bfloat16";
    int32: "bfloat16";
    int64: "bfloat16";
    uint8: "bfloat16";
    uint16: "bfloat16";
    uint32: "bfloat16";
    uint64: "bfloat16";
    float16: "float32";
    bfloat16: "bfloat16";
    float32: "float32";
    float64: "float64";
    weak: "bfloat16";
    key: never;
  };
  float32: {
    bool: "float32";
    int8: "float32";
    int16: "float32";
    int32: "float32";
    int64: "float32";
    uint8: "float32";
    uint16: "float32";
    uint32: "float32";
    uint64: "float32";
    float16: "float32";
    bfloat16: "float32";
    float32: "float32";
    float64: "float64";
    weak: "float32";
    key: never;
  };
  float64: {
    bool: "float64";
    int8: "float64";
    int16: "float64";
    int32: "float64";
    int64: "float64";
    uint8: "float64";
    uint16: "float64";
    uint32: "float64";
    uint64: "float64";
    float16: "float64";
    bfloat16: "float64";
    float32: "float64";
    float64: "float64";
    weak: "float64";
    key: never;
  };
  weak: {
    bool: "int32" | "float32";
    int8: "int8" | "float32";
    int16: "int16" | "float32";
    int32: "int32" | "float32";
    int64: "int64" | "float64";
    uint8: "uint8" | "float32";
    uint16: "uint16" | "float32";
    uint32: "uint32" | "float32";
    uint64: "uint64" | "float64";
    float16: "float16";
    bfloat16: "bfloat16";
    float32: "float32";
    float64: "float64";
    weak: "int32" | "float32";
    key: never;
  };
  key: Record<Static, never>;
}
/** The dtype of two operands together. Equivalent to `jax.numpy.promote_types`. */
export type Promote<A extends Static, B extends Static> = PromoteTable[A][B];
