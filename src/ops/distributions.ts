// Generated from the Python registry by `npm run generate`; do not edit.
import type { Parameter } from "../distributions/distribution.ts";
import type { Traced } from "../program/program.ts";
import type { Dim, FloatDType, ShapeLike, Tensor, TensorLike } from "../tensor/tensor.ts";
import type { IntDType } from "./dtypes.ts";

/** What `new HMM` takes. */
export interface HMMOptions<F extends FloatDType = "float32"> {
  /** `(*batch t)`: of the first state. */
  readonly initLogits: TensorLike<F>;
  /** `(*batch t t)`: row a holds the logits of the state after a. */
  readonly transitionLogits: TensorLike<F>;
  /**
   * `(*batch t v)`: logits of the v symbols in each state, or a distribution with a batch axis of t
   * states.
   */
  readonly emissionDist?: TensorLike<FloatDType> | Traced;
  /** `(*batch n)` or `(*batch n d)`: symbols 0 to v-1, or numbers or vectors that `emissionDist` emits. */
  readonly observations?: TensorLike<IntDType> | TensorLike<FloatDType>;
  /** `(*batch)`: how many observations each item has, 0 to n; all n where left out. */
  readonly lengths?: TensorLike<IntDType>;
  /**
   * `(*batch n t)`: log-likelihood of each observation in each state, in place of `emissionDist` and
   * `observations`.
   */
  readonly emissionLogLikelihoods?: TensorLike<F>;
  /** whether logits are normalized by log-softmax; otherwise they are taken as they are. */
  readonly normalize?: boolean;
}
/** The parameters of HMM, for checks on the host and for the wire. */
export const hmmParameters: readonly Parameter[] = [
  { name: "initLogits", python: "init_logits", kind: "Float", dims: "*batch t", optional: false },
  {
    name: "transitionLogits",
    python: "transition_logits",
    kind: "Float",
    dims: "*batch t t",
    optional: false,
  },
  { name: "emissionDist", python: "emission_dist", kind: "any", dims: null, optional: true },
  { name: "observations", python: "observations", kind: "any", dims: null, optional: true },
  { name: "lengths", python: "lengths", kind: "Int", dims: "*batch", optional: true },
  {
    name: "emissionLogLikelihoods",
    python: "emission_log_likelihoods",
    kind: "Float",
    dims: "*batch n t",
    optional: true,
  },
  { name: "normalize", python: "normalize", kind: "static", dims: null, optional: true },
];
/** The queries of HMM, as the registry has them. */
export interface HMMQueries<F extends FloatDType = "float32"> {
  /** The best structure. Among equals the choice is deterministic. */
  argmax(): Tensor<F>;
  /** The best structure and its score. */
  argmaxAndMax(): { readonly event: Tensor<F>; readonly score: Tensor<F> };
  /** The distribution of one item of the first batch axis. */
  at(index: Dim): this;
  /** Expected -log-probability under `other` of structures of this distribution, (*batch), nats. */
  crossEntropy(other: this): Tensor<F>;
  /** The compact form of an event, int32, -1 where there is nothing; of marginals, the likeliest choices. */
  decode(event: TensorLike<FloatDType>): Tensor<"int32">;
  /**
   * Structures, relaxed or discrete, whose gradient by the potentials is not 0; (*sample_shape *batch
   * ...).
   *
   * Biased, but for small temperatures near to samples. "Perturb-and-Marginals" answers with the
   * marginals of the
   * perturbed distribution (Paulus et al. 2020). "Perturb-and-SoftmaxDP" and "Perturb-and-SparsemaxDP"
   * replace every
   * maximum of the best structure's recursion by its expectation under softmax or sparsemax (Corro &
   * Titov 2019);
   * `regularized` subtracts half the squared norm of sparsemax's weights (Mensch & Blondel 2018).
   * "Perturb-and-MAP-Implicit-MLE" answers with the best structure, whose gradient is its difference to
   * the best one
   * of potentials moved against the gradient by `implicitMleLr` (Niepert et al. 2021). "Gumbel-CRF"
   * relaxes the
   * choices of a sample's walk (Fu et al. 2020). With `straightThrough` these choices are hard, with the
   * derivative
   * of the smooth ones. In Python `noise` may be a function of a key and a shape.
   */
  differentiableSample(
    key: Tensor<"key">,
    options: {
      readonly method:
        | "Perturb-and-Marginals"
        | "Perturb-and-SoftmaxDP"
        | "Perturb-and-SparsemaxDP"
        | "Perturb-and-MAP-Implicit-MLE"
        | "Gumbel-CRF";
      readonly noise?: "Sum-of-Gamma" | "Gumbel" | "None";
      readonly temperature?: TensorLike<FloatDType>;
      readonly sampleShape?: ShapeLike;
      readonly straightThrough?: boolean;
      readonly regularized?: boolean;
      readonly implicitMleLr?: TensorLike<FloatDType>;
    },
  ): Tensor<F>;
  /** The event of a compact one; what stands past the end is ignored. */
  encode(compact: TensorLike<IntDType>): Tensor<F>;
  /** Shannon entropy, (*batch), nats. */
  entropy(): Tensor<F>;
  /**
   * How often each parameter is used, in expectation: the E step. Each is shaped like its parameter;
   * where
   * emissions are no logits, their field is the weight of each observation in each state, (*batch n t).
   */
  expectedCounts(): {
    readonly initial: Tensor<F>;
    readonly transition: Tensor<F>;
    readonly emission: Tensor<F>;
  };
  /**
   * Probability of each state at each step given the observations so far, (*batch n t); zeros past the
   * end.
   */
  filter(): Tensor<F>;
  /** Kullback-Leibler divergence from this distribution to `other`, (*batch), nats. */
  klDivergence(other: this): Tensor<F>;
  /** Log of the number of structures, (*batch). */
  logCount(): Tensor<F>;
  /** Log-probability of each part, event-shaped; right where `marginals` underflows. */
  logMarginals(): Tensor<F>;
  /** Log of the sum of the exponentiated scores of all structures, (*batch). */
  logPartition(): Tensor<F>;
  /** Log-probability of an event: its score less `logPartition`. Axes before the batch are samples. */
  logProb(event: TensorLike<FloatDType>): Tensor<F>;
  /** Probability of each part, event-shaped: the gradient of `logPartition`. */
  marginals(): Tensor<F>;
  /** The gradient of each item's `logPartition` by the parameters, in place of the parameters. */
  marginalsForTemplateVariables(): this;
  /**
   * The parameters under which `counts` are likeliest: the M step, as arguments for the constructor.
   *
   * `pseudocount` is added to every count of an allowed part. Where nothing was counted the parameters
   * stay.
   */
  maximize(
    counts: unknown,
    options?: { readonly pseudocount?: TensorLike<FloatDType> },
  ): {
    readonly initLogits: Tensor<F>;
    readonly transitionLogits: Tensor<F>;
    readonly emissionDist: Tensor<F>;
  };
  /**
   * Probability of each state at each step given the observations before it, (*batch n t); zeros past
   * the end.
   */
  predict(): Tensor<F>;
  /** Independent structures, (*sample_shape *batch ...). Many draws share every pass. */
  sample(
    key: Tensor<"key">,
    options?: { readonly sampleShape?: ShapeLike; readonly temperature?: TensorLike<FloatDType> },
  ): Tensor<F>;
  /**
   * k distinct structures, in the order in which they are drawn, (k *batch ...), and their
   * log-probabilities.
   *
   * Source: Kool, van Hoof & Welling (2019), "Stochastic beams and where to find them".
   */
  sampleWithoutReplacement(
    key: Tensor<"key">,
    k: Dim,
  ): { readonly events: Tensor<F>; readonly logProbs: Tensor<F>; readonly count: Tensor<"int32"> };
  /** Probability of each state at each step given all observations, (*batch n t); zeros past the end. */
  smooth(): Tensor<F>;
  /** The k best structures and their scores, best first, (k *batch); `count` says how many there are. */
  topK(k: Dim): { readonly events: Tensor<F>; readonly scores: Tensor<F>; readonly count: Tensor<"int32"> };
  /**
   * Sum of the log-potentials of the event's parts; linear in the event. Axes before the batch are
   * samples.
   */
  unnormalizedLogProb(event: TensorLike<FloatDType>): Tensor<F>;
  /** The distribution with noise added to every log-potential, then divided by `temperature`. */
  withPerturbation(
    key: Tensor<"key">,
    options?: {
      readonly noise?: "Sum-of-Gamma" | "Gumbel" | "None";
      readonly temperature?: TensorLike<FloatDType>;
    },
  ): this;
  /**
   * The distribution with every log-potential divided by `temperature`: a number, or one per item
   * (*batch).
   */
  withTemperature(temperature: TensorLike<FloatDType>): this;
}

