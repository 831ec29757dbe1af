/** What an inference has drawn. */
import { toArrowTable } from "../../bridge/wire/arrow.ts";
import { np } from "../ops/np.ts";
import { checkCall } from "../program/signatures.ts";
import { array } from "../tensor/array.ts";
import { get } from "../session/current-session.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Statistics } from "./chain-programs.ts";
import type { Checkpoint } from "./joined-blocks.ts";
import type { Structures } from "./posterior-structures.ts";
import type { Statement } from "./statement.ts";
import { type Summary, summaryOf } from "./summary.ts";
import { jit } from "../transforms/jit.ts";

export interface PosteriorParts {
  readonly draws: Readonly<Record<string, Tensor>>;
  readonly statistics: Statistics;
  readonly stepSize: Tensor<"float32">;
  readonly state: Tensor<"uint32">;
  readonly done: number;
  readonly isInterrupted: boolean;
  readonly statements: readonly Statement[];
  /** What is asked of the structures that the program sums over. */
  readonly structures: {
    sample(key: Tensor<"key">): Structures;
    marginals(): Structures;
  };
}

type ArrowTable = Awaited<ReturnType<typeof toArrowTable>>;

const flattened = jit((draws: Readonly<Record<string, Tensor>>) =>
  Object.fromEntries(
    Object.entries(draws).map(([name, draw]) => [
      name,
      draw.reshape(draw.shape.slice(0, 0).concat([-1], draw.shape.slice(2))),
    ]),
  ),
);

/** Draws from a posterior by Markov chains; made by `mcmc(…).run(…)`. */
export class Posterior {
  /** Of every variable, `(chain draw …)`, on the device. */
  readonly draws: Readonly<Record<string, Tensor>>;
  readonly statistics: Statistics;
  /** What the warm-up arrived at, `(chain)`. */
  readonly stepSize: Tensor<"float32">;
  /** Whether a signal ended the run before all was drawn. */
  readonly isInterrupted: boolean;
  readonly #parts: PosteriorParts;

  /** @internal */
  constructor(parts: PosteriorParts) {
    ({ draws: this.draws, statistics: this.statistics, stepSize: this.stepSize } = parts);
    this.isInterrupted = parts.isInterrupted;
    this.#parts = parts;
  }

  /**
   * What was drawn of each element of each variable: mean, standard deviation, median, the narrowest interval of 90 %,
   * effective sample size and split R-hat. `String(summary)` is a table for a terminal.
   * @param options `prob`: how much the interval holds
   */
  async summary(options: { readonly prob?: number } = {}): Promise<Summary> {
    checkCall("summary", { options: { prob: "number?" } }, [options]);
    return summaryOf(this.draws, await this.divergences(), options.prob ?? 0.9);
  }

  /** The draws of all chains in a row, `(chain·draw …)`, on the device. */
  samples(): Readonly<Record<string, Tensor>> {
    return flattened(this.draws as never);
  }

  /**
   * The draws and what is known of the steps as two Arrow tables, a row a draw, with ArviZ's names: `chain`, `draw` and
   * the variables (fixed-size lists where they have axes); and `diverging`, `acceptance_rate`, `n_steps`, `lp`, `energy`.
   */
  async toArrow(): Promise<{ readonly posterior: ArrowTable; readonly sampleStats: ArrowTable }> {
    const { diverging, acceptProb, numSteps, potentialEnergy, energy } = this.statistics;
    const stats = {
      ...{ diverging, acceptance_rate: acceptProb, n_steps: numSteps },
      ...{ lp: potentialEnergy.neg(), energy },
    };
    const [chains, count] = (await diverging.aval()).shape as [number, number];
    const places = {
      chain: np.repeat(np.arange(chains), count),
      draw: np.tile(np.arange(count), [chains]),
    };
    const rows = await get({
      places,
      draws: flattened(this.draws as never),
      stats: flattened(stats as never),
    });
    const table = (columns: object): Promise<ArrowTable> =>
      toArrowTable({ ...rows.places, ...columns } as never);
    return { posterior: await table(rows.draws), sampleStats: await table(rows.stats) };
  }

  /** How many steps diverged, in all chains. */
  async divergences(): Promise<number> {
    const { diverging } = await get({ diverging: this.statistics.diverging });
    return (diverging.array() as boolean[][]).flat().filter(Boolean).length;
  }

  /**
   * The structures that the program sums over, each drawn from its exact posterior given each draw of the others: events
   * by name, `(chain draw …)`.
   */
  structures(key: Tensor<"key">): Structures {
    return this.#parts.structures.sample(key);
  }

  /** How probable each part of those structures is, in the mean of the draws: marginals by name. */
  structureMarginals(): Structures {
    return this.#parts.structures.marginals();
  }

  /** What `resume` goes on from: tensors only. `safetensors.save` makes a file of them. */
  get checkpoint(): Checkpoint {
    const { state, done, draws, statistics } = this.#parts;
    return { state, done: array(Int32Array.of(done)).reshape([]) as Tensor<"int32">, draws, statistics };
  }
}
