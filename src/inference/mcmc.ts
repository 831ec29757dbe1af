/** Draws from a posterior by Markov chains. */
import { SynjaxError } from "../../bridge/errors.ts";
import { checkSignal } from "../../bridge/transport/call-options.ts";
import { checkCall, checkMethods, type Signature } from "../program/signatures.ts";
import { captureLine, lineOf } from "../program/source-line.ts";
import { get } from "../session/current-session.ts";
import { array } from "../tensor/array.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Block, chainPrograms, type ChainPrograms, scoredNames } from "./chain-programs.ts";
import { type Checkpoint, joined, type Kept } from "./joined-blocks.ts";
import type { Kernel } from "./kernels.ts";
import { Posterior } from "./posterior.ts";
import { structurePrograms, type StructurePrograms } from "./posterior-structures.ts";
import { refusedIn } from "./statements.ts";

export interface McmcProgress {
  readonly phase: "warmup" | "sampling";
  /** Steps that are done, of `total`, both phases together. */
  readonly done: number;
  readonly total: number;
  /** Divergent steps after the warm-up, in all chains. */
  readonly divergences: number;
  /** The mean of the chains. */
  readonly acceptProb: number;
  readonly stepSize: number;
  /** Leapfrog steps a step, in the mean of the chains. */
  readonly leapfrogSteps: number;
  readonly millisecondsPerStep: number;
}

export interface McmcOptions {
  /** Steps that adapt the sampler and are not kept. */
  readonly warmup: number;
  /** Steps after the warm-up. */
  readonly samples: number;
  /** Chains, all at once. Default 1. */
  readonly chains?: number;
  /** Keeps each so-manieth step. Default 1. */
  readonly thinning?: number;
  /** Steps between two looks at signal and progress. Default: a twentieth of all. */
  readonly blockSize?: number;
  /** Ends the run after the block at hand; what was drawn is kept. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: McmcProgress) => void;
}

const MCMC: Signature = {
  takes: { kernel: "record" },
  options: {
    warmup: "number",
    samples: "number",
    chains: "number?",
    thinning: "number?",
    blockSize: "number?",
    signal: "any?",
    onProgress: "function?",
  },
};

type Sizes = Required<Omit<McmcOptions, "signal" | "onProgress">>;

/** Markov chains over a model; made by `mcmc()`. */
export class Mcmc<A extends readonly unknown[]> {
  readonly #options: McmcOptions;
  readonly #sizes: Sizes;
  readonly #programs: ChainPrograms;
  readonly #structures: StructurePrograms;

  /** @internal */
  constructor(kernel: Kernel<A>, options: McmcOptions) {
    this.#options = options;
    this.#sizes = sizesOf(options);
    this.#programs = chainPrograms(kernel as Kernel<never>, this.#sizes);
    this.#structures = structurePrograms(kernel.model as never);
  }

