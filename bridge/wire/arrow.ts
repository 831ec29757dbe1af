/**
 * Converts between Arrow vectors and host arrays. An array is the values buffer of a primitive vector, so neither
 * direction copies, with two exceptions: Arrow packs booleans as bits, and a vector of several chunks is joined.
 * apache-arrow itself is loaded only where a vector is made.
 */
import type { Table, Vector } from "apache-arrow";
import { ARROW_TYPE } from "./generated-protocol.ts";
import { ARRAY_OF, type DataOf, type DType, type HostArray, type TypedArray } from "./dtypes.ts";
import { SynjaxError } from "../errors.ts";

/** `Type` of apache-arrow; the format fixes these numbers. */
const TYPE = {
  int: 2,
  float: 3,
  bool: 6,
  list: 12,
  fixedSizeList: 16,
  largeList: 21,
  dictionary: -1,
} as const;

interface ArrowType {
  readonly typeId: number;
  readonly bitWidth?: number;
  readonly isSigned?: boolean;
  /** Of a float: 0 half, 1 single, 2 double. */
  readonly precision?: number;
  readonly listSize?: number;
  readonly children?: readonly { readonly type: ArrowType }[] | null;
}

/** A chunk of a vector. Its values begin at its first element, but a boolean's bits at `offset`. */
interface ArrowData {
  readonly type: ArrowType;
  readonly length: number;
  readonly nullCount: number;
  readonly offset: number;
  readonly values: TypedArray;
  readonly valueOffsets: Int32Array | BigInt64Array;
  readonly children: readonly ArrowData[];
}

/** The part of an Arrow vector that is read here. Any copy of apache-arrow may have made it. */
export interface ArrowVector {
  readonly type: { readonly typeId: number };
  readonly length: number;
  readonly nullCount: number;
  readonly data: readonly object[];
}

/** The part of a schema field that is read here. */
export interface ArrowField {
  readonly metadata: ReadonlyMap<string, string>;
}

export function isArrowVector(value: unknown): value is ArrowVector {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || !("data" in value))
    return false;
  const { type, data, length, nullCount } = value as Partial<ArrowVector>;
  return (
    typeof type?.typeId === "number" &&
    typeof length === "number" &&
    typeof nullCount === "number" &&
    Array.isArray(data)
  );
}

/**
 * The array of a vector: `[length]` of numbers or booleans, `[length, …]` of fixed-size lists of them. It shares the
 * vector's memory where it can.
 *
 * @param field the vector's field in its schema; for an `arrow.fixed_shape_tensor` column it holds the shape
 * @throws SynjaxError INVALID_ARGUMENT for nulls, and for what is no array of numbers.
 */
export function fromArrowVector(vector: ArrowVector, argument: string, field?: ArrowField): HostArray {
  const chunks = vector.data as readonly ArrowData[];
  const host = joined(vector.type, chunks, argument);
  const shape = field && fixedShape(field, argument);
  if (!shape) return host;
  if (product(shape) !== product(host.shape.slice(1))) {
    throw invalid(
      argument,
      `lists of ${product(shape)} elements, as its shape (${shape.join(", ")}) says`,
      shown(host),
    );
  }
  return { ...host, shape: [vector.length, ...shape] };
}

/** A ragged column: rows of different lengths, padded. */
export interface Ragged {
  /** `[n, t, …]`, t the longest row's length; zero beyond each row's end. */
  readonly values: HostArray;
  /** `[n]`. */
  readonly lengths: HostArray<"int32">;
}

