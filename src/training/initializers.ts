/** Random parameters, as flax draws them where nothing else is said. */
import { random } from "../ops/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Floats } from "./params.ts";

/** The standard deviation of a standard normal that is cut off at ±2. */
const CUT_OFF = 0.87962566103423978;

/**
 * Normal, cut off at two standard deviations, with a variance of 1 / `fanIn`: sums of `fanIn` products with inputs of
 * variance 1 have variance 1. Equivalent to `jax.nn.initializers.lecun_normal` (LeCun et al. 1998, "Efficient
 * BackProp", section 4.6).
 */
export function lecunNormal(key: Tensor<"key">, shape: readonly number[], fanIn: number): Floats {
  return random.truncatedNormal(key, -2, 2, { shape }).mul(1 / Math.sqrt(fanIn) / CUT_OFF);
}
