/** The tensor, and what stands where one is wanted. */
import type { DType } from "../../bridge/wire/dtypes.ts";
import { SynjaxError } from "../../bridge/errors.ts";
import type { Float, Numeric, Promote, Sum } from "../ops/dtypes.ts";
import { emit } from "../program/emit.ts";
import { isReplaying } from "../program/noted-reads.ts";
import { isRecording } from "../program/recording.ts";
import { runtime } from "../program/runtime.ts";
import { alike, checkMethods } from "../program/signatures.ts";
import { NODE, Traced } from "../program/traced.ts";
import type { WaitOptions } from "../program/wait-options.ts";
import { elementsOf, type ElementsOf, type Float16Like } from "./float16-array.ts";
import type { HostLike, Nested } from "./host-like.ts";
import { type Inspect, type Scalar, show, toNested, toScalar } from "./host-tensor.ts";
import { encodeIndex } from "./index-items.ts";
import { bundleOf, type DisplayBundle, JUPYTER_DISPLAY } from "./notebook.ts";
import type { Complex, OfNumber } from "./static-dtypes.ts";
import { Shape, Size, type Dim, type ShapeLike } from "./shape.ts";

export type { DType } from "../../bridge/wire/dtypes.ts";
export type { Dim, ShapeLike } from "./shape.ts";
export type { WaitOptions } from "../program/wait-options.ts";
export type { Complex, ComplexDType, FloatDType, Static, Strong } from "./static-dtypes.ts";
export { Size } from "./shape.ts";

/** What operations take: tensors, numbers, sizes, (nested) arrays, typed arrays and Arrow vectors. */
export type TensorLike<D extends DType = DType> =
  Tensor<D> | Size | (D extends "bool" ? boolean : number) | HostLike<D>;

/** Where the type checker knows no Float16Array there is none. */
type IsFloat16<T> = [Float16Like] extends [never] ? false : T extends Float16Like ? true : false;

/** The dtype of an argument, in the types. Nested arrays of numbers are float32. */
export type Of<T> =
  T extends Tensor<infer D>
    ? D
    : T extends number
      ? OfNumber<T>
      : T extends Size
        ? "weakInt"
        : T extends boolean
          ? "bool"
          : T extends bigint
            ? "int64"
            : T extends Float32Array
              ? "float32"
              : IsFloat16<T> extends true
                ? "float16"
                : T extends Float64Array
                  ? "float64"
                  : T extends Int32Array
                    ? "int32"
                    : T extends Uint8Array | Uint8ClampedArray
                      ? "uint8"
                      : T extends Int8Array
                        ? "int8"
                        : T extends Int16Array
                          ? "int16"
                          : T extends Uint16Array
                            ? "uint16"
                            : T extends Uint32Array
                              ? "uint32"
                              : T extends BigInt64Array
                                ? "int64"
                                : T extends BigUint64Array
                                  ? "uint64"
                                  : T extends readonly []
                                    ? "float32"
                                    : T extends readonly Nested<boolean>[]
                                      ? "bool"
                                      : T extends readonly Nested<number>[]
                                        ? "float32"
                                        : T extends readonly Nested<bigint>[]
                                          ? "int64"
                                          : T extends readonly Nested<Complex>[]
                                            ? "complex64"
                                            : DType;

/** What is known of a tensor without its elements. */
export interface Aval<D extends DType = DType> {
  readonly shape: readonly number[];
  readonly dtype: D;
  /** Whether it takes the dtype of what it meets, as a number does. Default false. */
  readonly weak?: boolean;
}

/** An element of an index: a position, `null` for a new axis, `"..."`, a slice `[start?, stop?, step?]`, or positions. */
export type Index =
  | Dim
  | null
  | "..."
  | readonly []
  | readonly [start: Dim | null]
  | readonly [start: Dim | null, stop: Dim | null]
  | readonly [start: Dim | null, stop: Dim | null, step: number]
  | Tensor<"int32">
  | Int32Array;

export function notWhileRecording(method: string): void {
  if (isRecording() && !isReplaying())
    throw new SynjaxError(
      "TRACED_AS_NUMBER",
      `${method}() inside a recorded function: no value exists while it is being recorded. Return the tensor and read it outside.`,
    );
}

