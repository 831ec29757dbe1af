/** What an inference has drawn. */
import { array } from "../tensor/array.ts";
import { get } from "../session/current-session.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Statistics } from "./chain-programs.ts";
import type { Checkpoint } from "./joined-blocks.ts";
import type { Structures } from "./posterior-structures.ts";
import type { Statement } from "./statement.ts";

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
