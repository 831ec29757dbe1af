/** Launches for which there was no memory run once more, when there may be some. */
import type { RemoteError, SynjaxError } from "../../bridge/errors.ts";
import type { Handle } from "../program/handle.ts";
import type { Launch } from "./launch.ts";
import type { Outgoing } from "./outbox.ts";

/** A launch that ran out of memory, and the launches that failed because of it. */
interface MemoryRetry {
  readonly error: RemoteError;
  readonly launches: Launch[];
  /** What waits until garbage has been collected; `undefined` afterwards. */
  waiting: Outgoing[] | undefined;
}

/** What a retry needs of the launches. */
export interface Resending {
  enqueue(item: Outgoing): void;
  outgoing(launch: Launch): Outgoing;
  localError(remote: RemoteError, launch: Launch): SynjaxError;
}

/** Whether all that a launch needs is there still, or will be when what failed with it has run again. */
function isRepeatable({ inputs, donated }: Launch, retry?: MemoryRetry): boolean {
  const isThere = ({ isUsable, launch }: Handle): boolean =>
    isUsable || (retry?.launches.some((other) => other === launch) ?? false);
  return donated.length === 0 && inputs.every((input) => !("handle" in input) || isThere(input.handle));
}

export class MemoryRetries {
  readonly #resending: Resending;
  /** By the `seq` of the launch that ran out of memory. */
  readonly #retries = new Map<number, MemoryRetry>();

  constructor(resending: Resending) {
    this.#resending = resending;
  }

  /**
   * Sends a launch once more that failed for want of memory, after what is garbage here has been freed there; and with
   * it those that failed because of it. Not where something was donated, or is no longer there to be computed from.
   * @returns whether it runs again
   */
  retry(launch: Launch, seq: number, remote: RemoteError): boolean {
    let retry: MemoryRetry | undefined;
    if (remote.poisoned) {
      retry = remote.launch === undefined ? undefined : this.#retries.get(remote.launch);
      if (!retry || !isRepeatable(launch, retry)) return false;
      retry.launches.push(launch);
    } else {
      const isFirst = remote.code === "OUT_OF_MEMORY" && launch.shortSeq === undefined;
      if (!isFirst || !isRepeatable(launch)) return false;
      retry = { error: remote, launches: [launch], waiting: [] };
      this.#retries.set(seq, retry);
      launch.shortSeq = seq;
      void this.#collectGarbage(retry);
    }
    launch.seq = undefined;
    this.#sendAgain(retry, this.#outgoingAgain(launch, retry));
    return true;
  }

  /** A launch has been answered. What failed with it has been sent again by now, because answers come in order. */
  done({ shortSeq }: Launch): void {
    if (shortSeq !== undefined) this.#retries.delete(shortSeq);
  }

  /** The worker of the launches is gone. */
  clear(): void {
    this.#retries.clear();
  }

  async #collectGarbage(retry: MemoryRetry): Promise<void> {
    const { collectGarbage } = await import("../../bridge/transport/garbage.ts");
    // The notices of what it finds ride on the launch; where it cannot collect, that fails again and says so
    await collectGarbage().catch(() => undefined);
    const items = retry.waiting ?? [];
    retry.waiting = undefined;
    for (const item of items) this.#resending.enqueue(item);
  }

  #sendAgain(retry: MemoryRetry, item: Outgoing): void {
    if (retry.waiting) retry.waiting.push(item);
    else this.#resending.enqueue(item);
  }

  #outgoingAgain(launch: Launch, retry: MemoryRetry): Outgoing {
    const { send, fail } = this.#resending.outgoing(launch);
    return {
      send: (channel) => {
        if (isRepeatable(launch, retry)) return send(channel);
        fail(this.#resending.localError(retry.error, launch));
        return undefined;
      },
      fail,
    };
  }
}
