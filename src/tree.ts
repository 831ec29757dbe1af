/** Trees of tensors: nested arrays, plain objects, and the leaves in them. */
import { SynjaxError } from "../bridge/errors.ts";
import { isArrowVector } from "../bridge/arrow.ts";
import { Traced } from "./program.ts";

function isBranch(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || value instanceof Traced || ArrayBuffer.isView(value))
    return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Whether a value is a leaf of a tree of tensors. `undefined` and `null` are empty branches, as None is in JAX. */
export function isLeaf(value: unknown): boolean {
  return (
    value instanceof Traced ||
    typeof value === "number" ||
    typeof value === "boolean" ||
    typeof value === "bigint" ||
    ArrayBuffer.isView(value) ||
    isArrowVector(value)
  );
}

/** What a leaf becomes in a recording: numbers and arrays are tensors there. */
const leafClass = (leaf: unknown): string => (leaf instanceof Traced ? leaf.constructor.name : "Tensor");

/** Appends the leaves of `tree` and returns a key of its structure: equal keys, equal structures and leaf keys. */
export function flatten(
  tree: unknown,
  leaves: unknown[],
  path: string,
  leafKey: (leaf: unknown) => string = leafClass,
): string {
  if (isLeaf(tree)) {
    leaves.push(tree);
    return leafKey(tree);
  }
  if (tree === undefined) return "-";
  if (tree === null) return "~"; // a function may tell them apart
  if (Array.isArray(tree))
    return `[${tree.map((t, i) => flatten(t, leaves, `${path}[${i}]`, leafKey)).join()}]`;
  if (isBranch(tree)) {
    const keys = Object.keys(tree).sort();
    const parts = keys.map(
      (k) => `${JSON.stringify(k)}:${flatten(tree[k], leaves, `${path}.${k}`, leafKey)}`,
    );
    return `{${parts.join()}}`;
  }
  const kind =
    typeof tree === "object"
      ? ((tree.constructor as { name?: string } | undefined)?.name ?? "object")
      : typeof tree;
  throw new SynjaxError(
    "NOT_A_TENSOR",
    `${path} is a ${kind}: pass tensors, numbers or trees of them; anything else must be a static argument (jit's staticArgnums)`,
    { argument: path, expected: "a tensor, a number, or an array or object of them", came: kind },
  );
}

/** A tree of the same structure whose leaves are `next(old leaf)`, visited in flatten's order. */
export function rebuild(tree: unknown, next: (leaf: unknown) => unknown): unknown {
  if (isLeaf(tree) || tree === undefined || tree === null) return isLeaf(tree) ? next(tree) : tree;
  if (Array.isArray(tree)) return tree.map((t) => rebuild(t, next));
  if (isBranch(tree))
    return Object.fromEntries(
      Object.keys(tree)
        .sort()
        .map((k) => [k, rebuild(tree[k], next)]),
    );
  return next(tree);
}

export type MapTree<T, From, To> = T extends From
  ? To
  : T extends readonly unknown[] | Readonly<Record<string, unknown>>
    ? { [K in keyof T]: MapTree<T[K], From, To> }
    : T;

/** Equivalent to `jax.tree`. */
export const tree = {
  /** The leaves, in the order of sorted keys. Equivalent to `jax.tree.leaves`. */
  leaves(of: unknown): unknown[] {
    const leaves: unknown[] = [];
    flatten(of, leaves, "tree");
    return leaves;
  },

  /** Applies `f` to the leaves that stand at the same place of every tree. Equivalent to `jax.tree.map`. */
  map<T>(f: (...leaves: never[]) => unknown, first: T, ...rest: readonly unknown[]): T {
    const anyLeaf = (): string => "*";
    const structure = flatten(first, [], "tree", anyLeaf);
    const others = rest.map((t, i) => {
      const leaves: unknown[] = [];
      if (flatten(t, leaves, `tree ${i + 1}`, anyLeaf) !== structure)
        throw new SynjaxError(
          "INVALID_ARGUMENT",
          `tree.map: tree ${i + 1} has another structure than the first`,
          {
            argument: `tree ${i + 1}`,
          },
        );
      return leaves;
    });
    let position = 0;
    return rebuild(first, (leaf) => {
      const k = position++;
      return (f as (...a: unknown[]) => unknown)(leaf, ...others.map((o) => o[k]));
    }) as T;
  },
};
