import { emit } from "../program/emit.ts";
import { Tensor, type TensorLike } from "../tensor/tensor.ts";
import { Recipe } from "./recipe.ts";

const RECIPE: unique symbol = Symbol("recipe");

/** A number that changes from update to update: `optax.cosineDecaySchedule(0.1, 1000)`. Called, it says what it is. */
export interface Schedule {
  /** The value after `count` updates. */
  (count: TensorLike): Tensor<"float32">;
  /** @internal */
  readonly [RECIPE]: Recipe;
}

/** What may stand for a learning rate: a number, a tensor of one element, a schedule. */
export type ScalarOrSchedule = TensorLike | Schedule;

/** @internal */
export function schedule(
  op: string,
  statics: Readonly<Record<string, unknown>>,
  named: Readonly<Record<string, unknown>>,
): Schedule {
  const recipe = new Recipe(op, [], statics, named);
  const at = (count: TensorLike): Tensor<"float32"> =>
    emit("optax.schedule", [recipe, count], undefined, Tensor) as Tensor<"float32">;
  return Object.assign(at, { [RECIPE]: recipe });
}

/** @internal */
export const isSchedule = (value: unknown): value is Schedule =>
  typeof value === "function" && RECIPE in value;

/** @internal */
export const asSchedules = (values: readonly unknown[]): readonly unknown[] => values.map(asSchedule);

/** @internal A schedule in the form in which it is an operand. */
export const asSchedule = (value: unknown): unknown => (isSchedule(value) ? value[RECIPE] : value);
