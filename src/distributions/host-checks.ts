/** Checks of arguments that are host data; what is on the device the program checks. */
import type { DType, HostArray } from "../../bridge/wire/dtypes.ts";
import { NODE, Traced } from "../program/traced.ts";
import type { Declaration, Parameter, ParameterKind } from "./declaration.ts";
import { type Bound, ownDims } from "./named-dims.ts";
import { refused } from "./refusal.ts";

const DTYPES: Readonly<Record<"float" | "int" | "bool", readonly DType[]>> = {
  float: ["float32", "float64"],
  int: ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"],
  bool: ["bool"],
};
const EXPECTED = { float: "float32 or float64", int: "integers", bool: "booleans" } as const;

/** The data of an argument where it is on the host. */
export function hostArrayOf(value: unknown): HostArray | undefined {
  if (typeof value === "number")
    return Number.isInteger(value)
      ? { dtype: "int32", shape: [], data: Int32Array.of(value) }
      : { dtype: "float32", shape: [], data: Float32Array.of(value) };
  if (!(value instanceof Traced)) return undefined;
  const node = value[NODE];
  return node.kind === "host" ? node.host : undefined;
}

/** What kind of array a parameter takes; undefined where its alternatives are arrays of several kinds. */
export function arrayKind({ kinds }: Parameter): ParameterKind["kind"] | undefined {
  const arrays = new Set(kinds.map(({ kind }) => kind).filter((kind) => kind !== "dist"));
  return arrays.size === 1 ? [...arrays][0] : undefined;
}

/** @throws {SynjaxError} `INVALID_ARGUMENT` where the dtype is none that the parameter takes */
export function checkDtype(parameter: Parameter, argument: string, host: HostArray): void {
  const kind = arrayKind(parameter);
  if (kind !== "float" && kind !== "int" && kind !== "bool") return;
  if (DTYPES[kind].includes(host.dtype)) return;
  if (kind === "float" && host.shape.length === 0) return; // 2 is a number as 2.0 is
  const message = `\`${argument}\` has dtype ${host.dtype}, expected ${EXPECTED[kind]}.`;
  throw refused(argument, message, EXPECTED[kind], host.dtype);
}

/** The named dims of a parameter, given this value; undefined where its alternatives leave them open. */
export function dimsOf(parameter: Parameter, host: HostArray): string | undefined {
  const isInteger = DTYPES.int.includes(host.dtype);
  // Whole numbers may stand for floats
  const fits = parameter.kinds.filter(({ kind }) => kind !== "dist" && (isInteger || kind !== "int"));
  const dims = new Set(fits.map((kind) => kind.dims));
  return dims.size === 1 ? [...dims][0] : undefined;
}

/**
 * Lengths from their least value to the extent that they cut; data below the size of its named dim, inside the lengths.
 * @throws {SynjaxError} `INVALID_ARGUMENT` naming the first item that is out of range
 */
export function checkValues(
  { parameters }: Declaration,
  hosts: ReadonlyMap<string, HostArray>,
  given: (name: string) => boolean,
  bound: Bound,
): void {
  for (const { name, role, bounds, least = 0 } of parameters) {
    const host = hosts.get(name);
    const high = bounds === undefined ? undefined : bound.sizes.get(bounds);
    if (role === "length" && host && high !== undefined)
      refuseFirst(name, host, least, high, `${bounds!} = ${high}`);
  }
  for (const parameter of parameters) {
    const host = hosts.get(parameter.name);
    const size = parameter.below === undefined ? undefined : bound.sizes.get(parameter.below);
    const dims = host && dimsOf(parameter, host);
    if (!host || size === undefined || dims === undefined || isWithin(host, size)) continue;
    const own = ownDims(dims);
    const cuts = own.map((dim) => parameters.find((each) => each.bounds === dim));
    if (cuts.some((cut) => cut && given(cut.name) && !hosts.has(cut.name))) continue;
    const lengths = cuts.map((cut) => (cut ? hosts.get(cut.name) : undefined));
    const inside = insideLengths(host.shape, own.length, lengths, bound.batch);
    const isInside = inside.where;
    refuseFirst(parameter.name, { ...host, shape: inside.shape }, 0, size - 1, `${parameter.below!} - 1 = ${size - 1}`, isInside); // prettier-ignore
  }
}

const isWithin = (host: HostArray, size: number): boolean =>
  Array.prototype.every.call(host.data, (value: number | bigint) => value >= 0 && value < size);

function refuseFirst(
  name: string,
  { shape, data }: HostArray,
  low: number,
  high: number,
  highNamed: string,
  dataIndex: (item: number) => number | undefined = (item) => item,
): void {
  const items = shape.reduce((product, size) => product * size, 1);
  for (let item = 0; item < items; item++) {
    const index = dataIndex(item);
    const value = index === undefined ? low : data[index]!;
    if (value >= low && value <= high) continue;
    const message = `\`${name}\` must be between ${low} and ${highNamed}; ${itemAt(item, shape)} is ${value}.`;
    throw refused(name, message, `${low} to ${high}`, String(value));
  }
}

function itemAt(item: number, shape: readonly number[]): string {
  if (shape.length === 0) return "it";
  const position = positionOf(item, shape);
  return position.length === 1 ? `item ${item}` : `item (${position.join(", ")})`;
}

function positionOf(item: number, shape: readonly number[]): number[] {
  const position: number[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    position.unshift(item % shape[axis]!);
    item = Math.floor(item / shape[axis]!);
  }
  return position;
}

/** Where a position of a broadcast array lies in the data of an array of `shape`. */
function indexOf(position: readonly number[], shape: readonly number[]): number {
  const lead = position.length - shape.length;
  return shape.reduce((index, size, axis) => index * size + (size === 1 ? 0 : position[lead + axis]!), 0);
}

/** Items of data broadcast to the whole batch: where each lies in the data, undefined beyond a length. */
function insideLengths(
  shape: readonly number[],
  ownAxes: number,
  lengths: readonly (HostArray | undefined)[],
  batch: readonly number[],
): { readonly shape: readonly number[]; where(item: number): number | undefined } {
  const full = [...batch, ...shape.slice(shape.length - ownAxes)];
  return {
    shape: full,
    where(item) {
      const position = positionOf(item, full);
      const [where, own] = [position.slice(0, batch.length), position.slice(batch.length)];
      const isBeyond = lengths.some(
        (length, axis) => length && own[axis]! >= length.data[indexOf(where, length.shape)]!,
      );
      return isBeyond ? undefined : indexOf(position, shape);
    },
  };
}
