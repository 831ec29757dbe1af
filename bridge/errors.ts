import type { ErrorCode } from "./wire/generated-protocol.ts";

export type { ErrorCode } from "./wire/generated-protocol.ts";

export interface ErrorDetails {
  readonly cause?: unknown;
  /** The argument at fault, by the name the caller used. */
  readonly argument?: string | undefined;
  readonly expected?: string | undefined;
  readonly received?: string | undefined;
  /** The operation that failed, e.g. `np.matmul`. */
  readonly op?: string | undefined;
  /** The line of the caller's code that recorded the failing operation, e.g. `tagger.ts:31:17`. */
  readonly line?: string | undefined;
  /** The worker's traceback, where the failure was not foreseen. */
  readonly remote?: string | undefined;
}

let areShort = false;

/** From now on errors are their names and messages, without stacks: below a cell of a notebook a stack says nothing more. */
export function shortenErrors(): void {
  areShort = true;
}

/** The one error class of the package: `code` says what happened, the message says what to do about it. */
export class SynjaxError extends Error {
  readonly code: ErrorCode;
  readonly argument: string | undefined;
  readonly expected: string | undefined;
  readonly received: string | undefined;
  readonly op: string | undefined;
  readonly line: string | undefined;
  readonly remote: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(
      details.line ? `${message}  at ${details.line}` : message,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.code = code;
    this.argument = details.argument;
    this.expected = details.expected;
    this.received = details.received;
    this.op = details.op;
    this.line = details.line;
    this.remote = details.remote;
    Object.defineProperty(this, "name", { value: `SynjaxError [${code}]`, enumerable: false });
    if (areShort) Object.defineProperty(this, "stack", { value: `${this.name}: ${this.message}` });
    else Error.captureStackTrace(this, new.target);
  }
}

/** An error as the worker reports it. */
export interface RemoteError {
  readonly code: ErrorCode;
  readonly message: string;
  /** The `seq` of the launch that failed first; launches stacked on it repeat it. */
  readonly launch?: number;
  readonly op?: string;
  readonly body?: number;
  readonly equation?: number;
  readonly argument?: string;
  readonly expected?: string;
  readonly received?: string;
  /** The input of the launch that is at fault, by its place. */
  readonly input?: number;
  readonly trace?: string;
  readonly poisoned?: boolean;
  /** Milliseconds. */
  readonly retryAfter?: number;
}
