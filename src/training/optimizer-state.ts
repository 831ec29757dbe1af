/** What the state of an optimizer looks like, as `python -m synjax_worker.registry.optimizer_states` prints it. */
import { SynjaxError } from "../../bridge/errors.ts";
import { camelCase } from "../program/python-names.ts";
import { callersLine } from "../program/source-line.ts";
import type { Traced } from "../program/traced.ts";
import { isBranch, isLeaf, pathsOf, rebuild, tree } from "../program/tree.ts";

/**
 * The state of an optimizer: a tree of tensors by optax's names, in lists where optax has tuples. It is an argument, a
 * result and a carry as any tree is; `get(state)` reads all of it.
 */
export interface OptState {
  readonly [field: string | number]: unknown;
}

export type StateShape =
  | "params"
  | "int32"
  | "float32"
  | "bool"
  | null
  | readonly StateShape[]
  | { readonly fields: Readonly<Record<string, StateShape>> }
  | { readonly inner: number };

/** The shapes of a transformation's states, by the conditions that make them: `learning_rate=schedule`. */
export type StateShapes = Readonly<Record<string, StateShape>>;

/** A shape with those of the transformations inside it, and the parameters that each is about. */
export type WholeShape =
  | { readonly kind: "params"; readonly like: unknown }
  | { readonly kind: "tensor" }
  | { readonly kind: "nothing" }
  | { readonly kind: "tuple"; readonly items: readonly WholeShape[] }
  | { readonly kind: "fields"; readonly fields: readonly (readonly [name: string, shape: WholeShape])[] };

/** A shape, about a tree of parameters. `inner` gives those of the transformations among the arguments. */
export function wholeShape(
  shape: StateShape,
  like: unknown,
  inner: (position: number) => WholeShape,
): WholeShape {
  if (shape === null) return { kind: "nothing" };
  if (typeof shape === "string") return shape === "params" ? { kind: "params", like } : { kind: "tensor" };
  if (isTuple(shape)) return { kind: "tuple", items: shape.map((item) => wholeShape(item, like, inner)) };
  if ("inner" in shape) return inner(shape.inner);
  const fields = Object.entries(shape.fields).map(
    ([name, field]) => [camelCase(name), wholeShape(field, like, inner)] as const,
  );
  return { kind: "fields", fields };
}

const isTuple = (shape: StateShape): shape is readonly StateShape[] => Array.isArray(shape);

/** How many tensors a state of this shape has. */
export function countOf(shape: WholeShape): number {
  switch (shape.kind) {
    case "params":
      return tree.leaves(shape.like).length;
    case "tensor":
      return 1;
    case "nothing":
      return 0;
    case "tuple":
      return shape.items.reduce((sum, item) => sum + countOf(item), 0);
    case "fields":
      return shape.fields.reduce((sum, [, field]) => sum + countOf(field), 0);
  }
}

/** A state of tensors, which are taken from `next` in optax's order. */
export function filledState(shape: WholeShape, next: () => Traced): unknown {
  switch (shape.kind) {
    case "params":
      return rebuild(shape.like, next);
    case "tensor":
      return next();
    case "nothing":
      return null;
    case "tuple":
      return shape.items.map((item) => filledState(item, next));
    case "fields":
      return Object.fromEntries(shape.fields.map(([name, field]) => [name, filledState(field, next)]));
  }
}

/**
 * The tensors of a state in optax's order.
 * @throws {SynjaxError} `INVALID_ARGUMENT` where it has another structure
 */
export function leavesOfState(shape: WholeShape, state: unknown, path: string): unknown[] {
  switch (shape.kind) {
    case "params": {
      const [expected, received] = [shape.like, state].map((of) =>
        isTree(of) ? pathsOf(of, path).join() : "",
      );
      if (expected !== received) throw otherState(path, "a tree like the parameters");
      return tree.leaves(state);
    }
    case "tensor":
      if (!isLeaf(state)) throw otherState(path, "a tensor");
      return [state];
    case "nothing":
      return [];
    case "tuple":
      if (!Array.isArray(state) || state.length !== shape.items.length)
        throw otherState(path, `a list of ${shape.items.length}`);
      return shape.items.flatMap((item, i) => leavesOfState(item, (state as unknown[])[i], `${path}[${i}]`));
    case "fields": {
      const names = shape.fields.map(([name]) => name);
      if (!isBranch(state) || !names.every((name) => name in state))
        throw otherState(path, names.length ? `an object of ${names.join(", ")}` : "an object");
      return shape.fields.flatMap(([name, field]) => leavesOfState(field, state[name], `${path}.${name}`));
    }
  }
}

const isTree = (value: unknown): boolean => isLeaf(value) || Array.isArray(value) || isBranch(value);

function otherState(path: string, expected: string): SynjaxError {
  return new SynjaxError(
    "INVALID_ARGUMENT",
    `optax update: \`${path}\` is not of this optimizer: expected ${expected}. Is it what init or update returned?`,
    { argument: "state", expected, line: callersLine() },
  );
}
