/** Recomputing instead of keeping. */
import { emitIn } from "../program/emit.ts";
import { checkCall } from "../program/signatures.ts";
import { components, fill, operandsOf, recordFunction } from "./trees.ts";

/** Recomputes `f` in the backward pass instead of keeping its intermediates. Equivalent to `jax.checkpoint`. */
export function checkpoint<A extends readonly unknown[], R>(f: (...args: A) => R): (...args: A) => R {
  checkCall("checkpoint", { takes: { f: "function" } }, [f]);
  return (...args) => {
    const { treeDefs, operands, frame } = operandsOf(args, "checkpoint");
    const { program, result } = recordFunction(frame, f as never, treeDefs, "checkpoint");
    const index = emitIn(frame, "checkpoint", [program, ...operands], undefined);
    return fill(result, components(frame, index, result.classes)) as R;
  };
}
