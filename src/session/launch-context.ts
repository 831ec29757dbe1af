import type { Handle, HandleOwner } from "../program/handle.ts";
import type { Compilations } from "./compilations.ts";
import type { DeviceMemory } from "./device-memory.ts";
import type { Failures } from "./failures.ts";
import type { Handles } from "./handles.ts";
import type { Outbox } from "./outbox.ts";
import type { RemoteError } from "../../bridge/errors.ts";
import type { Reads } from "./reads.ts";
import type { RetryOptions } from "./backoff.ts";
import type { Teller } from "./told.ts";
import type { SentPrograms } from "./sent-programs.ts";

/** What the launches of a session work with. */
export interface LaunchContext {
  readonly owner: HandleOwner;
  readonly outbox: Outbox;
  readonly programs: SentPrograms;
  readonly failures: Failures;
  readonly handles: Handles;
  readonly reads: Reads;
  readonly memory: DeviceMemory;
  readonly compilations: Compilations;
  /** Whether failed launches may be sent again, and whether the worker checks arguments and looks for NaNs. */
  settings(): {
    readonly retry?: boolean | RetryOptions;
    readonly checks?: boolean;
    readonly debugNans?: boolean;
  };
  /** Tells that a call is made. */
  readonly tell: Teller;
  /** Tells that a call is sent again which the worker refused. */
  readonly retrying: Retrying;
  /** Called before a value is given away: operations that wait and use it are launched first. */
  readonly beforeDonation: (handle: Handle) => void;
}

/** A call that the worker refused is sent again after so many milliseconds. */
export type Retrying = (name: string, error: RemoteError, attempt: number, delay: number) => void;
