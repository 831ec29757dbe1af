/** JavaScript and Arrow arrays as the bytes of tensors. */
import { fromArrowVector, isArrowVector } from "../../bridge/wire/arrow.ts";
import { toFloat32 } from "../../bridge/wire/float16.ts";
import { ARRAY_OF, type DType, type HostArray, type TypedArray, wordsOf } from "../../bridge/wire/dtypes.ts";
import { asBits, isFloat16Array } from "./float16-array.ts";
import type { Complex } from "./static-dtypes.ts";
import { SynjaxError } from "../../bridge/errors.ts";

/** What raw arrays become where the dtype is not given: numbers are float32 unless integers are wanted. */
export type Kind = "float" | "int" | "bool" | "any";

const RANK_LIMIT = 32;

// By tag: it is that of subclasses (a Node Buffer) and of other realms too
const DTYPE_OF: { readonly [tag: string]: DType | undefined } = {
  Float32Array: "float32",
  Float64Array: "float64",
  Int8Array: "int8",
  Int16Array: "int16",
  Int32Array: "int32",
  BigInt64Array: "int64",
  Uint8Array: "uint8",
  Uint8ClampedArray: "uint8",
  Uint16Array: "uint16",
  Uint32Array: "uint32",
  BigUint64Array: "uint64",
};

/** The dtype of a typed array; a Float64Array stays float64. */
function dtypeOf(data: TypedArray | Uint8ClampedArray): DType {
  const dtype = DTYPE_OF[data[Symbol.toStringTag]];
  if (dtype) return dtype;
  throw new SynjaxError("NOT_A_TENSOR", `expected a typed array, got a ${data.constructor.name}`);
}

const RANGE: { readonly [D in DType]?: readonly [min: number, max: number] } = {
  int8: [-128, 127],
  int16: [-32768, 32767],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint8: [0, 255],
  uint16: [0, 65535],
  uint32: [0, 2 ** 32 - 1],
};
/** From where on a number rounds to an infinity of float32. */
const OVERFLOW = 2 ** 128 - 2 ** 103;
const BIG_RANGE: { readonly [D in DType]?: readonly [min: bigint, max: bigint] } = {
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
};

function invalid(argument: string, expected: string, received: string): SynjaxError {
  return new SynjaxError("INVALID_ARGUMENT", `\`${argument}\`: expected ${expected}, got ${received}`, {
    argument,
    expected,
    received,
  });
}

/** Shape of a nested array; every branch must have the same one. */
function shapeOf(value: unknown, argument: string): number[] {
  const shape: number[] = [];
  for (let level = value; Array.isArray(level); level = level[0] as unknown) {
    shape.push(level.length);
    if (shape.length > RANK_LIMIT)
      throw new SynjaxError("LIMIT_RANK", `\`${argument}\`: a tensor has at most ${RANK_LIMIT} axes`, {
        argument,
      });
  }
  return shape;
}

function fill(
  value: unknown,
  shape: readonly number[],
  axis: number,
  put: (leaf: unknown) => void,
  argument: string,
): void {
  if (axis === shape.length) {
    if (Array.isArray(value))
      throw invalid(argument, `a rectangular array of shape (${shape.join(", ")})`, "a deeper one");
    put(value);
    return;
  }
  if (!Array.isArray(value) || value.length !== shape[axis]) {
    const received = Array.isArray(value) ? `${value.length} elements` : typeof value;
    throw invalid(
      argument,
      `a rectangular array: ${shape[axis]} elements on axis ${axis} everywhere`,
      `${received} in one place`,
    );
  }
  for (const item of value) fill(item, shape, axis + 1, put, argument);
}

/** A complex number, or a real one in its place. */
const isComplex = (leaf: unknown): leaf is Complex =>
  typeof leaf === "object" &&
  leaf !== null &&
  typeof (leaf as Complex).real === "number" &&
  typeof (leaf as Complex).imag === "number";

function firstLeaf(value: unknown): unknown {
  for (let axis = 0; axis <= RANK_LIMIT && Array.isArray(value); axis++) value = value[0] as unknown;
  return value;
}

