/** A random variable: its value, and what it was drawn from. */
import { NODE, type Node, adopt } from "../program/traced.ts";
import { type DType, Tensor } from "../tensor/tensor.ts";
import type { AnyDistribution } from "./statement.ts";

/** A tensor that is the value of a random variable. */
export class RandomVariable<D extends DType = DType> extends Tensor<D> {
  declare readonly name: string;
  declare readonly distribution: AnyDistribution;

  /** The value, as a tensor that knows no distribution. */
  get value(): Tensor<D> {
    return adopt(Tensor, this[NODE]) as Tensor<D>;
  }
}

/** A value with its name and distribution. */
export function randomVariable(node: Node, name: string, distribution: AnyDistribution): RandomVariable {
  const variable = adopt(RandomVariable, node);
  Object.defineProperty(variable, "name", { value: name, enumerable: true });
  Object.defineProperty(variable, "distribution", { value: distribution, enumerable: false });
  return variable;
}
