/** Bodies under construction: their equations, what they capture, and what the whole program takes. */
import { SynjaxError } from "../../bridge/errors.ts";
import { type Body, type Constant, type Encoded, type Equation, RECORDER_LIMITS } from "./body.ts";
import { captureLine } from "./source-line.ts";
import { adopt, Intermediate, NODE, type NodeFrame, type Traced } from "./traced.ts";

/** One body under construction. */
export class Frame implements NodeFrame {
  readonly equations: Equation[] = [];
  /** Captured stacks, one an equation, only where lines are wanted. */
  readonly stacks: object[] = [];
  readonly captures: Traced[] = [];
  readonly depth: number;
  readonly root: RootFrame;
  readonly parent: Frame | undefined;
  readonly inputs: number;
  readonly #numbering = new Map<string, number>();
  readonly #captureIndex = new Map<Traced | string, number>();

  constructor(parent: Frame | undefined, inputs: number) {
    this.parent = parent;
    this.inputs = inputs;
    this.depth = parent ? parent.depth + 1 : 1;
    this.root = parent ? parent.root : (this as unknown as RootFrame);
  }

  /** Adds an equation, or finds the equal one that is already there (value numbering). */
  add(op: string, args: readonly Encoded[], attributes: readonly Encoded[] | undefined): number {
    const equation: Equation = attributes ? [op, args, attributes] : [op, args];
    const key = this.isNumbered(op) ? JSON.stringify(equation) : undefined;
    const known = key === undefined ? undefined : this.#numbering.get(key);
    if (known !== undefined) return known;
    if (this.equations.length >= RECORDER_LIMITS.equations)
      throw new SynjaxError(
        "LIMIT_EQUATIONS",
        `a recorded function has at most ${RECORDER_LIMITS.equations} equations: use scan instead of a JavaScript loop`,
      );
    const index = this.equations.push(equation) - 1;
    if (key !== undefined) this.#numbering.set(key, index);
    if (this.root.keepsLines) this.stacks.push(captureLine());
    return index;
  }

  /** Whether equal equations of this operation are one. */
  protected isNumbered(op: string): boolean {
    return op !== "debug.print";
  }

  /** Position of a value of an enclosing frame among this body's captures. */
  capture(traced: Traced, key: Traced | string = traced): number {
    let index = this.#captureIndex.get(key);
    if (index === undefined) {
      index = this.captures.push(traced) - 1;
      this.#captureIndex.set(key, index);
    }
    return -1 - (this.inputs + index);
  }

  isAncestorOf(frame: Frame): boolean {
    for (let f = frame.parent; f; f = f.parent) if (f === this) return true;
    return false;
  }
}

/** The outermost body: it owns the table of nested bodies and the hoisted constants. */
export class RootFrame extends Frame {
  readonly bodies: Body[] = [];
  readonly bodyFrames: Frame[] = [];
  readonly constants: Constant[] = [];
  /** An eager graph: literals become inputs, so that a loop over a changing number compiles once. */
  readonly eager: boolean;
  readonly keepsLines: boolean;
  readonly #bodyIndex = new Map<string, number>();
  readonly #constantIndex = new Map<unknown, number>();
  readonly #constantTraced: Traced[] = [];

  constructor(inputs: number, options: { readonly eager?: boolean; readonly lines?: boolean } = {}) {
    super(undefined, inputs);
    this.eager = options.eager ?? false;
    this.keepsLines = this.eager || (options.lines ?? false);
  }

  /** Makes a concrete value an input of the whole program, once per identity. */
  hoist(constant: Constant): number {
    const identity =
      "handle" in constant ? constant.handle : "host" in constant ? constant.host : Symbol("literal");
    let index = this.#constantIndex.get(identity);
    if (index === undefined) {
      index = this.constants.push(constant) - 1;
      this.#constantIndex.set(identity, index);
      this.#constantTraced.push(
        adopt(Intermediate, { kind: "equation", frame: this, index: -1 - (this.inputs + index) }),
      );
    }
    return index;
  }

  hoistInto(frame: Frame, constant: Constant): number {
    const index = this.hoist(constant);
    return frame === this ? -1 - (this.inputs + index) : captureThrough(frame, this.#constantTraced[index]!);
  }

  /** Nested bodies refer to themselves only, so equal ones are stored and sent once. */
  intern(body: Body, frame: Frame): number {
    const key = JSON.stringify(body);
    let index = this.#bodyIndex.get(key);
    if (index === undefined) {
      if (this.bodies.length >= RECORDER_LIMITS.bodies)
        throw new SynjaxError(
          "LIMIT_BODIES",
          `a program has at most ${RECORDER_LIMITS.bodies} nested programs`,
        );
      index = this.bodies.push(body) - 1;
      this.bodyFrames.push(frame);
      this.#bodyIndex.set(key, index);
    }
    return index;
  }
}

// A capture is keyed by what it refers to, not by the object: two wrappers of one equation are one capture.
export function captureThrough(frame: Frame, traced: Traced): number {
  const node = traced[NODE];
  return frame.capture(traced, node.kind === "equation" ? `${node.frame.depth}:${node.index}` : traced);
}