/** What `new LinearChainCRF` takes. */
export interface LinearChainCRFOptions<F extends FloatDType = "float32"> {
  /**
   * `(*batch n t t)`: `[i, a, b]` scores the edge from state a at i-1 to b at i; of `[0]` only row 0
   * counts.
   */
  readonly logPotentials?: TensorLike<F>;
  /** `(*batch)`: how many steps each item has, 0 to n; all n where left out. */
  readonly lengths?: TensorLike<IntDType>;
  /** `(*batch t)`: log-potentials of the first state. */
  readonly initial?: TensorLike<F>;
  /** `(*batch t t)`: log-potentials of a state after another. */
  readonly transition?: TensorLike<F>;
  /** `(*batch n t)`: log-potentials of each state at each step. */
  readonly emission?: TensorLike<F>;
}
/** The parameters of LinearChainCRF, for checks on the host and for the wire. */
export const linearChainCRFParameters: readonly Parameter[] = [
  { name: "logPotentials", python: "log_potentials", kind: "Float", dims: "*batch n t t", optional: true },
  { name: "lengths", python: "lengths", kind: "Int", dims: "*batch", optional: true },
  { name: "initial", python: "initial", kind: "Float", dims: "*batch t", optional: true },
  { name: "transition", python: "transition", kind: "Float", dims: "*batch t t", optional: true },
  { name: "emission", python: "emission", kind: "Float", dims: "*batch n t", optional: true },
];
/** The queries of LinearChainCRF, as the registry has them. */
export interface LinearChainCRFQueries<F extends FloatDType = "float32"> {
  /** The best structure. Among equals the choice is deterministic. */
  argmax(): Tensor<F>;
  /** The best structure and its score. */
  argmaxAndMax(): { readonly event: Tensor<F>; readonly score: Tensor<F> };
  /** The distribution of one item of the first batch axis. */
  at(index: Dim): this;
  /** Expected -log-probability under `other` of structures of this distribution, (*batch), nats. */
  crossEntropy(other: this): Tensor<F>;
  /** The compact form of an event, int32, -1 where there is nothing; of marginals, the likeliest choices. */
  decode(event: TensorLike<FloatDType>): Tensor<"int32">;
  /**
   * Structures, relaxed or discrete, whose gradient by the potentials is not 0; (*sample_shape *batch
   * ...).
   *
   * Biased, but for small temperatures near to samples. "Perturb-and-Marginals" answers with the
   * marginals of the
   * perturbed distribution (Paulus et al. 2020). "Perturb-and-SoftmaxDP" and "Perturb-and-SparsemaxDP"
   * replace every
   * maximum of the best structure's recursion by its expectation under softmax or sparsemax (Corro &
   * Titov 2019);
   * `regularized` subtracts half the squared norm of sparsemax's weights (Mensch & Blondel 2018).
   * "Perturb-and-MAP-Implicit-MLE" answers with the best structure, whose gradient is its difference to
   * the best one
   * of potentials moved against the gradient by `implicitMleLr` (Niepert et al. 2021). "Gumbel-CRF"
   * relaxes the
   * choices of a sample's walk (Fu et al. 2020). With `straightThrough` these choices are hard, with the
   * derivative
   * of the smooth ones. In Python `noise` may be a function of a key and a shape.
   */
  differentiableSample(
    key: Tensor<"key">,
    options: {
      readonly method:
        | "Perturb-and-Marginals"
        | "Perturb-and-SoftmaxDP"
        | "Perturb-and-SparsemaxDP"
        | "Perturb-and-MAP-Implicit-MLE"
        | "Gumbel-CRF";
      readonly noise?: "Sum-of-Gamma" | "Gumbel" | "None";
      readonly temperature?: TensorLike<FloatDType>;
      readonly sampleShape?: ShapeLike;
      readonly straightThrough?: boolean;
      readonly regularized?: boolean;
      readonly implicitMleLr?: TensorLike<FloatDType>;
    },
  ): Tensor<F>;
  /** The event of a compact one; what stands past the end is ignored. */
  encode(compact: TensorLike<IntDType>): Tensor<F>;
  /** Shannon entropy, (*batch), nats. */
  entropy(): Tensor<F>;
  /** Kullback-Leibler divergence from this distribution to `other`, (*batch), nats. */
  klDivergence(other: this): Tensor<F>;
  /** Log of the number of structures, (*batch). */
  logCount(): Tensor<F>;
  /** Log-probability of each part, event-shaped; right where `marginals` underflows. */
  logMarginals(): Tensor<F>;
  /** Log of the sum of the exponentiated scores of all structures, (*batch). */
  logPartition(): Tensor<F>;
  /** Log-probability of an event: its score less `logPartition`. Axes before the batch are samples. */
  logProb(event: TensorLike<FloatDType>): Tensor<F>;
  /** Probability of each part, event-shaped: the gradient of `logPartition`. */
  marginals(): Tensor<F>;
  /** The gradient of each item's `logPartition` by the parameters, in place of the parameters. */
  marginalsForTemplateVariables(): this;
  /** Independent structures, (*sample_shape *batch ...). Many draws share every pass. */
  sample(
    key: Tensor<"key">,
    options?: { readonly sampleShape?: ShapeLike; readonly temperature?: TensorLike<FloatDType> },
  ): Tensor<F>;
  /**
   * k distinct structures, in the order in which they are drawn, (k *batch ...), and their
   * log-probabilities.
   *
   * Source: Kool, van Hoof & Welling (2019), "Stochastic beams and where to find them".
   */
  sampleWithoutReplacement(
    key: Tensor<"key">,
    k: Dim,
  ): { readonly events: Tensor<F>; readonly logProbs: Tensor<F>; readonly count: Tensor<"int32"> };
  /** The k best structures and their scores, best first, (k *batch); `count` says how many there are. */
  topK(k: Dim): { readonly events: Tensor<F>; readonly scores: Tensor<F>; readonly count: Tensor<"int32"> };
  /**
   * Sum of the log-potentials of the event's parts; linear in the event. Axes before the batch are
   * samples.
   */
  unnormalizedLogProb(event: TensorLike<FloatDType>): Tensor<F>;
  /** The distribution with noise added to every log-potential, then divided by `temperature`. */
  withPerturbation(
    key: Tensor<"key">,
    options?: {
      readonly noise?: "Sum-of-Gamma" | "Gumbel" | "None";
      readonly temperature?: TensorLike<FloatDType>;
    },
  ): this;
  /**
   * The distribution with every log-potential divided by `temperature`: a number, or one per item
   * (*batch).
   */
  withTemperature(temperature: TensorLike<FloatDType>): this;
}

