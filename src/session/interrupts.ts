/** Reads that end where the user of a notebook interrupts a cell: whatever waits for them would wait on otherwise. */
import type { WaitOptions } from "../program/wait-options.ts";

let interruption: AbortController | undefined;

/** @internal From now on every read that waits can be interrupted. */
export function beginInterrupts(): void {
  interruption ??= new AbortController();
}

/** @internal Gives up the reads that wait now, each with `ABORTED`; those that come later wait as ever. */
export function interrupt(): void {
  if (!interruption) return;
  const given = interruption;
  interruption = new AbortController();
  given.abort(new Error("the cell was interrupted"));
}

/** How a read may be given up: as its caller says, and by an interrupt where there are interrupts. */
export function interruptible(options: WaitOptions): WaitOptions {
  if (!interruption) return options;
  const { signal } = options;
  return {
    ...options,
    signal: signal ? AbortSignal.any([signal, interruption.signal]) : interruption.signal,
  };
}
