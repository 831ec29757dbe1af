/** Sequences of different lengths as one tensor. */
import { fromArrowLists, isArrowVector } from "../../bridge/wire/arrow.ts";
import { SynjaxError } from "../../bridge/errors.ts";
import { ARRAY_OF, type DType, type HostArray, type TypedArray, wordsOf } from "../../bridge/wire/dtypes.ts";
import { checkCall, shown, type Signature } from "../program/signatures.ts";
import { callersLine } from "../program/source-line.ts";
import { adopt } from "../program/traced.ts";
import type { ArrayDtype } from "./array.ts";
import { toHostArray } from "./host-array.ts";
import type { ArrowVectorLike, HostLike } from "./host-like.ts";
import { Tensor } from "./tensor.ts";

export interface PaddedOptions<D extends DType | undefined = DType> {
  /** The dtype wanted, as in `array`: of rows of numbers float32 where it is left out. */
  readonly dtype?: D;
  /** How long every row becomes; a longer one is refused. The length of the longest where it is left out. */
  readonly width?: number;
  /**
   * Rounds the length of the longest up to a multiple, at least one of it: a few widths, and so a few compilations, for
   * all batches.
   */
  readonly multipleOf?: number;
  /** The shape of an item, as its rows have it: to be said where a batch may have no rows, or none that is not empty. */
  readonly item?: readonly number[];
}

const PADDED: Signature = {
  takes: { rows: "any" },
  options: { dtype: "dtype?", width: "number?", multipleOf: "number?", item: "any?" },
};

/**
 * Rows of different lengths as one rectangular tensor, padded with zeros at the end, and their lengths: what a
 * distribution takes as `observations` or `emission`, and `lengths`. Rows are arrays of numbers, nested ones of equal
 * items, typed arrays of one kind, or an Arrow column of lists.
 * @throws {SynjaxError} `INVALID_ARGUMENT` for a row that is longer than `width` or whose items differ from others', and
 *   for nulls; `NARROWING` where the dtype cannot hold a value
 */
export function padded<
  const T extends ArrowVectorLike | readonly HostLike[],
  D extends DType | undefined = undefined,
>(
  rows: T,
  options: PaddedOptions<D> = {},
): {
  readonly values: Tensor<
    T extends readonly (infer Row)[] ? ArrayDtype<Row, D> : D extends DType ? D : DType
  >;
  readonly lengths: Tensor<"int32">;
} {
  checkCall("padded", PADDED, [rows, options]);
  const { values, lengths } = ragged(rows, options as PaddedOptions);
  return {
    values: adopt(Tensor, { kind: "host", host: widened(values, lengths, options) }) as never,
    lengths: adopt(Tensor, { kind: "host", host: lengths }) as Tensor<"int32">,
  };
}

type Ragged = { readonly values: readonly HostArray[]; readonly lengths: HostArray<"int32"> };

function ragged(rows: unknown, { dtype }: PaddedOptions): Ragged {
  if (isArrowVector(rows)) {
    const { values, lengths } = fromArrowLists(rows, "rows");
    const host =
      dtype === undefined ? values : toHostArray(values.data, "any", "rows", { dtype, shape: values.shape })!;
    return { values: Array.from(lengths.data, (length, i) => rowOf(host, i, length)), lengths };
  }
  if (!Array.isArray(rows))
    throw refused("rows", "an array of arrays or an Arrow vector of lists", shown(rows));
  const values = rows.map((row: unknown, i) => {
    const isRow = Array.isArray(row) || ArrayBuffer.isView(row) || isArrowVector(row);
    const host = isRow && toHostArray(row, "any", `rows[${i}]`, dtype === undefined ? {} : { dtype });
    if (!host) throw refused(`rows[${i}]`, "an array of numbers", shown(row));
    return host;
  });
  const lengths = Int32Array.from(values, ({ shape }) => shape[0]!);
  return { values, lengths: { dtype: "int32", shape: [lengths.length], data: lengths } };
}

/** @internal Row `i` of what is padded to the longest. */
export function rowOf({ dtype, shape, data }: HostArray, i: number, length: number): HostArray {
  const item = shape.slice(2);
  const size = item.reduce((n, d) => n * d, wordsOf(dtype));
  const start = i * shape[1]! * size;
  return { dtype, shape: [length, ...item], data: (data as Uint8Array).subarray(start, start + length * size) } as HostArray; // prettier-ignore
}

function widened(rows: readonly HostArray[], lengths: HostArray<"int32">, options: object): HostArray {
  const wanted = options as PaddedOptions;
  const width = widthOf(lengths.data, wanted);
  // An empty row says nothing of its items
  const first = rows.find((row) => row.data.length > 0) ?? rows[0];
  const dtype = first?.dtype ?? wanted.dtype ?? "float32";
  const item = itemOf(wanted) ?? first?.shape.slice(1) ?? [];
  const size = width * item.reduce((n, d) => n * d, wordsOf(dtype));
  const data = new ARRAY_OF[dtype](rows.length * size) as Uint8Array;
  rows.forEach((row, i) => {
    if (row.data.length === 0) return;
    const [received, expected] = [typeOf(row.dtype, row.shape.slice(1)), typeOf(dtype, item)];
    if (received !== expected)
      throw refused(
        `rows[${i}]`,
        `items like ${wanted.item ? "`item` says" : "those of the rows before"}, ${expected}`,
        received,
      );
    data.set(row.data as Uint8Array, i * size);
  });
  return { dtype, shape: [rows.length, width, ...item], data: data as TypedArray };
}

function itemOf({ item }: PaddedOptions): readonly number[] | undefined {
  const isShape = Array.isArray(item) && item.every((d) => Number.isSafeInteger(d) && d >= 0);
  if (item !== undefined && !isShape)
    throw refused("item", "a shape, an array of whole numbers", shown(item));
  return item;
}

const typeOf = (dtype: DType, shape: readonly number[]): string => `${dtype}[${shape.join(", ")}]`;

function widthOf(lengths: Int32Array, { width, multipleOf }: PaddedOptions): number {
  const longest = lengths.reduce((a, b) => Math.max(a, b), 0);
  if (width !== undefined && multipleOf !== undefined)
    throw refused("multipleOf", "`width` or `multipleOf`, not both", "both");
  for (const [name, value, least] of [
    ["width", width, 0],
    ["multipleOf", multipleOf, 1],
  ] as const)
    // prettier-ignore
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= least))
      throw refused(name, `a whole number of at least ${least}`, shown(value));
  if (multipleOf !== undefined) return Math.max(1, Math.ceil(longest / multipleOf)) * multipleOf;
  if (width === undefined) return longest;
  const beyond = lengths.findIndex((length) => length > width);
  if (beyond >= 0)
    throw refused(`rows[${beyond}]`, `at most width = ${width} items`, String(lengths[beyond]));
  return width;
}

const refused = (argument: string, expected: string, received: string): SynjaxError =>
  new SynjaxError("INVALID_ARGUMENT", `padded: \`${argument}\`: expected ${expected}, got ${received}`, {
    argument,
    expected,
    received,
    line: callersLine(),
  });
