// Generated from the Python registry by `npm run generate`; do not edit.
import { emit } from "../program/emit.ts";
import { checkFunctions } from "../program/signatures.ts";
import { asBool, asInt } from "../tensor/array.ts";
import { type Of, Tensor, type TensorLike } from "../tensor/tensor.ts";
import type { Float, IntDType, Numeric, Promote, Real } from "../ops/dtypes.ts";
import { asMask, GradientTransformation } from "./gradient-transformation.ts";
import { optimizerStates } from "./optimizer-states.ts";
import { asSchedule, asSchedules, type ScalarOrSchedule, schedule, type Schedule } from "./schedule.ts";
import { applyUpdates, globalNorm, incrementalUpdate } from "./updates.ts";

/**
 * `optax`: optimizers, which make updates of gradients (`opt.init(params)`,
 * `opt.update(grads, state, params)`), what they are made of, schedules of learning rates, and losses.
 */
export const optax = {
  applyUpdates: applyUpdates as typeof applyUpdates,

  incrementalUpdate: incrementalUpdate as typeof incrementalUpdate,

  globalNorm: globalNorm as typeof globalNorm,

  /** Equivalent to `optax.adabelief`. Not differentiable. */
  adabelief(
    learningRate: ScalarOrSchedule,
    options: {
      readonly b1?: number;
      readonly b2?: number;
      readonly eps?: number;
      readonly epsRoot?: number;
      readonly nesterov?: boolean;
    } = {},
  ): GradientTransformation {
    return new GradientTransformation(
      "optax.adabelief",
      [],
      {
        b1: options.b1,
        b2: options.b2,
        eps: options.eps,
        eps_root: options.epsRoot,
        nesterov: options.nesterov,
      },
      { learning_rate: asSchedule(learningRate) },
      optimizerStates["optax.adabelief"],
    );
  },

  /** Equivalent to `optax.adadelta`. Not differentiable. */
  adadelta(
    learningRate: ScalarOrSchedule,
    options: { readonly rho?: number; readonly eps?: number; readonly weightDecay?: ScalarOrSchedule } = {},
  ): GradientTransformation {
    return new GradientTransformation(
      "optax.adadelta",
      [],
      { rho: options.rho, eps: options.eps },
      { learning_rate: asSchedule(learningRate), weight_decay: asSchedule(options.weightDecay) },
      optimizerStates["optax.adadelta"],
    );
  },

  /** Equivalent to `optax.adafactor`. Not differentiable. */
  adafactor(
    learningRate: ScalarOrSchedule,
    options: {
      readonly minDimSizeToFactor?: number;
      readonly decayRate?: number;
      readonly decayOffset?: number;
      readonly multiplyByParameterScale?: boolean;
      readonly clippingThreshold?: number;
      readonly momentum?: number;
      readonly weightDecayRate?: ScalarOrSchedule;
      readonly eps?: number;
      readonly factored?: boolean;
    } = {},
  ): GradientTransformation {
    return new GradientTransformation(
      "optax.adafactor",
      [],
      {
        min_dim_size_to_factor: options.minDimSizeToFactor,
        decay_rate: options.decayRate,
        decay_offset: options.decayOffset,
        multiply_by_parameter_scale: options.multiplyByParameterScale,
        clipping_threshold: options.clippingThreshold,
        momentum: options.momentum,
        eps: options.eps,
        factored: options.factored,
      },
      { learning_rate: asSchedule(learningRate), weight_decay_rate: asSchedule(options.weightDecayRate) },
      optimizerStates["optax.adafactor"],
    );
  },

  /** Equivalent to `optax.adagrad`. Not differentiable. */
  adagrad(
    learningRate: ScalarOrSchedule,
    options: { readonly initialAccumulatorValue?: number; readonly eps?: number } = {},
  ): GradientTransformation {
    return new GradientTransformation(
      "optax.adagrad",
      [],
      { initial_accumulator_value: options.initialAccumulatorValue, eps: options.eps },
      { learning_rate: asSchedule(learningRate) },
      optimizerStates["optax.adagrad"],
    );
  },

  /** Equivalent to `optax.adam`. Not differentiable. */
  adam(
    learningRate: ScalarOrSchedule,
    options: {
      readonly b1?: number;
      readonly b2?: number;
      readonly eps?: number;
      readonly epsRoot?: number;
      readonly nesterov?: boolean;
    } = {},
  ): GradientTransformation {
    return new GradientTransformation(
      "optax.adam",
      [],
      {
        b1: options.b1,
        b2: options.b2,
        eps: options.eps,
        eps_root: options.epsRoot,
        nesterov: options.nesterov,
      },
      { learning_rate: asSchedule(learningRate) },
      optimizerStates["optax.adam"],
    );
  },

  /** Equivalent to `optax.adamax`. Not differentiable. */
  adamax(
    learningRate: ScalarOrSchedule,
    options: { readonly b1?: number; readonly b2?: number; readonly eps?: number } = {},
  ): GradientTransformation {
    return new GradientTransformation(
      "optax.adamax",
      [],
      { b1: options.b1, b2: options.b2, eps: options.eps },
      { learning_rate: asSchedule(learningRate) },
      optimizerStates["optax.adamax"],
    );
  },

  /** Equivalent to `optax.adamaxw`. Not differentiable. */
  adamaxw(
    learningRate: ScalarOrSchedule,
    options: {
      readonly b1?: number;
      readonly b2?: number;
      readonly eps?: number;
      readonly weightDecay?: ScalarOrSchedule;
      readonly mask?: unknown;
    } = {},
  ): GradientTransformation {
    return new GradientTransformation(
      "optax.adamaxw",
      [],
      { b1: options.b1, b2: options.b2, eps: options.eps, mask: asMask(options.mask) },
      { learning_rate: asSchedule(learningRate), weight_decay: asSchedule(options.weightDecay) },
      optimizerStates["optax.adamaxw"],
    );
  },

  /** Equivalent to `optax.adamw`. Not differentiable. */
  adamw(
    learningRate: ScalarOrSchedule,
    options: {
      readonly b1?: number;
      readonly b2?: number;
      readonly eps?: number;
      readonly epsRoot?: number;
      readonly weightDecay?: ScalarOrSchedule;
      readonly mask?: unknown;
      readonly nesterov?: boolean;
    } = {},
  ): GradientTransformation {
    return new GradientTransformation(
      "optax.adamw",
      [],
      {
        b1: options.b1,
        b2: options.b2,
        eps: options.eps,
        eps_root: options.epsRoot,
        mask: asMask(options.mask),
        nesterov: options.nesterov,
      },
      { learning_rate: asSchedule(learningRate), weight_decay: asSchedule(options.weightDecay) },
      optimizerStates["optax.adamw"],
    );
  },

  /** Equivalent to `optax.adan`. Not differentiable. */
  adan(
    learningRate: ScalarOrSchedule,
    options: {
      readonly b1?: number;
      readonly b2?: number;
      readonly b3?: number;
      readonly eps?: number;
      readonly epsRoot?: number;
      readonly weightDecay?: ScalarOrSchedule;
      readonly mask?: unknown;
    } = {},
  ): GradientTransformation {
    return new GradientTransformation(
      "optax.adan",
      [],
      {
        b1: options.b1,
        b2: options.b2,
        b3: options.b3,
        eps: options.eps,
        eps_root: options.epsRoot,
        mask: asMask(options.mask),
      },
      { learning_rate: asSchedule(learningRate), weight_decay: asSchedule(options.weightDecay) },
      optimizerStates["optax.adan"],
    );
  },

  /**
   * Equivalent to `optax.adaptive_grad_clip`. Clips them to `clipping` times the norm of the parameters,
   * unit by unit. Not differentiable.
   */
  adaptiveGradClip(clipping: number, options: { readonly eps?: number } = {}): GradientTransformation {
    return new GradientTransformation(
      "optax.adaptive_grad_clip",
      [],
      { clipping, eps: options.eps },
      {},
      optimizerStates["optax.adaptive_grad_clip"],
    );
  },

  /**
   * Equivalent to `optax.add_decayed_weights`. Adds the parameters times `weightDecay`. Not
   * differentiable.
   */
  addDecayedWeights(
    weightDecay: ScalarOrSchedule,
    options: { readonly mask?: unknown } = {},
  ): GradientTransformation {
    return new GradientTransformation(
      "optax.add_decayed_weights",
      [],
      { mask: asMask(options.mask) },
      { weight_decay: asSchedule(weightDecay) },
      optimizerStates["optax.add_decayed_weights"],
    );
  },

  /** Equivalent to `optax.amsgrad`. Not differentiable. */
  amsgrad(
    learningRate: ScalarOrSchedule,
    options: {
      readonly b1?: number;
      readonly b2?: number;
      readonly eps?: number;
      readonly epsRoot?: number;
    } = {},
  ): GradientTransformation {
    return new GradientTransformation(
      "optax.amsgrad",
      [],
      { b1: options.b1, b2: options.b2, eps: options.eps, eps_root: options.epsRoot },
      { learning_rate: asSchedule(learningRate) },
      optimizerStates["optax.amsgrad"],
    );
  },

  /**
   * Equivalent to `optax.apply_every`. Adds up `k` of them and passes the sum on, zeros in between. Not
   * differentiable.
   */
  applyEvery(k: number): GradientTransformation {
    return new GradientTransformation(
      "optax.apply_every",
      [],
      { k },
      {},
      optimizerStates["optax.apply_every"],
    );
  },

  /**
   * Equivalent to `optax.apply_if_finite`. Leaves out steps with NaN or infinity, at most so many in a
   * row. Not differentiable.
   */
  applyIfFinite(inner: GradientTransformation, maxConsecutiveErrors: number): GradientTransformation {
    return new GradientTransformation(
      "optax.apply_if_finite",
      [],
      { max_consecutive_errors: maxConsecutiveErrors },
      { inner },
      optimizerStates["optax.apply_if_finite"],
    );
  },

  /**
   * Equivalent to `optax.centralize`. Subtracts the mean of each one of rank 2 or more, over all axes
   * but the last. Not differentiable.
   */
  centralize(): GradientTransformation {
    return new GradientTransformation("optax.centralize", [], {}, {}, optimizerStates["optax.centralize"]);
  },

  /** Equivalent to `optax.chain`. Applies transformations one after the other. Not differentiable. */
  chain(...transformations: readonly GradientTransformation[]): GradientTransformation {
    return new GradientTransformation(
      "optax.chain",
      [...transformations],
      {},
      {},
      optimizerStates["optax.chain"],
    );
  },

  /** Equivalent to `optax.clip`. Clips each element to at most `maxDelta` in size. Not differentiable. */
  clip(maxDelta: number): GradientTransformation {
    return new GradientTransformation(
      "optax.clip",
      [],
      { max_delta: maxDelta },
      {},
      optimizerStates["optax.clip"],
    );
  },

  /**
   * Equivalent to `optax.clip_by_block_rms`. Clips each array to a root mean square of `threshold`. Not
   * differentiable.
   */
  clipByBlockRms(threshold: number): GradientTransformation {
    return new GradientTransformation(
      "optax.clip_by_block_rms",
      [],
      { threshold },
      {},
      optimizerStates["optax.clip_by_block_rms"],
    );
  },

  /**
   * Equivalent to `optax.clip_by_global_norm`. Scales all of them down to a norm of `maxNorm` together.
   * Not differentiable.
   */
  clipByGlobalNorm(maxNorm: number): GradientTransformation {
    return new GradientTransformation(
      "optax.clip_by_global_norm",
      [],
      { max_norm: maxNorm },
      {},
      optimizerStates["optax.clip_by_global_norm"],
    );
  },

  /** Equivalent to `optax.constant_schedule`. Stays at `value`. Not differentiable. */
  constantSchedule(value: number): Schedule {
    return schedule("optax.constant_schedule", { value }, {});
  },

  /**
   * Equivalent to `optax.cosine_decay_schedule`. From `initValue` down to `alpha` times that in
   * `decaySteps`, by a cosine. Not differentiable.
   */
  cosineDecaySchedule(
    initValue: number,
    decaySteps: number,
    options: { readonly alpha?: number; readonly exponent?: number } = {},
  ): Schedule {
    return schedule(
      "optax.cosine_decay_schedule",
      { init_value: initValue, decay_steps: decaySteps, alpha: options.alpha, exponent: options.exponent },
      {},
    );
  },

  /** Equivalent to `optax.cosine_distance`, of vectors along the last axis unless `axis` is given. */
  cosineDistance<A extends TensorLike, B extends TensorLike>(
    predictions: A,
    targets: B,
    options: {
      readonly epsilon?: TensorLike;
      readonly axis?: number | readonly number[];
      readonly where?: TensorLike<"bool">;
    } = {},
  ): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("optax.cosine_distance", [predictions, targets], { axis: options.axis }, Tensor, {
      epsilon: options.epsilon,
      where: asBool(options.where, "where"),
    }) as never;
  },

  /**
   * Equivalent to `optax.cosine_onecycle_schedule`. Up to `peakValue` and down again, by cosines. Not
   * differentiable.
   */
  cosineOnecycleSchedule(
    transitionSteps: number,
    peakValue: number,
    options: {
      readonly pctStart?: number;
      readonly divFactor?: number;
      readonly finalDivFactor?: number;
    } = {},
  ): Schedule {
    return schedule(
      "optax.cosine_onecycle_schedule",
      {
        transition_steps: transitionSteps,
        peak_value: peakValue,
        pct_start: options.pctStart,
        div_factor: options.divFactor,
        final_div_factor: options.finalDivFactor,
      },
      {},
    );
  },

  /** Equivalent to `optax.cosine_similarity`, of vectors along the last axis unless `axis` is given. */
  cosineSimilarity<A extends TensorLike, B extends TensorLike>(
    predictions: A,
    targets: B,
    options: {
      readonly epsilon?: TensorLike;
      readonly axis?: number | readonly number[];
      readonly where?: TensorLike<"bool">;
    } = {},
  ): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("optax.cosine_similarity", [predictions, targets], { axis: options.axis }, Tensor, {
      epsilon: options.epsilon,
      where: asBool(options.where, "where"),
    }) as never;
  },

  /** Equivalent to `optax.ema`. Their exponential moving average. Not differentiable. */
  ema(decay: number, options: { readonly debias?: boolean } = {}): GradientTransformation {
    return new GradientTransformation(
      "optax.ema",
      [],
      { decay, debias: options.debias },
      {},
      optimizerStates["optax.ema"],
    );
  },

  /**
   * Equivalent to `optax.exponential_decay`. Multiplied by `decayRate` every `transitionSteps`, steadily
   * or in a `staircase`. Not differentiable.
   */
  exponentialDecay(
    initValue: number,
    transitionSteps: number,
    decayRate: number,
    options: {
      readonly transitionBegin?: number;
      readonly staircase?: boolean;
      readonly endValue?: number;
    } = {},
  ): Schedule {
    return schedule(
      "optax.exponential_decay",
      {
        init_value: initValue,
        transition_steps: transitionSteps,
        decay_rate: decayRate,
        transition_begin: options.transitionBegin,
        staircase: options.staircase,
        end_value: options.endValue,
      },
      {},
    );
  },

  /** Equivalent to `optax.fromage`. Not differentiable. */
  fromage(
    learningRate: ScalarOrSchedule,
    options: { readonly minNorm?: number } = {},
  ): GradientTransformation {
    return new GradientTransformation(
      "optax.fromage",
      [],
      { min_norm: options.minNorm },
      { learning_rate: asSchedule(learningRate) },
      optimizerStates["optax.fromage"],
    );
  },

  /** Equivalent to `optax.hinge_loss`; `targets` are -1 and 1. */
  hingeLoss<A extends TensorLike, B extends TensorLike>(
    predictorOutputs: A,
    targets: B,
  ): Tensor<Numeric<Promote<Of<A>, Of<B>>>> {
    return emit("optax.hinge_loss", [predictorOutputs, targets], undefined, Tensor) as never;
  },

  /** Equivalent to `optax.huber_loss`: half the squared difference, growing linearly beyond `delta` (1). */
  huberLoss<A extends TensorLike, B extends TensorLike>(
    predictions: A,
    targets: B,
    options: { readonly delta?: TensorLike } = {},
  ): Tensor<Real<Float<Promote<Of<A>, Of<B>>>>> {
    return emit("optax.huber_loss", [predictions, targets], undefined, Tensor, {
      delta: options.delta,
    }) as never;
  },

  /** Equivalent to `optax.identity`. Leaves them as they are. Not differentiable. */
  identity(): GradientTransformation {
    return new GradientTransformation("optax.identity", [], {}, {}, optimizerStates["optax.identity"]);
  },

  /**
   * Equivalent to `optax.join_schedules`. Schedules one after the other; each begins at 0 at its
   * boundary. Not differentiable.
   */
  joinSchedules(schedules: readonly Schedule[], boundaries: readonly number[]): Schedule {
    return schedule("optax.join_schedules", { boundaries }, { schedules: asSchedules(schedules) });
  },

  /**
   * Equivalent to `optax.keep_params_nonnegative`. Keeps parameters at 0 or above, which have to start
   * there. Not differentiable.
   */
  keepParamsNonnegative(): GradientTransformation {
    return new GradientTransformation(
      "optax.keep_params_nonnegative",
      [],
      {},
      {},
      optimizerStates["optax.keep_params_nonnegative"],
    );
  },

  /**
   * Equivalent to `optax.kl_divergence`: of predicted log-probabilities from probabilities, along the
   * last axis.
   */
  klDivergence<A extends TensorLike, B extends TensorLike>(
    logPredictions: A,
    targets: B,
    options: { readonly axis?: number | readonly number[]; readonly where?: TensorLike<"bool"> } = {},
  ): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("optax.kl_divergence", [logPredictions, targets], { axis: options.axis }, Tensor, {
      where: asBool(options.where, "where"),
    }) as never;
  },

  /** Equivalent to `optax.l2_loss`: half the squared difference. */
  l2Loss<A extends TensorLike, B extends TensorLike>(
    predictions: A,
    targets: B,
  ): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("optax.l2_loss", [predictions, targets], undefined, Tensor) as never;
  },

  /** Equivalent to `optax.lamb`. Not differentiable. */
  lamb(
    learningRate: ScalarOrSchedule,
    options: {
      readonly b1?: number;
      readonly b2?: number;
      readonly eps?: number;
      readonly epsRoot?: number;
      readonly weightDecay?: ScalarOrSchedule;
      readonly mask?: unknown;
    } = {},
  ): GradientTransformation {
    return new GradientTransformation(
      "optax.lamb",
      [],
      {
        b1: options.b1,
        b2: options.b2,
        eps: options.eps,
        eps_root: options.epsRoot,
        mask: asMask(options.mask),
      },
      { learning_rate: asSchedule(learningRate), weight_decay: asSchedule(options.weightDecay) },
      optimizerStates["optax.lamb"],
    );
  },

  /** Equivalent to `optax.lars`. Not differentiable. */
  lars(
    learningRate: ScalarOrSchedule,
    options: {
      readonly weightDecay?: ScalarOrSchedule;
      readonly trustCoefficient?: number;
      readonly eps?: number;
      readonly momentum?: number;
      readonly nesterov?: boolean;
    } = {},
  ): GradientTransformation {
    return new GradientTransformation(
      "optax.lars",
      [],
      {
        trust_coefficient: options.trustCoefficient,
        eps: options.eps,
        momentum: options.momentum,
        nesterov: options.nesterov,
      },
      { learning_rate: asSchedule(learningRate), weight_decay: asSchedule(options.weightDecay) },
      optimizerStates["optax.lars"],
    );
  },

  /**
   * Equivalent to `optax.linear_onecycle_schedule`. Up to `peakValue` and down again, by lines. Not
   * differentiable.
   */
  linearOnecycleSchedule(
    transitionSteps: number,
    peakValue: number,
    options: {
      readonly pctStart?: number;
      readonly pctFinal?: number;
      readonly divFactor?: number;
      readonly finalDivFactor?: number;
    } = {},
  ): Schedule {
    return schedule(
      "optax.linear_onecycle_schedule",
      {
        transition_steps: transitionSteps,
        peak_value: peakValue,
        pct_start: options.pctStart,
        pct_final: options.pctFinal,
        div_factor: options.divFactor,
        final_div_factor: options.finalDivFactor,
      },
      {},
    );
  },

  /** Equivalent to `optax.linear_schedule`. From `initValue` to `endValue` by a line. Not differentiable. */
  linearSchedule(
    initValue: number,
    endValue: number,
    transitionSteps: number,
    options: { readonly transitionBegin?: number } = {},
  ): Schedule {
    return schedule(
      "optax.linear_schedule",
      {
        init_value: initValue,
        end_value: endValue,
        transition_steps: transitionSteps,
        transition_begin: options.transitionBegin,
      },
      {},
    );
  },

  /** Equivalent to `optax.lion`. Not differentiable. */
  lion(
    learningRate: ScalarOrSchedule,
    options: {
      readonly b1?: number;
      readonly b2?: number;
      readonly weightDecay?: ScalarOrSchedule;
      readonly mask?: unknown;
    } = {},
  ): GradientTransformation {
    return new GradientTransformation(
      "optax.lion",
      [],
      { b1: options.b1, b2: options.b2, mask: asMask(options.mask) },
      { learning_rate: asSchedule(learningRate), weight_decay: asSchedule(options.weightDecay) },
      optimizerStates["optax.lion"],
    );
  },

  /**
   * Equivalent to `optax.log_cosh`: about the difference where it is large, half its square where it is
   * small.
   */
  logCosh<A extends TensorLike, B extends TensorLike>(
    predictions: A,
    targets: B,
  ): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("optax.log_cosh", [predictions, targets], undefined, Tensor) as never;
  },

  /** Equivalent to `optax.masked`. Applies `inner` where the mask is true. Not differentiable. */
  masked(inner: GradientTransformation, mask: unknown): GradientTransformation {
    return new GradientTransformation(
      "optax.masked",
      [],
      { mask: asMask(mask) },
      { inner },
      optimizerStates["optax.masked"],
    );
  },

  /** Equivalent to `optax.nadam`. Not differentiable. */
  nadam(
    learningRate: ScalarOrSchedule,
    options: {
      readonly b1?: number;
      readonly b2?: number;
      readonly eps?: number;
      readonly epsRoot?: number;
    } = {},
  ): GradientTransformation {
    return new GradientTransformation(
      "optax.nadam",
      [],
      { b1: options.b1, b2: options.b2, eps: options.eps, eps_root: options.epsRoot },
      { learning_rate: asSchedule(learningRate) },
      optimizerStates["optax.nadam"],
    );
  },

  /** Equivalent to `optax.nadamw`. Not differentiable. */
  nadamw(
    learningRate: ScalarOrSchedule,
    options: {
      readonly b1?: number;
      readonly b2?: number;
      readonly eps?: number;
      readonly epsRoot?: number;
      readonly weightDecay?: ScalarOrSchedule;
      readonly mask?: unknown;
    } = {},
  ): GradientTransformation {
    return new GradientTransformation(
      "optax.nadamw",
      [],
      {
        b1: options.b1,
        b2: options.b2,
        eps: options.eps,
        eps_root: options.epsRoot,
        mask: asMask(options.mask),
      },
      { learning_rate: asSchedule(learningRate), weight_decay: asSchedule(options.weightDecay) },
      optimizerStates["optax.nadamw"],
    );
  },

  /**
   * Equivalent to `optax.normalize_by_update_norm`. Scales all of them to a norm of 1 together. Not
   * differentiable.
   */
  normalizeByUpdateNorm(): GradientTransformation {
    return new GradientTransformation(
      "optax.normalize_by_update_norm",
      [],
      {},
      {},
      optimizerStates["optax.normalize_by_update_norm"],
    );
  },

  /** Equivalent to `optax.novograd`. Not differentiable. */
  novograd(
    learningRate: ScalarOrSchedule,
    options: {
      readonly b1?: number;
      readonly b2?: number;
      readonly eps?: number;
      readonly epsRoot?: number;
      readonly weightDecay?: ScalarOrSchedule;
    } = {},
  ): GradientTransformation {
    return new GradientTransformation(
      "optax.novograd",
      [],
      { b1: options.b1, b2: options.b2, eps: options.eps, eps_root: options.epsRoot },
      { learning_rate: asSchedule(learningRate), weight_decay: asSchedule(options.weightDecay) },
      optimizerStates["optax.novograd"],
    );
  },

  /** Equivalent to `optax.optimistic_gradient_descent`. Not differentiable. */
  optimisticGradientDescent(
    learningRate: ScalarOrSchedule,
    options: { readonly alpha?: ScalarOrSchedule; readonly beta?: ScalarOrSchedule } = {},
  ): GradientTransformation {
    return new GradientTransformation(
      "optax.optimistic_gradient_descent",
      [],
      {},
      {
        learning_rate: asSchedule(learningRate),
        alpha: asSchedule(options.alpha),
        beta: asSchedule(options.beta),
      },
      optimizerStates["optax.optimistic_gradient_descent"],
    );
  },

  /**
   * Equivalent to `optax.piecewise_constant_schedule`. Multiplied by a scale after each boundary: `{
   * 1000: 0.1 }`. Not differentiable.
   */
  piecewiseConstantSchedule(
    initValue: number,
    boundariesAndScales: Readonly<Record<number, number>>,
  ): Schedule {
    return schedule(
      "optax.piecewise_constant_schedule",
      { init_value: initValue, boundaries_and_scales: boundariesAndScales },
      {},
    );
  },

  /**
   * Equivalent to `optax.polynomial_schedule`. From `initValue` to `endValue` by a power. Not
   * differentiable.
   */
  polynomialSchedule(
    initValue: number,
    endValue: number,
    power: number,
    transitionSteps: number,
    options: { readonly transitionBegin?: number } = {},
  ): Schedule {
    return schedule(
      "optax.polynomial_schedule",
      {
        init_value: initValue,
        end_value: endValue,
        power,
        transition_steps: transitionSteps,
        transition_begin: options.transitionBegin,
      },
      {},
    );
  },

  /** Equivalent to `optax.radam`. Not differentiable. */
  radam(
    learningRate: ScalarOrSchedule,
    options: {
      readonly b1?: number;
      readonly b2?: number;
      readonly eps?: number;
      readonly epsRoot?: number;
      readonly threshold?: number;
      readonly nesterov?: boolean;
    } = {},
  ): GradientTransformation {
    return new GradientTransformation(
      "optax.radam",
      [],
      {
        b1: options.b1,
        b2: options.b2,
        eps: options.eps,
        eps_root: options.epsRoot,
        threshold: options.threshold,
        nesterov: options.nesterov,
      },
      { learning_rate: asSchedule(learningRate) },
      optimizerStates["optax.radam"],
    );
  },

  /** Equivalent to `optax.rmsprop`. Not differentiable. */
  rmsprop(
    learningRate: ScalarOrSchedule,
    options: {
      readonly decay?: number;
      readonly eps?: number;
      readonly initialScale?: number;
      readonly epsInSqrt?: boolean;
      readonly centered?: boolean;
      readonly momentum?: number;
      readonly nesterov?: boolean;
      readonly biasCorrection?: boolean;
    } = {},
  ): GradientTransformation {
    return new GradientTransformation(
      "optax.rmsprop",
      [],
      {
        decay: options.decay,
        eps: options.eps,
        initial_scale: options.initialScale,
        eps_in_sqrt: options.epsInSqrt,
        centered: options.centered,
        momentum: options.momentum,
        nesterov: options.nesterov,
        bias_correction: options.biasCorrection,
      },
      { learning_rate: asSchedule(learningRate) },
      optimizerStates["optax.rmsprop"],
    );
  },

  /** Equivalent to `optax.rprop`. Not differentiable. */
  rprop(
    learningRate: TensorLike,
    options: {
      readonly etaMinus?: number;
      readonly etaPlus?: number;
      readonly minStepSize?: number;
      readonly maxStepSize?: number;
    } = {},
  ): GradientTransformation {
    return new GradientTransformation(
      "optax.rprop",
      [],
      {
        eta_minus: options.etaMinus,
        eta_plus: options.etaPlus,
        min_step_size: options.minStepSize,
        max_step_size: options.maxStepSize,
      },
      { learning_rate: learningRate },
      optimizerStates["optax.rprop"],
    );
  },

  /** Equivalent to `optax.scale`. Multiplies them by `stepSize`. Not differentiable. */
  scale(stepSize: TensorLike): GradientTransformation {
    return new GradientTransformation(
      "optax.scale",
      [],
      {},
      { step_size: stepSize },
      optimizerStates["optax.scale"],
    );
  },

  /** Equivalent to `optax.scale_by_adam`. Adam's, before the learning rate. Not differentiable. */
  scaleByAdam(
    options: {
      readonly b1?: number;
      readonly b2?: number;
      readonly eps?: number;
      readonly epsRoot?: number;
      readonly nesterov?: boolean;
    } = {},
  ): GradientTransformation {
    return new GradientTransformation(
      "optax.scale_by_adam",
      [],
      {
        b1: options.b1,
        b2: options.b2,
        eps: options.eps,
        eps_root: options.epsRoot,
        nesterov: options.nesterov,
      },
      {},
      optimizerStates["optax.scale_by_adam"],
    );
  },

  /**
   * Equivalent to `optax.scale_by_learning_rate`. Multiplies them by minus the learning rate. Not
   * differentiable.
   */
  scaleByLearningRate(
    learningRate: ScalarOrSchedule,
    options: { readonly flipSign?: boolean } = {},
  ): GradientTransformation {
    return new GradientTransformation(
      "optax.scale_by_learning_rate",
      [],
      { flip_sign: options.flipSign },
      { learning_rate: asSchedule(learningRate) },
      optimizerStates["optax.scale_by_learning_rate"],
    );
  },

  /** Equivalent to `optax.scale_by_lion`. Lion's, before the learning rate. Not differentiable. */
  scaleByLion(options: { readonly b1?: number; readonly b2?: number } = {}): GradientTransformation {
    return new GradientTransformation(
      "optax.scale_by_lion",
      [],
      { b1: options.b1, b2: options.b2 },
      {},
      optimizerStates["optax.scale_by_lion"],
    );
  },

  /** Equivalent to `optax.scale_by_rms`. RMSProp's, before the learning rate. Not differentiable. */
  scaleByRms(
    options: { readonly decay?: number; readonly eps?: number; readonly initialScale?: number } = {},
  ): GradientTransformation {
    return new GradientTransformation(
      "optax.scale_by_rms",
      [],
      { decay: options.decay, eps: options.eps, initial_scale: options.initialScale },
      {},
      optimizerStates["optax.scale_by_rms"],
    );
  },

  /** Equivalent to `optax.scale_by_schedule`. Multiplies them by a schedule. Not differentiable. */
  scaleBySchedule(stepSizeFn: ScalarOrSchedule): GradientTransformation {
    return new GradientTransformation(
      "optax.scale_by_schedule",
      [],
      {},
      { step_size_fn: asSchedule(stepSizeFn) },
      optimizerStates["optax.scale_by_schedule"],
    );
  },

  /**
   * Equivalent to `optax.scale_by_trust_ratio`. Scales each array by the norm of its parameters over its
   * own. Not differentiable.
   */
  scaleByTrustRatio(
    options: { readonly minNorm?: number; readonly trustCoefficient?: number; readonly eps?: number } = {},
  ): GradientTransformation {
    return new GradientTransformation(
      "optax.scale_by_trust_ratio",
      [],
      { min_norm: options.minNorm, trust_coefficient: options.trustCoefficient, eps: options.eps },
      {},
      optimizerStates["optax.scale_by_trust_ratio"],
    );
  },

  /**
   * Equivalent to `optax.set_to_zero`. Makes them zero, for parameters that stay as they are. Not
   * differentiable.
   */
  setToZero(): GradientTransformation {
    return new GradientTransformation("optax.set_to_zero", [], {}, {}, optimizerStates["optax.set_to_zero"]);
  },

  /** Equivalent to `optax.sgd`. Not differentiable. */
  sgd(
    learningRate: ScalarOrSchedule,
    options: { readonly momentum?: number; readonly nesterov?: boolean } = {},
  ): GradientTransformation {
    return new GradientTransformation(
      "optax.sgd",
      [],
      { momentum: options.momentum, nesterov: options.nesterov },
      { learning_rate: asSchedule(learningRate) },
      optimizerStates["optax.sgd"],
    );
  },

  /**
   * Equivalent to `optax.sigmoid_binary_cross_entropy`: `labels` are probabilities of the positive
   * class.
   */
  sigmoidBinaryCrossEntropy<A extends TensorLike, B extends TensorLike>(
    logits: A,
    labels: B,
  ): Tensor<Float<Of<A>>> {
    return emit("optax.sigmoid_binary_cross_entropy", [logits, labels], undefined, Tensor) as never;
  },

  /**
   * Equivalent to `optax.sigmoid_focal_loss`: the binary cross-entropy, less of it where a prediction is
   * sure.
   */
  sigmoidFocalLoss<A extends TensorLike, B extends TensorLike>(
    logits: A,
    labels: B,
    options: { readonly alpha?: number; readonly gamma?: TensorLike } = {},
  ): Tensor<Float<Of<A>>> {
    return emit("optax.sigmoid_focal_loss", [logits, labels], { alpha: options.alpha }, Tensor, {
      gamma: options.gamma,
    }) as never;
  },

  /** Equivalent to `optax.sign_sgd`. Not differentiable. */
  signSgd(learningRate: ScalarOrSchedule): GradientTransformation {
    return new GradientTransformation(
      "optax.sign_sgd",
      [],
      {},
      { learning_rate: asSchedule(learningRate) },
      optimizerStates["optax.sign_sgd"],
    );
  },

  /** Equivalent to `optax.smooth_labels`: moved by `alpha` towards the uniform distribution. */
  smoothLabels<A extends TensorLike>(labels: A, alpha: TensorLike): Tensor<Float<Of<A>>> {
    return emit("optax.smooth_labels", [labels, alpha], undefined, Tensor) as never;
  },

  /**
   * Equivalent to `optax.softmax_cross_entropy`: `labels` are probabilities of the classes along the
   * last axis.
   */
  softmaxCrossEntropy<A extends TensorLike, B extends TensorLike>(
    logits: A,
    labels: B,
    options: { readonly axis?: number | readonly number[]; readonly where?: TensorLike<"bool"> } = {},
  ): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("optax.softmax_cross_entropy", [logits, labels], { axis: options.axis }, Tensor, {
      where: asBool(options.where, "where"),
    }) as never;
  },

  /**
   * Equivalent to `optax.softmax_cross_entropy_with_integer_labels`: `labels` are positions along the
   * last axis.
   */
  softmaxCrossEntropyWithIntegerLabels<A extends TensorLike>(
    logits: A,
    labels: TensorLike<IntDType>,
    options: { readonly axis?: number | readonly number[]; readonly where?: TensorLike<"bool"> } = {},
  ): Tensor<Float<Of<A>>> {
    return emit(
      "optax.softmax_cross_entropy_with_integer_labels",
      [logits, asInt(labels, "labels")],
      { axis: options.axis },
      Tensor,
      { where: asBool(options.where, "where") },
    ) as never;
  },

  /** Equivalent to `optax.squared_error`: the squared difference. */
  squaredError<A extends TensorLike, B extends TensorLike>(
    predictions: A,
    targets: B,
  ): Tensor<Float<Promote<Of<A>, Of<B>>>> {
    return emit("optax.squared_error", [predictions, targets], undefined, Tensor) as never;
  },

  /** Equivalent to `optax.trace`. Adds a decaying sum of those before: momentum. Not differentiable. */
  trace(decay: number, options: { readonly nesterov?: boolean } = {}): GradientTransformation {
    return new GradientTransformation(
      "optax.trace",
      [],
      { decay, nesterov: options.nesterov },
      {},
      optimizerStates["optax.trace"],
    );
  },

  /**
   * Equivalent to `optax.warmup_constant_schedule`. Up to `peakValue` by a line, where it stays. Not
   * differentiable.
   */
  warmupConstantSchedule(initValue: number, peakValue: number, warmupSteps: number): Schedule {
    return schedule(
      "optax.warmup_constant_schedule",
      { init_value: initValue, peak_value: peakValue, warmup_steps: warmupSteps },
      {},
    );
  },

  /**
   * Equivalent to `optax.warmup_cosine_decay_schedule`. Up to `peakValue` by a line, then down by a
   * cosine; `decaySteps` counts the warm-up too. Not differentiable.
   */
  warmupCosineDecaySchedule(
    initValue: number,
    peakValue: number,
    warmupSteps: number,
    decaySteps: number,
    options: { readonly endValue?: number; readonly exponent?: number } = {},
  ): Schedule {
    return schedule(
      "optax.warmup_cosine_decay_schedule",
      {
        init_value: initValue,
        peak_value: peakValue,
        warmup_steps: warmupSteps,
        decay_steps: decaySteps,
        end_value: options.endValue,
        exponent: options.exponent,
      },
      {},
    );
  },

  /**
   * Equivalent to `optax.warmup_exponential_decay_schedule`. Up to `peakValue` by a line, then down
   * exponentially. Not differentiable.
   */
  warmupExponentialDecaySchedule(
    initValue: number,
    peakValue: number,
    warmupSteps: number,
    transitionSteps: number,
    decayRate: number,
    options: {
      readonly transitionBegin?: number;
      readonly staircase?: boolean;
      readonly endValue?: number;
    } = {},
  ): Schedule {
    return schedule(
      "optax.warmup_exponential_decay_schedule",
      {
        init_value: initValue,
        peak_value: peakValue,
        warmup_steps: warmupSteps,
        transition_steps: transitionSteps,
        decay_rate: decayRate,
        transition_begin: options.transitionBegin,
        staircase: options.staircase,
        end_value: options.endValue,
      },
      {},
    );
  },

  /** Equivalent to `optax.yogi`. Not differentiable. */
  yogi(
    learningRate: ScalarOrSchedule,
    options: { readonly b1?: number; readonly b2?: number; readonly eps?: number } = {},
  ): GradientTransformation {
    return new GradientTransformation(
      "optax.yogi",
      [],
      { b1: options.b1, b2: options.b2, eps: options.eps },
      { learning_rate: asSchedule(learningRate) },
      optimizerStates["optax.yogi"],
    );
  },

  /** Equivalent to `optax.zero_nans`. Puts 0 where they are NaN. Not differentiable. */
  zeroNans(): GradientTransformation {
    return new GradientTransformation("optax.zero_nans", [], {}, {}, optimizerStates["optax.zero_nans"]);
  },
};

