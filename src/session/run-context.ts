/** The `run()` that what happens now is part of. */
import { contextStorage } from "../../bridge/worker/async-context.ts";
import type { HandleOwner } from "../program/handle.ts";
import type { WaitOptions } from "../program/wait-options.ts";

export interface Run {
  readonly session: HandleOwner;
  readonly options: WaitOptions;
  readonly outer: Run | undefined;
}

/** Follows `run()` across awaits where the platform can (Node, Deno, Bun). */
const running = contextStorage<Run>();

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
