/** Tensors of host data. */
import type { DType } from "../../bridge/wire/dtypes.ts";
import { SynjaxError } from "../../bridge/errors.ts";
import { holdsTraced } from "../program/encode.ts";
import { checkCall, type Signature } from "../program/signatures.ts";
import { adopt, Traced } from "../program/traced.ts";
import { type ArrayOptions, type Kind, toHostArray } from "./host-array.ts";
import type { HostLike } from "./host-like.ts";
import { Shape } from "./shape.ts";
import type { Strong } from "./static-dtypes.ts";
import { type Of, Tensor } from "./tensor.ts";

const ARRAY: Signature = {
  takes: { data: "any" },
  options: { dtype: "dtype?", shape: "any?", transfer: "boolean?" },
};

export type ArrayDtype<T, D> = [D] extends [DType] ? D : T extends number ? "float32" : Strong<Of<T>>;

/**
 * A tensor of host data: nested arrays (numbers are float32 unless a dtype is given), typed arrays, Arrow vectors.
 * The data is copied, or taken over with `{ transfer: true }`.
 * @throws {SynjaxError} `INVALID_ARGUMENT` for ragged arrays and shapes that do not fit; `NARROWING` where the dtype
 *   asked for cannot hold a value.
 */
export function array<
  const T extends HostLike | number | boolean | bigint,
  D extends DType | undefined = undefined,
>(data: T, options: { readonly dtype?: D } & Omit<ArrayOptions, "dtype"> = {}): Tensor<ArrayDtype<T, D>> {
  checkCall("array", ARRAY, [data, options]);
  const host = toHostArray(data, "any", "data", options as ArrayOptions);
  if (!host)
    throw new SynjaxError(
      "NOT_A_TENSOR",
      `array(): expected numbers, arrays or an Arrow vector, got ${describe(data)}`,
    );
  return adopt(Tensor, { kind: "host", host }) as never;
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === "object" ? `a ${value.constructor?.name ?? "object"}` : `a ${typeof value}`;
}

/** Raw host data as a tensor; tensors, sizes and plain numbers pass. */
function convert(value: unknown, kind: Kind, argument: string): unknown {
  if (value === undefined || value instanceof Traced || value instanceof Shape) return value;
  if (typeof value === "number") {
    if (kind === "int" && !Number.isInteger(value))
      throw new SynjaxError("INVALID_ARGUMENT", `\`${argument}\`: expected an integer, got ${value}`, {
        argument,
        expected: "an integer",
        received: String(value),
      });
    return value;
  }
  if (typeof value === "boolean" && kind === "bool") return value;
  const host = toHostArray(value, kind, argument);
  if (!host)
    throw new SynjaxError(
      "NOT_A_TENSOR",
      `\`${argument}\`: expected a tensor or an array, got ${describe(value)}`,
      {
        argument,
      },
    );
  return adopt(Tensor, { kind: "host", host });
}

/** @internal */
export const asInt = (value: unknown, argument: string): unknown => convert(value, "int", argument);
/** @internal */
export const asFloat = (value: unknown, argument: string): unknown => convert(value, "float", argument);
/** @internal */
export const asBool = (value: unknown, argument: string): unknown => convert(value, "bool", argument);

/** @internal Integers of which some may be tensors: scalars in a list, or one tensor. */
export const asInts = (values: unknown, argument: string): unknown =>
  Array.isArray(values) && holdsTraced(values)
    ? values.map((value) => convert(value, "int", argument))
    : convert(values, "int", argument);

/** @internal A raw array as a tensor; `undefined` for what is no array. */
export function asHostTensor(value: unknown): Tensor | undefined {
  const host = toHostArray(value, "any", "operand");
  return host && adopt(Tensor, { kind: "host", host });
}
