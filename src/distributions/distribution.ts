// Generated from the Python registry by `npm run generate`; do not edit.
import { checkMethods } from "../program/signatures.ts";
import { asFloat } from "../tensor/array.ts";
import { type Dim, type FloatDType, type ShapeLike, Tensor, type TensorLike } from "../tensor/tensor.ts";
import { DeclaredDistribution } from "./declared-distribution.ts";
import type { CompactLike, CompactOf, EventLike, EventOf } from "./events.ts";

/** The best structure and its score. */
export type ArgMax<F extends FloatDType = "float32", E extends string = never> = {
  readonly event: EventOf<F, E>;
  /** `(*batch)` */
  readonly score: Tensor<F>;
};

/**
 * k distinct structures, in the order in which they are drawn, (k *batch ...), and their
 * log-probabilities.
 */
export type Draws<F extends FloatDType = "float32", E extends string = never> = {
  readonly events: EventOf<F, E>;
  /** `(k *batch)` */
  readonly logProbs: Tensor<F>;
  /** `(*batch)` */
  readonly count: Tensor<"int32">;
};

/** The k best structures and their scores, best first, (k *batch); `count` says how many there are. */
export type TopK<F extends FloatDType = "float32", E extends string = never> = {
  readonly events: EventOf<F, E>;
  /** `(k *batch)` */
  readonly scores: Tensor<F>;
  /** `(*batch)` */
  readonly count: Tensor<"int32">;
};

/** Options of `differentiableSample`. */
export interface DifferentiableSampleOptions {
  /** How, see above. */
  readonly method:
    | "Perturb-and-Marginals"
    | "Perturb-and-SoftmaxDP"
    | "Perturb-and-SparsemaxDP"
    | "Perturb-and-MAP-Implicit-MLE"
    | "Gumbel-CRF";
  /**
   * What is added to every log-potential; in Python a function of a key and a shape too. Gumbel-CRF
   * draws its own.
   */
  readonly noise?: "Sum-of-Gamma" | "Gumbel" | "None";
  /** Divides the perturbed log-potentials; a number, or one per item (*batch). */
  readonly temperature?: TensorLike<FloatDType>;
  /** Leading axes of the result, that many draws. */
  readonly sampleShape?: ShapeLike;
  /** The choices of the two DP methods and of Gumbel-CRF are hard, with the smooth ones' derivative. */
  readonly straightThrough?: boolean;
  /**
   * Of Perturb-and-SparsemaxDP, whether half the squared norm of the weights is subtracted
   * (Mensch & Blondel 2018).
   */
  readonly regularized?: boolean;
  /** Of Implicit-MLE, how far the potentials are moved. */
  readonly implicitMleLr?: TensorLike<FloatDType>;
}

/** Options of `sample`. */
export interface SampleOptions {
  /** Leading axes of the result, that many independent draws. */
  readonly sampleShape?: ShapeLike;
  /** Divides the log-potentials; below 1 sharpens, above 1 flattens. */
  readonly temperature?: TensorLike<FloatDType>;
}

/** Options of `withPerturbation`. */
export interface WithPerturbationOptions {
  /** What is added; in Python a function of a key and a shape too. */
  readonly noise?: "Sum-of-Gamma" | "Gumbel" | "None";
  /** A number, or one per item (*batch). */
  readonly temperature?: TensorLike<FloatDType>;
}

/**
 * A distribution over structures: a value of the program, with queries on it. An event is the 0/1
 * indicator of a structure's parts, so `marginals`, `argmax`, `sample` and `logProb` speak of the same
 * thing; `decode` gives the compact form that people read. All logarithms are natural (nats).
 *
 * `E` and `C` name the arrays of an event and of a compact one where there are several.
 */
export abstract class Distribution<
  F extends FloatDType = "float32",
  E extends string = never,
  C extends string = never,
