/** Trees of parameters: what a layer looks for in one, and what it says when that is missing. */
import { isPlainObject } from "../program/plain-object.ts";
import { shown } from "../program/signatures.ts";
import { asFloat } from "../tensor/array.ts";
import type { Tensor, TensorLike } from "../tensor/tensor.ts";
import { refused } from "../transforms/trees.ts";

export type Floats = Tensor<"float32">;

/** What a layer is applied to, as a tensor. */
export const asFloats = (x: TensorLike, argument: string): Floats => asFloat(x, argument) as Floats;

/** Refuses a tree without the parameters that a layer has, e.g. of a file that calls them otherwise. */
export function checkParams(layer: string, params: unknown, names: readonly string[]): void {
  for (const name of names) {
    let [at, value] = ["params", params];
    for (const key of name.split(".")) {
      if (!isPlainObject(value))
        throw refused(layer, at, `an object of parameters with \`${key}\``, shown(value));
      at += `.${key}`;
      value = (value as Readonly<Record<string, unknown>>)[key];
    }
    if (value === undefined) throw refused(layer, at, "a tensor", "undefined");
  }
}

/** Refuses what is no number of features, heads and the like. */
export function checkSizes(layer: string, sizes: Readonly<Record<string, number>>): void {
  for (const [name, size] of Object.entries(sizes))
    if (!Number.isSafeInteger(size) || size < 1)
      throw refused(layer, name, "a whole number of at least 1", shown(size));
}
