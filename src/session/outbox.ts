/** The way out of a session: all messages of one turn leave together, in the order they were made. */
import type { SynjaxError } from "../../bridge/errors.ts";
import type { Channel } from "../../bridge/transport/channel.ts";
import { MESSAGE } from "../../bridge/wire/protocol.ts";

/** One entry of the outbox: a launch, a fetch or a notice. */
export interface Outgoing {
  /** Returns what settles with the answer, where there will be one. */
  send(channel: Channel): Promise<unknown> | undefined;
  /** The connection could not be opened. */
  fail(error: SynjaxError): void;
  /** Bytes that it takes on the device. */
  bytes?(): number;
  /** Its place among what is sent again after the end of a worker: one after the other, before all else. */
  order?(): number;
}

/** Where an outbox sends to. */
export interface Destination {
  /** The open channel. */
  channel(): Channel | undefined;
  open(): Promise<void>;
  /** What a message that takes so much on the device has to wait for, if for anything. */
  room?(bytes: number): Promise<void> | undefined;
}

/** Milliseconds that freed handles wait for a message to ride on. */
const FREES_WAIT = 50;

/** Timers of Node can keep the process alive or not; those of browsers are numbers. */
interface KeepsAlive {
  ref?(): unknown;
  unref?(): unknown;
}

export class Outbox {
  readonly #destination: Destination;
  #items: Outgoing[] = [];
  readonly #later = new Set<Outgoing>();
  #isScheduled = false;
  /** Ids of handles that the worker can forget. */
  #frees: number[] = [];
  #freesTimer: ReturnType<typeof setTimeout> | undefined;
  /** Calls that nobody has answered yet. */
  #unanswered = 0;
  readonly #idleWaiters: (() => void)[] = [];
  // A process must not end before what it launched has been answered, and must not wait for anything else.
  readonly #alive: ReturnType<typeof setInterval>;

  constructor(destination: Destination) {
    this.#destination = destination;
    this.#alive = setInterval(() => undefined, 0x3fffffff);
    (this.#alive as KeepsAlive).unref?.();
  }

  enqueue(item: Outgoing): void {
    this.#items.push(item);
    this.#schedule();
  }

  /** Enqueues an item when `ready` has resolved. Until then it is one of those that have not been sent. */
  enqueueAfter(ready: Promise<unknown>, item: Outgoing): void {
    this.#later.add(item);
    void ready.then(() => {
      if (this.#later.delete(item)) this.enqueue(item);
    });
  }

  /** Puts what was sent before in front of what was not, in its order. */
  repeat(items: readonly Outgoing[]): void {
    const all = [...this.#items, ...items];
    const place = new Map(all.map((item) => [item, item.order?.()]));
    const again = all.filter((item) => place.get(item) !== undefined);
    const others = all.filter((item) => place.get(item) === undefined);
    this.#items = [...again.sort((a, b) => place.get(a)! - place.get(b)!), ...others];
    if (this.#items.length > 0) this.#schedule();
  }

  /** Fails all that has not been sent. */
  failAll(error: SynjaxError): void {
    const items = [...this.#items.splice(0), ...this.#later];
    this.#later.clear();
    for (const item of items) item.fail(error);
  }

  /** Ends the timers; nothing is sent after it. */
  end(): void {
    clearInterval(this.#alive);
    this.dropFrees();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#isScheduled = false;
    if (this.#items.length === 0) return this.#settleIdle(); // for nothing no worker is started
    const channel = this.#destination.channel();
    if (channel) return this.#send(channel);
    this.#isScheduled = true;
    this.#destination.open().then(
      () => this.#flush(),
      (error: unknown) => {
        this.#isScheduled = false;
        this.failAll(error as SynjaxError);
        this.#settleIdle();
      },
    );
  }

  #send(channel: Channel): void {
    while (this.#items.length > 0) {
      const [item] = this.#items as [Outgoing];
      const room = item.bytes && this.#destination.room?.(item.bytes());
      if (room) return this.#continueAfter(room);
      this.#items.shift();
      const answered = item.send(channel);
      if (item.order && answered) return this.#continueAfter(answered);
    }
    this.#settleIdle();
  }

  #continueAfter(promise: Promise<unknown>): void {
    this.#isScheduled = true;
    const flush = (): void => this.#flush();
    promise.then(flush, flush);
  }

  // -- handles to free -------------------------------------------------------------------------------------------

  /** Frees a handle once the messages made so far, which may use it, have left. */
  free(id: number): void {
    this.enqueue({ send: () => void this.freeUnused(id), fail: () => undefined });
  }

  /** Frees a handle that no message in the outbox uses: with the next message, or soon where there is none. */
  freeUnused(id: number): void {
    this.#frees.push(id);
    if (this.#freesTimer !== undefined) return;
    this.#freesTimer = setTimeout(() => {
      const channel = this.#destination.channel();
      if (channel) this.postFrees(channel);
      else this.#freesTimer = undefined;
    }, FREES_WAIT);
    (this.#freesTimer as KeepsAlive).unref?.();
  }

  /** The ids to free, for the message that takes them along. */
  takeFrees(): readonly number[] {
    const frees = this.#frees;
    this.dropFrees();
    return frees;
  }

  /** Sends the ids to free in a message of their own. */
  postFrees(channel: Channel): void {
    const frees = this.takeFrees();
    if (frees.length > 0) channel.post([MESSAGE.free, 0, frees]);
  }

  /** Forgets the ids to free: their worker is gone. */
  dropFrees(): void {
    this.#frees = [];
    clearTimeout(this.#freesTimer);
    this.#freesTimer = undefined;
  }

  // -- calls without an answer -----------------------------------------------------------------------------------

  beginCall(): void {
    if (this.#unanswered++ === 0) (this.#alive as KeepsAlive).ref?.();
  }

  endCall(): void {
    if (--this.#unanswered > 0) return;
    (this.#alive as KeepsAlive).unref?.();
    this.#settleIdle();
  }

  /** Counts `promise` as a call. */
  async track<T>(promise: Promise<T>): Promise<T> {
    this.beginCall();
    try {
      return await promise;
    } finally {
      this.endCall();
    }
  }

  /** Resolves when all has been sent and answered. */
  async idle(): Promise<void> {
    if (!this.#isIdle) await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
  }

  get #isIdle(): boolean {
    return this.#unanswered === 0 && this.#items.length === 0;
  }

  #settleIdle(): void {
    if (this.#isIdle) for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }
}
