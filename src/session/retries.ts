/** Launches that the worker had no memory or no room for run once more, when there may be some. */
import type { RemoteError, SynjaxError } from "../../bridge/errors.ts";
import type { Handle } from "../program/handle.ts";
import { Backoff, pause, type RetryOptions } from "./backoff.ts";
import { type Launch, timeLeft } from "./launch.ts";
import type { Outgoing } from "./outbox.ts";

/** A launch that failed so, and the launches that failed because of it. */
interface Retry {
  readonly error: RemoteError;
  readonly launches: Launch[];
  /** Those that wait until it may be tried; `undefined` afterwards. */
  waiting: Launch[] | undefined;
}

/** How often a launch was tried. */
interface Attempts {
  /** The numbers of its messages that failed so. */
  readonly seqs: number[];
  readonly backoff: Backoff;
  /** It has run out of memory before. */
  wasShort: boolean;
}

/** What a retry needs of the launches. */
export interface Resending {
  enqueue(item: Outgoing): void;
  outgoing(launch: Launch): Outgoing;
  localError(remote: RemoteError, launch: Launch): SynjaxError;
  settings(): { readonly retry?: boolean | RetryOptions };
  /** A launch is sent again after so many milliseconds. */
  tell(launch: Launch, error: RemoteError, attempt: number, delay: number): void;
}

/** Whether all that a launch needs is there still, or will be when what failed with it has run again. */
function isRepeatable({ inputs, donated }: Launch, retry?: Retry): boolean {
  const isThere = ({ isUsable, launch }: Handle): boolean =>
    isUsable || (retry?.launches.some((other) => other === launch) ?? false);
  return donated.length === 0 && inputs.every((input) => !("handle" in input) || isThere(input.handle));
}

export class Retries {
  readonly #resending: Resending;
  /** By the `seq` of the launch that failed first. */
  readonly #retries = new Map<number, Retry>();
  readonly #attempts = new Map<Launch, Attempts>();

  constructor(resending: Resending) {
    this.#resending = resending;
  }

  /**
   * Sends a launch once more that failed for want of memory, after what is garbage here has been freed there, or that
   * the worker had no room for, after a while; and with it those that failed because of it. Not where something was
   * donated, or is no longer there to be computed from.
   * @returns whether it runs again
   */
  retry(launch: Launch, seq: number, remote: RemoteError): boolean {
    let retry: Retry | undefined;
    if (remote.poisoned) {
      retry = remote.launch === undefined ? undefined : this.#retries.get(remote.launch);
      if (!retry || !isRepeatable(launch, retry)) return false;
      retry.launches.push(launch);
    } else {
      const ready = isRepeatable(launch) ? this.#ready(launch, seq, remote) : undefined;
      if (!ready) return false;
      const begun: Retry = { error: remote, launches: [launch], waiting: [] };
      this.#retries.set(seq, (retry = begun));
      void ready.then(() => this.#release(begun));
    }
    launch.seq = undefined;
    if (retry.waiting) retry.waiting.push(launch);
    else this.#resending.enqueue(this.#outgoingAgain(launch, retry));
    return true;
  }

  /** Resolves when a launch that failed may be tried again; `undefined` where it may not. */
  #ready(launch: Launch, seq: number, remote: RemoteError): Promise<void> | undefined {
    if (remote.code !== "OUT_OF_MEMORY" && remote.code !== "OVERLOADED") return undefined;
    const { settings, tell } = this.#resending;
    const attempts = this.#attempts.get(launch) ?? {
      seqs: [],
      backoff: new Backoff(settings().retry),
      wasShort: false,
    };
    let ready: Promise<void>;
    if (remote.code === "OUT_OF_MEMORY") {
      if (attempts.wasShort) return undefined;
      attempts.wasShort = true;
      ready = collectGarbage();
    } else {
      const delay = attempts.backoff.next(remote, timeLeft(launch));
      if (delay === undefined) return undefined;
      tell(launch, remote, attempts.backoff.attempts, delay);
      ready = pause(delay, launch.options.signal);
    }
    attempts.seqs.push(seq);
    this.#attempts.set(launch, attempts);
    return ready;
  }

  /** Whether a launch was sent again. */
  has(launch: Launch): boolean {
    return this.#attempts.size > 0 && this.#attempts.has(launch);
  }

  /** A launch has been answered. What failed with it has been sent again by now, because answers come in order. */
  done(launch: Launch): void {
    const attempts = this.#attempts.get(launch);
    if (!attempts) return;
    for (const seq of attempts.seqs) this.#retries.delete(seq);
    this.#attempts.delete(launch);
  }

  /** The worker of the launches is gone. Those that waited, which do not any more. */
  end(): ReadonlySet<Launch> {
    const waiting = new Set([...this.#retries.values()].flatMap((retry) => retry.waiting ?? []));
    for (const retry of this.#retries.values()) retry.waiting = undefined;
    this.#retries.clear();
    return waiting;
  }

  #release(retry: Retry): void {
    const launches = retry.waiting ?? [];
    retry.waiting = undefined;
    for (const launch of launches) this.#resending.enqueue(this.#outgoingAgain(launch, retry));
  }

  #outgoingAgain(launch: Launch, retry: Retry): Outgoing {
    const outgoing = this.#resending.outgoing(launch);
    return {
      send: (channel) => {
        if (isRepeatable(launch, retry)) return outgoing.send(channel);
        outgoing.fail(this.#resending.localError(retry.error, launch));
        return undefined;
      },
      fail: (error) => outgoing.fail(error),
    };
  }
}

async function collectGarbage(): Promise<void> {
  const { collectGarbage } = await import("../../bridge/transport/garbage.ts");
  // The notices of what it finds ride on the launch; where it cannot collect, that fails again and says so
  await collectGarbage().catch(() => undefined);
}
