import { LONGEST_TIMER } from "./call-options.ts";

/** Why a worker counts as lost although its process may still run. */
export class WorkerHang extends Error {
  readonly code = "HANG";
}

export interface HeartbeatOptions {
  /** Milliseconds between pings while a call is unanswered; 0 sends none. */
  readonly interval: number;
  /** Milliseconds without an answer after which the worker counts as lost. */
  readonly hangAfter: number;
  /** Whether a call is unanswered. */
  readonly isWaiting: () => boolean;
  readonly isConnected: () => boolean;
  /** @param answered is told whether the worker has nothing to do, and yet owes an answer that it owed before */
  readonly ping: (answered: (owes: boolean) => void) => void;
  readonly onLost: (what: string, cause: Error | undefined) => void;
  /** The worker will never answer what it owes. */
  readonly onOwed: () => void;
}

/** So many times in a row a worker may say that it has nothing to do before the answers that it owes have arrived. */
const IDLE_PONGS = 5;

/** Pings the worker while a call is unanswered, and tells when it has gone silent or away. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #timer: NodeJS.Timeout | undefined;
  // Ticks are counted instead of time: while a laptop sleeps nothing ticks, so nobody has waited.
  #unansweredTicks = 0;
  #idlePongs = 0;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  start(): void {
    const { interval } = this.#options;
    if (interval <= 0) return;
    this.#timer = setInterval(() => this.#beat(), Math.min(interval, LONGEST_TIMER));
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** The worker answered something. */
  answered(): void {
    this.#unansweredTicks = 0;
  }

  #beat(): void {
    const { interval, hangAfter, isWaiting, isConnected, ping, onLost, onOwed } = this.#options;
    if (!isWaiting()) {
      this.#unansweredTicks = this.#idlePongs = 0;
      return;
    }
    if (!isConnected()) return onLost("the connection to the worker broke", undefined);
    const silence = this.#unansweredTicks * interval;
    if (silence >= hangAfter)
      return onLost("the worker hangs", new WorkerHang(`no sign of life for ${silence} ms`));
    this.#unansweredTicks++;
    ping((owes) => {
      this.#idlePongs = owes ? this.#idlePongs + 1 : 0;
      if (this.#idlePongs === IDLE_PONGS) onOwed();
    });
  }
}
