/** The attempts of a fetch or a compile: what may be sent again whenever the worker had no room for it. */
import type { SynjaxError } from "../../bridge/errors.ts";
import type { CallOptions } from "../../bridge/transport/call.ts";
import { notSentAgain } from "../../bridge/transport/giving-up.ts";
import type { WaitOptions } from "../program/wait-options.ts";
import { Backoff, pause, type RetryOptions } from "./backoff.ts";
import { isSynjaxError, remoteError } from "./failures.ts";
import type { Retrying } from "./calling.ts";
import { endTold, sendTold, type Told } from "./told.ts";

export interface AttemptsOptions {
  readonly name: string;
  readonly told: Told;
  /** How the call may be given up. */
  readonly wait: WaitOptions;
  readonly retry: boolean | RetryOptions | undefined;
  readonly retrying: Retrying;
}

export class Attempts {
  readonly #options: AttemptsOptions;
  #backoff: Backoff | undefined;
  /** `performance.now()` when it was first sent, where it has a deadline. */
  #sentAt: number | undefined;

  constructor(options: AttemptsOptions) {
    this.#options = options;
  }

  get #elapsed(): number {
    return this.#sentAt === undefined ? 0 : performance.now() - this.#sentAt;
  }

  /** Why it is not sent any more: its deadline has passed since it was first sent. */
  get lateness(): SynjaxError | undefined {
    const { deadline } = this.#options.wait;
    return deadline !== undefined && this.#elapsed >= deadline ? notSentAgain(deadline) : undefined;
  }

  /** Begins an attempt. */
  begin(): CallOptions {
    const { wait, told } = this.#options;
    sendTold(told);
    if (wait.deadline === undefined) return { ...wait, ...told };
    const elapsed = this.#elapsed;
    this.#sentAt ??= performance.now();
    return { ...wait, ...told, elapsed };
  }

  /** Resolves when it is to be sent again that failed so; `undefined` where it is not. */
  again(failure: unknown): Promise<void> | undefined {
    const { name, wait, retry, retrying } = this.#options;
    if (retry === false || isSynjaxError(failure)) return undefined;
    const error = remoteError(failure);
    if (error.code !== "OVERLOADED" || error.poisoned) return undefined;
    const backoff = (this.#backoff ??= new Backoff(retry));
    const delay = backoff.next(error, (wait.deadline ?? Infinity) - this.#elapsed);
    if (delay === undefined) return undefined;
    retrying(name, error, backoff.attempts, delay);
    return pause(delay, wait.signal);
  }

  /** It has been answered. */
  end(error?: SynjaxError): void {
    endTold(this.#options.told, error);
  }
}