> extends DeclaredDistribution<F, E> {
  /** The best structure. Among equals the choice is deterministic. */
  argmax(): EventOf<F, E> {
    return this.ask("argmax", "event") as never;
  }

  /** The best structure and its score. */
  argmaxAndMax(): ArgMax<F, E> {
    return this.ask("argmax_and_max", { event: ["event", "event"], score: ["score", Tensor] }) as never;
  }

  /** The distribution of one item of the first batch axis. */
  at(index: Dim): this {
    return this.ask("at", "dist", [], { index }) as never;
  }

  /**
   * Expected -log-probability under `other` of structures of this distribution, (*batch), nats. Batches
   * are broadcast.
   */
  crossEntropy(other: this): Tensor<F> {
    return this.ask("cross_entropy", Tensor, [other]) as never;
  }

  /** The compact form of an event, int32, -1 where there is nothing; of marginals, the likeliest choices. */
  decode(event: EventLike<E>): CompactOf<C> {
    return this.ask("decode", "compact", [this.eventOperand("decode", "event", event)]) as never;
  }

  /**
   * Structures, relaxed or discrete, whose gradient by the potentials is not 0;
   * (*sampleShape *batch ...).
   *
   * Biased, but for small temperatures near to samples. "Perturb-and-Marginals" answers with the
   * marginals of the perturbed distribution (Paulus et al. 2020). "Perturb-and-SoftmaxDP" and
   * "Perturb-and-SparsemaxDP" replace every maximum of the best structure's recursion by its expectation
   * under softmax or sparsemax (Corro & Titov 2019). "Perturb-and-MAP-Implicit-MLE" answers with the
   * best structure, whose gradient is its difference to the best one of potentials moved against the
   * gradient (Niepert et al. 2021). "Gumbel-CRF" relaxes the choices of a sample's walk
   * (Fu et al. 2020).
   */
  differentiableSample(key: Tensor<"key">, options: DifferentiableSampleOptions): EventOf<F, E> {
    return this.ask(
      "differentiable_sample",
      "event",
      [key],
      {
        method: options.method,
        noise: options.noise,
        sample_shape: options.sampleShape,
        straight_through: options.straightThrough,
        regularized: options.regularized,
      },
      {
        temperature: this.operand("differentiableSample", "temperature", options.temperature, asFloat),
        implicit_mle_lr: this.operand(
          "differentiableSample",
          "implicitMleLr",
          options.implicitMleLr,
          asFloat,
        ),
      },
    ) as never;
  }

  /** The event of a compact one; what stands past the end is ignored. */
  encode(compact: CompactLike<C>): EventOf<F, E> {
    return this.ask("encode", "event", [this.compactOperand("encode", "compact", compact)]) as never;
  }

  /** Shannon entropy, (*batch), nats. */
  entropy(): Tensor<F> {
    return this.ask("entropy", Tensor) as never;
  }

  /**
   * Kullback-Leibler divergence from this distribution to `other`, (*batch), nats. Batches are
   * broadcast.
   */
  klDivergence(other: this): Tensor<F> {
    return this.ask("kl_divergence", Tensor, [other]) as never;
  }

  /** Log of the number of structures, (*batch). */
  logCount(): Tensor<F> {
    return this.ask("log_count", Tensor) as never;
  }

  /** Log-probability of each part, event-shaped; right where `marginals` underflows. */
  logMarginals(): EventOf<F, E> {
    return this.ask("log_marginals", "event") as never;
  }

  /** Log of the sum of the exponentiated scores of all structures, (*batch). */
  logPartition(): Tensor<F> {
    return this.ask("log_partition", Tensor) as never;
  }

  /**
   * Log-probability of an event, nats: its score less `logPartition`; -inf where a part is not allowed.
   * What is no structure at all, as parts that do not fit together, has a number too, but not a
   * log-probability.
   *
   * Axes before the batch are samples.
   */
  logProb(event: EventLike<E>): Tensor<F> {
    return this.ask("log_prob", Tensor, [this.eventOperand("logProb", "event", event)]) as never;
  }

  /** Probability of each part, event-shaped: the gradient of `logPartition`. */
  marginals(): EventOf<F, E> {
    return this.ask("marginals", "event") as never;
  }

  /** The gradient of each item's `logPartition` by the parameters, in place of the parameters. */
  marginalsForTemplateVariables(): this {
    return this.ask("marginals_for_template_variables", "dist") as never;
  }

  /**
   * Independent structures, (*sampleShape *batch ...). Many draws share every pass.
   *
   * @param key what the draw is a function of.
   */
  sample(key: Tensor<"key">, options: SampleOptions = {}): EventOf<F, E> {
    return this.ask(
      "sample",
      "event",
      [key],
      { sample_shape: options.sampleShape },
      { temperature: this.operand("sample", "temperature", options.temperature, asFloat) },
    ) as never;
  }

  /**
   * k distinct structures, in the order in which they are drawn, (k *batch ...), and their
   * log-probabilities.
   *
   * Source: Kool, van Hoof & Welling (2019), "Stochastic beams and where to find them".
   */
  sampleWithoutReplacement(key: Tensor<"key">, k: Dim): Draws<F, E> {
    return this.ask(
      "sample_without_replacement",
      { events: ["events", "event"], logProbs: ["log_probs", Tensor], count: ["count", Tensor] },
      [key],
      { k },
    ) as never;
  }

  /** The k best structures and their scores, best first, (k *batch); `count` says how many there are. */
  topK(k: Dim): TopK<F, E> {
    return this.ask(
      "top_k",
      { events: ["events", "event"], scores: ["scores", Tensor], count: ["count", Tensor] },
      [],
      { k },
    ) as never;
  }

  /**
   * Sum of the log-potentials of the event's parts; linear in the event. Axes before the batch are
   * samples.
   */
  unnormalizedLogProb(event: EventLike<E>): Tensor<F> {
    return this.ask("unnormalized_log_prob", Tensor, [
      this.eventOperand("unnormalizedLogProb", "event", event),
    ]) as never;
  }

  /** The distribution with noise added to every log-potential, then divided by `temperature`. */
  withPerturbation(key: Tensor<"key">, options: WithPerturbationOptions = {}): this {
    return this.ask(
      "with_perturbation",
      "dist",
      [key],
      { noise: options.noise },
      { temperature: this.operand("withPerturbation", "temperature", options.temperature, asFloat) },
    ) as never;
  }

  /**
   * The distribution with every log-potential divided by `temperature`: a number, or one per item
   * (*batch).
   */
  withTemperature(temperature: TensorLike<FloatDType>): this {
    return this.ask("with_temperature", "dist", [
      this.operand("withTemperature", "temperature", temperature, asFloat),
    ]) as never;
  }
}

