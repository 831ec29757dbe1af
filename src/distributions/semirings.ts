/** Semirings over log-potentials, and einsum over them. Names are those of SynJax's `semirings`. */
import { np } from "../ops/np.ts";
import { semirings as ops } from "../ops/semirings.ts";
import type { Float } from "../ops/dtypes.ts";
import type { ShapeLike } from "../tensor/shape.ts";
import type { Of, Tensor, TensorLike } from "../tensor/tensor.ts";

type Axes = number | readonly number[];

/** A sum and a product over log-potentials; the product is +. */
export abstract class Semiring {
  /** What changes nothing in a product: zeros. */
  one(shape: ShapeLike = []): Tensor<"float32"> {
    return np.zeros(shape);
  }

  /** What changes nothing in a sum: -inf. */
  zero(shape: ShapeLike = []): Tensor<"float32"> {
    return np.full(shape, -Infinity);
  }

  /** Element by element, with broadcasting. */
  mul(a: TensorLike, b: TensorLike, ...more: readonly TensorLike[]): Tensor {
    return more.reduce<Tensor>((product, x) => np.add(product, x), np.add(a, b));
  }

  /** Element by element, with broadcasting. */
  abstract add<A extends TensorLike>(a: A, ...more: readonly TensorLike[]): Tensor<Float<Of<A>>>;

  /** Over the axes. */
  abstract sum<A extends TensorLike>(a: A, axis: Axes): Tensor<Float<Of<A>>>;

  /** `einsum("ab,bc->ac", x, y)`: what it multiplies is added, what it sums is summed by this semiring. */
  abstract einsum<A extends TensorLike>(subscripts: string, ...operands: readonly A[]): Tensor<Float<Of<A>>>;
}

/** Sums are log-sum-exp. Gradients are marginals, 0 where everything is -inf. */
export class LogSemiring extends Semiring {
  add<A extends TensorLike>(a: A, ...more: readonly TensorLike[]): Tensor<Float<Of<A>>> {
    return ops.logAdd<TensorLike>(a, ...more) as never;
  }

  sum<A extends TensorLike>(a: A, axis: Axes): Tensor<Float<Of<A>>> {
    return ops.logSum(a, { axis });
  }

  einsum<A extends TensorLike>(subscripts: string, ...operands: readonly A[]): Tensor<Float<Of<A>>> {
    return ops.einsumLog(subscripts, ...operands) as never;
  }
}

/** Sums are maxima. A gradient marks one maximum, the first. */
export class MaxSemiring extends Semiring {
  add<A extends TensorLike>(a: A, ...more: readonly TensorLike[]): Tensor<Float<Of<A>>> {
    return ops.maxAdd<TensorLike>(a, ...more) as never;
  }

  sum<A extends TensorLike>(a: A, axis: Axes): Tensor<Float<Of<A>>> {
    return ops.maxSum(a, { axis });
  }

  einsum<A extends TensorLike>(subscripts: string, ...operands: readonly A[]): Tensor<Float<Of<A>>> {
    return ops.einsumMax(subscripts, ...operands) as never;
  }
}

export const { einsumLog, einsumMax } = ops;