function nestedDtype(value: unknown, kind: Kind): DType {
  const leaf = firstLeaf(value);
  if (typeof leaf === "boolean") return "bool";
  if (typeof leaf === "bigint") return "int64";
  if (isComplex(leaf)) return "complex64";
  return kind === "int" ? "int32" : kind === "bool" ? "bool" : "float32";
}

/** Checks one number against the dtype it is to have: nothing is rounded, wrapped or cut off in silence. */
function assertFits(value: number | bigint, dtype: DType, argument: string): void {
  if (typeof value === "bigint") {
    const [min, max] = BIG_RANGE[dtype]!;
    if (value < min || value > max) throw narrowing(argument, dtype, `${value}, which is out of range`);
    return;
  }
  const range = RANGE[dtype];
  if (!range) {
    if (dtype === "float32" && Number.isFinite(value) && Math.abs(value) >= OVERFLOW)
      throw narrowing(argument, dtype, `${value}, which is out of range`);
    return;
  }
  if (!Number.isInteger(value)) throw narrowing(argument, dtype, `${value}, which is not an integer`);
  if (value < range[0] || value > range[1])
    throw narrowing(argument, dtype, `${value}, which is out of range`);
}

function narrowing(argument: string, dtype: DType, received: string): SynjaxError {
  const fits = received.endsWith("range")
    ? ""
    : ` Convert it yourself, or ask for it with .astype("${dtype}").`;
  return new SynjaxError(
    "NARROWING",
    `\`${argument}\`: expected values of dtype ${dtype}, got ${received}.${fits}`,
    { argument, expected: dtype, received },
  );
}

function fromNested(value: unknown, dtype: DType, argument: string): HostArray {
  if (dtype === "float16" || dtype === "bfloat16" || dtype === "key")
    throw invalid(
      argument,
      `bits (a Uint16Array or Uint32Array) for dtype ${dtype}`,
      "plain numbers: make it float32 and use .astype",
    );
  const shape = shapeOf(value, argument);
  const size = shape.reduce((n, d) => n * d, 1);
  const data = new ARRAY_OF[dtype](size * wordsOf(dtype)) as { [i: number]: number | bigint };
  const big = dtype === "int64" || dtype === "uint64";
  let i = 0;
  const putComplex = (leaf: unknown): void => {
    const value = typeof leaf === "number" ? { real: leaf, imag: 0 } : leaf;
    if (!isComplex(value))
      throw invalid(argument, `an array of { real, imag } (${dtype})`, leaf === null ? "null" : typeof leaf);
    for (const part of [value.real, value.imag]) {
      assertFits(part, dtype === "complex64" ? "float32" : "float64", argument);
      data[i++] = part;
    }
  };
  const put = (leaf: unknown): void => {
    if (dtype === "complex64" || dtype === "complex128") return putComplex(leaf);
    if (
      dtype === "bool" ? typeof leaf !== "boolean" : big ? typeof leaf !== "bigint" : typeof leaf !== "number"
    ) {
      const wanted = dtype === "bool" ? "booleans" : big ? "bigints" : "numbers";
      throw invalid(argument, `an array of ${wanted} (${dtype})`, leaf === null ? "null" : typeof leaf);
    }
    if (typeof leaf !== "boolean") assertFits(leaf as number | bigint, dtype, argument);
    data[i++] = dtype === "bool" ? Number(leaf) : (leaf as number | bigint);
  };
  fill(value, shape, 0, put, argument);
  return { dtype, shape, data: data as unknown as TypedArray };
}

export interface ArrayOptions<D extends DType = DType> {
  /** The dtype wanted; a value it cannot hold is a `NARROWING` error. */
  readonly dtype?: D;
  /** The shape of a flat typed array; its product is the array's length. */
  readonly shape?: readonly number[];
  /** The array is handed over: it is not copied, and must not be changed afterwards. */
  readonly transfer?: boolean;
}