  /**
   * Warms up and draws. The same key, the same draws: those of NumPyro's MCMC, its chains vectorized.
   * @throws {SynjaxError} `INVALID_ARGUMENT` for a discrete variable that is not observed; `INFERENCE_FAILED` where the
   *   density is 0 or no number where the chains begin, or every step diverges
   */
  async run(key: Tensor<"key">, ...args: A): Promise<Posterior> {
    const line = captureLine();
    return this.#atStatement(async () => {
      const { state, energies, scores } = this.#programs.start(key, ...args);
      const found = await get({ energies, scores });
      this.#assertFinite(found.energies.array() as number[], found.scores.array() as number[][], line);
      return this.#draw({ state, done: 0, args, earlier: undefined });
    });
  }

  /** Goes on from a checkpoint, of this process or another, as if there had been no interruption. */
  async resume(checkpoint: Checkpoint, ...args: A): Promise<Posterior> {
    return this.#atStatement(async () => {
      const done = Number(await checkpoint.done.item());
      return this.#draw({ state: checkpoint.state, done, args, earlier: checkpoint });
    });
  }

  async #draw({ state, done, args, earlier }: Going<A>): Promise<Posterior> {
    const { warmup, samples, blockSize, thinning, chains } = this.#sizes;
    const { signal, onProgress } = this.#options;
    const total = warmup + samples - (samples % thinning);
    const kept: Kept[] = [];
    let last: Block | undefined;
    let [divergences, drawn] = [0, 0];
    while (done < total || !last) {
      const phase = done < warmup ? "warmup" : "sampling";
      const steps = Math.min(blockSize, (phase === "warmup" ? warmup : total) - done);
      const before = performance.now();
      last = this.#programs.advance(state, scalar(steps), ...args);
      ({ state } = last);
      const { diverging, acceptProb, numSteps } = last.statistics;
      const seen = await get({ diverging, acceptProb, numSteps, stepSize: last.stepSize });
      done += steps;
      const rows = Math.ceil(steps / thinning);
      const cut = (values: unknown): number[] => (values as number[][]).flatMap((row) => row.slice(0, rows));
      if (phase === "sampling" && rows > 0) {
        kept.push({ block: last, rows });
        drawn += rows * chains;
        divergences += cut(seen.diverging.array()).filter(Boolean).length;
      }
      onProgress?.({
        phase,
        done,
        total,
        divergences,
        acceptProb: mean(cut(seen.acceptProb.array())),
        stepSize: mean(seen.stepSize.array() as number[]),
        leapfrogSteps: mean(cut(seen.numSteps.array())),
        millisecondsPerStep: (performance.now() - before) / Math.max(1, steps),
      });
      if (signal?.aborted) break;
    }
    if (drawn > 0 && !earlier && divergences === drawn) throw this.#allDiverged();
    const statements = this.#programs.statements();
    const all = joined(earlier, kept, last);
    const structures = {
      sample: (key: Tensor<"key">) => this.#structures.sample(key, all.draws, ...args),
      marginals: () => this.#structures.marginals(all.draws, ...args),
    };
    return new Posterior({ ...all, state, done, isInterrupted: done < total, statements, structures });
  }

  /** @throws {SynjaxError} `INFERENCE_FAILED` that names the first variable whose density is 0 or no number */
  #assertFinite(energies: readonly number[], scores: readonly (readonly number[])[], line: object): void {
    const isBad = (value: number): boolean => !Number.isFinite(value);
    const chain = energies.findIndex((energy, c) => isBad(energy) || scores[c]!.some(isBad));
    if (chain < 0) return;
    const statements = this.#programs.statements();
    const at = scores[chain]!.findIndex((score) => !Number.isFinite(score));
    const name = scoredNames(statements)[at]?.[0];
    const statement = statements.find((each) => each.name === name);
    const score = scores[chain]![at];
    const why =
      name === undefined
        ? "the joint density is 0 or no number"
        : `the log-density of \`${name}\` is ${String(score)}${statement?.isObserved && score === -Infinity ? ": its value lies outside of the support" : ""}`;
    throw new SynjaxError(
      "INFERENCE_FAILED",
      `mcmc: no point was found to begin at: ${why}`,
      { argument: name, expected: "a finite log-density", received: String(score), line: lineOf(statement?.stack ?? line) },
    ); // prettier-ignore
  }

  #allDiverged(): SynjaxError {
    const [first] = this.#programs.statements();
    return new SynjaxError(
      "INFERENCE_FAILED",
      "mcmc: every step of every chain diverged: the density is too steep where the chains are, as with a scale near 0. State the program in other variables, set targetAcceptProb nearer to 1, or warm up for longer",
      { line: first && lineOf(first.stack) },
    );
  }

  /** An error that the worker names a variable in, at the line that states it. */
  async #atStatement<R>(body: () => Promise<R>): Promise<R> {
    try {
      return await body();
    } catch (error) {
      const at =
        error instanceof SynjaxError &&
        this.#programs
          .statements()
          .find(({ name }) => name === error.argument && error.code !== "INFERENCE_FAILED");
      if (!at) throw error;
      const { code, argument, expected, received, op } = error;
      const message = error.line ? error.message.replace(`  at ${error.line}`, "") : error.message;
      throw new SynjaxError(code, message, {
        argument,
        expected,
        received,
        op,
        line: lineOf(at.stack),
        cause: error,
      });
    }
  }
}

interface Going<A> {
  readonly state: Tensor<"uint32">;
  readonly done: number;
  readonly args: A;
  readonly earlier: Checkpoint | undefined;
}

function sizesOf(options: McmcOptions): Sizes {
  const { warmup, samples, chains = 1, thinning = 1 } = options;
  const { blockSize = Math.max(thinning, Math.ceil((warmup + samples) / 20)) } = options;
  for (const [name, value, least] of [
    ["warmup", warmup, 0],
    ["thinning", thinning, 1],
    ["samples", samples, thinning],
    ["chains", chains, 1],
    ["blockSize", blockSize, thinning],
  ] as const)
    if (!(Number.isSafeInteger(value) && value >= least))
      throw refusedIn(name, "mcmc", `a whole number of at least ${least}`, String(value));
  checkSignal(options.signal);
  return { warmup, samples, chains, thinning, blockSize: blockSize - (blockSize % thinning) };
}

const scalar = (value: number): Tensor<"int32"> => array(Int32Array.of(value)).reshape([]) as Tensor<"int32">;

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * Markov chains that draw from the posterior of a program, given what it observes.
 *
 * ```ts
 * const posterior = await mcmc(nuts(model), { warmup: 500, samples: 1000, chains: 4 }).run(random.key(0), data);
 * console.log(String(await posterior.summary()));
 * ```
 * @throws {SynjaxError} `INVALID_ARGUMENT`
 */
export function mcmc<A extends readonly unknown[]>(kernel: Kernel<A>, options: McmcOptions): Mcmc<A> {
  checkCall("mcmc", MCMC, [kernel, options]);
  return new Mcmc(kernel, options);
}

checkMethods(Mcmc, {
  run: { takes: { key: "key", args: "...any" }, isAsync: true },
  resume: { takes: { checkpoint: "record", args: "...any" }, isAsync: true },
});
