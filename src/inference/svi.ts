/** Stochastic variational inference: the parameters of a guide that bring it nearest to the posterior. */
import { SynjaxError } from "../../bridge/errors.ts";
import { checkSignal } from "../../bridge/transport/call-options.ts";
import { checkCall, checkMethods, type Signature } from "../program/signatures.ts";
import { captureCall, lineOf } from "../program/source-line.ts";
import { get } from "../session/current-session.ts";
import { array } from "../tensor/array.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { GradientTransformation } from "../training/gradient-transformation.ts";
import { atStatement } from "./at-statement.ts";
import { AutoGuide, type ByName } from "./auto-guide.ts";
import { elbo, type Elbo } from "./elbo.ts";
import { refusedIn } from "./statements.ts";
import { scored, sviPrograms, type SviPrograms } from "./svi-programs.ts";
import type { Model } from "./tracers.ts";

export interface SviProgress {
  /** Steps that are done, of `total`. */
  readonly done: number;
  readonly total: number;
  /** The mean of the steps since the last progress, nats. */
  readonly loss: number;
  readonly millisecondsPerStep: number;
}

export interface SviOptions {
  /** Default `elbo.trace()`. */
  readonly loss?: Elbo;
  /** Leaves out a step whose loss or gradient is no number, as NumPyro's `stable_update` does. Default false. */
  readonly stableUpdate?: boolean;
  /** Steps between two looks at signal and progress, 1000 at most. Default: a twentieth of all. */
  readonly blockSize?: number;
  /** Ends a run after the block at hand; what was found is kept. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: SviProgress) => void;
}

/** What a run arrived at. */
export interface SviRun {
  /** What `resume`, `update` and `params` go on from. `safetensors.save` makes a file of it. */
  readonly state: Tensor<"uint32">;
  /** The parameters by name, where their constraints have them. */
  readonly params: ByName;
  /** The negative bound before each step, `(step)`, nats. */
  readonly losses: Tensor<"float32">;
  /** Whether a signal ended the run before all was done. */
  readonly isInterrupted: boolean;
}

/** As many steps as one launch may have: it returns a loss for each, done or not. */
const LARGEST_BLOCK = 1000;

const SVI: Signature = {
  takes: { model: "function", guide: "any", optimizer: "any" },
  options: {
    loss: "record?",
    stableUpdate: "boolean?",
    blockSize: "number?",
    signal: "any?",
    onProgress: "function?",
  },
};

/** A model, its guide and how it is fitted; made by `svi()`. */
export class Svi<A extends readonly unknown[]> {
  readonly #options: SviOptions;
  readonly #programs: SviPrograms;

  /** @internal */
  constructor(
    model: Model<A>,
    guide: Model<A> | AutoGuide<A>,
    optimizer: GradientTransformation,
    options: SviOptions,
  ) {
    this.#options = options;
    const { loss = elbo.trace(), stableUpdate = false } = options;
    this.#programs = sviPrograms({
      model: model as Model,
      guide: guide as Model | AutoGuide,
      optimizer,
      loss,
      isStable: stableUpdate,
    });
  }

  /**
   * The state before the first step. A state is a tensor like any other: it is an argument, a carry and a result.
   * @throws {SynjaxError} `INVALID_ARGUMENT` where model and guide do not draw the same variables
   */
  init(key: Tensor<"key">, ...args: A): Tensor<"uint32"> {
    return this.#programs.init(key, ...args);
  }

  /** One step. It waits for nothing; the loss is that before it, nats, and nobody looks whether it is a number. */
  update(
    state: Tensor<"uint32">,
    ...args: A
  ): { readonly state: Tensor<"uint32">; readonly loss: Tensor<"float32"> } {
    return this.#programs.update(state, ...args);
  }

  /** The parameters by name, where their constraints have them; of a network one vector. */
  params(state: Tensor<"uint32">, ...args: A): ByName {
    return this.#programs.params(state, ...args);
  }

  /** The loss that the next step begins with, nats. */
  evaluate(state: Tensor<"uint32">, ...args: A): Tensor<"float32"> {
    return this.#programs.evaluate(state, ...args);
  }

  /**
   * So many steps, all with the same data. The same key, the same losses and parameters: those of NumPyro's `SVI.run`.
   * @throws {SynjaxError} `INVALID_ARGUMENT` for a variable that the guide misses or the model has not, or one that is
   *   discrete where the loss has no gradient for it; `INFERENCE_FAILED` where the loss becomes no number
   */
  async run(key: Tensor<"key">, steps: number, ...args: A): Promise<SviRun> {
    checkSteps(steps);
    return atStatement(this.#statements, async () =>
      this.#steps(this.#programs.init(key, ...args), steps, args),
    );
  }

  /** Goes on from a state, of this process or another, as if there had been no interruption. */
  async resume(state: Tensor<"uint32">, steps: number, ...args: A): Promise<SviRun> {
    checkSteps(steps);
    return atStatement(this.#statements, async () => this.#steps(state, steps, args));
  }

  readonly #statements = () => {
    const { guide, model } = this.#programs.stated();
    return [...guide, ...model];
  };

  async #steps(state: Tensor<"uint32">, total: number, args: A): Promise<SviRun> {
    const { signal, onProgress, stableUpdate } = this.#options;
    const blockSize = this.#options.blockSize ?? Math.min(LARGEST_BLOCK, Math.ceil(total / 20));
    const losses = new Float32Array(total);
    let done = 0;
    while (done < total) {
      const steps = Math.min(blockSize, total - done);
      const before = performance.now();
      const block = this.#programs.advance(LARGEST_BLOCK, state, scalar(steps), ...args);
      const found = (await block.losses.data()).subarray(0, steps);
      const bad = found.findIndex((loss) => !Number.isFinite(loss));
      if (bad >= 0 && (!stableUpdate || found.every((loss) => !Number.isFinite(loss))))
        throw await this.#failure(state, { bad, before: done, loss: found[bad]! }, args);
      losses.set(found, done);
      ({ state } = block);
      done += steps;
      onProgress?.({
        done,
        total,
        loss: found.reduce((sum, loss) => sum + loss, 0) / steps,
        millisecondsPerStep: (performance.now() - before) / steps,
      });
      if (signal?.aborted) break;
    }
    return {
      state,
      params: this.#programs.params(state, ...args),
      losses: array(losses.subarray(0, done)) as Tensor<"float32">,
      isInterrupted: done < total,
    };
  }

  /** Which variable or parameter made a loss no number: the steps up to it are done again. */
  async #failure(state: Tensor<"uint32">, at: Failed, args: A): Promise<SynjaxError> {
    const here = at.bad === 0 ? state : this.#programs.advance(LARGEST_BLOCK, state, scalar(at.bad), ...args).state; // prettier-ignore
    const { finite, scores } = await get(this.#programs.diagnose(here, ...args));
    const stated = this.#programs.stated();
    const step = at.before + at.bad;
    const what = `svi: the loss is ${String(at.loss)} at step ${step}`;
    const lost = (finite.array() as boolean[]).indexOf(false);
    if (lost >= 0) {
      const name = stated.params[lost]!;
      const statement = this.#statements().find((each) => each.name === name);
      return failed(`${what}: the parameter \`${name}\` is no number since the step before, whose gradient was none`, name, "a finite parameter", statement?.stack); // prettier-ignore
    }
    const values = scores.array() as number[];
    const first = values.findIndex((score) => !Number.isFinite(score));
    if (first < 0) return failed(what, undefined, "a finite loss", stated.model[0]?.stack);
    const [program, name] = scored(stated)[first]!;
    const statement = stated[program].find((each) => each.name === name);
    const score = values[first]!;
    const why = score === -Infinity ? (statement?.isObserved ? ": its value lies outside of the support" : ": the guide draws outside of its support") : ""; // prettier-ignore
    return failed(`${what}: the log-density of \`${name}\` in the ${program} is ${String(score)}${why}`, name, "a finite log-density", statement?.stack); // prettier-ignore
  }
}

