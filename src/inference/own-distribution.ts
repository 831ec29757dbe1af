/** A distribution of the user's own: what draws, and what scores. */
import { checkCall } from "../program/signatures.ts";
import type { SimpleDistribution } from "../distributions/simple-distribution.ts";
import type { Dim, DType, Tensor } from "../tensor/tensor.ts";

export interface OwnDistributionParts<D extends DType = DType> {
  /** A draw, `(*batch *event)`, as a function of a key. */
  readonly sample: (key: Tensor<"key">) => Tensor<D>;
  /** The log-density of a value, `(*batch)`, nats. */
  readonly logProb: (value: Tensor<D>) => Tensor;
  /** A distribution whose values lie where these do, which NUTS and guides have to know. Default: any numbers. */
  readonly like?: SimpleDistribution;
}

/** What `customDistribution` makes. */
export class OwnDistribution<out D extends DType = DType> {
  /** The dtype of values, in the types only. */
  declare readonly valueDtype: D;
  /** @internal */
  readonly parts: OwnDistributionParts;

  /** @internal */
  constructor(parts: OwnDistributionParts) {
    this.parts = parts;
  }

  sample(key: Tensor<"key">, options: { readonly sampleShape?: readonly Dim[] } = {}): Tensor<D> {
    if (options.sampleShape?.length)
      throw new RangeError("internal: a statement of an own distribution has no sampleShape");
    return this.parts.sample(key) as Tensor<D>;
  }

  logProb(value: unknown): Tensor {
    return this.parts.logProb(value as Tensor);
  }
}

/**
 * A distribution of your own, from what draws and what scores, for `sample`:
 *
 * ```ts
 * const logistic = customDistribution({
 *   sample: (key) => special.logit(random.uniform(key)),
 *   logProb: (x) => nn.logSigmoid(x).add(nn.logSigmoid(x.neg())),
 * });
 * const x = sample("x", logistic);
 * ```
 * @throws {SynjaxError} `INVALID_ARGUMENT` where one of the two is missing
 */
export function customDistribution<D extends DType>(parts: OwnDistributionParts<D>): OwnDistribution<D> {
  checkCall("customDistribution", { options: { sample: "function", logProb: "function", like: "any?" } }, [
    parts,
  ]);
  return new OwnDistribution<D>(parts as unknown as OwnDistributionParts);
}