/**
 * A tensor: host data, a value on the device, or a step of a program that is being recorded. Operations are recorded
 * and run when a value is asked for with `data()`, `array()` or `item()`.
 */
export class Tensor<D extends DType = DType> extends Traced {
  /**
   * The dtype, in the types only: the program that runs says what it is, to `aval()`.
   * @throws {SynjaxError} `TRACED_AS_NUMBER`
   */
  get dtype(): D {
    throw new SynjaxError(
      "TRACED_AS_NUMBER",
      "dtype: it is known when the program runs. Read `(await x.aval()).dtype` outside of recorded functions.",
    );
  }

  /** The shape, symbolic: `x.shape.at(-1)`, `const [n, t] = x.shape`. See `aval()` for numbers. */
  get shape(): Shape {
    return new Shape(this);
  }
  /** The number of axes, symbolic. */
  get ndim(): Size {
    return emit("rank", [this], undefined, Size);
  }

  // -- values --------------------------------------------------------------------------------------------------

  /**
   * The elements in row-major order. float16 arrives as a Float16Array where the runtime has it (Node 24), otherwise as
   * its bits, as bfloat16 does; int64 as bigints, keys as word pairs, complex numbers as real and imaginary parts in turn.
   */
  data(options: WaitOptions = {}): Promise<ElementsOf<D>> {
    notWhileRecording("data");
    const isKept = this[NODE].kind === "host"; // by this tensor; what is fetched is the caller's alone
    return runtime()
      .read(this, options)
      .then(
        ({ dtype, data }) =>
          elementsOf(dtype, isKept ? (data as Float32Array).slice() : data) as ElementsOf<D>,
      );
  }
  /** Nested JavaScript arrays, half floats as numbers, complex numbers as `{ real, imag }`; a scalar for rank 0. */
  array(options: WaitOptions = {}): Promise<unknown> {
    notWhileRecording("array");
    return runtime().read(this, options).then(toNested);
  }
  /** The value of a tensor of one element. */
  item(options: WaitOptions = {}): Promise<Scalar<D>> {
    notWhileRecording("item");
    return runtime().read(this, options).then(toScalar) as Promise<Scalar<D>>;
  }
  /** Shape and dtype as numbers and strings, once they are known. */
  async aval(): Promise<Required<Aval<D>>> {
    notWhileRecording("aval");
    const [dtype, shape, weak] = await runtime().aval(this);
    return { dtype: dtype as D, shape, weak };
  }
  /** Frees the value on the device; later use is `HANDLE_DISPOSED`. */
  dispose(): void {
    runtime().dispose(this);
  }
  [Symbol.dispose](): void {
    this.dispose();
  }

  // -- maths: the operations of `np`, as methods ------------------------------------------------------------------

