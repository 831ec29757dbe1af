/** A cell that goes over a sequence. */
import { np } from "../ops/np.ts";
import { random } from "../ops/random.ts";
import { tree } from "../program/tree.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { scan } from "../transforms/loops.ts";
import { lecunNormal } from "./initializers.ts";
import { isWithin, type Lengths } from "./lengths.ts";
import type { Floats } from "./params.ts";

export interface RecurrenceOptions<Carry> {
  /** How long each sequence is, (*batch): positions beyond leave the state as it is, and their outputs are 0. */
  readonly lengths?: Lengths;
  /** From the last position of each sequence to its first; outputs keep their places. */
  readonly reverse?: boolean;
  /** The state before the first position: zeros where it is left out. */
  readonly initialCarry?: Carry;
}

export interface Recurrence<Carry> {
  /** (*batch n features): the state after each position */
  readonly outputs: Floats;
  /** The state after the last position within each length */
  readonly carry: Carry;
}

/** The fields of options that every cell takes, for checks. */
export const RECURRENCE_OPTIONS = { lengths: "operand?", reverse: "boolean?", initialCarry: "any?" };

/**
 * Applies `cell` at every position of `x` (*batch n d), from `initialCarry` on.
 * @param outputOf what of the state is the output
 */
export function recur<Carry>(
  x: Floats,
  initialCarry: Carry,
  { lengths, reverse = false }: RecurrenceOptions<Carry>,
  cell: (carry: Carry, x: Floats) => Carry,
  outputOf: (carry: Carry) => Floats,
): Recurrence<Carry> {
  const n = x.shape.at(-2);
  const isItem =
    lengths === undefined ? undefined : np.expandDims(np.moveaxis(isWithin(lengths, n), -1, 0), -1);
  const [carry, outputs] = scan(
    (before: Carry, at: { readonly x: Floats; readonly isItem: Tensor<"bool"> | undefined }) => {
      const after = cell(before, at.x);
      const is = at.isItem;
      if (is === undefined) return [after, outputOf(after)] as const;
      const kept = tree.map(
        (a: Floats, b: Floats) => np.where(is, a, b),
        after as never,
        before as never,
      ) as Carry;
      return [kept, np.where(is, outputOf(after), 0)] as const;
    },
    initialCarry,
    { x: np.moveaxis(x, -2, 0), isItem } as never,
    { reverse },
  );
  return { outputs: np.moveaxis(outputs as Floats, 0, -2), carry };
}

/** Kernels of several gates side by side, (in gates·out): one product instead of many. */
export const beside = (gates: readonly Floats[]): Floats => np.concatenate(gates, { axis: -1 });

/** A state of zeros, as vectors (*batch n d) need it. */
export const zeroState = (x: Floats): Floats => np.zerosLike(x.sum(-2));

/** New kernels of `gates` gates, for the input by LeCun's normal distribution, orthogonal for the state. */
export function gateKernels(
  key: Tensor<"key">,
  gates: number,
  inFeatures: number,
  features: number,
): { readonly input: readonly Floats[]; readonly state: readonly Floats[] } {
  const keys = random.split(key);
  const input = lecunNormal(keys.slice(0), [gates, inFeatures, features], inFeatures);
  const state = random.orthogonal(keys.slice(1), features, { shape: [gates] });
  const each = (of: Floats): readonly Floats[] => Array.from({ length: gates }, (_, i) => of.slice(i));
  return { input: each(input), state: each(state) };
}
