// msgpackr's main entry also loads a native addon, which doubles the import time and speeds up only strings.
import { Packr } from "msgpackr/pack";
import { assertPlainMsgpack } from "./plain-msgpack.ts";

// Records and extension types are msgpackr's own inventions: without them the bytes are plain msgpack.
const packr = new Packr({ useRecords: false, moreTypes: false, int64AsType: "number" });

const LARGEST_UINT32 = 0xffff_ffff;

/**
 * The msgpack bytes of nested arrays of numbers, strings, booleans, `null` and bytes. Equal values give equal bytes: an
 * integral number is packed as the shortest integer (−0 as 0) up to 32 bits, any other number as float64.
 */
export function pack(value: unknown): Uint8Array {
  return new Uint8Array(packr.pack(value));
}

/** @throws Error where the bytes are no plain msgpack, or arrays stand deeper in each other */
export function unpack(bytes: Uint8Array, deepest?: number): unknown {
  assertPlainMsgpack(bytes, deepest);
  return packr.unpack(bytes) as unknown;
}

/** The header frame of a message. Unlike `pack` it keeps ids beyond 32 bits integers. */
export function packHeader(header: readonly unknown[]): Uint8Array {
  return packr.pack(hasLongInteger(header) ? widen(header) : header);
}

function hasLongInteger(values: readonly unknown[]): boolean {
  for (const value of values) {
    if (typeof value === "number" ? value > LARGEST_UINT32 : Array.isArray(value) && hasLongInteger(value))
      return true;
  }
  return false;
}

function widen(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(widen);
  return typeof value === "number" && value > LARGEST_UINT32 && Number.isSafeInteger(value)
    ? BigInt(value)
    : value;
}

/** The bytes of a typed array, in place. Shared memory is copied: zeromq would send the text of its class name. */
export function bytesOf(view: ArrayBufferView): Uint8Array {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  return view.buffer instanceof ArrayBuffer ? bytes : new Uint8Array(bytes);
}