  add<B extends TensorLike>(other: B): Tensor<Promote<D, Of<B>>> {
    return emit("np.add", [this, other], undefined, Tensor) as never;
  }
  sub<B extends TensorLike>(other: B): Tensor<Promote<D, Of<B>>> {
    return emit("np.subtract", [this, other], undefined, Tensor) as never;
  }
  mul<B extends TensorLike>(other: B): Tensor<Promote<D, Of<B>>> {
    return emit("np.multiply", [this, other], undefined, Tensor) as never;
  }
  div<B extends TensorLike>(other: B): Tensor<Float<Promote<D, Of<B>>>> {
    return emit("np.divide", [this, other], undefined, Tensor) as never;
  }
  mod<B extends TensorLike>(other: B): Tensor<Numeric<Promote<D, Of<B>>>> {
    return emit("np.remainder", [this, other], undefined, Tensor) as never;
  }
  pow<B extends TensorLike>(other: B): Tensor<Numeric<Promote<D, Of<B>>>> {
    return emit("np.power", [this, other], undefined, Tensor) as never;
  }
  neg(): Tensor<D> {
    return emit("np.negative", [this], undefined, Tensor) as never;
  }
  abs(): Tensor<D> {
    return emit("np.abs", [this], undefined, Tensor) as never;
  }
  exp(): Tensor<Float<D>> {
    return emit("np.exp", [this], undefined, Tensor) as never;
  }
  log(): Tensor<Float<D>> {
    return emit("np.log", [this], undefined, Tensor) as never;
  }
  sqrt(): Tensor<Float<D>> {
    return emit("np.sqrt", [this], undefined, Tensor) as never;
  }
  tanh(): Tensor<Float<D>> {
    return emit("np.tanh", [this], undefined, Tensor) as never;
  }
  greater(other: TensorLike): Tensor<"bool"> {
    return emit("np.greater", [this, other], undefined, Tensor) as never;
  }
  greaterEqual(other: TensorLike): Tensor<"bool"> {
    return emit("np.greater_equal", [this, other], undefined, Tensor) as never;
  }
  less(other: TensorLike): Tensor<"bool"> {
    return emit("np.less", [this, other], undefined, Tensor) as never;
  }
  lessEqual(other: TensorLike): Tensor<"bool"> {
    return emit("np.less_equal", [this, other], undefined, Tensor) as never;
  }
  equal(other: TensorLike): Tensor<"bool"> {
    return emit("np.equal", [this, other], undefined, Tensor) as never;
  }
  notEqual(other: TensorLike): Tensor<"bool"> {
    return emit("np.not_equal", [this, other], undefined, Tensor) as never;
  }
  matmul<B extends TensorLike>(other: B): Tensor<Promote<D, Of<B>>> {
    return emit("np.matmul", [this, other], undefined, Tensor) as never;
  }
  dot<B extends TensorLike>(other: B): Tensor<Promote<D, Of<B>>> {
    return emit("np.dot", [this, other], undefined, Tensor) as never;
  }

  sum(axis?: number | readonly number[], options: { readonly keepdims?: boolean } = {}): Tensor<Sum<D>> {
    return emit("np.sum", [this], { axis, keepdims: options.keepdims }, Tensor) as never;
  }
  mean(axis?: number | readonly number[], options: { readonly keepdims?: boolean } = {}): Tensor<Float<D>> {
    return emit("np.mean", [this], { axis, keepdims: options.keepdims }, Tensor) as never;
  }
  prod(axis?: number | readonly number[], options: { readonly keepdims?: boolean } = {}): Tensor<Sum<D>> {
    return emit("np.prod", [this], { axis, keepdims: options.keepdims }, Tensor) as never;
  }
  max(axis?: number | readonly number[], options: { readonly keepdims?: boolean } = {}): Tensor<D> {
    return emit("np.max", [this], { axis, keepdims: options.keepdims }, Tensor) as never;
  }
  min(axis?: number | readonly number[], options: { readonly keepdims?: boolean } = {}): Tensor<D> {
    return emit("np.min", [this], { axis, keepdims: options.keepdims }, Tensor) as never;
  }
  argmax(axis?: number): Tensor<"int32"> {
    return emit("np.argmax", [this], { axis }, Tensor) as never;
  }
  argmin(axis?: number): Tensor<"int32"> {
    return emit("np.argmin", [this], { axis }, Tensor) as never;
  }
  all(axis?: number | readonly number[]): Tensor<"bool"> {
    return emit("np.all", [this], { axis }, Tensor) as never;
  }
  any(axis?: number | readonly number[]): Tensor<"bool"> {
    return emit("np.any", [this], { axis }, Tensor) as never;
  }

  reshape(shape: ShapeLike | Dim): Tensor<D> {
    return emit("np.reshape", [this], { shape }, Tensor) as never;
  }
  flatten(): Tensor<D> {
    return this.reshape([-1]);
  }
  /** Reverses the axes, or permutes them. */
  transpose(axes?: readonly number[]): Tensor<D> {
    return emit("np.transpose", [this], { axes }, Tensor) as never;
  }
  astype<E extends DType>(dtype: E): Tensor<E> {
    return emit("np.astype", [this], { dtype }, Tensor) as never;
  }

  // -- indexing ----------------------------------------------------------------------------------------------------

