/** How a call may be given up. */
export interface WaitOptions {
  /** Gives the call up: queued work is dropped, the reply of running work is ignored. */
  readonly signal?: AbortSignal;
  /** Milliseconds from now. */
  readonly deadline?: number;
}
