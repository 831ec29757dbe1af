/** Reads that end where the user of a notebook interrupts a cell: whatever waits for them would wait on otherwise. */
import { SynjaxError } from "../../bridge/errors.ts";

let waiting: Set<(error: SynjaxError) => void> | undefined;

/** @internal From now on every read that waits can be interrupted. */
export function beginInterrupts(): void {
  waiting ??= new Set();
}

/**
 * @internal Ends the waits of all reads, each with `ABORTED`. The calls themselves go on: what a cell has made before it
 * was interrupted is still there for the next one.
 */
export function interrupt(): void {
  for (const end of waiting ?? []) end(new SynjaxError("ABORTED", "the cell was interrupted"));
}

/** A read that waits until it has its values, or there is an interrupt, where there are interrupts. */
export function interruptible<T>(read: Promise<T>): Promise<T> {
  if (!waiting) return read;
  const all = waiting;
  return new Promise((resolve, reject) => {
    all.add(reject);
    void read.then(resolve, reject).finally(() => all.delete(reject));
  });
}
