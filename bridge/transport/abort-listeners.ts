import type { Call } from "./call.ts";

interface Watched {
  readonly calls: Set<Call>;
  readonly onAbort: () => void;
}

/** Watches the signals of calls with one listener for each signal, because a thousand calls may share one. */
export class AbortListeners {
  readonly #watched = new Map<AbortSignal, Watched>();
  readonly #abort: (call: Call, signal: AbortSignal) => void;

  constructor(abort: (call: Call, signal: AbortSignal) => void) {
    this.#abort = abort;
  }

  /** Aborts the call with its signal. Returns what ends that. */
  add(signal: AbortSignal, call: Call): () => void {
    let watched = this.#watched.get(signal);
    if (!watched) {
      const calls = new Set<Call>();
      watched = { calls, onAbort: () => [...calls].forEach((each) => this.#abort(each, signal)) };
      signal.addEventListener("abort", watched.onAbort, { once: true });
      this.#watched.set(signal, watched);
    }
    watched.calls.add(call);
    const { calls, onAbort } = watched;
    return () => {
      calls.delete(call);
      if (calls.size > 0) return;
      signal.removeEventListener("abort", onAbort);
      this.#watched.delete(signal);
    };
  }
}