/** What `new SemiMarkovCRF` takes. */
export interface SemiMarkovCRFOptions<F extends FloatDType = "float32"> {
  /**
   * `(*batch n m t t)`: `[i, j, a, b]` scores a segment of j+1 positions that ends at i, with label b,
   * after label a; a segment that starts the sequence reads row a = 0.
   */
  readonly logPotentials?: TensorLike<F>;
  /** `(*batch)`: how many positions each item has, 0 to n; all n where left out. */
  readonly lengths?: TensorLike<IntDType>;
  /** `(*batch t)`: log-potentials of the first label; zeros where left out. */
  readonly initial?: TensorLike<F>;
  /** `(*batch t t)`: log-potentials of a label after another. */
  readonly transition?: TensorLike<F>;
  /** `(*batch n m t)`: log-potentials of segments of j+1 positions that end at i, with label b. */
  readonly segment?: TensorLike<F>;
}
/** The parameters of SemiMarkovCRF, for checks on the host and for the wire. */
export const semiMarkovCRFParameters: readonly Parameter[] = [
  { name: "logPotentials", python: "log_potentials", kind: "Float", dims: "*batch n m t t", optional: true },
  { name: "lengths", python: "lengths", kind: "Int", dims: "*batch", optional: true },
  { name: "initial", python: "initial", kind: "Float", dims: "*batch t", optional: true },
  { name: "transition", python: "transition", kind: "Float", dims: "*batch t t", optional: true },
  { name: "segment", python: "segment", kind: "Float", dims: "*batch n m t", optional: true },
];
/** The queries of SemiMarkovCRF, as the registry has them. */
export interface SemiMarkovCRFQueries<F extends FloatDType = "float32"> {
  /** The best structure. Among equals the choice is deterministic. */
  argmax(): Tensor<F>;
  /** The best structure and its score. */
  argmaxAndMax(): { readonly event: Tensor<F>; readonly score: Tensor<F> };
  /** The distribution of one item of the first batch axis. */
  at(index: Dim): this;
  /** Expected -log-probability under `other` of structures of this distribution, (*batch), nats. */
  crossEntropy(other: this): Tensor<F>;
  /** The compact form of an event, int32, -1 where there is nothing; of marginals, the likeliest choices. */
  decode(event: TensorLike<FloatDType>): Tensor<"int32">;
  /**
   * Structures, relaxed or discrete, whose gradient by the potentials is not 0; (*sample_shape *batch
   * ...).
   *
   * Biased, but for small temperatures near to samples. "Perturb-and-Marginals" answers with the
   * marginals of the
   * perturbed distribution (Paulus et al. 2020). "Perturb-and-SoftmaxDP" and "Perturb-and-SparsemaxDP"
   * replace every
   * maximum of the best structure's recursion by its expectation under softmax or sparsemax (Corro &
   * Titov 2019);
   * `regularized` subtracts half the squared norm of sparsemax's weights (Mensch & Blondel 2018).
   * "Perturb-and-MAP-Implicit-MLE" answers with the best structure, whose gradient is its difference to
   * the best one
   * of potentials moved against the gradient by `implicitMleLr` (Niepert et al. 2021). "Gumbel-CRF"
   * relaxes the
   * choices of a sample's walk (Fu et al. 2020). With `straightThrough` these choices are hard, with the
   * derivative
   * of the smooth ones. In Python `noise` may be a function of a key and a shape.
   */
  differentiableSample(
    key: Tensor<"key">,
    options: {
      readonly method:
        | "Perturb-and-Marginals"
        | "Perturb-and-SoftmaxDP"
        | "Perturb-and-SparsemaxDP"
        | "Perturb-and-MAP-Implicit-MLE"
        | "Gumbel-CRF";
      readonly noise?: "Sum-of-Gamma" | "Gumbel" | "None";
      readonly temperature?: TensorLike<FloatDType>;
      readonly sampleShape?: ShapeLike;
      readonly straightThrough?: boolean;
      readonly regularized?: boolean;
      readonly implicitMleLr?: TensorLike<FloatDType>;
    },
  ): Tensor<F>;
  /** The event of a compact one; what stands past the end is ignored. */
  encode(compact: TensorLike<IntDType>): Tensor<F>;
  /** Shannon entropy, (*batch), nats. */
  entropy(): Tensor<F>;
  /** Kullback-Leibler divergence from this distribution to `other`, (*batch), nats. */
  klDivergence(other: this): Tensor<F>;
  /** Log of the number of structures, (*batch). */
  logCount(): Tensor<F>;
  /** Log-probability of each part, event-shaped; right where `marginals` underflows. */
  logMarginals(): Tensor<F>;
  /** Log of the sum of the exponentiated scores of all structures, (*batch). */
  logPartition(): Tensor<F>;
  /** Log-probability of an event: its score less `logPartition`. Axes before the batch are samples. */
  logProb(event: TensorLike<FloatDType>): Tensor<F>;
  /** Probability of each part, event-shaped: the gradient of `logPartition`. */
  marginals(): Tensor<F>;
  /** The gradient of each item's `logPartition` by the parameters, in place of the parameters. */
  marginalsForTemplateVariables(): this;
  /** Independent structures, (*sample_shape *batch ...). Many draws share every pass. */
  sample(
    key: Tensor<"key">,
    options?: { readonly sampleShape?: ShapeLike; readonly temperature?: TensorLike<FloatDType> },
  ): Tensor<F>;
  /**
   * k distinct structures, in the order in which they are drawn, (k *batch ...), and their
   * log-probabilities.
   *
   * Source: Kool, van Hoof & Welling (2019), "Stochastic beams and where to find them".
   */
  sampleWithoutReplacement(
    key: Tensor<"key">,
    k: Dim,
  ): { readonly events: Tensor<F>; readonly logProbs: Tensor<F>; readonly count: Tensor<"int32"> };
  /** The k best structures and their scores, best first, (k *batch); `count` says how many there are. */
  topK(k: Dim): { readonly events: Tensor<F>; readonly scores: Tensor<F>; readonly count: Tensor<"int32"> };
  /**
   * Sum of the log-potentials of the event's parts; linear in the event. Axes before the batch are
   * samples.
   */
  unnormalizedLogProb(event: TensorLike<FloatDType>): Tensor<F>;
  /** The distribution with noise added to every log-potential, then divided by `temperature`. */
  withPerturbation(
    key: Tensor<"key">,
    options?: {
      readonly noise?: "Sum-of-Gamma" | "Gumbel" | "None";
      readonly temperature?: TensorLike<FloatDType>;
    },
  ): this;
  /**
   * The distribution with every log-potential divided by `temperature`: a number, or one per item
   * (*batch).
   */
  withTemperature(temperature: TensorLike<FloatDType>): this;
}
