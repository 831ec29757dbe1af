import type { RemoteError } from "../errors.ts";
import type { Expected, Reply } from "../wire/answer.ts";
import type { CallContext } from "../wire/protocol.ts";
import type { CallEvent } from "./call-event.ts";
import type { Frames } from "./transport.ts";

export interface CallOptions {
  /** Gives the call up: it rejects at once with `ABORTED`; the worker drops it unless it has started. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds from now after which the call is given up with `DEADLINE`. */
  readonly deadline?: number | undefined;
  /** Milliseconds of the deadline that are over already, where the call is sent again. Default 0. */
  readonly elapsed?: number | undefined;
  /** The trace that the call is part of, for the worker's log: what `isTraceparent` takes. */
  readonly traceparent?: string | undefined;
  /** What is published of the call; the worker says how long it took. */
  readonly event?: CallEvent | undefined;
}

/** A header with the map after its fields, and when that was written. */
export interface Said {
  readonly header: readonly unknown[];
  readonly context: CallContext;
  /** `performance.now()` */
  readonly at: number;
}

/** A message that wants an answer. */
export interface Call {
  readonly seq: number;
  /** What its answer must be like. */
  readonly expected: Expected;
  /** Whether it counts among the messages in flight. */
  readonly windowed: boolean;
  /** Of its buffers. */
  readonly bytes: number;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
  sent: boolean;
  /** True when the caller gave it up. It stays in flight until the worker answers; that answer is ignored. */
  abandoned: boolean;
  readonly deadline: number | undefined;
  readonly said: Said | undefined;
  readonly event: CallEvent | undefined;
  /** Its deadline has passed, and the worker is asked where it is. */
  expired: boolean;
  /** Stops its timer and its listener. */
  release: (() => void) | undefined;
  /** `performance.now()`; 0 where nobody measures. */
  startedAt: number;
}

/** A message on its way out; without a call it wants no answer. */
export interface Outgoing {
  readonly frames: Frames;
  readonly call: Call | undefined;
}

/** A call that the worker answered with an error. */
export class RemoteFailure extends Error {
  readonly error: RemoteError;

  constructor(error: RemoteError) {
    super(error.message);
    this.name = `RemoteFailure [${error.code}]`;
    this.error = error;
  }
}
