/** Training data, some items at a time. */
import { checkCall, type Signature } from "../program/signatures.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Batch, type Collated, Collation } from "./collation.ts";
import { BATCH_OPTIONS, type BatchOptions, checkBatchSize, gathered } from "./gatherer.ts";
import type { ArrowTableLike, Dtypes, Fields } from "./items.ts";

const BATCHES: Signature = { takes: { data: "any" }, options: BATCH_OPTIONS };

/** A column of items: `number[][]` is one of `number[]`. */
export type ItemOf<Column> = Column extends readonly (infer Item)[] ? Item : Column;

/** Columns of items by their names: arrays, typed arrays, tensors on the host, Arrow vectors. */
export type Columns = Readonly<Record<string, unknown>>;

/**
 * Batches of items of one shape: numbers, arrays, or objects of them. All batches have `batchSize` items, so that one
 * compilation serves all; what fills the last one is not `real`. For items of different lengths there is `bucket`.
 * @param data an array of items; columns of them, `{ x: number[][], y: Int32Array }`, along the first axes; an Arrow
 *   table; or a stream, an (async) iterable of items
 * @throws {SynjaxError} `INVALID_ARGUMENT` where items differ in their arrays, or a stream is to be shuffled;
 *   `NARROWING` where the dtype cannot hold a value
 */
export function batches<const D extends Dtypes | undefined = undefined>(
  data: ArrowTableLike,
  options: BatchOptions<D>,
): Generator<Batch<Readonly<Record<string, Tensor>>>, void>;
export function batches<Item, const D extends Dtypes | undefined = undefined>(
  data: readonly Item[],
  options: BatchOptions<D>,
): Generator<Batch<Collated<Item, D>>, void>;
export function batches<Item, const D extends Dtypes | undefined = undefined>(
  data: AsyncIterable<Item>,
  options: BatchOptions<D>,
): AsyncGenerator<Batch<Collated<Item, D>>, void>;
export function batches<Item, const D extends Dtypes | undefined = undefined>(
  data: Iterable<Item>,
  options: BatchOptions<D>,
): Generator<Batch<Collated<Item, D>>, void>;
export function batches<C extends Columns, const D extends Dtypes | undefined = undefined>(
  data: C,
  options: BatchOptions<D>,
): Generator<Batch<Collated<{ readonly [Name in keyof C]: ItemOf<C[Name]> }, D>>, void>;
export function batches(data: unknown, options: BatchOptions): unknown {
  checkCall("batches", BATCHES, [data, options]);
  const { batchSize } = options;
  checkBatchSize("batches", batchSize);
  const collation = new Collation("batches", batchSize);
  let [items, indices]: [Fields[], number[]] = [[], []];
  const batch = (): unknown => {
    const gathered = { items, indices, width: undefined };
    [items, indices] = [[], []];
    const { length } = gathered.items;
    return { values: collation.values(gathered), real: collation.real(length), indices: gathered.indices };
  };
  return gathered("batches", data, options, {
    add(item, index) {
      items.push(item);
      indices.push(index);
      return items.length === batchSize ? batch() : undefined;
    },
    *rest() {
      if (items.length > 0) yield batch();
    },
  });
}
