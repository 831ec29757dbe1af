import type { SynjaxError } from "../errors.ts";

/**
 * A call of a session, as `tracingChannel("synjax:call")` of `node:diagnostics_channel` publishes it: one object from
 * `start`, when it is made, to `asyncEnd`, when it is answered.
 */
export interface CallEvent {
  readonly kind: "launch" | "fetch" | "compile";
  /** The name of the function, as far as it has one. */
  readonly name: string;
  /** The program's hash, in hexadecimal; a fetch has none. */
  readonly program: string | undefined;
  /** The name of the session. */
  readonly session: string;
  /** W3C trace context, by the session's option; who listens to `start` may set another. */
  traceparent: string | undefined;
  /** How often it was sent. */
  attempts: number;
  /** Bytes of its messages. */
  bytesOut: number;
  /** Bytes of the answers. */
  bytesIn: number;
  /** Seconds that it was queued in the worker; not known of one that failed. */
  queueSeconds: number | undefined;
  /** Seconds in which its program was compiled, where it had to be. */
  compileSeconds: number | undefined;
  /** Seconds that it ran, from its start to its answer, without compiling. */
  runSeconds: number | undefined;
  /** Why it failed. */
  error: SynjaxError | undefined;
}
