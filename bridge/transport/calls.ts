/** Which calls wait for an answer. */
import type { SynjaxError } from "../errors.ts";
import type { Call } from "./call.ts";

/** The calls that the worker has not answered yet. Those that were given up are among them; nobody waits for those. */
export class Calls {
  readonly #unanswered = new Map<number, Call>();
  readonly #drained: (() => void)[] = [];
  #awaited = 0;

  /** How many calls somebody waits for. */
  get awaited(): number {
    return this.#awaited;
  }

  add(call: Call): void {
    this.#unanswered.set(call.seq, call);
    this.hold();
  }

  /** Somebody waits for what is no answer to a call. */
  hold(): void {
    this.#awaited++;
  }

  /** Somebody waits no more. */
  release(): void {
    if (--this.#awaited === 0) for (const resolve of this.#drained.splice(0)) resolve();
  }

  find(seq: number): Call | undefined {
    return this.#unanswered.get(seq);
  }

  has(call: Call): boolean {
    return this.#unanswered.has(call.seq);
  }

  /** The call that has waited longest for the worker. */
  oldestSent(): Call | undefined {
    for (const call of this.#unanswered.values()) if (call.windowed && call.sent) return call;
    return undefined;
  }

  /** It has been answered. Who waits for it is told by the caller, who then retires it. */
  remove(call: Call): void {
    this.#unanswered.delete(call.seq);
  }

  /** Nobody waits for this call any more. */
  retire(call: Call): void {
    call.release?.();
    call.release = undefined;
    this.release();
  }

  rejectAll(error: SynjaxError): void {
    const calls = [...this.#unanswered.values()];
    this.#unanswered.clear();
    for (const call of calls) {
      if (call.abandoned) continue;
      call.reject(error);
      this.retire(call);
    }
  }

  /** Resolves when nobody waits for an answer. */
  drained(): Promise<void> {
    return this.#awaited === 0 ? Promise.resolve() : new Promise((resolve) => this.#drained.push(resolve));
  }

  /**
   * How many unanswered calls were sent from this one on. The worker runs calls in order, so this one is still queued
   * there if at least so many are.
   */
  sentSince(call: Call): number {
    let count = 0;
    for (const other of this.#unanswered.values()) {
      if (other === call) count = 0;
      if (other.windowed && other.sent) count++;
    }
    return count;
  }
}
