/** Trees of shared tensors, as they travel: a list of nodes, each before its children. */
import { TREE } from "./generated-protocol.ts";

/** A leaf, an empty branch, a list with its number of children, or a dict with its keys. */
export type TreeNode =
  | number
  | null
  | readonly [tag: typeof TREE.list, children: number]
  | readonly [tag: typeof TREE.dict, ...keys: readonly string[]];

/** What the worker answers to `shared`: the leaves of the tree are their places among the leaves. */
export type SharedTree = readonly [nodes: readonly TreeNode[], avals: readonly unknown[]];

/** How deep branches may stand in each other. Python's side has a limit of its own that is no larger. */
const DEEPEST = 1_000;

/** Whether `nodes` are one whole tree whose leaves are 0, 1, … up to their number. */
export function isTreeOf(nodes: unknown, leaves: number): nodes is readonly TreeNode[] {
  if (!Array.isArray(nodes)) return false;
  let leaf = 0;
  const missing = [1]; // children still to come, of the branches that a node stands in
  for (const node of nodes as readonly unknown[]) {
    while (missing.at(-1) === 0) missing.pop();
    if (missing.length === 0) return false;
    missing[missing.length - 1]!--;
    if (node === null) continue;
    if (!Array.isArray(node)) {
      if (node !== leaf++) return false;
      continue;
    }
    const children = childrenOf(node);
    if (children === undefined || missing.length > DEEPEST) return false;
    missing.push(children);
  }
  return leaf === leaves && missing.every((count) => count === 0);
}

function childrenOf([tag, ...rest]: readonly unknown[]): number | undefined {
  if (tag === TREE.list && rest.length === 1 && Number.isSafeInteger(rest[0]) && (rest[0] as number) >= 0)
    return rest[0] as number;
  const isDict = tag === TREE.dict && rest.every((key) => typeof key === "string");
  return isDict && new Set(rest).size === rest.length ? rest.length : undefined;
}

/** The tree of nodes that `isTreeOf` has found right; `leafOf` makes its leaves. */
export function treeOf(nodes: readonly TreeNode[], leafOf: (place: number) => unknown): unknown {
  let at = 0;
  const next = (): unknown => {
    const node = nodes[at++]!;
    if (node === null) return null;
    if (typeof node === "number") return leafOf(node);
    if (node[0] === TREE.list) return Array.from({ length: node[1] }, next);
    const [, ...keys] = node;
    return Object.fromEntries(keys.map((key) => [key, next()])); // `__proto__` is a key here like the rest
  };
  return next();
}
