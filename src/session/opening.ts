/** Opening a connection to a worker that may have no room for one more session at the moment. */
import type { Connection } from "../../bridge/worker/connection.ts";
import type { ConnectionOptions } from "../../bridge/worker/connection-options.ts";
import { Backoff, pause, type RetryOptions } from "./backoff.ts";
import type { Retrying } from "./calling.ts";
import { isSynjaxError } from "./failures.ts";

/** Milliseconds for all attempts, where no `startTimeout` is given. */
const PATIENCE = 10_000;

export interface Opening {
  readonly options: ConnectionOptions;
  readonly retry: boolean | RetryOptions | undefined;
  readonly retrying: Retrying;
}

/**
 * Opens a connection, again after a while where the worker has as many sessions as it may have, or is about to end and
 * makes way for another.
 *
 * @throws {SynjaxError} `OVERLOADED` where there was no room for as long as `startTimeout`; what `open` throws.
 */
export async function openedWhenThereIsRoom(
  open: (options: ConnectionOptions) => Promise<Connection>,
  { options, retry, retrying }: Opening,
): Promise<Connection> {
  const backoff = new Backoff(retry);
  const ends = performance.now() + (options.startTimeout ?? PATIENCE);
  for (;;) {
    try {
      return await open(options);
    } catch (error) {
      if (!isSynjaxError(error) || error.code !== "OVERLOADED") throw error;
      const delay = backoff.next({}, ends - performance.now());
      if (delay === undefined) throw error;
      retrying("connect", { code: error.code, message: error.message }, backoff.attempts, delay);
      await pause(delay, options.signal);
    }
  }
}
