/** Dropout. */
import { np } from "../ops/np.ts";
import { random } from "../ops/random.ts";
import { checkCall, type Signature, shown } from "../program/signatures.ts";
import { Tensor } from "../tensor/tensor.ts";
import { refused } from "../transforms/trees.ts";
import type { Floats } from "./params.ts";

const DROPOUT: Signature = { takes: { key: "any", x: "tensor", rate: "number" } };

/**
 * Sets each number to 0 with probability `rate`, by itself, and divides the others by 1 − `rate`, so that the mean
 * stays. As flax's `Dropout` (Srivastava et al. 2014).
 * @param key a new one for every step, e.g. `random.foldIn(key, step)`; `undefined` outside of training: `x` stays
 * @throws {SynjaxError} `INVALID_ARGUMENT` for a rate that is no probability
 */
export function dropout(key: Tensor<"key"> | undefined, x: Floats, rate: number): Floats {
  checkCall("dropout", DROPOUT, [key, x, rate]);
  if (!(rate >= 0 && rate <= 1)) throw refused("dropout", "rate", "a number from 0 to 1", shown(rate));
  if (key !== undefined && !(key instanceof Tensor))
    throw refused("dropout", "key", "a key, as random.key(0) makes it, or undefined", shown(key));
  if (key === undefined || rate === 0) return x;
  if (rate === 1) return np.zerosLike(x);
  return np.where(random.bernoulli(key, { p: 1 - rate, shape: x.shape }), x.div(1 - rate), 0);
}