/** The rows of a vector of lists, of numbers or of fixed-size lists of them, padded to the longest. */
export function fromArrowLists(vector: ArrowVector, argument: string): Ragged {
  const { typeId, children } = vector.type as ArrowType;
  if (typeId !== TYPE.list && typeId !== TYPE.largeList)
    throw invalid(argument, "an Arrow vector of lists", named(vector.type));
  const chunks = vector.data as readonly ArrowData[];
  const rows = chunks.flatMap((chunk) => rowsOf(chunk, argument));
  const lengths = Int32Array.from(rows, (row) => row.shape[0]!);
  const longest = lengths.reduce((a, b) => Math.max(a, b), 0);
  const { dtype, shape } = rows[0] ?? joined(children![0]!.type, [], argument);
  const item = shape.slice(1);
  const rowSize = longest * product(item);
  const data = new ARRAY_OF[dtype](rows.length * rowSize);
  rows.forEach((row, i) => (data as Float32Array).set(row.data as Float32Array, i * rowSize));
  return {
    values: { dtype, shape: [rows.length, longest, ...item], data },
    lengths: { dtype: "int32", shape: [rows.length], data: lengths },
  };
}

function rowsOf(chunk: ArrowData, argument: string): HostArray[] {
  assertNoNulls(chunk, argument);
  const child = hostOf(chunk.children[0]!, argument);
  const size = product(child.shape.slice(1));
  return Array.from({ length: chunk.length }, (_, i) => {
    const [start, end] = [Number(chunk.valueOffsets[i]), Number(chunk.valueOffsets[i + 1])];
    const data = (child.data as Float32Array).subarray(start * size, end * size);
    return { ...child, shape: [end - start, ...child.shape.slice(1)], data } as HostArray;
  });
}

/**
 * An Arrow vector over a tensor's data: of numbers for one axis, of nested fixed-size lists for more. A scalar becomes a
 * vector of one element. Loads apache-arrow.
 *
 * @throws SynjaxError INVALID_ARGUMENT for bfloat16 and keys, which Arrow does not have.
 */
export async function toArrowVector(host: HostArray): Promise<Vector> {
  const arrow = await import("apache-arrow");
  if (!hasArrowType(host.dtype))
    throw invalid("tensor", "a dtype that Arrow has (bfloat16: convert it with .astype)", host.dtype);
  const type = new arrow[ARROW_TYPE[host.dtype]]();
  const data = host.dtype === "bool" ? packBits(host.data as Uint8Array) : host.data;
  let node = arrow.makeData({ type, length: host.data.length, nullCount: 0, data } as never) as InstanceType<
    typeof arrow.Data
  >;
  for (let axis = host.shape.length - 1; axis > 0; axis--) {
    const list = new arrow.FixedSizeList(host.shape[axis]!, new arrow.Field("item", node.type, false));
    node = arrow.makeData({
      type: list,
      length: product(host.shape.slice(0, axis)),
      nullCount: 0,
      child: node,
    });
  }
  return arrow.makeVector(node);
}

/** An Arrow table of columns that are equally long, each a vector over an array. Loads apache-arrow. */
export async function toArrowTable(columns: Readonly<Record<string, HostArray>>): Promise<Table> {
  const arrow = await import("apache-arrow");
  const vectors: Record<string, Vector> = {};
  for (const [name, host] of Object.entries(columns)) vectors[name] = await toArrowVector(host);
  return new arrow.Table(vectors);
}

function hasArrowType(dtype: DType): dtype is keyof typeof ARROW_TYPE {
  return dtype in ARROW_TYPE;
}

// -- chunks ----------------------------------------------------------------------------------------------------------

function joined(type: ArrowType, chunks: readonly ArrowData[], argument: string): HostArray {
  const hosts = chunks.map((chunk) => hostOf(chunk, argument));
  if (hosts.length === 1) return hosts[0]!;
  const [dtype, item] = elementOf(type, argument);
  const length = hosts.reduce((sum, host) => sum + host.shape[0]!, 0);
  const data = new ARRAY_OF[dtype](length * product(item));
  let at = 0;
  for (const host of hosts) {
    (data as Float32Array).set(host.data as Float32Array, at);
    at += host.data.length;
  }
  return { dtype, shape: [length, ...item], data };
}

