/** The shapes of what crosses the wire. Its numbers and names are generated. */
import type { DType, INPUT, NamedFloat } from "./generated-protocol.ts";

export * from "./generated-protocol.ts";

type WeakInput = readonly [typeof INPUT.int, number] | readonly [typeof INPUT.float, number | NamedFloat];

/** A handle, a weak number, or a host array (its bytes inline, in the next buffer frame, or in a file). */
export type WireInput =
  | number
  | WeakInput
  | readonly [typeof INPUT.array, DType, readonly number[]]
  | readonly [typeof INPUT.array, DType, readonly number[], Uint8Array]
  | readonly [typeof INPUT.file, DType, readonly number[], path: string, offset: number, stamp: string];

/** An input of a launch to come: a handle, a weak number, or what an array will be. */
export type WireInputType =
  number | WeakInput | readonly [typeof INPUT.array, DType, readonly number[], weak: boolean];

export type ArrayAval = readonly [dtype: DType, shape: readonly number[], weak: boolean];
/** What a result is: an array, or an object (a distribution) that only other programs can use. */
export type Aval = ArrayAval | readonly ["object", string];

export interface HelloInfo {
  readonly version: number;
  readonly registry: string;
  readonly pid: number;
  readonly platform: string;
  readonly devices: readonly string[];
  readonly jax: string;
  /** Of this client, where it is known by its key. */
  readonly limits: Readonly<Record<string, number>>;
  /** The operations of its plugins, by the names of both, with the hashes of their signatures. */
  readonly plugins: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** What this client is called on the worker's list, where there are keys. */
  readonly client?: string;
  /** Whether it reads arrays from files of this machine: the worker of a session that has started it. */
  readonly readsFiles?: boolean;
}

/** Counters the worker's IO thread reports at any time, also while XLA compiles. */
export interface WorkerCounters {
  readonly queued: number;
  readonly running: number;
  readonly handles: number;
  readonly programs: number;
  readonly executables: number;
  readonly compiles: number;
  /** What is being compiled of this session's, and for how many seconds. */
  readonly compiling: readonly [program: Uint8Array, seconds: number] | null;
  readonly launches: number;
  /** Seconds. */
  readonly uptime: number;
}
