import type { Emission } from "./emissions.ts";
import { hmmParameters, type HMMOptions } from "../ops/distributions.ts";
import { asInt, type FloatDType, Tensor, type TensorLike } from "../tensor/tensor.ts";
import { Distribution, type Parameter } from "./distribution.ts";

/** Expected numbers of events under the posterior, each of the shape of its parameter. */
export interface HMMCounts<F extends FloatDType = "float32"> {
  /** `(*batch t)` */
  readonly initial: Tensor<F>;
  /** `(*batch t t)` */
  readonly transition: Tensor<F>;
  /** `(*batch t v)` */
  readonly emission: Tensor<F>;
}

/** Parameters as the constructor takes them. */
export interface HMMParameters<F extends FloatDType = "float32"> {
  readonly initLogits: Tensor<F>;
  readonly transitionLogits: Tensor<F>;
  readonly emissionDist: Tensor<F>;
}

/** What `new HMM` takes: emissions are logits `(*batch t v)`, or a distribution of numbers, counts or vectors. */
export interface HMMGiven<F extends FloatDType = "float32"> extends Omit<HMMOptions<F>, "emissionDist"> {
  readonly emissionDist?: HMMOptions<F>["emissionDist"] | Emission;
}

/**
 * A hidden Markov model, given its observations: the distribution over state sequences (Rabiner 1989).
 *
 * `initLogits (*batch t)`, `transitionLogits (*batch t t)` and emissions, normalised by log-softmax unless
 * `normalize: false`. `logPartition` is the log-likelihood of the observations, nats. An event is `(*batch n t t)`;
 * its compact form is the states, `(*batch n)` int32, −1 past `lengths`.
 */
export class HMM<F extends FloatDType = "float32"> extends Distribution<F> {
  constructor(options: HMMGiven<F>) {
    super("HMM", hmmParameters, options as unknown as Readonly<Record<string, unknown>>);
  }
  protected override get registered(): string {
    return "HMM";
  }
  protected override get parameters(): readonly Parameter[] {
    return hmmParameters;
  }

  /** States of an event: `(… n)` int32, −1 past the end. */
  decode(event: TensorLike): Tensor<"int32"> {
    return this.query("decode", [event], Tensor) as Tensor<"int32">;
  }
  /** The event of states `(… n)`; what stands past the end is ignored. */
  encode(states: TensorLike<"int32">): Tensor<F> {
    return this.query("encode", [this.operand("encode", "states", states, asInt)], Tensor) as Tensor<F>;
  }

  /** Probability of each state given the observations so far: `(*batch n t)`; zeros past the end. */
  filter(): Tensor<F> {
    return this.query("filter", [], Tensor) as Tensor<F>;
  }
  /** Probability of each state given all observations: `(*batch n t)`; zeros past the end. */
  smooth(): Tensor<F> {
    return this.query("smooth", [], Tensor) as Tensor<F>;
  }
  /** Probability of each state given the observations before it: `(*batch n t)`; zeros past the end. */
  predict(): Tensor<F> {
    return this.query("predict", [], Tensor) as Tensor<F>;
  }

  /** The E step of Baum–Welch: expected counts of starts, transitions and emissions (Rabiner 1989, III C). */
  expectedCounts(): HMMCounts<F> {
    return this.queryStruct("expected_counts", [], {
      initial: ["initial", Tensor],
      transition: ["transition", Tensor],
      emission: ["emission", Tensor],
    }) as unknown as HMMCounts<F>;
  }
  /** The M step: the parameters that maximise the likelihood of the counts, each count raised by `pseudocount`. */
  maximize(counts: HMMCounts<F>, options: { readonly pseudocount?: number } = {}): HMMParameters<F> {
    const operands = { counts: [counts.initial, counts.transition, counts.emission] };
    return this.queryStruct(
      "maximize",
      [operands.counts],
      {
        initLogits: ["init_logits", Tensor],
        transitionLogits: ["transition_logits", Tensor],
        emissionDist: ["emission_dist", Tensor],
      },
      undefined,
      { pseudocount: options.pseudocount },
    ) as unknown as HMMParameters<F>;
  }
}
