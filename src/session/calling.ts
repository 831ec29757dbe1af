import type { RemoteError } from "../../bridge/errors.ts";
import type { RetryOptions } from "./backoff.ts";
import type { Failures } from "./failures.ts";
import type { Outbox } from "./outbox.ts";
import type { Teller } from "./told.ts";

/** A call that the worker refused is sent again after so many milliseconds. */
export type Retrying = (name: string, error: RemoteError, attempt: number, delay: number) => void;

/** What all calls of a session work with. */
export interface Calling {
  readonly outbox: Outbox;
  readonly failures: Failures;
  /** Whether calls may be sent again, and whether the worker checks arguments and looks for NaNs. */
  settings(): {
    readonly retry?: boolean | RetryOptions;
    readonly checks?: boolean;
    readonly debugNans?: boolean;
  };
  /** Tells that a call is made. */
  readonly tell: Teller;
  /** Tells that a call is sent again. */
  readonly retrying: Retrying;
}
