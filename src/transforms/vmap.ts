/** Batching. */
import { emitIn } from "../program/emit.ts";
import { checkCall, type Signature } from "../program/signatures.ts";
import type { Size } from "../tensor/tensor.ts";
import { components, fill, operandsOf, recordFunction, refused, type TreeDef } from "./trees.ts";

/** An axis, `null` for what has none, or a tree of them like a tree of tensors. */
export type Axes = number | null | readonly Axes[] | { readonly [key: string]: Axes };

export interface VmapOptions {
  /**
   * The batch axis of all arguments, or an array of one for each: a number, `null` for an argument that is not batched,
   * or a tree of both. Of a distribution it is an axis of its batch. Left out it is 0 of what is batched: numbers, and
   * distributions without a batch, are the same for all items.
   */
  readonly inAxes?: number | null | readonly Axes[];
  /** The batch axis of the results, or a tree of axes; `null` for a result that is the same for all items. Default 0. */
  readonly outAxes?: Axes;
  /** How many items there are, where no argument is batched. */
  readonly axisSize?: number | Size;
}

const VMAP: Signature = {
  takes: { f: "function" },
  options: { inAxes: "any?", outAxes: "any?", axisSize: "size?" },
};

/**
 * Maps a function over a batch axis of its arguments. Of a distribution it maps the parameters that have batch axes; the
 * others are the same for all items. Equivalent to `jax.vmap`.
 * @throws {SynjaxError} `INVALID_ARGUMENT` where an argument has no such axis; `OP_FAILED` where the axes differ in length
 */
export function vmap<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  options: VmapOptions = {},
): (...args: A) => R {
  checkCall("vmap", VMAP, [f, options]);
  const { inAxes, outAxes = 0 } = options;
  return (...args) => {
    const { treeDefs, operands, frame } = operandsOf(args, "vmap");
    if (Array.isArray(inAxes) && inAxes.length !== args.length)
      throw refused("vmap", "inAxes", `${args.length} entries, one for each argument`, String(inAxes.length));
    const given = inAxes === undefined ? undefined : treeDefs.flatMap((treeDef, i) => axesOf("inAxes", Array.isArray(inAxes) ? inAxes[i] : inAxes, treeDef)); // prettier-ignore
    const { program, result } = recordFunction(frame, f as never, treeDefs, "vmap");
    const attributes = {
      in_axes: given,
      out_axes: axesOf("outAxes", outAxes, result),
      axis_size: options.axisSize,
    };
    const index = emitIn(frame, "vmap", [program, ...operands], attributes);
    return fill(result, components(frame, index, result.classes)) as R;
  };
}

/** The axis of each leaf of a tree: one of a branch is that of all its leaves. */
function axesOf(option: string, axes: unknown, { tree }: Pick<TreeDef, "tree">): (number | null)[] {
  if (typeof tree === "function") {
    if (axes === null || Number.isInteger(axes)) return [axes as number | null];
    throw refused("vmap", option, "an axis, null, or a tree of them like that of the tensors", `${String(axes)} for a tensor`); // prettier-ignore
  }
  if (typeof tree !== "object" || tree === null) return [];
  const branches = tree as Readonly<Record<string, unknown>>;
  const keys = Array.isArray(tree) ? Object.keys(tree) : Object.keys(tree).sort();
  const isOne = typeof axes !== "object" || axes === null;
  if (!isOne && (Array.isArray(axes) !== Array.isArray(tree) || Object.keys(axes).sort().join() !== keys.slice().sort().join())) // prettier-ignore
    throw refused("vmap", option, `a tree of axes like that of the tensors, with ${keys.join(", ")}`, `one with ${Object.keys(axes).join(", ") || "nothing"}`); // prettier-ignore
  return keys.flatMap((key) => axesOf(option, isOne ? axes : axes[key as never], { tree: branches[key] }));
}