checkMethods(Distribution, {
  argmax: {},
  argmaxAndMax: {},
  at: { takes: { index: "size" } },
  crossEntropy: { takes: { other: "alike" } },
  decode: { takes: { event: "operand" } },
  differentiableSample: {
    takes: { key: "key" },
    options: {
      method:
        '"Perturb-and-Marginals" | "Perturb-and-SoftmaxDP" | "Perturb-and-SparsemaxDP" | "Perturb-and-MAP-Implicit-MLE" | "Gumbel-CRF"',
      noise: '"Sum-of-Gamma" | "Gumbel" | "None"?',
      temperature: "operand?",
      sampleShape: "shape?",
      straightThrough: "boolean?",
      regularized: "boolean?",
      implicitMleLr: "operand?",
    },
  },
  encode: { takes: { compact: "operand" } },
  entropy: {},
  klDivergence: { takes: { other: "alike" } },
  logCount: {},
  logMarginals: {},
  logPartition: {},
  logProb: { takes: { event: "operand" } },
  marginals: {},
  marginalsForTemplateVariables: {},
  sample: { takes: { key: "key" }, options: { sampleShape: "shape?", temperature: "operand?" } },
  sampleWithoutReplacement: { takes: { key: "key", k: "size" } },
  topK: { takes: { k: "size" } },
  unnormalizedLogProb: { takes: { event: "operand" } },
  withPerturbation: {
    takes: { key: "key" },
    options: { noise: '"Sum-of-Gamma" | "Gumbel" | "None"?', temperature: "operand?" },
  },
  withTemperature: { takes: { temperature: "operand" } },
});
