/** A program as a graph in A-normal form: bodies of equations, and what they take besides their inputs. */
import type { HostArray } from "../../bridge/wire/dtypes.ts";
import type { Handle } from "./handle.ts";

/** An argument as it stands in a program: see the format in `bridge/wire/protocol.ts`. */
export type Encoded = number | string | boolean | null | readonly Encoded[];
export type Equation = readonly [op: string, args: readonly Encoded[], attributes?: readonly Encoded[]];
export type Body = readonly [
  inputs: number,
  captures: number,
  equations: readonly Equation[],
  results: readonly Encoded[],
];

/** What a program takes besides its inputs: a value on the device, host data, or a literal of an eager graph. */
export type Constant = { readonly handle: Handle } | { readonly host: HostArray } | { readonly weak: number };

/** Limits checked here first; the worker checks them again. */
export const RECORDER_LIMITS = {
  equations: 100_000,
  nesting: 64,
  bodies: 1_000,
  eagerEquations: 256,
} as const;
