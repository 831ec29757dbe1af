/** optax's functions of whole trees. */
import { emitIn } from "../program/emit.ts";
import { adopt } from "../program/traced.ts";
import { tree } from "../program/tree.ts";
import { Tensor, type TensorLike } from "../tensor/tensor.ts";
import { components, fill, operandsOf } from "../transforms/trees.ts";

/** Two trees of one structure, and an operation on the leaves of both that gives one like the first. */
function together<P>(
  op: string,
  name: string,
  [first, second]: readonly [P, unknown],
  named?: Readonly<Record<string, unknown>>,
): P {
  tree.map(() => 0, first, second); // refuses another structure
  const { treeDefs, operands, frame } = operandsOf([first, second], name);
  const index = emitIn(frame, op, operands, undefined, named);
  return fill(treeDefs[0]!, components(frame, index, treeDefs[0]!.classes)) as P;
}

/** The parameters after the updates, in their dtypes. Equivalent to `optax.apply_updates`. */
export function applyUpdates<P>(params: P, updates: NoInfer<P>): P {
  return together("optax.apply_updates", "applyUpdates", [params, updates]);
}

/** `stepSize·new + (1 − stepSize)·old`: a moving average of parameters. Equivalent to `optax.incremental_update`. */
export function incrementalUpdate<P>(newTensors: P, oldTensors: NoInfer<P>, stepSize: TensorLike): P {
  return together("optax.incremental_update", "incrementalUpdate", [newTensors, oldTensors], {
    step_size: stepSize,
  });
}

/** The norm of all tensors of a tree together. Equivalent to `optax.global_norm`. */
export function globalNorm(updates: unknown): Tensor<"float32"> {
  const { operands, frame } = operandsOf([updates], "globalNorm");
  const index = emitIn(frame, "optax.global_norm", operands, undefined);
  return adopt(Tensor, { kind: "equation", frame, index }) as Tensor<"float32">;
}
