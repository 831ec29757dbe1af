/** What a program shows while it runs. */
import { emit } from "../program/emit.ts";
import { checkFunctions } from "../program/signatures.ts";
import { Tensor, type TensorLike } from "../tensor/tensor.ts";

export const debug = {
  /**
   * Shows values on stderr when the program runs, also in recorded functions and loops: `debug.print("loss {}", loss)`. A
   * served worker shows them on its own stderr. They are there soon after the value that was waited for, and again where
   * a launch is repeated. Equivalent to `jax.debug.print`.
   */
  print(text: string, ...values: readonly TensorLike[]): void {
    emit("debug.print", values, { text }, Tensor);
  },
};

checkFunctions("debug", debug, { print: { takes: { text: "string", values: "...operand" } } });