function checkSteps(steps: number): void {
  if (!(Number.isSafeInteger(steps) && steps >= 1))
    throw refusedIn("steps", "svi", "a whole number of at least 1", String(steps));
}

interface Failed {
  /** Its place in the block, and how many steps were done before that. */
  readonly bad: number;
  readonly before: number;
  readonly loss: number;
}

const failed = (message: string, argument: string | undefined, expected: string, stack: object | undefined): SynjaxError =>
  new SynjaxError("INFERENCE_FAILED", message, { argument, expected, line: lineOf(stack ?? captureCall()) }); // prettier-ignore

const scalar = (value: number): Tensor<"int32"> => array(Int32Array.of(value)).reshape([]) as Tensor<"int32">;

/**
 * Fits a guide to the posterior of a model, given what it observes.
 *
 * ```ts
 * const guide = autoNormal(model);
 * const { params, losses } = await svi(model, guide, optax.adam(0.01)).run(random.key(0), 2000, data);
 * const draws = guide.samplePosterior(random.key(1), params, { sampleShape: [1000] }, data);
 * ```
 * @param guide a program that takes what the model does and draws what it does not observe, with parameters by `param`;
 *   or one that is made of the model
 * @throws {SynjaxError} `INVALID_ARGUMENT`
 */
export function svi<A extends readonly unknown[]>(
  model: Model<A>,
  guide: Model<A> | AutoGuide<A>,
  optimizer: GradientTransformation,
  options: SviOptions = {},
): Svi<A> {
  checkCall("svi", SVI, [model, guide, optimizer, options]);
  if (!(typeof guide === "function" || (guide as unknown) instanceof AutoGuide))
    throw refusedIn("guide", "svi", "a function, or a guide as autoNormal makes it", typeof guide);
  if (!((optimizer as unknown) instanceof GradientTransformation))
    throw refusedIn("optimizer", "svi", "a gradient transformation, as optax.adam(1e-3) makes it", typeof optimizer); // prettier-ignore
  const { loss, blockSize = 1, signal } = options;
  if (loss && !Object.hasOwn(elbo, loss.name))
    throw refusedIn("loss", "svi", "a bound, as elbo.trace() makes it", "an object of another kind");
  if (!(Number.isSafeInteger(blockSize) && blockSize >= 1 && blockSize <= LARGEST_BLOCK))
    throw refusedIn("blockSize", "svi", `a whole number from 1 to ${LARGEST_BLOCK}`, String(blockSize));
  checkSignal(signal);
  return new Svi(model, guide, optimizer, options);
}

checkMethods(Svi, {
  init: { takes: { key: "key", args: "...any" } },
  update: { takes: { state: "tensor", args: "...any" } },
  params: { takes: { state: "tensor", args: "...any" } },
  evaluate: { takes: { state: "tensor", args: "...any" } },
  run: { takes: { key: "key", steps: "number", args: "...any" }, isAsync: true },
  resume: { takes: { state: "tensor", steps: "number", args: "...any" }, isAsync: true },
});