  /**
   * NumPy's `x[…]`: `x.slice(0)`, `x.slice([1, 3], [])` (x[1:3, :]), `x.slice("...", null)`, `x.slice(positions)`. An
   * item an axis, as in jax-js: what `slice(1, 3)` is of an array, `x.slice([1, 3])` is of a tensor. A position out of
   * range is an error, on the host or on the device.
   */
  slice(...index: readonly Index[]): Tensor<D> {
    return emit("getitem", [this], { index: encodeIndex("slice", index) }, Tensor) as never;
  }

  /** JAX's `x.at[…]`: a copy with some elements changed, e.g. `x.at(0, [1, 3]).set(y)`. An element is `x.slice(0)`. */
  at(...index: readonly Index[]): IndexUpdate<D> {
    return new IndexUpdate(this, encodeIndex("at", index));
  }

  // -- display -----------------------------------------------------------------------------------------------------

  [Symbol.for("nodejs.util.inspect.custom")](depth: number, options: object, inspect: Inspect): string {
    const node = this[NODE];
    return node.kind === "host" ? `Tensor ${show(node.host, depth, options, inspect)}` : this.toString();
  }
  /** In a notebook: the value, as a table or as a picture. */
  [JUPYTER_DISPLAY](): Promise<DisplayBundle> {
    return runtime()
      .read(this, {})
      .then((host) => bundleOf(host, toNested(host)));
  }
  /** Dtype and shape, once they are known, and where the value is. */
  override toString(): string {
    const node = this[NODE];
    if (node.kind === "equation")
      return isRecording() ? "Tensor (being recorded)" : "Tensor (not computed yet)";
    const aval = runtime().knownAval(this);
    const where = node.kind === "host" ? "on the host" : node.handle.whereabouts;
    return aval ? `Tensor ${aval[0]}[${aval[1].join(", ")}] (${where})` : `Tensor (${where})`;
  }
}

/** Elements of a tensor, about to be changed in a copy. Equivalent to `x.at[…]` of JAX. */
export class IndexUpdate<D extends DType> {
  readonly #of: Tensor<D>;
  readonly #index: readonly unknown[];
  /** @internal */
  constructor(of: Tensor<D>, index: readonly unknown[]) {
    this.#of = of;
    this.#index = index;
  }
  #emit(op: string, operands: readonly unknown[]): Tensor<D> {
    return emit(op, [this.#of, ...operands], { index: this.#index }, Tensor) as never;
  }
  [Symbol.toPrimitive](): never {
    throw new SynjaxError(
      "TRACED_AS_NUMBER",
      "x.at(…) begins an update (x.at(0).set(value)) and is no element: x.slice(0) is",
    );
  }
  toString(): string {
    return "IndexUpdate (x.at(…), to be followed by .set, .add, .multiply, .min, .max or .get)";
  }
  get(): Tensor<D> {
    return this.#emit("at.get", []);
  }
  set(value: TensorLike): Tensor<D> {
    return this.#emit("at.set", [value]);
  }
  add(value: TensorLike): Tensor<D> {
    return this.#emit("at.add", [value]);
  }
  multiply(value: TensorLike): Tensor<D> {
    return this.#emit("at.multiply", [value]);
  }
  min(value: TensorLike): Tensor<D> {
    return this.#emit("at.min", [value]);
  }
  max(value: TensorLike): Tensor<D> {
    return this.#emit("at.max", [value]);
  }
}

checkMethods(Tensor, {
  ...alike("data array item", { options: { signal: "any?", deadline: "any?" }, isAsync: true }),
  ...alike("sum mean prod max min", { takes: { axis: "axis?" }, options: { keepdims: "boolean?" } }),
  ...alike("add sub mul div mod pow matmul dot", { takes: { other: "operand" } }),
  ...alike("greater greaterEqual less lessEqual equal notEqual", { takes: { other: "operand" } }),
  ...alike("neg abs exp log sqrt tanh flatten", {}),
  ...alike("argmax argmin", { takes: { axis: "number?" } }),
  ...alike("all any", { takes: { axis: "axis?" } }),
  reshape: { takes: { shape: "shape" } },
  transpose: { takes: { axes: "axis?" } },
  astype: { takes: { dtype: "dtype" } },
});
checkMethods(IndexUpdate, {
  get: {},
  ...alike("set add multiply min max", { takes: { value: "operand" } }),
});
