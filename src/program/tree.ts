/** Trees of tensors: nested arrays, plain objects, and the leaves in them. */
import { SynjaxError } from "../../bridge/errors.ts";
import { isArrowVector } from "../../bridge/wire/arrow.ts";
import { enter } from "./cycles.ts";
import { isPlainObject } from "./plain-object.ts";
import { checkFunctions } from "./signatures.ts";
import { callersLine } from "./source-line.ts";
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
  return flattenInto({ leaves, leafKey, parents: [] }, tree, path);
}

/** A walk over a tree. */
interface Flattening {
  readonly leaves: unknown[];
  readonly leafKey: (leaf: unknown) => string;
  readonly parents: object[];
}

// Each call of a recorded function comes by here: there is no function in it that would be made anew each time.
function flattenInto(walk: Flattening, node: unknown, at: string): string {
  if (isLeaf(node)) {
    walk.leaves.push(node);
    return walk.leafKey(node);
  }
  if (node === undefined) return "-";
  if (node === null) return "~"; // a function may tell them apart
  if (!Array.isArray(node) && !isBranch(node)) throw notATree(node, at);
  enter(walk.parents, node, at);
  let key = "";
  if (Array.isArray(node)) {
    for (let i = 0; i < node.length; i++)
      key += `${i > 0 ? "," : ""}${flattenInto(walk, node[i], `${at}[${i}]`)}`;
    key = `[${key}]`;
  } else {
    for (const k of Object.keys(node).sort())
      key += `${key ? "," : ""}${JSON.stringify(k)}:${flattenInto(walk, node[k], `${at}.${k}`)}`;
    key = `{${key}}`;
  }
  walk.parents.pop();
  return key;
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
    `${path} is a ${kind}: pass tensors, numbers or trees of them; anything else the function can use from outside, or take as a static argument of jit (staticArgnums)`,
    {
      argument: path,
      expected: "a tensor, a number, or an array or object of them",
      received: kind,
      line: callersLine(),
    },
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

/** What is a leaf, in types. */
type Leaf = Traced | number | boolean | bigint | ArrayBufferView;

/** The leaves of a tree, as a union. */
export type LeafOf<T> = T extends Leaf
  ? T
  : T extends readonly (infer Item)[]
    ? LeafOf<Item>
    : T extends object
      ? { [K in keyof T]-?: LeafOf<T[K]> }[keyof T] // what is left out is no leaf
      : never;

/**
 * A tree of the structure of `T`, with `To` for its leaves. A tensor keeps its dtype where `To` leaves it open: a function
 * of all tensors is taken to keep it.
 */
export type MapTree<T, To> = T extends Leaf
  ? T extends Traced & To
    ? T
    : To
  : T extends object
    ? { [K in keyof T]: MapTree<T[K], To> }
    : T;

/** What a tree is without its leaves. */
export class TreeStructure<T = unknown> {
  readonly #tree: T;
  /** How many leaves there are. */
  readonly leaves: number;
  /** @internal Holds the leaves' places, not the leaves. */
  constructor(of: T, leaves: number) {
    this.#tree = rebuild(of, () => 0) as T;
    this.leaves = leaves;
  }

  /** @internal */
  filled(leaves: readonly unknown[]): unknown {
    let position = 0;
    return rebuild(this.#tree, () => leaves[position++]);
  }
}

/** Equivalent to `jax.tree`. */
export const tree = {
  /** The leaves, in the order of sorted keys. Equivalent to `jax.tree.leaves`. */
  leaves(of: unknown): unknown[] {
    const leaves: unknown[] = [];
    flatten(of, leaves, "tree");
    return leaves;
  },

  /** The leaves and the structure, of which `unflatten` makes a tree again. Equivalent to `jax.tree.flatten`. */
  flatten<T>(of: T): [leaves: LeafOf<T>[], structure: TreeStructure<T>] {
    const leaves = tree.leaves(of) as LeafOf<T>[];
    return [leaves, new TreeStructure(of, leaves.length)];
  },

  /** A tree of a structure, with other leaves. Equivalent to `jax.tree.unflatten`. */
  unflatten<T, To>(structure: TreeStructure<T>, leaves: readonly To[]): MapTree<T, To> {
    if (!(structure instanceof TreeStructure) || !Array.isArray(leaves) || leaves.length !== structure.leaves)
      throw new SynjaxError(
        "INVALID_ARGUMENT",
        `tree.unflatten: expected a structure of tree.flatten and an array of its leaves, got ${Array.isArray(leaves) ? leaves.length : typeof leaves} for ${structure instanceof TreeStructure ? structure.leaves : "no structure"}`,
        { argument: structure instanceof TreeStructure ? "leaves" : "structure" },
      );
    return structure.filled(leaves) as MapTree<T, To>;
  },

  /** The leaves joined by `f` from the left, beginning with `initial`. Equivalent to `jax.tree.reduce`. */
  reduce<T, To = LeafOf<T>>(
    f: (joined: NoInfer<To>, leaf: LeafOf<NoInfer<T>>) => To,
    of: T,
    ...initial: readonly [To?]
  ): To {
    const leaves = tree.leaves(of) as LeafOf<T>[];
    if (initial.length > 0) return leaves.reduce(f, initial[0] as To);
    if (leaves.length === 0)
      throw new SynjaxError("INVALID_ARGUMENT", "tree.reduce: a tree without leaves, and no `initial`", {
        argument: "initial",
      });
    return (leaves as unknown[] as To[]).reduce(f as never);
  },

  /** Applies `f` to the leaves that stand at the same place of every tree. Equivalent to `jax.tree.map`. */
  map<T, Rest extends readonly unknown[], To>(
    f: (leaf: LeafOf<NoInfer<T>>, ...others: { [K in keyof Rest]: LeafOf<Rest[K]> }) => To,
    first: T,
    ...rest: Rest
  ): MapTree<T, To> {
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
    }) as MapTree<T, To>;
  },
};

checkFunctions("tree", tree, {
  leaves: { takes: { of: "any" } },
  flatten: { takes: { of: "any" } },
  unflatten: { takes: { structure: "any", leaves: "any" } },
  reduce: { takes: { f: "function", of: "any", initial: "any?" } },
  map: { takes: { f: "function", first: "any", rest: "...any" } },
});
