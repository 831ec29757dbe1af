/**
 * The recorder: what a user's function does becomes a program, a typed graph in A-normal form.
 * It knows no shapes and no derivatives; JAX does. A program is canonical bytes and their hash.
 */
import { pack } from "../../bridge/wire/codec.ts";
import type { HostArray } from "../../bridge/wire/dtypes.ts";
import { SynjaxError } from "../../bridge/errors.ts";
import { programHash } from "../../bridge/wire/hash.ts";
import {
  ARGUMENT,
  type ArrayAval,
  type NamedFloat,
  PROGRAM_FORMAT,
  WEAK_INT_BITS,
} from "../../bridge/wire/protocol.ts";
import type { Handle } from "./handle.ts";
import { captureLine, lineOf } from "./source-line.ts";
import { givesSizes } from "./structural.ts";
import { camelCase } from "./python-names.ts";
import { enter } from "./cycles.ts";
import type { WaitOptions } from "./wait-options.ts";

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
function captureThrough(frame: Frame, traced: Traced): number {
  const node = traced[NODE];
  return frame.capture(traced, node.kind === "equation" ? `${node.frame.depth}:${node.index}` : traced);
}

// ---------------------------------------------------------------------------------------------------------------
// The frame that is being recorded, and what happens outside any

/** What the rooms above contribute to tensors and programs. It is installed once, where all of them are known. */
export interface Runtime {
  /** The graph that an operation on these operands belongs to, outside any recorded function. */
  frameFor(operands: readonly unknown[]): RootFrame;
  /** What a value of another eager graph is by now: a handle, or an equation of `into`. */
  resolve(node: Node & { kind: "equation" }, into: RootFrame): Constant | number;
  /** A raw JavaScript or Arrow array as a host tensor; `undefined` for what is no array. */
  toTraced(value: unknown): Traced | undefined;
  read(tensor: Traced, options: WaitOptions): Promise<HostArray>;
  /** Dtype, shape and weakness of a tensor, once they are known. */
  aval(tensor: Traced): Promise<ArrayAval>;
  /** The same where it is known already. */
  knownAval(tensor: Traced): ArrayAval | undefined;
  dispose(tensor: Traced): void;
}

let recording: Frame | undefined;
let installed: Runtime | undefined;

/** @throws {SynjaxError} `INTERNAL` where one is installed already */
export function installRuntime(runtime: Runtime): void {
  if (installed) throw new SynjaxError("INTERNAL", "a runtime is installed already");
  installed = runtime;
}
export function runtime(): Runtime {
  if (!installed)
    throw new SynjaxError("INTERNAL", "no runtime is installed: import from the package, not from one file");
  return installed;
}
export function isRecording(): boolean {
  return recording !== undefined;
}
export function frameFor(operands: readonly unknown[]): Frame {
  return recording ?? runtime().frameFor(operands);
}

export function within<T>(frame: Frame, body: () => T): T {
  const outer = recording;
  recording = frame;
  try {
    return body();
  } finally {
    recording = outer;
  }
}

// ---------------------------------------------------------------------------------------------------------------
// Encoding

const WEAK_INT_END = 2 ** (WEAK_INT_BITS - 1);

/** Integers stay weak ints as JAX's do; what msgpack would not carry exactly travels as its name. */
export function encodeNumber(value: number): Encoded {
  if (Number.isInteger(value) && Math.abs(value) < WEAK_INT_END && !Object.is(value, -0))
    return [ARGUMENT.int, value];
  return [ARGUMENT.float, weakFloat(value)];
}

