import { shown } from "../program/signatures.ts";
import { isBranch, isLeaf } from "../program/tree.ts";
import { refused } from "../transforms/trees.ts";

/**
 * The leaves of a tree by their dotted names, in flatten's order: `{ encoder: [{ kernel }] }` is `encoder.0.kernel`.
 * @param of the function that an error names
 */
export function tensorNames(tree: unknown, path: readonly string[], of: string): readonly string[] {
  if (isLeaf(tree)) return [path.join(".")];
  if (Array.isArray(tree)) return tree.flatMap((item, i) => tensorNames(item, [...path, String(i)], of));
  if (!isBranch(tree)) return []; // flatten says what is wrong
  return Object.keys(tree)
    .sort()
    .flatMap((key) => {
      if (key.includes(".")) throw refused(of, [...path, key].join("/"), "a name without dots", shown(key));
      return tensorNames(tree[key], [...path, key], of);
    });
}