checkFunctions("optax", optax, {
  adabelief: {
    takes: { learningRate: "schedule" },
    options: { b1: "number?", b2: "number?", eps: "number?", epsRoot: "number?", nesterov: "boolean?" },
  },
  adadelta: {
    takes: { learningRate: "schedule" },
    options: { rho: "number?", eps: "number?", weightDecay: "schedule?" },
  },
  adafactor: {
    takes: { learningRate: "schedule" },
    options: {
      minDimSizeToFactor: "number?",
      decayRate: "number?",
      decayOffset: "number?",
      multiplyByParameterScale: "boolean?",
      clippingThreshold: "number?",
      momentum: "number?",
      weightDecayRate: "schedule?",
      eps: "number?",
      factored: "boolean?",
    },
  },
  adagrad: {
    takes: { learningRate: "schedule" },
    options: { initialAccumulatorValue: "number?", eps: "number?" },
  },
  adam: {
    takes: { learningRate: "schedule" },
    options: { b1: "number?", b2: "number?", eps: "number?", epsRoot: "number?", nesterov: "boolean?" },
  },
  adamax: { takes: { learningRate: "schedule" }, options: { b1: "number?", b2: "number?", eps: "number?" } },
  adamaxw: {
    takes: { learningRate: "schedule" },
    options: { b1: "number?", b2: "number?", eps: "number?", weightDecay: "schedule?", mask: "mask?" },
  },
  adamw: {
    takes: { learningRate: "schedule" },
    options: {
      b1: "number?",
      b2: "number?",
      eps: "number?",
      epsRoot: "number?",
      weightDecay: "schedule?",
      mask: "mask?",
      nesterov: "boolean?",
    },
  },
  adan: {
    takes: { learningRate: "schedule" },
    options: {
      b1: "number?",
      b2: "number?",
      b3: "number?",
      eps: "number?",
      epsRoot: "number?",
      weightDecay: "schedule?",
      mask: "mask?",
    },
  },
  adaptiveGradClip: { takes: { clipping: "number" }, options: { eps: "number?" } },
  addDecayedWeights: { takes: { weightDecay: "schedule" }, options: { mask: "mask?" } },
  amsgrad: {
    takes: { learningRate: "schedule" },
    options: { b1: "number?", b2: "number?", eps: "number?", epsRoot: "number?" },
  },
  applyEvery: { takes: { k: "number" } },
  applyIfFinite: { takes: { inner: "transformation", maxConsecutiveErrors: "number" } },
  centralize: {},
  chain: { takes: { transformations: "...transformation" } },
  clip: { takes: { maxDelta: "number" } },
  clipByBlockRms: { takes: { threshold: "number" } },
  clipByGlobalNorm: { takes: { maxNorm: "number" } },
  constantSchedule: { takes: { value: "number" } },
  cosineDecaySchedule: {
    takes: { initValue: "number", decaySteps: "number" },
    options: { alpha: "number?", exponent: "number?" },
  },
  cosineDistance: {
    takes: { predictions: "operand", targets: "operand" },
    options: { epsilon: "operand?", axis: "axis?", where: "operand?" },
  },
  cosineOnecycleSchedule: {
    takes: { transitionSteps: "number", peakValue: "number" },
    options: { pctStart: "number?", divFactor: "number?", finalDivFactor: "number?" },
  },
  cosineSimilarity: {
    takes: { predictions: "operand", targets: "operand" },
    options: { epsilon: "operand?", axis: "axis?", where: "operand?" },
  },
  ema: { takes: { decay: "number" }, options: { debias: "boolean?" } },
  exponentialDecay: {
    takes: { initValue: "number", transitionSteps: "number", decayRate: "number" },
    options: { transitionBegin: "number?", staircase: "boolean?", endValue: "number?" },
  },
  fromage: { takes: { learningRate: "schedule" }, options: { minNorm: "number?" } },
  hingeLoss: { takes: { predictorOutputs: "operand", targets: "operand" } },
  huberLoss: { takes: { predictions: "operand", targets: "operand" }, options: { delta: "operand?" } },
  identity: {},
  joinSchedules: { takes: { schedules: "list", boundaries: "list" } },
  keepParamsNonnegative: {},
  klDivergence: {
    takes: { logPredictions: "operand", targets: "operand" },
    options: { axis: "axis?", where: "operand?" },
  },
  l2Loss: { takes: { predictions: "operand", targets: "operand" } },
  lamb: {
    takes: { learningRate: "schedule" },
    options: {
      b1: "number?",
      b2: "number?",
      eps: "number?",
      epsRoot: "number?",
      weightDecay: "schedule?",
      mask: "mask?",
    },
  },
  lars: {
    takes: { learningRate: "schedule" },
    options: {
      weightDecay: "schedule?",
      trustCoefficient: "number?",
      eps: "number?",
      momentum: "number?",
      nesterov: "boolean?",
    },
  },
  linearOnecycleSchedule: {
    takes: { transitionSteps: "number", peakValue: "number" },
    options: { pctStart: "number?", pctFinal: "number?", divFactor: "number?", finalDivFactor: "number?" },
  },
  linearSchedule: {
    takes: { initValue: "number", endValue: "number", transitionSteps: "number" },
    options: { transitionBegin: "number?" },
  },
  lion: {
    takes: { learningRate: "schedule" },
    options: { b1: "number?", b2: "number?", weightDecay: "schedule?", mask: "mask?" },
  },
  logCosh: { takes: { predictions: "operand", targets: "operand" } },
  masked: { takes: { inner: "transformation", mask: "mask" } },
  nadam: {
    takes: { learningRate: "schedule" },
    options: { b1: "number?", b2: "number?", eps: "number?", epsRoot: "number?" },
  },
  nadamw: {
    takes: { learningRate: "schedule" },
    options: {
      b1: "number?",
      b2: "number?",
      eps: "number?",
      epsRoot: "number?",
      weightDecay: "schedule?",
      mask: "mask?",
    },
  },
  normalizeByUpdateNorm: {},
  novograd: {
    takes: { learningRate: "schedule" },
    options: { b1: "number?", b2: "number?", eps: "number?", epsRoot: "number?", weightDecay: "schedule?" },
  },
  optimisticGradientDescent: {
    takes: { learningRate: "schedule" },
    options: { alpha: "schedule?", beta: "schedule?" },
  },
  piecewiseConstantSchedule: { takes: { initValue: "number", boundariesAndScales: "record" } },
  polynomialSchedule: {
    takes: { initValue: "number", endValue: "number", power: "number", transitionSteps: "number" },
    options: { transitionBegin: "number?" },
  },
  radam: {
    takes: { learningRate: "schedule" },
    options: {
      b1: "number?",
      b2: "number?",
      eps: "number?",
      epsRoot: "number?",
      threshold: "number?",
      nesterov: "boolean?",
    },
  },
  rmsprop: {
    takes: { learningRate: "schedule" },
    options: {
      decay: "number?",
      eps: "number?",
      initialScale: "number?",
      epsInSqrt: "boolean?",
      centered: "boolean?",
      momentum: "number?",
      nesterov: "boolean?",
      biasCorrection: "boolean?",
    },
  },
  rprop: {
    takes: { learningRate: "operand" },
    options: { etaMinus: "number?", etaPlus: "number?", minStepSize: "number?", maxStepSize: "number?" },
  },
  scale: { takes: { stepSize: "operand" } },
  scaleByAdam: {
    options: { b1: "number?", b2: "number?", eps: "number?", epsRoot: "number?", nesterov: "boolean?" },
  },
  scaleByLearningRate: { takes: { learningRate: "schedule" }, options: { flipSign: "boolean?" } },
  scaleByLion: { options: { b1: "number?", b2: "number?" } },
  scaleByRms: { options: { decay: "number?", eps: "number?", initialScale: "number?" } },
  scaleBySchedule: { takes: { stepSizeFn: "schedule" } },
  scaleByTrustRatio: { options: { minNorm: "number?", trustCoefficient: "number?", eps: "number?" } },
  setToZero: {},
  sgd: { takes: { learningRate: "schedule" }, options: { momentum: "number?", nesterov: "boolean?" } },
  sigmoidBinaryCrossEntropy: { takes: { logits: "operand", labels: "operand" } },
  sigmoidFocalLoss: {
    takes: { logits: "operand", labels: "operand" },
    options: { alpha: "number?", gamma: "operand?" },
  },
  signSgd: { takes: { learningRate: "schedule" } },
  smoothLabels: { takes: { labels: "operand", alpha: "operand" } },
  softmaxCrossEntropy: {
    takes: { logits: "operand", labels: "operand" },
    options: { axis: "axis?", where: "operand?" },
  },
  softmaxCrossEntropyWithIntegerLabels: {
    takes: { logits: "operand", labels: "operand" },
    options: { axis: "axis?", where: "operand?" },
  },
  squaredError: { takes: { predictions: "operand", targets: "operand" } },
  trace: { takes: { decay: "number" }, options: { nesterov: "boolean?" } },
  warmupConstantSchedule: { takes: { initValue: "number", peakValue: "number", warmupSteps: "number" } },
  warmupCosineDecaySchedule: {
    takes: { initValue: "number", peakValue: "number", warmupSteps: "number", decaySteps: "number" },
    options: { endValue: "number?", exponent: "number?" },
  },
  warmupExponentialDecaySchedule: {
    takes: {
      initValue: "number",
      peakValue: "number",
      warmupSteps: "number",
      transitionSteps: "number",
      decayRate: "number",
    },
    options: { transitionBegin: "number?", staircase: "boolean?", endValue: "number?" },
  },
  yogi: { takes: { learningRate: "schedule" }, options: { b1: "number?", b2: "number?", eps: "number?" } },
  zeroNans: {},
});