/** One chunk as an array `[length, …]`. The child of a fixed-size list holds the elements of all lists in a row. */
function hostOf(chunk: ArrowData, argument: string): HostArray {
  assertNoNulls(chunk, argument);
  const [dtype, item] = elementOf(chunk.type, argument);
  if (chunk.type.typeId === TYPE.fixedSizeList) {
    const child = hostOf(chunk.children[0]!, argument);
    const data = (child.data as Float32Array).subarray(0, chunk.length * product(item));
    return { dtype, shape: [chunk.length, ...item], data: data as DataOf[DType] };
  }
  const data = dtype === "bool" ? unpackBits(chunk) : chunk.values.subarray(0, chunk.length);
  return { dtype, shape: [chunk.length], data };
}

function elementOf(type: ArrowType, argument: string): readonly [DType, readonly number[]] {
  if (type.typeId === TYPE.fixedSizeList) {
    const [dtype, item] = elementOf(type.children![0]!.type, argument);
    return [dtype, [type.listSize!, ...item]];
  }
  const dtype = dtypeOf(type);
  if (dtype) return [dtype, []];
  throw invalid(argument, "an Arrow vector of numbers, booleans or fixed-size lists of them", advised(type));
}

function dtypeOf({ typeId, bitWidth, isSigned, precision }: ArrowType): DType | undefined {
  if (typeId === TYPE.bool) return "bool";
  if (typeId === TYPE.int) return `${isSigned ? "int" : "uint"}${bitWidth as 8 | 16 | 32 | 64}`;
  if (typeId === TYPE.float) return (["float16", "float32", "float64"] as const)[precision!];
  return undefined;
}

function advised(type: ArrowType): string {
  const { typeId } = type;
  if (typeId === TYPE.dictionary) return "a dictionary-encoded one (pass its indices)";
  if (typeId === TYPE.list || typeId === TYPE.largeList)
    return "one of lists of different lengths (pad them first)";
  return named(type);
}

function named(type: { readonly typeId: number }): string {
  return `one of ${String(type)}`;
}

function assertNoNulls(chunk: ArrowData, argument: string): void {
  if (chunk.nullCount > 0) {
    throw invalid(argument, "a vector without nulls (fill or drop them first)", `${chunk.nullCount} nulls`);
  }
}

function unpackBits({ values, offset, length }: ArrowData): Uint8Array {
  const bytes = new Uint8Array(length);
  const bits = values as Uint8Array;
  for (let i = 0; i < length; i++) bytes[i] = (bits[(offset + i) >> 3]! >> ((offset + i) & 7)) & 1;
  return bytes;
}

function packBits(bytes: Uint8Array): Uint8Array {
  const bits = new Uint8Array(Math.ceil(bytes.length / 64) * 8); // Arrow pads buffers to 8 bytes
  for (let i = 0; i < bytes.length; i++) if (bytes[i]) bits[i >> 3]! |= 1 << (i & 7);
  return bits;
}

function fixedShape({ metadata }: ArrowField, argument: string): readonly number[] | undefined {
  if (metadata.get("ARROW:extension:name") !== "arrow.fixed_shape_tensor") return undefined;
  const { shape, permutation } = parsed(metadata.get("ARROW:extension:metadata"));
  const isShape = (value: unknown): value is readonly number[] =>
    Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
  if (!isShape(shape))
    throw invalid(argument, "the shape of an arrow.fixed_shape_tensor in its field's metadata", "none");
  // prettier-ignore
  if (permutation !== undefined && !(isShape(permutation) && permutation.every((axis, i) => axis === i)))
    throw invalid(argument, "axes in the order they are stored in", `a permutation ${JSON.stringify(permutation)}`);
  return shape;
}

/** What a field's metadata says, which anybody may have written: nothing where it is no JSON object. */
function parsed(text: string | undefined): { readonly shape?: unknown; readonly permutation?: unknown } {
  try {
    return (JSON.parse(text ?? "{}") as object | null) ?? {};
  } catch {
    return {};
  }
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((a, b) => a * b, 1);
}

function shown({ dtype, shape }: HostArray): string {
  return `${dtype}[${shape.join(", ")}]`;
}

function invalid(argument: string, expected: string, received: string): SynjaxError {
  return new SynjaxError("INVALID_ARGUMENT", `\`${argument}\`: expected ${expected}, got ${received}`, {
    argument,
    expected,
    received,
  });
}