export function weakFloat(value: number): number | NamedFloat {
  if (Object.is(value, -0)) return "-0";
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

function isPlainObject(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function holdsTraced(values: readonly unknown[], parents: object[] = []): boolean {
  enter(parents, values, "an operand");
  const found = values.some((v) =>
    Array.isArray(v)
      ? holdsTraced(v, parents)
      : v instanceof Traced || (typeof v === "object" && v !== null && AS_TRACED in v),
  );
  parents.pop();
  return found;
}

/** A reference to `traced` from inside `frame`. */
export function reference(traced: Traced, frame: Frame): number {
  const node = traced[NODE];
  if (node.kind === "handle") {
    node.handle.use("this tensor");
    return frame.root.hoistInto(frame, { handle: node.handle });
  }
  if (node.kind === "host") return frame.root.hoistInto(frame, { host: node.host });
  if (node.frame === frame) return node.index;
  if (node.frame.isAncestorOf(frame)) return captureThrough(frame, traced);
  if (node.frame instanceof RootFrame && node.frame.eager) {
    const found = runtime().resolve(node, frame.root);
    if (typeof found !== "number") {
      // Its graph, and all that it computed, need not be kept for it any more
      if ("handle" in found) traced[NODE] = { kind: "handle", handle: found.handle };
      return frame.root.hoistInto(frame, found);
    }
    const here = adopt(Intermediate, { kind: "equation", frame: frame.root, index: found });
    return reference(here, frame);
  }
  throw new SynjaxError(
    "LEAKED_TRACER",
    `a ${traced.constructor.name} recorded in another function was used here after that function had ended: return it from that function instead`,
    { line: lineOf(node.frame.stacks[node.index] ?? captureLine()) },
  );
}

/** `fixed`: numbers are part of the program (static parameters, sizes), never inputs. */
export function encode(value: unknown, frame: Frame, fixed: boolean, parents?: object[]): Encoded {
  switch (typeof value) {
    case "number":
      if (fixed || frame !== frame.root || !frame.root.eager) return encodeNumber(value);
      return frame.root.hoistInto(frame, { weak: value });
    case "string":
      if (fixed) return value;
      break;
    case "boolean":
      return value;
    case "undefined":
      return null;
    case "bigint":
      if (value < INT64[0] || value > INT64[1])
        throw new SynjaxError("NARROWING", `expected a bigint of 64 bits (int64), got ${value}`, {
          expected: "int64",
          received: value.toString(),
          line: lineOf(captureLine()),
        });
      return [ARGUMENT.int64, value.toString()];
    case "object": {
      if (value === null) return null;
      if (value instanceof Traced) return reference(value, frame);
      if (value instanceof NestedProgram)
        return [ARGUMENT.program, value.body, value.captures.map((c) => reference(c, frame))];
      if (AS_TRACED in value) return reference((value as { [AS_TRACED](): Traced })[AS_TRACED](), frame);
      if (Array.isArray(value)) {
        if (fixed || holdsTraced(value)) {
          enter((parents ??= []), value, "an operand");
          const items = value.map((v) => encode(v, frame, fixed, parents));
          parents.pop();
          return [ARGUMENT.tuple, items];
        }
      } else if (isPlainObject(value) && (fixed || holdsTraced(Object.values(value)))) {
        enter((parents ??= []), value, "an operand");
        const names = Object.keys(value).filter((k) => value[k] !== undefined);
        const entries = names.sort().flatMap((k) => [k, encode(value[k], frame, fixed, parents)]);
        parents.pop();
        return [ARGUMENT.dict, entries];
      }
      const traced = runtime().toTraced(value);
      if (traced) return reference(traced, frame);
    }
  }
  throw notATensor(value);
}

function notATensor(value: unknown, op?: string): SynjaxError {
  const isNamed = typeof value === "object" && value !== null;
  const received = isNamed
    ? `a ${(value.constructor as { name?: string } | undefined)?.name ?? "object"}`
    : value === null || value === undefined
      ? String(value)
      : `a ${typeof value}`;
  return new SynjaxError(
    "NOT_A_TENSOR",
    `${op ? `${camelCase(op)}: ` : ""}expected a tensor, a number or an array of numbers, got ${received}`,
    { op, received, line: lineOf(captureLine()) },
  );
}

function assertGiven(operand: unknown, op: string): void {
  if (typeof operand === "object" ? operand === null : !((typeof operand) in LITERALS))
    throw notATensor(operand, op);
}
const LITERALS = { number: true, boolean: true, bigint: true };
const INT64 = [-(2n ** 63n), 2n ** 63n - 1n] as const;

/**
 * Records one operation and returns what it yields.
 * @param op the operation's name in the registry
 * @param operands traced in order; raw arrays become inputs of the program
 * @param statics parameters that are part of the program, by their Python names
 * @param named further operands, by their Python names
 */
export function emit<T extends Traced>(
  op: string,
  operands: readonly unknown[],
  statics: Readonly<Record<string, unknown>> | undefined,
  Result: ResultClass<T>,
  named?: Readonly<Record<string, unknown>>,
): T {
  const frame = recording ?? runtime().frameFor([operands, Object.values({ ...statics, ...named })]);
  const index = emitIn(frame, op, operands, statics, named);
  return adopt(Result, { kind: "equation", frame, index });
}

export function emitIn(
  frame: Frame,
  op: string,
  operands: readonly unknown[],
  statics: Readonly<Record<string, unknown>> | undefined,
  named?: Readonly<Record<string, unknown>>,
): number {
  const fixed = givesSizes(op);
  const args: Encoded[] = [];
  for (let i = 0; i < operands.length; i++) {
    if (!fixed) assertGiven(operands[i], op);
    args.push(encode(operands[i], frame, fixed));
  }
  let attributes: [string, Encoded][] | undefined;
  for (const [values, isStatic] of [
    [statics, true],
    [named, false],
  ] as const) {
    if (!values) continue;
    for (const name in values)
      if (values[name] !== undefined) (attributes ??= []).push([name, encode(values[name], frame, isStatic)]);
  }
  if (attributes && attributes.length > 1) attributes.sort(([a], [b]) => (a < b ? -1 : 1));
  return frame.add(op, args, attributes?.flat(1) as Encoded[] | undefined);
}

/** Component `key` of a tuple (number) or of a struct (its Python field name). */
export function component<T extends Traced>(
  of: Traced,
  key: number | string,
  Result: ResultClass<T>,
  frame: Frame = frameFor([of]),
): T {
  return adopt(Result, { kind: "equation", frame, index: emitIn(frame, "get", [of], { k: key }) });
}

/** Records an operation that yields several named values. */
export function struct<
  const F extends Readonly<Record<string, readonly [name: string, Result: ResultClass]>>,
>(
  op: string,
  operands: readonly unknown[],
  statics: Readonly<Record<string, unknown>> | undefined,
  fields: F,
  named?: Readonly<Record<string, unknown>>,
): { [K in keyof F]: F[K][1]["prototype"] } {
  const whole = emit(op, operands, statics, Intermediate, named);
  // In the same frame, even a full one: only its components can be read
  const { frame } = whole[NODE] as Node & { kind: "equation" };
  const parts = Object.entries(fields).map(([key, [name, Result]]) => [
    key,
    component(whole, name, Result, frame),
  ]);
  return Object.fromEntries(parts) as { [K in keyof F]: F[K][1]["prototype"] };
}

// ---------------------------------------------------------------------------------------------------------------
// Nested programs and whole programs

/** A recorded nested program and the values of enclosing functions it uses. */
export class NestedProgram {
  readonly body: number;
  readonly captures: readonly Traced[];
  constructor(body: number, captures: readonly Traced[]) {
    this.body = body;
    this.captures = captures;
  }
}

/** Records `body` as a nested program of `parent`; its inputs are of the classes given, its results flat. */
export function recordNested(
  parent: Frame,
  inputs: readonly ResultClass[],
  body: (inputs: readonly Traced[]) => readonly unknown[],
): NestedProgram {
  if (parent.depth >= RECORDER_LIMITS.nesting)
    throw new SynjaxError("LIMIT_NESTING", `programs nest at most ${RECORDER_LIMITS.nesting} deep`);
  const frame = new Frame(parent, inputs.length);
  const traced = inputs.map((Result, k) => adopt(Result, { kind: "equation", frame, index: -1 - k }));
  const results = within(frame, () => body(traced).map((r) => encode(r, frame, false)));
  const encoded: Body = [frame.inputs, frame.captures.length, frame.equations, results];
  return new NestedProgram(frame.root.intern(encoded, frame), frame.captures);
}

/** A recorded function: canonical bytes, their hash, and the constants it was closed over. */
export class Program {
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
  /** The hash as a map key. */
  readonly key: string;
  readonly constants: readonly Constant[];
  readonly outputs: number;
  readonly #root: RootFrame;
  readonly #recordAgain: (() => Program) | undefined;

  constructor(root: RootFrame, results: readonly Encoded[], recordAgain?: () => Program) {
    const body: Body = [root.inputs, root.constants.length, root.equations, results];
    this.bytes = pack([PROGRAM_FORMAT, [...root.bodies, body]]);
    this.hash = programHash(this.bytes);
    this.key = String.fromCharCode(...this.hash);
    this.constants = root.constants;
    this.outputs = results.length;
    this.#root = root;
    this.#recordAgain = recordAgain;
  }

  get equations(): number {
    return this.#root.equations.length;
  }

  get nestedBodies(): number {
    return this.#root.bodies.length;
  }

  /**
   * The caller's line that recorded an equation. Lines cost nothing until something fails: then the function is
   * recorded a second time, with stacks, and answers if it recorded the same program.
   */
  lineOf(body: number, equation: number): string | undefined {
    if (!this.#root.keepsLines) {
      try {
        const again = this.#recordAgain?.();
        return again?.key === this.key ? again.lineOf(body, equation) : undefined;
      } catch {
        return undefined;
      }
    }
    const frame = body < this.#root.bodies.length ? this.#root.bodyFrames[body] : this.#root;
    const stack = frame?.stacks[equation];
    return stack && lineOf(stack);
  }
}
