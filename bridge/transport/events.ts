/**
 * Iterates over events, from the moment it is made, for one reader. It ends after the event for which `isLast` is true,
 * or when the reader leaves, even while it waits for the next event.
 */
export class Events<E> implements AsyncGenerator<E, void, undefined> {
  readonly #listeners: Set<(event: E) => void>;
  readonly #isLast: (event: E) => boolean;
  readonly #events: E[] = [];
  readonly #waiting: ((result: IteratorResult<E, void>) => void)[] = [];
  #ended = false;

  /** @param listeners called with every event; this iterator is one of them until it ends */
  constructor(listeners: Set<(event: E) => void>, isLast: (event: E) => boolean, first: readonly E[] = []) {
    this.#listeners = listeners;
    this.#isLast = isLast;
    listeners.add(this.#take);
    for (const event of first) this.#take(event);
  }

  /** An iterator without events, for what has ended already. */
  static none<E>(): Events<E> {
    const events = new Events<E>(new Set(), () => false);
    events.#end();
    return events;
  }

  readonly #take = (event: E): void => {
    const reader = this.#waiting.shift();
    if (reader) reader({ done: false, value: event });
    else this.#events.push(event);
    if (this.#isLast(event)) this.#end();
  };

  /** Events that have arrived can still be read. */
  #end(): void {
    this.#ended = true;
    this.#listeners.delete(this.#take);
    for (const reader of this.#waiting.splice(0)) reader({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<E, void>> {
    if (this.#events.length > 0) return Promise.resolve({ done: false, value: this.#events.shift()! });
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<E, void>> {
    this.#events.length = 0;
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  async throw(error: unknown): Promise<IteratorResult<E, void>> {
    await this.return();
    throw error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
