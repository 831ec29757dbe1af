/** When a call is sent again that the worker had no room for. */
import { invalid } from "../../bridge/transport/call-options.ts";
import type { RemoteError } from "../../bridge/errors.ts";

/** How often and for how long calls are sent again that the worker refused with `OVERLOADED`. */
export interface RetryOptions {
  /** How often a call is sent again at most. Default 10; 0 fails it at once. */
  readonly retries?: number;
  /** Milliseconds between two attempts, at most. Default 5,000. */
  readonly maxTimeout?: number;
  /** Milliseconds since the first refusal, after which a call is not sent again. Default 30,000. */
  readonly maxRetryTime?: number;
}

const DEFAULTS = { retries: 10, maxTimeout: 5_000, maxRetryTime: 30_000 } as const;

/** Milliseconds to begin with, where the worker does not say for how long it has no room. */
const BASE = 50;

/** @throws {SynjaxError} `INVALID_ARGUMENT` */
export function checkRetry(retry: unknown): void {
  if (retry === undefined || typeof retry === "boolean") return;
  if (typeof retry !== "object" || retry === null || Array.isArray(retry))
    throw invalid("retry", "a boolean, or an object of numbers", retry);
  for (const [name, value] of Object.entries(retry)) {
    if (!Object.hasOwn(DEFAULTS, name))
      throw invalid("retry", `any of ${Object.keys(DEFAULTS).join(", ")}`, name);
    const fits = typeof value === "number" && value >= 0 && (name !== "retries" || Number.isInteger(value));
    if (value !== undefined && !fits)
      throw invalid(
        `retry.${name}`,
        name === "retries" ? "a whole number" : "milliseconds, 0 or more",
        value,
      );
  }
}

/** The attempts of one call. */
export class Backoff {
  readonly #options: Required<RetryOptions>;
  #since: number | undefined;
  /** How often it is sent again. */
  attempts = 0;

  constructor(retry: boolean | RetryOptions | undefined) {
    const given = typeof retry === "object" ? retry : {};
    this.#options = {
      retries: retry === false ? 0 : (given.retries ?? DEFAULTS.retries),
      maxTimeout: given.maxTimeout ?? DEFAULTS.maxTimeout,
      maxRetryTime: given.maxRetryTime ?? DEFAULTS.maxRetryTime,
    };
  }

  /**
   * Milliseconds after which a call is sent again that was refused so; `undefined` where it is not. They are drawn from
   * all times below a bound that doubles, so that those who were refused together do not come back together.
   * @param left milliseconds until nobody waits for it any more
   */
  next({ retryAfter = BASE }: Pick<RemoteError, "retryAfter">, left = Infinity): number | undefined {
    const { retries, maxTimeout, maxRetryTime } = this.#options;
    if (this.attempts >= retries) return undefined;
    const now = performance.now();
    this.#since ??= now;
    const delay = Math.random() * Math.min(maxTimeout, retryAfter * 2 ** this.attempts);
    if (now + delay > this.#since + maxRetryTime || delay >= left) return undefined;
    this.attempts++;
    return delay;
  }
}

/** Resolves after a time, or at once when the signal is aborted. Keeps no process alive: who waits for a call does. */
export function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    (timer as { unref?(): unknown }).unref?.();
    signal?.addEventListener("abort", end, { once: true });
  });
}
