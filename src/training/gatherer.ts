/** Going through data, item by item, and giving out batches. */
import { shown } from "../program/signatures.ts";
import { refused } from "../transforms/trees.ts";
import { type Dtypes, type Fields, fieldsOf, itemsOf } from "./items.ts";
import { checkOrder, orderOf, type OrderOptions } from "./order.ts";

export interface BatchOptions<D extends Dtypes | undefined = Dtypes | undefined> extends OrderOptions {
  /** How many items a batch has. */
  readonly batchSize: number;
  /** The dtype of all arrays, or of each by its name: `{ words: "int32" }`. Numbers are float32 otherwise. */
  readonly dtype?: D;
  /** Leaves out what is no whole batch, instead of filling it. */
  readonly dropRemainder?: boolean;
}

export const BATCH_OPTIONS = {
  batchSize: "number",
  dtype: "any?",
  seed: "number?",
  epoch: "number?",
  dropRemainder: "boolean?",
};
/** What takes items and gives batches. */
export interface Gatherer {
  /** @returns a batch, where the item was the last that it lacked */
  add(item: Fields, index: number): unknown;
  /** The batches that are not whole. */
  rest(): Iterable<unknown>;
}

export function checkBatchSize(call: string, batchSize: number): void {
  if (!Number.isSafeInteger(batchSize) || batchSize < 1)
    throw refused(call, "batchSize", "a whole number of at least 1", shown(batchSize));
}

/** The batches of all items: a generator, asynchronous where the data are. */
export function gathered(call: string, data: unknown, options: BatchOptions, gatherer: Gatherer): unknown {
  const { seed, epoch, dtype, dropRemainder = false } = options;
  const items = itemsOf(call, data, dtype);
  if (items) {
    const order = orderOf(call, items.count, { seed, epoch });
    return taken(order, (i) => gatherer.add(items.at(i), i), gatherer, dropRemainder);
  }
  checkOrder(call, { seed, epoch });
  if (seed !== undefined) throw refused(call, "seed", "no seed: a stream is taken as it comes", String(seed));
  let position = 0;
  const add = (item: unknown): unknown => {
    const i = position++;
    return gatherer.add(fieldsOf(call, item, `data[${i}]`, dtype), i);
  };
  const stream = data as Partial<Iterable<unknown> & AsyncIterable<unknown>> | null | undefined;
  if (typeof stream?.[Symbol.asyncIterator] === "function")
    return takenAsItComes(stream as AsyncIterable<unknown>, add, gatherer, dropRemainder);
  if (typeof stream?.[Symbol.iterator] === "function" && typeof data !== "string")
    return taken(stream as Iterable<unknown>, add, gatherer, dropRemainder);
  throw refused(call, "data", "items: an array, columns, an Arrow table or a stream of them", shown(data));
}

function* taken<T>(
  from: Iterable<T>,
  add: (item: T) => unknown,
  gatherer: Gatherer,
  dropRemainder: boolean,
): Generator<unknown, void> {
  for (const item of from) {
    const batch = add(item);
    if (batch !== undefined) yield batch;
  }
  if (!dropRemainder) yield* gatherer.rest();
}

async function* takenAsItComes(
  from: AsyncIterable<unknown>,
  add: (item: unknown) => unknown,
  gatherer: Gatherer,
  dropRemainder: boolean,
): AsyncGenerator<unknown, void> {
  for await (const item of from) {
    const batch = add(item);
    if (batch !== undefined) yield batch;
  }
  if (!dropRemainder) yield* gatherer.rest();
}
