/** Errors of the worker as the caller knows them, and which of them somebody has been told of. */
import { type RemoteError, SynjaxError } from "../../bridge/errors.ts";
import type { Constant } from "../program/body.ts";
import type { Program } from "../program/program.ts";
import { calledAs, camelCase, spelled, spelledValue, spelledWords } from "../program/python-names.ts";
import { lineOf } from "../program/source-line.ts";
import type { NameOf } from "./wire-input.ts";

/** How many errors are remembered before the oldest one is forgotten. */
const FAILURES_KEPT = 1_024;

export const isSynjaxError = (error: unknown): error is SynjaxError => error instanceof SynjaxError;

/** Errors that somebody has received; `idle()` does not throw them again. */
const reported = new WeakSet<SynjaxError>();

export function markReported(error: SynjaxError): SynjaxError {
  reported.add(error);
  if (isSynjaxError(error.cause)) reported.add(error.cause);
  return error;
}

/** The error of a launch one of whose inputs failed with `root`. */
export function poisoned(root: SynjaxError, stack?: object): SynjaxError {
  const line = stack && lineOf(stack);
  const used = line === undefined ? "" : ", and was used";
  return new SynjaxError("POISONED", `an input of this call failed earlier: ${root.message}${used}`, {
    cause: root,
    line,
  });
}

/** An error of this side with the caller's line, where it has none: that of the call that it ended. */
export function atLine(error: SynjaxError, stack: object): SynjaxError {
  const line = error.line === undefined ? lineOf(stack) : undefined;
  if (line === undefined) return error;
  const { code, message, cause, argument, expected, received, op, remote } = error;
  return new SynjaxError(code, message, { cause, argument, expected, received, op, remote, line });
}

/** Why one of these inputs has no value. */
export function failureOf(inputs: readonly Constant[]): SynjaxError | undefined {
  for (const input of inputs) if ("handle" in input && input.handle.failure) return input.handle.failure;
  return undefined;
}

/** What the worker answered, from the rejection of a call. */
export function remoteError(failure: unknown): RemoteError {
  const { error } = failure as { readonly error?: RemoteError };
  return error ?? { code: "INTERNAL", message: failure instanceof Error ? failure.message : String(failure) };
}

/** The error of what must not happen on this side. */
export function unforeseen(error: unknown): SynjaxError {
  return isSynjaxError(error) ? error : new SynjaxError("INTERNAL", String(error), { cause: error });
}

const rootKey = ({ launch, body, equation }: Pick<RemoteError, "launch" | "body" | "equation">): string =>
  `${launch}:${body}:${equation}`;

/** The failures of one session. */
export class Failures {
  /** Errors by where they arose: the launch that failed first and the equation in it. */
  readonly #roots = new Map<string, SynjaxError>();
  #all: SynjaxError[] = [];
  readonly #onFailure: (error: SynjaxError) => void;

  /** @param onFailure is called with every new error */
  constructor(onFailure: (error: SynjaxError) => void) {
    this.#onFailure = onFailure;
  }

  /** A worker's error with the caller's names and line, that of the call (`stack`) where no other is known; launches stacked on a failed one get `POISONED`. */
  localError(remote: RemoteError, program: Program | undefined, stack: object, nameOf?: NameOf): SynjaxError {
    const key = remote.launch === undefined ? undefined : rootKey(remote);
    const root = key === undefined ? undefined : this.#roots.get(key);
    if (root) return remote.poisoned ? poisoned(root, stack) : root;
    const recorded =
      program && remote.equation !== undefined && !remote.poisoned
        ? program.lineOf(remote.body ?? program.nestedBodies, remote.equation)
        : undefined;
    const line = recorded ?? lineOf(stack);
    const isBare = remote.op && remote.code === "INVALID_ARGUMENT" && !remote.message.startsWith(remote.op);
    const ofInput = remote.input !== undefined && nameOf ? ` (${nameOf(remote.input)})` : "";
    const message = spelled(isBare ? `${remote.op}: ${remote.message}` : remote.message, remote.op) + ofInput;
    const error = new SynjaxError(remote.code, message, {
      line,
      argument: remote.argument === undefined ? undefined : camelCase(remote.argument),
      expected: remote.expected === undefined ? undefined : spelledWords(remote.expected),
      received: remote.received === undefined ? undefined : spelledValue(remote.received),
      op: remote.op && calledAs(remote.op),
      remote: remote.trace,
    });
    void error.stack; // until it is formatted it holds the functions on it, and so the launch with all its inputs
    if (key !== undefined) this.#remember(key, error);
    this.#all.push(error);
    if (this.#all.length > FAILURES_KEPT) this.#all.shift();
    this.#onFailure(error);
    return error;
  }

  /** Launches stacked on launch `seq` fail because of `error`. */
  rememberLaunch(seq: number, error: SynjaxError): void {
    this.#remember(rootKey({ launch: seq }), error);
  }

  #remember(key: string, error: SynjaxError): void {
    this.#roots.set(key, error);
    if (this.#roots.size > FAILURES_KEPT) this.#roots.delete(this.#roots.keys().next().value!);
  }

  /** Forgets where errors arose: the launches of another worker are counted anew. */
  forgetLaunches(): void {
    this.#roots.clear();
  }

  /** @throws {SynjaxError} `UNFETCHED_FAILURES` with the first failure as its cause that nobody has received */
  throwUnreported(): void {
    const failures = this.#all.splice(0).filter((f) => !reported.has(f));
    if (failures.length === 0) return;
    const plural =
      failures.length === 1
        ? "1 launch failed and nobody has"
        : `${failures.length} launches failed and nobody has`;
    throw new SynjaxError(
      "UNFETCHED_FAILURES",
      `${plural} fetched the results. The first: ${failures[0]!.message}`,
      {
        cause: failures[0],
      },
    );
  }
}