function fromTyped(
  given: TypedArray | Uint8ClampedArray,
  options: ArrayOptions,
  argument: string,
): HostArray {
  const own = isFloat16Array(given) ? "float16" : dtypeOf(given);
  let data = asBits(given);
  if (data.buffer instanceof SharedArrayBuffer) data = (data as Float32Array).slice() as TypedArray;
  const dtype = options.dtype ?? own;
  const count = data.length / wordsOf(dtype);
  const shape = options.shape ?? [count];
  assertShape(shape, count, argument);
  if (reinterprets(own, dtype)) {
    // Booleans, half floats, complex numbers and keys have no typed array of their own: these are their bits
    if (dtype === "bool") assertBooleans(data as Uint8Array, argument);
    const kept = options.transfer ? data : (data as Float32Array).slice();
    return { dtype, shape: [...shape], data: kept as unknown as TypedArray };
  }
  return { dtype, shape: [...shape], data: convert(data as TypedArray, own, dtype, argument) };
}

function reinterprets(from: DType, to: DType): boolean {
  if (from === to) return true;
  return (
    (from === "uint8" && to === "bool") ||
    (from === "uint16" && (to === "float16" || to === "bfloat16")) ||
    (from === "uint32" && to === "key") ||
    (from === "float32" && to === "complex64") ||
    (from === "float64" && to === "complex128")
  );
}

function assertBooleans(bytes: Uint8Array, argument: string): void {
  const other = bytes.find((b) => b > 1);
  if (other !== undefined) throw narrowing(argument, "bool", `${other}, which is neither 0 nor 1`);
}

function convert(data: TypedArray, from: DType, to: DType, argument: string): TypedArray {
  if (from === "float16" || from === "bfloat16") {
    if (to !== "float32" && to !== "float64") throw narrowing(argument, to, `${from} values`);
    const floats = toFloat32(data as Uint16Array, from);
    return to === "float32" ? floats : Float64Array.from(floats);
  }
  if (from === "float64" && to === "float32") throw narrowing(argument, to, "a Float64Array");
  const fromBig = from === "int64" || from === "uint64";
  const toBig = to === "int64" || to === "uint64";
  if (fromBig !== toBig || wordsOf(to) > 1 || to === "float16" || to === "bfloat16")
    throw narrowing(argument, to, `${from} values`);
  const out = new ARRAY_OF[to](data.length) as unknown as { [i: number]: unknown };
  for (let i = 0; i < data.length; i++) {
    const v = data[i]!;
    assertFits(v, to, argument);
    out[i] = v;
  }
  return out as unknown as TypedArray;
}

function assertShape(shape: readonly number[], size: number, argument: string): void {
  if (!Array.isArray(shape)) throw invalid(argument, "an array of lengths as its shape", String(shape));
  if (shape.length > RANK_LIMIT)
    throw new SynjaxError(
      "LIMIT_RANK",
      `\`${argument}\`: a tensor has at most ${RANK_LIMIT} axes, got ${shape.length}`,
      {
        argument,
      },
    );
  if (!shape.every((d) => Number.isInteger(d) && d >= 0) || shape.reduce((n, d) => n * d, 1) !== size)
    throw invalid(argument, `a shape whose product is ${size}`, `(${shape.join(", ")})`);
}

/** Any host value as a tensor's bytes; `undefined` where it is none. Copies unless told that it may keep the array. */
export function toHostArray(
  value: unknown,
  kind: Kind,
  argument: string,
  options: ArrayOptions = {},
): HostArray | undefined {
  if (options.dtype !== undefined && !Object.hasOwn(ARRAY_OF, options.dtype))
    throw invalid(argument, `a dtype (${Object.keys(ARRAY_OF).join(", ")})`, String(options.dtype));
  if (
    typeof value === "number" ||
    typeof value === "boolean" ||
    typeof value === "bigint" ||
    Array.isArray(value)
  ) {
    const host = fromNested(value, options.dtype ?? nestedDtype(value, kind), argument);
    if (options.shape === undefined) return host;
    assertShape(options.shape, host.data.length / wordsOf(host.dtype), argument);
    return { ...host, shape: [...options.shape] };
  }
  if (value instanceof DataView) return undefined;
  if (ArrayBuffer.isView(value)) return fromTyped(value as TypedArray, options, argument);
  if (isArrowVector(value)) {
    const host = fromArrowVector(value, argument);
    if (options.dtype === undefined && options.shape === undefined) return host;
    return fromTyped(host.data, { shape: host.shape, ...options }, argument);
  }
  return undefined;
}
