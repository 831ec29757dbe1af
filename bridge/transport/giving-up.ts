/** Calls whose caller does not wait any longer. */
import { SynjaxError } from "../errors.ts";
import type { WorkerCounters } from "../wire/protocol.ts";
import { AbortListeners } from "./abort-listeners.ts";
import type { Call, CallOptions } from "./call.ts";
import { LONGEST_TIMER } from "./call-options.ts";
import type { Calls } from "./calls.ts";
import type { Outbox } from "./outbox.ts";

/** Milliseconds to wait for the worker to say where a call is whose deadline has passed. */
const ASK_TIMEOUT = 250;

// Where a call was when its deadline passed
const QUEUED = "it was still queued in the worker and is dropped";
const RUNNING = "it was running or being compiled, which cannot be interrupted; its result is dropped";
const UNKNOWN = "the worker did not say where it was";

export interface GivingUpOptions {
  readonly calls: Calls;
  readonly outbox: Outbox;
  /** Asks the worker to drop a call unless it has started it. */
  readonly cancel: (seq: number) => void;
  /** Asks the worker for its counters. */
  readonly ping: (answered: (counters: WorkerCounters) => void) => void;
  /** The last call that somebody waited for has been given up. */
  readonly onNoneAwaited: () => void;
}

/** Gives calls up when their signal is aborted or their deadline has passed. */
export class GivingUp {
  readonly #options: GivingUpOptions;
  readonly #signals: AbortListeners;

  constructor(options: GivingUpOptions) {
    this.#options = options;
    this.#signals = new AbortListeners((call, signal) => this.#abandon(call, aborted(signal)));
  }

  /** Watches a call that has just been made, until it is retired. */
  watch(call: Call, { signal, deadline, elapsed = 0 }: CallOptions): void {
    if (signal?.aborted) return this.#abandon(call, aborted(signal));
    if (!signal && deadline === undefined) return;
    const stopListening = signal && this.#signals.add(signal, call);
    const timer =
      deadline === undefined || deadline > LONGEST_TIMER
        ? undefined
        : setTimeout(() => void this.#expire(call, deadline), Math.max(0, deadline - elapsed));
    timer?.unref();
    call.release = () => {
      stopListening?.();
      clearTimeout(timer);
    };
  }

  async #expire(call: Call, deadline: number): Promise<void> {
    const { calls, outbox, cancel } = this.#options;
    if (!call.sent) {
      const where = `it was still waiting here, behind ${outbox.ahead(call)} unanswered calls`;
      return this.#abandon(call, tooLate(deadline, where));
    }
    call.expired = true;
    const notAhead = calls.sentSince(call);
    const counters = await this.#ask(() => cancel(call.seq));
    if (!calls.has(call) || call.abandoned) return;
    const where = !counters ? UNKNOWN : counters.queued >= notAhead ? QUEUED : RUNNING;
    this.#abandon(call, tooLate(deadline, where));
  }

  /** The worker's counters as they are before it handles what `next` sends; `undefined` if it takes too long to answer. */
  #ask(next: () => void): Promise<WorkerCounters | undefined> {
    return new Promise((resolve) => {
      setTimeout(() => resolve(undefined), ASK_TIMEOUT).unref();
      this.#options.ping(resolve);
      next();
    });
  }

  #abandon(call: Call, error: SynjaxError): void {
    const { calls, cancel, onNoneAwaited } = this.#options;
    if (call.abandoned || !calls.has(call)) return;
    call.abandoned = true;
    if (call.sent) cancel(call.seq);
    call.reject(error);
    calls.retire(call);
    if (calls.awaited === 0) onNoneAwaited();
  }
}

/** The error of a call whose deadline had passed when the worker dropped it. */
export function droppedAfter(deadline: number): SynjaxError {
  return tooLate(deadline, QUEUED);
}

/** The error of a call whose deadline had passed before it could be sent again. */
export function notSentAgain(deadline: number): SynjaxError {
  return tooLate(deadline, "it was to be sent again");
}

function tooLate(deadline: number, where: string): SynjaxError {
  return new SynjaxError("DEADLINE", `No answer within ${deadline} ms: ${where}`);
}

function aborted(signal: AbortSignal): SynjaxError {
  return new SynjaxError("ABORTED", "The call was aborted by its signal", { cause: signal.reason });
}
