/** Values that an asynchronous function reads: noted in one run, they are answered again while it is recorded. */
import { SynjaxError } from "../../bridge/errors.ts";
import { contextStorage } from "../../bridge/worker/async-context.ts";

interface Reads {
  /** What was read, in the order in which it was asked for. */
  readonly answers: Promise<unknown>[];
  readonly isReplay: boolean;
  position: number;
}

const current = contextStorage<Reads>();

/** What was read in a run. */
export type Answers = readonly Promise<unknown>[];

/** Notes what `body` reads. */
export function notingReads<R>(body: () => R): { readonly result: R; readonly answers: Answers } {
  const reads: Reads = { answers: [], isReplay: false, position: 0 };
  return { result: current.run(reads, body), answers: reads.answers };
}

/** Answers what `body` reads as before. */
export function replayingReads<R>(answers: Answers, body: () => R): R {
  return current.run({ answers: [...answers], isReplay: true, position: 0 }, body);
}

/** Whether reads are answered from a run before. */
export const isReplaying = (): boolean => current.getStore()?.isReplay ?? false;

/** A read: `read` itself, or its answer in the run that is replayed. */
export function noted<T>(read: () => Promise<T>): Promise<T> {
  const reads = current.getStore();
  if (!reads) return read();
  if (!reads.isReplay) {
    const answer = read();
    reads.answers.push(answer);
    return answer;
  }
  const known = reads.answers[reads.position++];
  if (known) return known as Promise<T>;
  throw new SynjaxError(
    "INVALID_ARGUMENT",
    "a function read more when it was run again than in its first run: what it does may depend on its draws and arguments only",
  );
}
