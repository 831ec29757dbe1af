/** Structures that a program sums over, given draws of its other variables. */
import type { DeclaredDistribution } from "../distributions/declared-distribution.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { jit } from "../transforms/jit.ts";
import { operandsOf } from "../transforms/trees.ts";
import { recordModel } from "./recorded-model.ts";
import type { Model } from "./tracers.ts";

/** Events by the names of the structures. */
export type Structures = Readonly<Record<string, unknown>>;
type Draws = Readonly<Record<string, Tensor>>;

export interface StructurePrograms {
  readonly sample: (key: Tensor<"key">, draws: Draws, ...args: readonly unknown[]) => Structures;
  readonly marginals: (draws: Draws, ...args: readonly unknown[]) => Structures;
}

export function structurePrograms(model: Model<never>): StructurePrograms {
  const asked = (
    query: string,
    key: Tensor<"key"> | undefined,
    draws: Draws,
    args: readonly unknown[],
  ): Structures => {
    const { treeDefs, operands, frame } = operandsOf(args, "posterior");
    const { program, statements } = recordModel(frame, model as never, treeDefs, "posterior");
    const structures = statements.filter(({ marginalize }) => marginalize);
    const own = statements.filter(({ type, isObserved }) => type === "sample" && !isObserved);
    const given = Object.fromEntries(own.flatMap(({ name }) => (name in draws ? [[name, draws[name]]] : [])));
    return Object.fromEntries(
      structures.map(({ name, distribution }) => [
        name,
        (distribution as unknown as DeclaredDistribution).asked(
          "posterior_structure",
          "event",
          [program, ...operands],
          { name, query },
          { key, draws: given },
        ),
      ]),
    );
  };
  return {
    sample: jit((key: Tensor<"key">, draws: Draws, ...args: readonly unknown[]) =>
      asked("sample", key, draws, args),
    ) as never,
    marginals: jit((draws: Draws, ...args: readonly unknown[]) =>
      asked("marginals", undefined, draws, args),
    ) as never,
  };
}
