/** What a program under construction is made of: traced values, and the frames that hold their equations. */
import { SynjaxError } from "../../bridge/errors.ts";
import type { HostArray } from "../../bridge/wire/dtypes.ts";
import type { Handle } from "../session/handle.ts";
import { captureLine, lineOf } from "./source-line.ts";

/** An argument as it stands in a program: see the format in `bridge/wire/protocol.ts`. */
export type Encoded = number | string | boolean | null | readonly Encoded[];
export type Equation = readonly [op: string, args: readonly Encoded[], attributes?: readonly Encoded[]];
export type Body = readonly [
  inputs: number,
  captures: number,
  equations: readonly Equation[],
  results: readonly Encoded[],
];

/** What a program takes besides its inputs: a value on the device, host data, or a literal of an eager graph. */
export type Constant = { readonly handle: Handle } | { readonly host: HostArray } | { readonly weak: number };

/** Limits checked here first; the worker checks them again. */
export const RECORDER_LIMITS = {
  equations: 100_000,
  nesting: 64,
  bodies: 1_000,
  eagerEquations: 256,
} as const;

/** Where a traced value comes from: an equation or input of a frame, a device handle, or host data. */
export type Node =
  | { readonly kind: "equation"; readonly frame: Frame; readonly index: number }
  | { readonly kind: "handle"; readonly handle: Handle }
  | { readonly kind: "host"; readonly host: HostArray };

export const NODE: unique symbol = Symbol("node");
/** Objects that stand for a traced value without being one (a shape) answer to this. */
export const AS_TRACED: unique symbol = Symbol("asTraced");

/** Anything an equation yields. Its value exists on the worker, when the program runs. */
export abstract class Traced {
  /** @internal */
  [NODE]: Node;

  constructor(node: Node) {
    this[NODE] = node;
  }

  [Symbol.toPrimitive](hint: string): never {
    const use = hint === "default" ? "number or string" : hint;
    throw new SynjaxError(
      "TRACED_AS_NUMBER",
      `a traced ${this.constructor.name} was used as a JavaScript ${use}: its value does not exist while the program is being recorded. Use np.where(x.greater(0), a, b) or cond(…), and await x.item() where the value itself is wanted.`,
      { line: lineOf(captureLine()) },
    );
  }

  /** @throws {SynjaxError} `TRACED_AS_NUMBER`: its value has to be waited for, and `{}` is none. */
  toJSON(): never {
    throw new SynjaxError(
      "TRACED_AS_NUMBER",
      `a ${this.constructor.name} was written as JSON: its value has to be waited for. Write what await x.array() or await get(…) gives.`,
      { line: lineOf(captureLine()) },
    );
  }

  [Symbol.for("nodejs.util.inspect.custom")](..._: unknown[]): string {
    const { kind } = this[NODE];
    return `${this.constructor.name} (${kind === "equation" ? "not computed yet" : `on the ${kind === "host" ? "host" : "device"}`})`;
  }
}

/** A tuple, a struct, a key: an intermediate that only other equations read. */
export class Intermediate extends Traced {}

/** A class whose instances can be made from a node alone, without its public constructor. */
export interface ResultClass<T extends Traced = Traced> {
  readonly name: string;
  readonly prototype: T;
}

export function adopt<T extends Traced>(Result: ResultClass<T>, node: Node): T {
  const traced = Object.create(Result.prototype) as T;
  traced[NODE] = node;
  return traced;
}

/** One body under construction. */
export class Frame {
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
  protected isNumbered(_op: string): boolean {
    return true;
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
