// msgpackr's main entry also loads a native addon, which doubles the import time and speeds up only strings.
import { Packr } from "msgpackr/pack";
import type { RemoteError } from "../errors.ts";
import { STATUS } from "./generated-protocol.ts";

// Records and extension types are msgpackr's own inventions: without them the bytes are plain msgpack.
const packr = new Packr({ useRecords: false, moreTypes: false, int64AsType: "number" });

const LARGEST_UINT32 = 0xffff_ffff;

/** What the worker answered to one message. */
export interface Reply {
  /** Avals of a launch or fetch; a map for hello, ping and goodbye. */
  readonly result: unknown;
  /** The data of the wanted outputs, `null` where one failed. They begin where a typed array of 8-byte elements can. */
  readonly data: readonly (Uint8Array | null)[];
  /** The outputs of a lenient launch that failed, and why. */
  readonly errors: readonly (readonly [output: number, error: RemoteError])[];
}

/** A decoded reply, before the call that it answers is looked up. */
export type Answer =
  | { readonly seq: number; readonly reply: Reply }
  | { readonly seq: number; readonly error: RemoteError }
  | { readonly seq: number; readonly malformed: string };

/**
 * The msgpack bytes of nested arrays of numbers, strings, booleans, `null` and bytes. Equal values give equal bytes: an
 * integral number is packed as the shortest integer (−0 as 0) up to 32 bits, any other number as float64.
 */
export function pack(value: unknown): Uint8Array {
  return new Uint8Array(packr.pack(value));
}

export function unpack(bytes: Uint8Array): unknown {
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

/**
 * Decodes the frames of a reply.
 *
 * @throws Error where even the call that it answers cannot be read: nothing more on this connection can be trusted.
 */
export function decodeAnswer(frames: readonly Uint8Array[]): Answer {
  const header = frames[0] && unpack(frames[0]);
  if (!Array.isArray(header) || !Number.isSafeInteger(header[0]))
    throw new Error("a reply's header is not [seq, …]");
  const [seq, status, result, data, errors] = header as [number, ...unknown[]];
  if (status === STATUS.error && isRemoteError(result)) return { seq, error: result };
  if (status !== STATUS.ok || header.length < 3) return { seq, malformed: "neither a result nor an error" };
  const values = data === undefined ? [] : collect(data, frames);
  if (!values) return { seq, malformed: "its data are not bytes or frames of the message" };
  if (errors !== undefined && !isErrorList(errors)) return { seq, malformed: "its errors are none" };
  return { seq, reply: { result, data: values, errors: errors ?? [] } };
}

function isRemoteError(value: unknown): value is RemoteError {
  const error = value as RemoteError | null;
  return typeof error === "object" && typeof error?.code === "string" && typeof error.message === "string";
}

function isErrorList(value: unknown): value is Reply["errors"] {
  return (
    Array.isArray(value) &&
    value.every(
      (item) => Array.isArray(item) && Number.isSafeInteger(item[0]) && isRemoteError(item[1] as unknown),
    )
  );
}

function collect(data: unknown, frames: readonly Uint8Array[]): (Uint8Array | null)[] | undefined {
  if (!Array.isArray(data)) return undefined;
  const values: (Uint8Array | null)[] = [];
  for (const item of data as unknown[]) {
    // A buffer's index does not count the header.
    const frame = typeof item === "number" && item >= 0 ? frames[item + 1] : undefined;
    if (frame) values.push(aligned(frame));
    else if (item instanceof Uint8Array) values.push(new Uint8Array(item));
    else if (item === null) values.push(null);
    else return undefined;
  }
  return values;
}

/** A received frame in place, or a copy where it is unaligned or a small part of a large buffer that it would keep. */
function aligned(frame: Uint8Array): Uint8Array {
  return frame.byteOffset % 8 === 0 && frame.byteLength * 2 >= frame.buffer.byteLength
    ? new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength)
    : new Uint8Array(frame);
}

/** The bytes of a typed array, in place. Shared memory is copied: zeromq would send the text of its class name. */
export function bytesOf(view: ArrayBufferView): Uint8Array {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  return view.buffer instanceof ArrayBuffer ? bytes : new Uint8Array(bytes);
}
