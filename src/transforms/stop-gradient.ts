/** Constants to derivatives. */
import { emit } from "../program/emit.ts";
import { checkCall } from "../program/signatures.ts";
import { rebuild } from "../program/tree.ts";
import { asOperand, classOf, operandsOf } from "./trees.ts";

/**
 * A tree of tensors and distributions as it is, but a constant to derivatives. Equivalent to `jax.lax.stop_gradient`.
 * @throws {SynjaxError} `NOT_A_TENSOR`
 */
export function stopGradient<T>(tree: T): T {
  checkCall("stopGradient", { takes: { tree: "any" } }, [tree]);
  operandsOf([tree], "stopGradient"); // says what is no tree of tensors
  return rebuild(tree, (leaf) =>
    emit("lax.stop_gradient", [asOperand(leaf, "argument 0 of stopGradient")], undefined, classOf(leaf)),
  ) as T;
}
