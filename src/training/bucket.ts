/** Items of different lengths, in batches of a few shapes. */
import { checkCall, type Signature, shown } from "../program/signatures.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { refused } from "../transforms/trees.ts";
import type { Columns, ItemOf } from "./batches.ts";
import { type Batch, type Collated, Collation } from "./collation.ts";
import { BATCH_OPTIONS, type BatchOptions, checkBatchSize, gathered } from "./gatherer.ts";
import { type ArrowTableLike, BARE, type Dtypes, type Fields } from "./items.ts";

export interface BucketOptions<D extends Dtypes | undefined = Dtypes | undefined> extends BatchOptions<D> {
  /** How long items are padded to: each to the least width that holds it. As many compilations as widths. */
  readonly widths: readonly number[];
}

export interface Bucket<Values> extends Batch<Values> {
  /** How long the items are, (b): 0 for what only fills the batch */
  readonly lengths: Tensor<"int32">;
  /** How long they have been made: one of the widths */
  readonly width: number;
}

const BUCKET: Signature = { takes: { data: "any" }, options: { ...BATCH_OPTIONS, widths: "list" } };

/**
 * Batches of items of different lengths, such as sentences: an item goes to those of its width, padded with zeros at the
 * end, and a batch is given when it has `batchSize` items; at the end what is left, filled up. So a stream of sentences
 * of all lengths needs as many compilations as there are widths. The arrays of an item, `{ words, tags }`, are all as
 * long as the item; their own items, such as vectors, have one shape. Numbers are kept beside.
 * @param data as `batches` takes it: an array of items, columns, an Arrow table of lists, a stream
 * @throws {SynjaxError} `INVALID_ARGUMENT` for an item that is longer than the largest width, whose arrays differ in
 *   length, or which has none; `NARROWING` where the dtype cannot hold a value
 */
export function bucket<const D extends Dtypes | undefined = undefined>(
  data: ArrowTableLike,
  options: BucketOptions<D>,
): Generator<Bucket<Readonly<Record<string, Tensor>>>, void>;
export function bucket<Item, const D extends Dtypes | undefined = undefined>(
  data: readonly Item[],
  options: BucketOptions<D>,
): Generator<Bucket<Collated<Item, D>>, void>;
export function bucket<Item, const D extends Dtypes | undefined = undefined>(
  data: AsyncIterable<Item>,
  options: BucketOptions<D>,
): AsyncGenerator<Bucket<Collated<Item, D>>, void>;
export function bucket<Item, const D extends Dtypes | undefined = undefined>(
  data: Iterable<Item>,
  options: BucketOptions<D>,
): Generator<Bucket<Collated<Item, D>>, void>;
export function bucket<C extends Columns, const D extends Dtypes | undefined = undefined>(
  data: C,
  options: BucketOptions<D>,
): Generator<Bucket<Collated<{ readonly [Name in keyof C]: ItemOf<C[Name]> }, D>>, void>;
export function bucket(data: unknown, options: BucketOptions): unknown {
  checkCall("bucket", BUCKET, [data, options]);
  const { batchSize } = options;
  checkBatchSize("bucket", batchSize);
  const widths = sortedWidths(options.widths);
  const collation = new Collation("bucket", batchSize);
  const waiting = new Map<number, Waiting>();
  const batch = (width: number): unknown => {
    const { items, indices, lengths } = waiting.get(width)!;
    waiting.delete(width);
    const values = collation.values({ items, indices, width });
    return { values, lengths: collation.lengths(lengths), real: collation.real(items.length), width, indices }; // prettier-ignore
  };
  return gathered("bucket", data, options, {
    add(item, index) {
      const length = lengthOf(item, index);
      const width = widths.find((w) => w >= length);
      if (width === undefined)
        throw refused("bucket", `data[${index}]`, `at most ${widths.at(-1)} long, the largest of the widths`, String(length)); // prettier-ignore
      const same = waiting.get(width) ?? { items: [], indices: [], lengths: [] };
      waiting.set(width, same);
      same.items.push(item);
      same.indices.push(index);
      same.lengths.push(length);
      return same.items.length === batchSize ? batch(width) : undefined;
    },
    *rest() {
      for (const width of widths) if (waiting.has(width)) yield batch(width);
    },
  });
}

interface Waiting {
  readonly items: Fields[];
  readonly indices: number[];
  readonly lengths: number[];
}

function sortedWidths(widths: readonly number[]): readonly number[] {
  const bad = widths.find((width) => !Number.isSafeInteger(width) || width < 1);
  if (widths.length === 0 || bad !== undefined)
    throw refused("bucket", "widths", "whole numbers of at least 1", widths.length === 0 ? "none" : shown(bad)); // prettier-ignore
  return [...widths].sort((a, b) => a - b);
}

/** How long the arrays of an item are. */
function lengthOf(item: Fields, index: number): number {
  const arrays = [...item].filter(([, { shape }]) => shape.length > 0);
  const nameOf = (name: string): string => `data[${index}]${name === BARE ? "" : `.${name}`}`;
  const [first, ...others] = arrays;
  if (first === undefined)
    throw refused("bucket", nameOf(BARE), "an array, or an object with arrays", "numbers only");
  const length = first[1].shape[0]!;
  for (const [name, { shape }] of others)
    if (shape[0] !== length)
      throw refused("bucket", nameOf(name), `as many as in ${nameOf(first[0])}, ${length}`, String(shape[0]));
  return length;
}
