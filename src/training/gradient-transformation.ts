import { emitIn } from "../program/emit.ts";
import { within } from "../program/recording.ts";
import { checkMethods } from "../program/signatures.ts";
import { rebuild, tree } from "../program/tree.ts";
import { Tensor } from "../tensor/tensor.ts";
import { asOperand, classOf, components, fill, type Operands, operandsOf } from "../transforms/trees.ts";
import {
  countOf,
  filledState,
  leavesOfState,
  type OptState,
  type StateShapes,
  type WholeShape,
  wholeShape,
} from "./optimizer-state.ts";
import { Recipe } from "./recipe.ts";

/**
 * Makes updates of gradients: what `optax.adam(1e-3)` is. It holds no tensors, so one serves any function and any
 * parameters; what it remembers from step to step is the state that `init` makes. Equivalent to
 * `optax.GradientTransformation`.
 */
export class GradientTransformation extends Recipe {
  readonly #shapes: StateShapes;

  /** @internal */
  constructor(
    op: string,
    operands: readonly unknown[],
    statics: Readonly<Record<string, unknown>>,
    named: Readonly<Record<string, unknown>>,
    shapes: StateShapes,
  ) {
    super(op, operands, statics, named);
    this.#shapes = shapes;
  }

  /** The first state, for parameters in a tree of tensors. */
  init(params: unknown): OptState {
    const { operands, frame } = operandsOf([params], "init");
    const shape = this.#shape(params);
    const index = within(frame, () => emitIn(frame, "optax.init", [this, ...operands], undefined));
    const leaves = components(
      frame,
      index,
      Array.from({ length: countOf(shape) }, () => Tensor),
    );
    return filledState(shape, () => leaves.shift()!) as OptState;
  }

  /**
   * The updates that `optax.applyUpdates` adds to the parameters, and the next state.
   * @param updates gradients, a tree like the parameters
   * @param state what `init` or the last `update` gave
   * @param params needed by those that look at the parameters, as weight decay does
   * @throws {SynjaxError} `INVALID_ARGUMENT` where a tree has another structure
   */
  update<P>(updates: P, state: OptState, params?: NoInfer<P>): [updates: P, state: OptState] {
    const trees = params === undefined ? [updates] : [updates, params];
    if (params !== undefined) tree.map(() => 0, updates, params); // refuses another structure
    const shape = this.#shape(updates);
    const remembered = leavesOfState(shape, state, "state").map((leaf) => asOperand(leaf, "state"));
    const { treeDefs, operands, frame }: Operands = operandsOf([...trees, remembered], "update");
    const count = treeDefs[0]!.classes.length;
    const end = operands.length - remembered.length;
    const leaves = [...operands.slice(0, count), ...remembered, ...operands.slice(count, end)];
    const counts = { updates: count, params: end - count };
    const index = within(frame, () => emitIn(frame, "optax.update", [this, ...leaves], counts));
    const classes = [...treeDefs[0]!.classes, ...remembered.map(classOf)];
    const results = components(frame, index, classes);
    const next = results.slice(count);
    return [fill(treeDefs[0]!, results) as P, filledState(shape, () => next.shift()!) as OptState];
  }

  /** What its state looks like for these parameters. */
  #shape(params: unknown): WholeShape {
    const inner = [...this.operands, ...Object.values(this.named)].filter(
      (value) => value instanceof GradientTransformation,
    );
    // The registry has looked at a chain of two; there may be any number
    if (this.op === "optax.chain") return { kind: "tuple", items: inner.map((each) => each.#shape(params)) };
    const about = this.op === "optax.masked" ? withoutMasked(params, this.statics["mask"]) : params;
    const given = { ...this.statics, ...this.named };
    const conditions = Object.keys(this.#shapes).map((key) => key.split(" ").filter(Boolean));
    const most = conditions
      .filter((all) => all.every((condition) => holds(condition, given)))
      .reduce((longest, all) => (all.length > longest.length ? all : longest), []);
    return wholeShape(this.#shapes[most.join(" ")]!, params, (k) => inner[k]!.#shape(about));
  }
}

/** Whether `name=schedule`, `name=true`, `name=false` or `name=given` is so. */
function holds(condition: string, given: Readonly<Record<string, unknown>>): boolean {
  const [name, way] = condition.split("=") as [string, string];
  const value = given[name];
  if (way === "schedule") return value instanceof Recipe;
  return way === "given" ? value !== undefined && !(value instanceof Recipe) : String(value) === way;
}

/** A tree with null where the mask is false: the state there has nothing. */
function withoutMasked(params: unknown, mask: unknown): unknown {
  const flags = (mask as readonly boolean[]).slice();
  return rebuild(params, (leaf) => (flags.shift() ? leaf : null));
}

/** @internal The leaves of a mask. */
export const asMask = (mask: unknown): readonly unknown[] | undefined =>
  mask === undefined ? undefined : tree.leaves(mask);

checkMethods(GradientTransformation, {
  init: { takes: { params: "any" } },
  update: { takes: { updates: "any", state: "any", params: "any?" } },
});
