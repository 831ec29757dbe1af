/** The bytes of a tensor as JavaScript and Arrow values. */
import { toArrowVector } from "../../bridge/wire/arrow.ts";
import { type DType, type HostArray, wordsOf } from "../../bridge/wire/dtypes.ts";
import { SynjaxError } from "../../bridge/errors.ts";
import { asBits, elementsOf, type ElementsOf } from "./float16-array.ts";
import { toFloat32 } from "../../bridge/wire/float16.ts";
import { bundleOf, type DisplayBundle, JUPYTER_DISPLAY } from "./notebook.ts";
import type { Complex, ComplexDType } from "./static-dtypes.ts";

/** Nested arrays of a flat one; half floats as numbers, booleans as booleans. */
export function toNested(host: HostArray): unknown {
  const { shape } = host;
  const read = reader(host);
  let i = 0;
  const level = (axis: number): unknown =>
    axis === shape.length ? read(i++) : Array.from({ length: shape[axis]! }, () => level(axis + 1));
  return level(0);
}

function reader(host: HostArray): (i: number) => number | bigint | boolean | Complex | readonly number[] {
  const { dtype } = host;
  if (dtype === "bool") return (i) => host.data[i] !== 0;
  if (dtype === "key") return (i) => [Number(host.data[2 * i]), Number(host.data[2 * i + 1])];
  if (dtype === "complex64" || dtype === "complex128")
    return (i) => ({ real: Number(host.data[2 * i]), imag: Number(host.data[2 * i + 1]) });
  if (dtype === "float16" || dtype === "bfloat16") {
    const floats = toFloat32(host.data as Uint16Array, dtype);
    return (i) => floats[i]!;
  }
  return (i) => host.data[i]!;
}

export type Scalar<D extends DType> = D extends "bool"
  ? boolean
  : D extends "int64" | "uint64"
    ? bigint
    : D extends ComplexDType
      ? Complex
      : number;

/** The one element of a tensor that has one. */
export function toScalar<D extends DType>(host: HostArray<D>): Scalar<D> {
  if (host.shape.reduce((n, d) => n * d, 1) !== 1)
    throw new SynjaxError(
      "INVALID_ARGUMENT",
      `item(): expected a tensor of one element, got shape (${host.shape.join(", ")}): use data() or array()`,
    );
  return reader(host)(0) as Scalar<D>;
}

/** More elements than this are not shown as nested arrays. */
const SHOWN = 1_000;

/** What `console.log` gives to a value that shows itself. */
export type Inspect = (value: unknown, options: object) => string;

/** `float32[2, 2] [ [ 1, 2 ], [ 3, 4 ] ]`; many elements as the flat array they are, which is cut short. */
export function show(host: HostArray, depth: number, options: object, inspect: Inspect): string {
  const type = `${host.dtype}[${host.shape.join(", ")}]`;
  if (depth < 0) return type;
  const values = host.data.length > SHOWN ? host.data : toNested(host);
  return `${type} ${inspect(values, { ...options, depth: null })}`;
}

/** JSON has no name for these: they are written as JavaScript writes them. */
function jsonOf(value: number | bigint | boolean): number | string | boolean {
  return typeof value === "bigint" || (typeof value === "number" && !Number.isFinite(value))
    ? String(value)
    : value;
}

/** A tensor on the host, as `session.get` returns it. */
export class HostTensor<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  /** Row-major, as `data()` of a tensor gives it. */
  readonly data: ElementsOf<D>;

  constructor(host: HostArray<D>) {
    const { dtype, shape, data } = (host ?? {}) as Partial<HostArray<D>>;
    if (typeof dtype !== "string" || !Array.isArray(shape) || !ArrayBuffer.isView(data))
      throw new SynjaxError(
        "INVALID_ARGUMENT",
        "new HostTensor(host): expected { dtype, shape, data }, with a typed array as data",
        { argument: "host" },
      );
    this.dtype = host.dtype;
    this.shape = host.shape;
    this.data = elementsOf(host.dtype, host.data);
  }

  /** Nested JavaScript arrays (a scalar for rank 0). */
  array(): unknown {
    return toNested(hostOf(this));
  }

  /** The value of a tensor of one element. */
  item(): Scalar<D> {
    return toScalar(hostOf(this)) as Scalar<D>;
  }
  /** An Arrow vector of the same memory: of numbers, or of fixed-size lists for more axes than one. Loads apache-arrow. */
  arrow(): ReturnType<typeof toArrowVector> {
    return toArrowVector(hostOf(this));
  }

  /**
   * What `JSON.stringify` writes: dtype, shape, and the elements in row-major order, half floats as numbers. `NaN`,
   * `Infinity` and 64-bit integers are strings; −0 is 0. Complex numbers are real and imaginary parts in turn.
   */
  toJSON(): {
    readonly dtype: D;
    readonly shape: readonly number[];
    readonly data: readonly (number | string | boolean)[];
  } {
    const { dtype, shape, data } = hostOf(this);
    const values = wordsOf(dtype) > 1 ? data : toNested({ dtype, shape: [data.length], data });
    return { dtype: dtype as D, shape, data: Array.from(values as Iterable<number>, jsonOf) };
  }

  [Symbol.for("nodejs.util.inspect.custom")](depth: number, options: object, inspect: Inspect): string {
    return `HostTensor ${show(hostOf(this), depth, options, inspect)}`;
  }
  /** In a notebook: the value, as a table or as a picture. */
  [JUPYTER_DISPLAY](): DisplayBundle {
    return bundleOf(hostOf(this), this.array());
  }
}

const hostOf = <D extends DType>({ dtype, shape, data }: HostTensor<D>): HostArray =>
  ({ dtype, shape, data: asBits(data as Uint16Array) }) as HostArray;
