/** The `run()` that what happens now is part of. */
import { asyncContext, type ContextStorage } from "../../bridge/worker/async-context.ts";
import type { HandleOwner } from "../program/handle.ts";
import type { WaitOptions } from "../program/wait-options.ts";

export interface Run {
  readonly session: HandleOwner;
  readonly options: WaitOptions;
  readonly outer: Run | undefined;
}

/** Holds a value while a synchronous function runs: what an async one does after an `await` is no part of it. */
export class SynchronousStorage<T> implements ContextStorage<T> {
  #value: T | undefined;

  run<R>(value: T, body: () => R): R {
    const outer = this.#value;
    this.#value = value;
    try {
      return body();
    } finally {
      this.#value = outer;
    }
  }

  getStore(): T | undefined {
    return this.#value;
  }
}

/** Follows `run()` across awaits where the platform can (Node, Deno, Bun). */
const running: ContextStorage<Run> = asyncContext<Run>() ?? new SynchronousStorage<Run>();

/** The innermost `run()`. */
export const currentRun = (): Run | undefined => running.getStore();

export function runIn<T>(session: HandleOwner, options: WaitOptions, body: () => T): T {
  return running.run({ session, options, outer: currentRun() }, body);
}

/** How what a session launches now may be given up. */
export function waitOptionsIn(session: HandleOwner): WaitOptions {
  for (let run = currentRun(); run; run = run.outer) if (run.session === session) return run.options;
  return {};
}
