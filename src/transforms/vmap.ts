/** Batching. */
import { SynjaxError } from "../../bridge/errors.ts";
import { emitIn } from "../program/emit.ts";
import { checkCall, type Signature } from "../program/signatures.ts";
import { components, fill, operandsOf, recordFunction } from "./trees.ts";

type Axis = number | null;

export interface VmapOptions {
  /** The batch axis of each argument, or of all; `null` for one that is not batched. Default 0. */
  readonly inAxes?: Axis | readonly Axis[];
  /** The batch axis of the results. Default 0. */
  readonly outAxes?: number;
}

const VMAP: Signature = {
  takes: { f: "function" },
  options: { inAxes: "axes?", outAxes: "number?" },
};

/** Maps a function over a batch axis of its arguments. Equivalent to `jax.vmap`. */
export function vmap<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  options: VmapOptions = {},
): (...args: A) => R {
  checkCall("vmap", VMAP, [f, options]);
  return (...args) => {
    const { treeDefs, operands, frame } = operandsOf(args, "vmap");
    const inAxes = options.inAxes === undefined ? 0 : options.inAxes;
    if (Array.isArray(inAxes) && inAxes.length !== args.length)
      throw new SynjaxError(
        "INVALID_ARGUMENT",
        `vmap: \`inAxes\` has ${inAxes.length} entries, the function was called with ${args.length} arguments`,
        {
          argument: "inAxes",
          expected: String(args.length),
          received: String(inAxes.length),
        },
      );
    const axes = treeDefs.flatMap((s, i) =>
      s.classes.map(() => (Array.isArray(inAxes) ? (inAxes as readonly Axis[])[i]! : (inAxes as Axis))),
    );
    const { program, result } = recordFunction(frame, f as never, treeDefs, "vmap");
    const outAxes = result.classes.map(() => options.outAxes ?? 0);
    const index = emitIn(frame, "vmap", [program, ...operands], { in_axes: axes, out_axes: outAxes });
    return fill(result, components(frame, index, result.classes)) as R;
  };
}
