/** One run of a program, from the call to its answer. */
import type { SynjaxError } from "../../bridge/errors.ts";
import type { Reply } from "../../bridge/wire/answer.ts";
import type { HostArray } from "../../bridge/wire/dtypes.ts";
import type { Constant } from "../program/body.ts";
import type { Handle, PendingLaunch } from "../program/handle.ts";
import type { Program } from "../program/program.ts";
import type { WaitOptions } from "../program/wait-options.ts";
import type { Source } from "./compilations.ts";
import type { Told } from "./told.ts";
import type { NameOf } from "./wire-input.ts";

/** A program on its way to the worker, or running there. */
export interface Launch extends PendingLaunch {
  readonly program: Program;
  readonly inputs: readonly Constant[];
  readonly donated: readonly number[];
  readonly outputs: readonly Handle[];
  readonly flags: number;
  /** A worker that batches may run it together with others. */
  readonly batchable: boolean;
  /** Outputs whose data comes with the reply, by their places there; open until the launch is sent. */
  readonly fetchOutputs: Map<number, number>;
  /** A cancellable read of the only output. */
  inlineFetch: InlineFetch | undefined;
  readonly reply: Promise<Reply>;
  readonly settle: { resolve(reply: Reply): void; reject(error: SynjaxError): void };
  options: WaitOptions;
  /** The number of its message; `undefined` while it waits to be sent. */
  seq: number | undefined;
  /** It was in flight when a worker ended, and is sent again. */
  retried: boolean;
  /** It ran, if any, when a worker ended. */
  isSuspect: boolean;
  /** It runs after others that are sent again: it is a suspect, or uses a suspect's result. */
  isLate: boolean;
  /** The recorded function that was called, if one was. */
  readonly source: Source | undefined;
  /** What an input is called in errors, where one of them may be at fault. */
  readonly nameOf: NameOf | undefined;
  /** Where it was called. */
  readonly stack: object;
  /** Its place among all calls of the session. */
  readonly turn: number;
  /** What is told of it besides. */
  told: Told;
  /** `performance.now()` when it was first sent, where it has a deadline. */
  sentAt: number | undefined;
}

/** Milliseconds of a launch's deadline that are over. */
export const elapsedOf = ({ sentAt }: Launch): number =>
  sentAt === undefined ? 0 : performance.now() - sentAt;

/** Milliseconds until nobody waits for a launch any more. */
export const timeLeft = (launch: Launch): number => (launch.options.deadline ?? Infinity) - elapsedOf(launch);

/** Is added to the turns of launches that are late. */
const LATE = 2 ** 51;

/** The place of a launch among what is sent again. */
export const orderOf = ({ turn, isLate }: Launch): number => turn + (isLate ? LATE : 0);

/** A cancellable read of a launch's only output: giving it up ends the launch, if nobody else reads that output. */
export interface InlineFetch {
  readonly options: WaitOptions;
  readonly value: Promise<HostArray>;
  /** Somebody else reads the output who did not give this one up. */
  isShared: boolean;
  /** Called when the launch is sent: `alone` reads with it, otherwise `fetch` does. */
  decide(fetch: Promise<readonly HostArray[]> | "alone"): void;
}

/** The launch that makes a handle, until it has been answered. */
export function launchOf(handle: Handle): Launch | undefined {
  return handle.launch as Launch | undefined; // only a session's launches are ever set there
}
