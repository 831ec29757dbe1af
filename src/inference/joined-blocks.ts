/** Blocks of draws, one after the other. */
import { np } from "../ops/np.ts";
import { type Tensor } from "../tensor/tensor.ts";
import { jit } from "../transforms/jit.ts";
import type { Block, Statistics } from "./chain-programs.ts";

/** A run that was saved, to be resumed: tensors only, so `safetensors.save` takes it. */
export interface Checkpoint {
  readonly state: Tensor<"uint32">;
  /** Steps that are done, the warm-up included. */
  readonly done: Tensor<"int32">;
  readonly draws: Readonly<Record<string, Tensor>>;
  readonly statistics: Statistics;
}

/** A block after the warm-up, and how many of its draws there are. */
export interface Kept {
  readonly block: Block;
  readonly rows: number;
}

type Drawn = Pick<Block, "draws" | "statistics">;

/** All draws, those before a checkpoint included. Without any, none of the last block's. */
export function joined(
  earlier: Checkpoint | undefined,
  kept: readonly Kept[],
  last: Block,
): Drawn & Pick<Block, "stepSize"> {
  const parts = [
    ...(earlier
      ? [{ drawn: { draws: earlier.draws, statistics: earlier.statistics }, rows: undefined }]
      : []),
    ...kept.map(({ block: { draws, statistics }, rows }) => ({ drawn: { draws, statistics }, rows })),
  ];
  if (parts.length === 0) parts.push({ drawn: { draws: last.draws, statistics: last.statistics }, rows: 0 });
  const join = jit((blocks: readonly Drawn[]): Drawn => {
    const of = (pick: (block: Drawn) => Tensor): Tensor =>
      np.concatenate(
        blocks.map((block, i) => {
          const { rows } = parts[i]!;
          return rows === undefined ? pick(block) : pick(block).slice([], [0, rows]);
        }),
        { axis: 1 },
      ) as Tensor;
    const [first] = blocks;
    const each = <T extends object>(tree: T, from: (block: Drawn) => T): T =>
      Object.fromEntries(Object.keys(tree).map((name) => [name, of((block) => from(block)[name as keyof T] as Tensor)])) as T; // prettier-ignore
    return {
      draws: each(first!.draws, ({ draws }) => draws),
      statistics: each(first!.statistics, ({ statistics }) => statistics),
    };
  });
  return { ...join(parts.map(({ drawn }) => drawn)), stepSize: last.stepSize };
}
