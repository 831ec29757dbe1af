import type { DType } from "./dtypes.ts";
import type { RemoteError } from "../errors.ts";

/** Version of the messages and of the program format; both sides refuse another. */
export const PROTOCOL_VERSION = 1;

/** First element of a client's header. */
export const MESSAGE = {
  hello: 0,
  launch: 1,
  fetch: 2,
  ping: 3,
  forget: 4,
  free: 5,
  cancel: 6,
  goodbye: 7,
  compile: 8,
} as const;

/** Bits of a launch's flags. */
export const FLAG = { lenient: 1, unchecked: 2 } as const;

/** Inputs up to this size ride inside the header. */
export const INLINE_BYTES = 512;

/** A handle, a weak int, a weak float, or a host array (its bytes inline, or in the next buffer frame). */
export type WireInput =
  | number
  | readonly [0, number]
  | readonly [2, number | "-0" | "nan" | "inf" | "-inf"]
  | readonly [1, DType, readonly number[]]
  | readonly [1, DType, readonly number[], Uint8Array];

/** An input of a launch to come: a handle, a weak number, or what an array will be. */
export type WireInputType =
  | number
  | readonly [0, number]
  | readonly [2, number | "-0" | "nan" | "inf" | "-inf"]
  | readonly [1, DType, readonly number[], weak: boolean];

export type ArrayAval = readonly [dtype: DType, shape: readonly number[], weak: boolean];
/** What a result is: an array, or an object (a distribution) that only other programs can use. */
export type Aval = ArrayAval | readonly ["object", string];

export type WireReply =
  | readonly [
      seq: number,
      status: 0,
      avals: readonly (Aval | null)[],
      data: readonly (Uint8Array | number | null)[],
    ]
  | readonly [
      seq: number,
      status: 0,
      avals: readonly (Aval | null)[],
      data: readonly (Uint8Array | number | null)[],
      errors: readonly (readonly [output: number, error: RemoteError])[],
    ]
  | readonly [seq: number, status: 0, result: unknown]
  | readonly [seq: number, status: 1, error: RemoteError];

export interface HelloInfo {
  readonly version: number;
  readonly registry: string;
  readonly pid: number;
  readonly platform: string;
  readonly devices: readonly string[];
  readonly jax: string;
  readonly limits: Readonly<Record<string, number>>;
}

/** Counters the worker's IO thread reports at any time, also while XLA compiles. */
export interface WorkerCounters {
  readonly queued: number;
  readonly running: number;
  readonly handles: number;
  readonly programs: number;
  readonly executables: number;
  readonly compiles: number;
  readonly launches: number;
  /** Seconds. */
  readonly uptime: number;
}
