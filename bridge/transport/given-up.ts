import { SynjaxError } from "../errors.ts";

/** Where a call was when its deadline passed. */
export const QUEUED = "it was still queued in the worker and is dropped";
export const RUNNING = "it was running or being compiled, which cannot be interrupted; its result is dropped";
export const UNKNOWN = "the worker did not say where it was";

export function tooLate(deadline: number, where: string): SynjaxError {
  return new SynjaxError("DEADLINE", `No answer within ${deadline} ms: ${where}`);
}

export function aborted(signal: AbortSignal): SynjaxError {
  return new SynjaxError("ABORTED", "The call was aborted by its signal", { cause: signal.reason });
}
