/** Trees of tensors: nested arrays, plain objects, and the leaves in them. */
import { SynjaxError } from "../../bridge/errors.ts";
import { isArrowVector } from "../../bridge/wire/arrow.ts";
import { enter } from "./cycles.ts";
import { isPlainObject } from "./plain-object.ts";
import { Traced } from "./traced.ts";

/** Whether a value is a plain object, and so a branch of a tree. */
export function isBranch(value: unknown): value is Record<string, unknown> {
  return isPlainObject(value) && !(value instanceof Traced);
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

/**
 * Appends the leaves of `tree` and returns a key of its structure: equal keys, equal structures and leaf keys.
 * @throws {SynjaxError} `NOT_A_TENSOR` naming the path of what is none, `INVALID_ARGUMENT` that of a cycle,
 *   `LIMIT_NESTING`
 */
export function flatten(
  tree: unknown,
  leaves: unknown[],
  path: string,
  leafKey: (leaf: unknown) => string = leafClass,
): string {
  const parents: object[] = [];
  const visit = (node: unknown, at: string): string => {
    if (isLeaf(node)) {
      leaves.push(node);
      return leafKey(node);
    }
    if (node === undefined) return "-";
    if (node === null) return "~"; // a function may tell them apart
    if (!Array.isArray(node) && !isBranch(node)) throw notATree(node, at);
    enter(parents, node, at);
    const key = Array.isArray(node)
      ? `[${node.map((item, i) => visit(item, `${at}[${i}]`)).join()}]`
      : `{${Object.keys(node)
          .sort()
          .map((k) => `${JSON.stringify(k)}:${visit(node[k], `${at}.${k}`)}`)
          .join()}}`;
    parents.pop();
    return key;
  };
  return visit(tree, path);
}

/** Where the leaves of a tree stand, in flatten's order: `tree.a[1]`. */
export function pathsOf(tree: unknown, at: string): readonly string[] {
  if (isLeaf(tree)) return [at];
  if (Array.isArray(tree)) return tree.flatMap((item, i) => pathsOf(item, `${at}[${i}]`));
  if (!isBranch(tree)) return [];
  return Object.keys(tree)
    .sort()
    .flatMap((k) => pathsOf(tree[k], `${at}.${k}`));
}

function notATree(value: unknown, path: string): SynjaxError {
  const kind =
    typeof value === "object"
      ? ((value?.constructor as { name?: string } | undefined)?.name ?? "object")
      : typeof value;
  return new SynjaxError(
    "NOT_A_TENSOR",
    `${path} is a ${kind}: pass tensors, numbers or trees of them; anything else must be a static argument (jit's staticArgnums)`,
    { argument: path, expected: "a tensor, a number, or an array or object of them", received: kind },
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
