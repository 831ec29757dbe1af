import { linearChainCRFParameters, type LinearChainCRFOptions } from "../ops/distributions.ts";
import { asInt, type FloatDType, Tensor, type TensorLike } from "../tensor/tensor.ts";
import { Distribution, type Parameter } from "./distribution.ts";

/**
 * A linear-chain conditional random field over tag sequences (Lafferty, McCallum & Pereira 2001).
 *
 * General: `logPotentials (*batch n t t)`, where `[i, a, b]` scores the edge from tag a at i−1 to tag b at i (of the
 * first matrix only row 0 counts, the start). Factored: `initial (*batch t)`, `transition (*batch t t)` and
 * `emission (*batch n t)`; much faster, since the step is a matrix product. An event is `(*batch n t t)`; its compact
 * form is the tags, `(*batch n)` int32, −1 past `lengths`.
 */
export class LinearChainCRF<F extends FloatDType = "float32"> extends Distribution<F> {
  constructor(options: LinearChainCRFOptions<F>) {
    super(
      "LinearChainCRF",
      linearChainCRFParameters,
      options as unknown as Readonly<Record<string, unknown>>,
    );
  }
  protected override get registered(): string {
    return "LinearChainCRF";
  }
  protected override get parameters(): readonly Parameter[] {
    return linearChainCRFParameters;
  }

  /** Tags of an event: `(… n)` int32, −1 past the end. */
  decode(event: TensorLike): Tensor<"int32"> {
    return this.query("decode", [event], Tensor) as Tensor<"int32">;
  }
  /** The event of tags `(… n)`; what stands past the end is ignored. */
  encode(tags: TensorLike<"int32">): Tensor<F> {
    return this.query("encode", [this.operand("encode", "tags", tags, asInt)], Tensor) as Tensor<F>;
  }
}
