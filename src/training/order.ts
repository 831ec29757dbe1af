/** The order in which items are taken. */
import { shown } from "../program/signatures.ts";
import { refused } from "../transforms/trees.ts";

export interface OrderOptions {
  /** Shuffles the items, in the same way wherever this runs. Left out: the order in which they are given. */
  readonly seed?: number | undefined;
  /** Another order for each, of one seed. Default 0. */
  readonly epoch?: number | undefined;
}

/** The places of `count` items, in the order in which they are taken. */
export function orderOf(call: string, count: number, { seed, epoch }: OrderOptions): readonly number[] {
  checkOrder(call, { seed, epoch });
  const places = Array.from({ length: count }, (_, i) => i);
  if (seed === undefined) return places;
  const random = uniform(mixed(mixed(seed) ^ mixed(seed / 2 ** 32) ^ (epoch ?? 0)));
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [places[i], places[j]] = [places[j]!, places[i]!];
  }
  return places;
}

export function checkOrder(call: string, { seed, epoch }: OrderOptions): void {
  for (const [name, value] of [
    ["seed", seed],
    ["epoch", epoch],
  ] as const)
    // prettier-ignore
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0))
      throw refused(call, name, "a whole number of at least 0", shown(value));
  if (epoch !== undefined && seed === undefined)
    throw refused(call, "epoch", "a `seed` beside it: nothing is shuffled without", String(epoch));
}

/** The finalizer of MurmurHash3: every bit of the result depends on every bit of the number. */
function mixed(n: number): number {
  let h = n | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Numbers from 0 to 1 (exclusive), of 32 bits: a counter, mixed (Steele et al. 2014, "Fast splittable pseudorandom number generators"). */
function uniform(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    return (mixed(state) >>> 0) / 2 ** 32;
  };
}
