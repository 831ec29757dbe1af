/** What is differentiated, and by what: arguments, results and aux, in types and trees. */
import type { ResultClass, Traced } from "../program/traced.ts";
import { fill, list, refused, type TreeDef } from "./trees.ts";

/** The arguments that `argnums` names: one, or a list of them. */
export type Gradients<A, N> = N extends readonly number[]
  ? { readonly [K in keyof N]: N[K] extends number ? ArgumentAt<A, N[K]> : never }
  : N extends number
    ? ArgumentAt<A, N>
    : never;
type ArgumentAt<A, N extends number> = N extends keyof A
  ? A[N]
  : `${N}` extends keyof A
    ? A[`${N}`]
    : A extends readonly unknown[]
      ? A[number]
      : never;

/** What a function that returns `[out, aux]` returns, in its two parts. */
export type OutOf<R, H> = H extends true ? (R extends readonly [infer Out, unknown] ? Out : never) : R;
export type AuxOf<R> = R extends readonly [unknown, infer Aux] ? Aux : never;

/** The arguments that `argnums` names; negative ones count from the last. */
export function positionsOf(
  name: string,
  argnums: number | readonly number[],
  count: number,
  option = "argnums",
): readonly number[] {
  return list(argnums).map((i) => {
    if (Number.isInteger(i) && i >= -count && i < count) return i < 0 ? i + count : i;
    const arguments_ = count === 1 ? "1 argument" : `${count} arguments`;
    throw refused(
      name,
      option,
      `positions of arguments, 0 to ${count - 1}`,
      `${i}, where the function was called with ${arguments_}`,
    );
  });
}

/** The result of a function as what is differentiated and, with `hasAux`, what is handed through. */
export function differentiatedParts(
  name: string,
  result: TreeDef,
  hasAux: boolean,
): { readonly out: TreeDef; readonly aux: TreeDef } {
  if (!hasAux) return { out: result, aux: { tree: undefined, classes: [] } };
  const pair = result.tree;
  if (!Array.isArray(pair) || pair.length !== 2)
    throw refused(name, "f", "a function that returns [out, aux], because of hasAux", "another result");
  const count = countOf(pair[0]);
  return {
    out: { tree: pair[0], classes: result.classes.slice(0, count) },
    aux: { tree: pair[1], classes: result.classes.slice(count) },
  };
}

/** How many leaves a tree of classes has. */
function countOf(tree: unknown): number {
  if (typeof tree === "function") return 1;
  if (typeof tree !== "object" || tree === null) return 0;
  return Object.values(tree).reduce((n: number, each) => n + countOf(each), 0);
}

export interface ArgumentTrees {
  /** Of their leaves, among those of all arguments. */
  readonly positions: readonly number[];
  readonly classes: readonly ResultClass[];
  /** The trees of arguments, with other values for leaves. */
  filled(values: readonly Traced[], from?: number): unknown[];
}

/** Some of the arguments of a function. */
export function treesOf(treeDefs: readonly TreeDef[], argnums: readonly number[]): ArgumentTrees {
  const starts: number[] = [];
  let next = 0;
  for (const { classes } of treeDefs) {
    starts.push(next);
    next += classes.length;
  }
  return {
    positions: argnums.flatMap((i) => treeDefs[i]!.classes.map((_, k) => starts[i]! + k)),
    classes: argnums.flatMap((i) => treeDefs[i]!.classes),
    filled(values, from = 0) {
      let position = from;
      return argnums.map((i) => {
        const tree = fill(treeDefs[i]!, values, position);
        position += treeDefs[i]!.classes.length;
        return tree;
      });
    },
  };
}
