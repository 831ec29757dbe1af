/** The two programs of a run of Markov chains: where they begin, and a block of steps. */
import { emitIn } from "../program/emit.ts";
import { Tensor } from "../tensor/tensor.ts";
import { jit } from "../transforms/jit.ts";
import { components, operandsOf } from "../transforms/trees.ts";
import type { Kernel } from "./kernels.ts";
import { recordModel } from "./recorded-model.ts";
import type { Statement } from "./statement.ts";

/** What is known of every step, `(chain draw)`. */
export interface Statistics {
  readonly diverging: Tensor<"bool">;
  /** Leapfrog steps. */
  readonly numSteps: Tensor<"int32">;
  readonly acceptProb: Tensor<"float32">;
  /** The joint density's logarithm, negative, in unconstrained space, nats. */
  readonly potentialEnergy: Tensor<"float32">;
  readonly energy: Tensor<"float32">;
}
export const STATISTICS = ["diverging", "numSteps", "acceptProb", "potentialEnergy", "energy"] as const;

/** Where chains begin. */
export interface Start {
  readonly state: Tensor<"uint32">;
  /** `(chain)` */
  readonly energies: Tensor<"float32">;
  /** The log-density of each variable that has one, `(chain variable)`. */
  readonly scores: Tensor<"float32">;
}

/** Some steps of all chains. */
export interface Block {
  readonly state: Tensor<"uint32">;
  /** `(chain draw …)`: as many draws as a full block has. */
  readonly draws: Readonly<Record<string, Tensor>>;
  readonly statistics: Statistics;
  /** `(chain)` */
  readonly stepSize: Tensor<"float32">;
}

export interface ChainSizes {
  readonly chains: number;
  readonly warmup: number;
  readonly thinning: number;
  readonly blockSize: number;
}

export interface ChainPrograms {
  readonly start: (key: Tensor<"key">, ...args: readonly unknown[]) => Start;
  readonly advance: (state: Tensor<"uint32">, steps: Tensor<"int32">, ...args: readonly unknown[]) => Block;
  /** What the model stated when it was recorded last. */
  readonly statements: () => readonly Statement[];
}

/** What the draws consist of: variables that are neither observed nor summed over, and what is computed of them. */
export const drawnNames = (statements: readonly Statement[]): readonly string[] =>
  statements.flatMap(({ type, name, isObserved, marginalize }) =>
    type === "deterministic" || (type === "sample" && !isObserved && !marginalize) ? [name] : [],
  );

/** What has a log-density: its name here, and what NumPyro knows it by. */
export const scoredNames = (
  statements: readonly Statement[],
): readonly (readonly [name: string, site: string])[] =>
  statements.flatMap(({ type, name, marginalize }) =>
    type === "sample" || type === "factor"
      ? [[name, marginalize ? `${name}_log_partition` : name] as const]
      : [],
  );

export function chainPrograms(kernel: Kernel<never>, sizes: ChainSizes): ChainPrograms {
  let statements: readonly Statement[] = [];
  const { chains, warmup, thinning, blockSize } = sizes;
  const fixed = { kernel: kernel.name, settings: kernel.settings, chains, warmup };

  function start(key: Tensor<"key">, ...args: readonly unknown[]): Start {
    const { treeDefs, operands, frame } = operandsOf(args, "mcmc");
    const model = recordModel(frame, kernel.model as never, treeDefs, "mcmc");
    ({ statements } = model);
    const scored = scoredNames(statements).map(([, site]) => site);
    const index = emitIn(frame, "mcmc_start", [model.program, ...operands], { ...fixed, scored }, { key });
    const [state, energies, scores] = components(frame, index, [Tensor, Tensor, Tensor]);
    return { state, energies, scores } as Start;
  }

  function advance(state: Tensor<"uint32">, steps: Tensor<"int32">, ...args: readonly unknown[]): Block {
    const { treeDefs, operands, frame } = operandsOf(args, "mcmc");
    const model = recordModel(frame, kernel.model as never, treeDefs, "mcmc");
    ({ statements } = model);
    const names = drawnNames(statements);
    const statics = { ...fixed, block: blockSize / thinning, thinning, names };
    const index = emitIn(frame, "mcmc_advance", [model.program, ...operands], statics, { state, steps });
    const count = names.length + STATISTICS.length + 2;
    const [next, ...parts] = components(
      frame,
      index,
      Array.from({ length: count }, () => Tensor),
    ) as Tensor[];
    return {
      state: next,
      draws: Object.fromEntries(names.map((name, i) => [name, parts[i]])),
      statistics: Object.fromEntries(STATISTICS.map((name, i) => [name, parts[names.length + i]])),
      stepSize: parts.at(-1),
    } as unknown as Block;
  }
  return { start: jit(start) as never, advance: jit(advance) as never, statements: () => statements };
}
