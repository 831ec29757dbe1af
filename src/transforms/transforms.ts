/** JAX's transformations by JAX's names: each is an operation whose argument is a nested program. */
import { ARRAY_OF, type HostArray } from "../../bridge/wire/dtypes.ts";
import { SynjaxError } from "../../bridge/errors.ts";
import type { ArrayAval } from "../../bridge/wire/protocol.ts";
import { toHostArray } from "../tensor/host.ts";
import { enter } from "../program/cycles.ts";
import {
  adopt,
  component,
  type Constant,
  emitIn,
  encode,
  type Encoded,
  type Frame,
  frameFor,
  Intermediate,
  isRecording,
  NODE,
  type NestedProgram,
  Program,
  recordNested,
  type ResultClass,
  RootFrame,
  Traced,
  within,
} from "../program/program.ts";
import { asSession, currentSession, sessionOf } from "../session/current-session.ts";
import type { Session } from "../session/session.ts";
import { type ArrowVectorLike, type Aval, type DType, Size, Tensor } from "../tensor/tensor.ts";
import { flatten, isLeaf, rebuild } from "../program/tree.ts";

/** What a recorded function may be called with: its tensors, or host data that becomes them. */
export type Given<T> =
  T extends Tensor<infer D>
    ? Tensor<D> | GivenHost<D>
    : T extends Traced
      ? T
      : T extends readonly unknown[] | Readonly<Record<string, unknown>>
        ? { readonly [K in keyof T]: Given<T[K]> }
        : T;
type GivenHost<D extends DType> = (D extends "bool" ? boolean : number) | ArrayBufferView | ArrowVectorLike;
type GivenAll<A extends readonly unknown[]> = { [K in keyof A]: Given<A[K]> };
/** The same, where an aval may stand in the place of a tensor that does not exist yet. */
export type Planned<T> =
  T extends Tensor<infer D>
    ? Tensor<D> | GivenHost<D> | Aval<D>
    : T extends Traced
      ? T
      : T extends readonly unknown[] | Readonly<Record<string, unknown>>
        ? { readonly [K in keyof T]: Planned<T[K]> }
        : T;
type PlannedAll<A extends readonly unknown[]> = { [K in keyof A]: Planned<A[K]> };

// ---------------------------------------------------------------------------------------------------------------
// Trees of arguments and results

/** A structure without its tensors: class objects stand where the leaves were. */
interface Skeleton {
  readonly tree: unknown;
  readonly classes: readonly ResultClass[];
}

const classOf = (leaf: unknown): ResultClass =>
  leaf instanceof Traced && !(leaf instanceof Size) ? (leaf.constructor as unknown as ResultClass) : Tensor;

function skeletonOf(
  tree: unknown,
  path: string,
): { readonly skeleton: Skeleton; readonly leaves: unknown[] } {
  const leaves: unknown[] = [];
  flatten(tree, leaves, path);
  return { skeleton: { tree: rebuild(tree, classOf), classes: leaves.map(classOf) }, leaves };
}

function resultOf(result: unknown, what: string): ReturnType<typeof skeletonOf> {
  if (!(result instanceof Promise)) return skeletonOf(result, what);
  result.catch(() => undefined);
  throw new SynjaxError(
    "NOT_A_TENSOR",
    `${what} is a Promise: an async function cannot be recorded. Await what it needs before the call.`,
    { expected: "a tensor, or an array or object of them", received: "Promise" },
  );
}

function fill({ tree }: Skeleton, values: readonly Traced[], from = 0): unknown {
  let position = from;
  return rebuild(tree, () => values[position++]);
}

/** A leaf as an operand: numbers and raw arrays become tensors, as they do when JAX is given them. */
function asOperand(leaf: unknown, path: string): Traced {
  if (leaf instanceof Traced) return leaf;
  return adopt(Tensor, { kind: "host", host: hostLeaf(leaf, path) });
}

function hostLeaf(leaf: unknown, path: string): HostArray {
  const host = toHostArray(leaf, "float", path);
  if (!host) throw new SynjaxError("NOT_A_TENSOR", `${path}: expected a tensor, got ${typeof leaf}`);
  return host;
}

interface Recorded {
  readonly program: NestedProgram;
  readonly result: Skeleton;
}

/** Records `f` on the structure of its arguments. */
function recordFunction(
  frame: Frame,
  f: (...args: never[]) => unknown,
  args: readonly Skeleton[],
  name: string,
): Recorded {
  let result: Skeleton | undefined;
  const program = recordNested(
    frame,
    args.flatMap((a) => a.classes),
    (inputs) => {
      let position = 0;
      const values = args.map((a) => {
        const value = fill(a, inputs, position);
        position += a.classes.length;
        return value;
      });
      const { skeleton, leaves } = resultOf(f(...(values as never[])), `the result of ${name}'s function`);
      result = skeleton;
      return leaves;
    },
  );
  return { program, result: result! };
}

/** Runs an operation whose result is a flat tuple, and builds trees of its components. */
function components(frame: Frame, index: number, classes: readonly ResultClass[]): Traced[] {
  const whole = adopt(Intermediate, { kind: "equation", frame, index });
  return classes.map((Result, k) => component(whole, k, Result, frame));
}

interface Operands {
  readonly skeletons: readonly Skeleton[];
  readonly operands: readonly Traced[];
  readonly frame: Frame;
}

function operandsOf(args: readonly unknown[], name: string): Operands {
  const parts = args.map((a, i) => skeletonOf(a, `argument ${i} of ${name}`));
  const operands = parts.flatMap((p, i) =>
    p.leaves.map((leaf) => asOperand(leaf, `argument ${i} of ${name}`)),
  );
  return { skeletons: parts.map((p) => p.skeleton), operands, frame: frameFor(operands) };
}

// ---------------------------------------------------------------------------------------------------------------
// jit

export interface JitOptions {
  /** Arguments that are part of the program: another value, another recording. */
  readonly staticArgnums?: number | readonly number[];
  /** Arguments whose device memory the call may reuse; they are dead from the moment of the call. */
  readonly donateArgnums?: number | readonly number[];
}

export type Jitted<A extends readonly unknown[], R> = ((...args: GivenAll<A>) => R) & {
  /**
   * Compiles for arguments like these, in the current session, and resolves when that is done: a call with such
   * arguments then runs at once. Where a tensor does not exist yet, its `{ dtype, shape }` stands in its place.
   * Equivalent to `jax.jit(f).lower(…).compile()`.
   * @throws {SynjaxError} what the call would end with: `OP_FAILED`, `INVALID_ARGUMENT`, `LIMIT_*`, `WORKER_LOST` …
   */
  readonly compile: (...args: PlannedAll<A>) => Promise<void>;
  /** How many recordings there are: one for each structure of arguments and value of the static ones. */
  readonly recordings: () => number;
};

interface Recording {
  readonly program: Program;
  readonly result: Skeleton;
}

/** Which of the arguments `argnums` names; negative ones count from the last. */
function isAmong(argnums: readonly number[], i: number, count: number): boolean {
  return argnums.includes(i) || argnums.includes(i - count);
}

const list = (numbers: number | readonly number[] | undefined): readonly number[] =>
  numbers === undefined ? [] : typeof numbers === "number" ? [numbers] : numbers;

const identities = new WeakMap<object, number>();
const symbols = new Map<symbol, number>();
let nextIdentity = 0;

function identityOf<K>(
  known: { get(key: K): number | undefined; set(key: K, n: number): unknown },
  key: K,
): string {
  let identity = known.get(key);
  if (identity === undefined) known.set(key, (identity = nextIdentity++));
  return `#${identity}`;
}

/**
 * Plain data is compared by value, everything else by identity.
 * @throws {SynjaxError} `INVALID_ARGUMENT` for data that holds itself, `LIMIT_NESTING` where it is too deep
 */
function staticKey(value: unknown, path: string, parents: object[] = []): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "bigint":
      return `${value}n`;
    case "boolean":
    case "undefined":
      return String(value);
    case "symbol":
      return identityOf(symbols, value);
    case "object": {
      if (value === null) return "null";
      const isList = Array.isArray(value);
      if (!isList && Object.getPrototypeOf(value) !== Object.prototype) break;
      enter(parents, value, path);
      const key = isList
        ? `[${Array.from(value, (v, i) => staticKey(v, `${path}[${i}]`, parents)).join()}]`
        : `{${Object.entries(value)
            .map(([k, v]) => `${JSON.stringify(k)}:${staticKey(v, `${path}.${k}`, parents)}`)
            .join()}}`;
      parents.pop();
      return key;
    }
  }
  return identityOf(identities, value as object);
}

/**
 * Records `f` once for each structure of its arguments and runs the recording ever after; shapes are symbolic, so one
 * recording serves all of them. Equivalent to `jax.jit`. The call returns at once, with handles of values to come;
 * they chain into further calls without waiting.
 *
 * A plain number is a float32 scalar (a boolean a bool one); what must be a JavaScript value belongs to `staticArgnums`.
 */
export function jit<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  options: JitOptions = {},
): Jitted<A, R> {
  const cache = new Map<string, Recording>();
  const [statics, donated] = [list(options.staticArgnums), list(options.donateArgnums)];

  /** The recording for arguments like these, their leaves, and the positions of those that are donated. */
  const prepare = (args: readonly unknown[]): Prepared => {
    const leaves: unknown[] = [];
    const donate: number[] = [];
    let key = "";
    for (let i = 0; i < args.length; i++) {
      if (isAmong(statics, i, args.length)) {
        key += `|${staticKey(args[i], `argument ${i}`)}`;
        continue;
      }
      const first = leaves.length;
      key += `|${flatten(args[i], leaves, `argument ${i}`)}`;
      if (isAmong(donated, i, args.length)) for (let k = first; k < leaves.length; k++) donate.push(k);
    }
    let recording = cache.get(key);
    // A tensor that the function was closed over may be gone; by now the variable may hold another
    if (!recording || recording.program.constants.some((c) => "handle" in c && !c.handle.isUsable))
      cache.set(key, (recording = recordJitted(f, args, statics)));
    const session = sessionOf(leaves) ?? constantsSession(recording.program) ?? currentSession();
    session.flush();
    return { recording, leaves, donate, session };
  };

  const call = (...args: unknown[]): unknown => {
    if (isRecording()) return inlined(f, args, statics);
    const { recording, leaves, donate, session } = prepare(args);
    const constants = leaves.map((leaf, i) => constantOf(leaf, `argument ${i}`, session));
    const handles = session.launch(recording.program, constants, { donate });
    return fill(
      recording.result,
      handles.map((handle, k) => adopt(recording.result.classes[k]!, { kind: "handle", handle })),
    );
  };

  const compile = async (...args: unknown[]): Promise<void> => {
    const avals = new Map<unknown, ArrayAval>();
    const planned = args.map((arg, i) =>
      isAmong(statics, i, args.length) ? arg : withoutAvals(arg, `argument ${i}`, avals),
    );
    const { recording, leaves, donate, session } = prepare(planned);
    const inputs = leaves.map((leaf, i) => {
      const aval = avals.get(leaf);
      return aval ? { aval } : constantOf(leaf, `argument ${i}`, session);
    });
    await session.compile(recording.program, inputs, donate);
  };
  return Object.assign(call as (...args: GivenAll<A>) => R, {
    compile: compile as Jitted<A, R>["compile"],
    recordings: () => cache.size,
  });
}

interface Prepared {
  readonly recording: Recording;
  readonly leaves: readonly unknown[];
  readonly donate: readonly number[];
  readonly session: Session;
}

function constantOf(leaf: unknown, path: string, session: Session): Constant {
  if (!(leaf instanceof Traced)) return { host: hostLeaf(leaf, path) };
  const node = leaf[NODE];
  return node.kind === "host" ? { host: node.host } : { handle: session.handleOf(leaf) };
}

/** A tree with a tensor in the place of each aval; `avals` says which they are. */
function withoutAvals(
  tree: unknown,
  path: string,
  avals: Map<unknown, ArrayAval>,
  parents: object[] = [],
): unknown {
  if (isLeaf(tree) || typeof tree !== "object" || tree === null) return tree;
  if (isAval(tree)) {
    const { dtype, shape, weak = false } = tree;
    checkAval(tree, path);
    const standIn = adopt(Tensor, { kind: "host", host: { dtype, shape, data: NO_DATA } });
    avals.set(standIn, [dtype, shape, weak]);
    return standIn;
  }
  enter(parents, tree, path);
  const mapped = Array.isArray(tree)
    ? tree.map((item, i) => withoutAvals(item, `${path}[${i}]`, avals, parents))
    : Object.getPrototypeOf(tree) === Object.prototype
      ? Object.fromEntries(
          Object.entries(tree).map(([k, v]) => [k, withoutAvals(v, `${path}.${k}`, avals, parents)]),
        )
      : tree;
  parents.pop();
  return mapped;
}

const NO_DATA = new Uint8Array(0);

/** No leaf of a tree is a string, so nothing else can look like one. */
const isAval = (value: object): value is Aval => typeof (value as Partial<Aval>).dtype === "string";

function checkAval({ dtype, shape }: Aval, path: string): void {
  const isDtype = Object.hasOwn(ARRAY_OF, dtype);
  const isShape = Array.isArray(shape) && shape.every((d) => Number.isSafeInteger(d) && d >= 0);
  if (isDtype && isShape) return;
  const received = `{ dtype: ${JSON.stringify(dtype)}, shape: ${isShape ? `[${shape.join(", ")}]` : String(shape)} }`;
  throw new SynjaxError(
    "INVALID_ARGUMENT",
    `${path}: expected a dtype (${Object.keys(ARRAY_OF).join(", ")}) and a shape of whole numbers, got ${received}`,
    { argument: path, expected: "a dtype and a shape", received },
  );
}

/** Inside a recording a jitted function becomes part of it; its arguments are tensors there too. */
function inlined<A extends readonly unknown[]>(
  f: (...args: A) => unknown,
  args: readonly unknown[],
  statics: readonly number[],
): unknown {
  const given = args.map((arg, i) => {
    if (isAmong(statics, i, args.length)) return arg;
    flatten(arg, [], `argument ${i}`);
    return rebuild(arg, (leaf) => asOperand(leaf, `argument ${i}`));
  });
  return f(...(given as unknown as A));
}

function constantsSession(program: Program): Session | undefined {
  const held = program.constants.find((c) => "handle" in c);
  return held && asSession(held.handle.owner);
}

function recordJitted<A extends readonly unknown[]>(
  f: (...args: A) => unknown,
  args: readonly unknown[],
  statics: readonly number[],
): Recording {
  // Holds the structure of the arguments, not the tensors themselves
  const kept = args.map((a, i) =>
    isAmong(statics, i, args.length) ? { fixed: a } : { skeleton: skeletonOf(a, `argument ${i}`).skeleton },
  );
  const classes = kept.flatMap((k) => ("skeleton" in k ? k.skeleton!.classes : []));
  const record = (lines: boolean): Recording => {
    const root = new RootFrame(classes.length, { lines });
    return within(root, () => {
      let position = 0;
      const values = kept.map((k) => {
        if (!("skeleton" in k)) return k.fixed;
        const inputs = k.skeleton!.classes.map((Result) =>
          adopt(Result, { kind: "equation", frame: root, index: -1 - position++ }),
        );
        return fill(k.skeleton!, inputs);
      });
      const { skeleton, leaves } = resultOf(f(...(values as unknown as A)), "the result of jit's function");
      const results: Encoded[] = leaves.map((leaf) => encode(leaf, root, false));
      const again = lines ? undefined : (): Program => record(true).program;
      return { program: new Program(root, results, again), result: skeleton };
    });
  };
  return record(false);
}

// ---------------------------------------------------------------------------------------------------------------
// Derivatives

export interface GradOptions<N extends number | readonly number[] = number> {
  /** Which arguments to differentiate by; default 0. With a list the gradients are a list. */
  readonly argnums?: N;
  /** The function returns `[loss, aux]`: only the loss is differentiated, aux is handed through. */
  readonly hasAux?: boolean;
}

type Gradients<A extends readonly unknown[], N> = N extends readonly number[]
  ? { readonly [K in keyof N]: N[K] extends number ? A[N[K]] : never }
  : N extends keyof A
    ? A[N]
    : number extends N
      ? A[0]
      : never;

function differentiate(
  op: "grad" | "value_and_grad",
  f: (...args: never[]) => unknown,
  options: GradOptions<number | readonly number[]>,
  args: readonly unknown[],
): { readonly value: Traced | undefined; readonly gradients: unknown; readonly aux: unknown } {
  const name = op === "grad" ? "grad" : "valueAndGrad";
  const { skeletons, operands, frame } = operandsOf(args, name);
  const argnums = list(options.argnums ?? 0);
  const starts = skeletons.map((_, i) => skeletons.slice(0, i).reduce((n, s) => n + s.classes.length, 0));
  for (const i of argnums)
    if (!skeletons[i])
      throw new SynjaxError(
        "INVALID_ARGUMENT",
        `${name}: \`argnums\` names argument ${i}, the function was called with ${args.length}`,
        {
          argument: "argnums",
          expected: `0 to ${args.length - 1}`,
          received: String(i),
        },
      );
  const positions = argnums.flatMap((i) => skeletons[i]!.classes.map((_, k) => starts[i]! + k));
  const hasAux = options.hasAux ?? false;
  const { program, result } = recordFunction(frame, f, skeletons, name);
  const lossClasses = hasAux ? 1 : result.classes.length;
  if (lossClasses !== 1 || result.classes.length === 0 || (hasAux && !Array.isArray(result.tree)))
    throw new SynjaxError(
      "INVALID_ARGUMENT",
      `${name}: the function must return ${hasAux ? "[loss, aux] with a scalar loss" : "one scalar"}`,
      {
        argument: "f",
      },
    );
  const attributes = { argnums: positions, ...(hasAux ? { has_aux: true } : {}) };
  const index = emitIn(frame, op, [program, ...operands], attributes);
  const auxClasses = hasAux ? result.classes.slice(1) : [];
  const gradientClasses = argnums.flatMap((i) => skeletons[i]!.classes);
  const valueClasses: ResultClass[] = op === "value_and_grad" ? [Tensor] : [];
  const parts = components(frame, index, [...valueClasses, ...gradientClasses, ...auxClasses]);
  const value = valueClasses.length ? parts.shift() : undefined;
  let position = 0;
  const trees = argnums.map((i) => {
    const gradient = fill(skeletons[i]!, parts, position);
    position += skeletons[i]!.classes.length;
    return gradient;
  });
  const aux = hasAux
    ? fill({ tree: (result.tree as readonly unknown[])[1], classes: auxClasses }, parts, position)
    : undefined;
  return { value, gradients: Array.isArray(options.argnums) ? trees : trees[0], aux };
}

/** The gradient of a scalar function, a tree like its argument. Equivalent to `jax.grad`. */
export function grad<A extends readonly unknown[], const N extends number | readonly number[] = 0>(
  f: (...args: A) => unknown,
  options: GradOptions<N> = {},
): (...args: A) => Gradients<A, N> {
  return (...args) => {
    const { gradients, aux } = differentiate("grad", f as never, options, args);
    return (options.hasAux ? [gradients, aux] : gradients) as Gradients<A, N>;
  };
}

/** The value of a scalar function and its gradient, from one pass. Equivalent to `jax.value_and_grad`. */
export function valueAndGrad<A extends readonly unknown[], R, const N extends number | readonly number[] = 0>(
  f: (...args: A) => R,
  options: GradOptions<N> = {},
): (...args: A) => [value: R, gradient: Gradients<A, N>] {
  return (...args) => {
    const { value, gradients, aux } = differentiate("value_and_grad", f as never, options, args);
    return [options.hasAux ? [value, aux] : value, gradients] as [R, Gradients<A, N>];
  };
}

// ---------------------------------------------------------------------------------------------------------------
// Batching and control flow

type Axis = number | null;

export interface VmapOptions {
  /** The batch axis of each argument, or of all; `null` for one that is not batched. Default 0. */
  readonly inAxes?: Axis | readonly Axis[];
  /** The batch axis of the results. Default 0. */
  readonly outAxes?: number;
}

/** Maps a function over a batch axis of its arguments. Equivalent to `jax.vmap`. */
export function vmap<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  options: VmapOptions = {},
): (...args: A) => R {
  return (...args) => {
    const { skeletons, operands, frame } = operandsOf(args, "vmap");
    const inAxes = options.inAxes === undefined ? 0 : options.inAxes;
    if (Array.isArray(inAxes) && inAxes.length !== args.length)
      throw new SynjaxError(
        "INVALID_ARGUMENT",
        `vmap: \`inAxes\` has ${inAxes.length} entries, the function was called with ${args.length} arguments`,
        {
          argument: "inAxes",
          expected: String(args.length),
          received: String(inAxes.length),
        },
      );
    const axes = skeletons.flatMap((s, i) =>
      s.classes.map(() => (Array.isArray(inAxes) ? (inAxes as readonly Axis[])[i]! : (inAxes as Axis))),
    );
    const { program, result } = recordFunction(frame, f as never, skeletons, "vmap");
    const outAxes = result.classes.map(() => options.outAxes ?? 0);
    const index = emitIn(frame, "vmap", [program, ...operands], { in_axes: axes, out_axes: outAxes });
    return fill(result, components(frame, index, result.classes)) as R;
  };
}

/**
 * Folds a function over the leading axis of `xs`, carrying a state. Equivalent to `jax.lax.scan`.
 * @param f `(carry, x) => [carry, y]`
 * @returns the last carry, and the y's stacked
 */
export function scan<C, X, Y>(
  f: (carry: C, x: X) => readonly [carry: C, y: Y],
  init: C,
  xs: X,
  options: { readonly length?: number | Size; readonly reverse?: boolean } = {},
): [carry: C, ys: Y] {
  const { skeletons, operands, frame } = operandsOf([init, xs], "scan");
  const carryCount = skeletons[0]!.classes.length;
  const { program, result } = recordFunction(frame, f as never, skeletons, "scan");
  const pair = result.tree;
  if (!Array.isArray(pair) || pair.length !== 2)
    throw new SynjaxError("INVALID_ARGUMENT", "scan: the function must return [carry, y]", { argument: "f" });
  assertSameStructure("scan", "the carry it returns", pair[0], "`init`", skeletons[0]!.tree);
  const attributes = { n_carry: carryCount, length: options.length, reverse: options.reverse };
  const index = emitIn(frame, "scan", [program, ...operands], attributes);
  return fill(result, components(frame, index, result.classes)) as [C, Y];
}

function assertSameStructure(
  op: string,
  what: string,
  received: unknown,
  like: string,
  expected: unknown,
): void {
  const key = (tree: unknown): string => flattenSkeleton(tree);
  if (key(received) !== key(expected))
    throw new SynjaxError(
      "INVALID_ARGUMENT",
      `${op}: ${what} must have the structure of ${like}: expected ${key(expected)}, got ${key(received)}`,
      {
        argument: "f",
        expected: key(expected),
        received: key(received),
      },
    );
}

/** Structure of a tree whose leaves are class objects. */
function flattenSkeleton(tree: unknown): string {
  if (typeof tree === "function") return tree.name;
  if (Array.isArray(tree)) return `[${tree.map(flattenSkeleton).join()}]`;
  if (typeof tree === "object" && tree !== null)
    return `{${Object.entries(tree)
      .map(([k, v]) => `${k}:${flattenSkeleton(v)}`)
      .join()}}`;
  return "-";
}

/** One of two functions, chosen on the device. Equivalent to `jax.lax.cond`. */
export function cond<A extends readonly unknown[], R>(
  predicate: Tensor<"bool"> | boolean,
  whenTrue: (...operands: A) => R,
  whenFalse: (...operands: A) => R,
  ...operands: A
): R {
  const given = operandsOf([predicate, ...operands], "cond");
  const branch = (f: (...operands: A) => R): Recorded =>
    recordFunction(given.frame, f as never, given.skeletons.slice(1), "cond");
  const [yes, no] = [branch(whenTrue), branch(whenFalse)];
  assertSameStructure("cond", "whenFalse's result", no.result.tree, "whenTrue's", yes.result.tree);
  const [first, ...rest] = given.operands;
  const index = emitIn(given.frame, "cond", [first, yes.program, no.program, ...rest], undefined);
  return fill(yes.result, components(given.frame, index, yes.result.classes)) as R;
}

/** Repeats `body` while `condition` holds. Equivalent to `jax.lax.while_loop`. */
export function whileLoop<C>(condition: (carry: C) => Tensor<"bool">, body: (carry: C) => C, init: C): C {
  const { skeletons, operands, frame } = operandsOf([init], "whileLoop");
  const test = recordFunction(frame, condition as never, skeletons, "whileLoop");
  const step = recordFunction(frame, body as never, skeletons, "whileLoop");
  assertSameStructure("whileLoop", "the body's result", step.result.tree, "`init`", skeletons[0]!.tree);
  const index = emitIn(frame, "while_loop", [test.program, step.program, ...operands], undefined);
  return fill(step.result, components(frame, index, step.result.classes)) as C;
}

/** Recomputes `f` in the backward pass instead of keeping its intermediates. Equivalent to `jax.checkpoint`. */
export function checkpoint<A extends readonly unknown[], R>(f: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    const { skeletons, operands, frame } = operandsOf(args, "checkpoint");
    const { program, result } = recordFunction(frame, f as never, skeletons, "checkpoint");
    const index = emitIn(frame, "checkpoint", [program, ...operands], undefined);
    return fill(result, components(frame, index, result.classes)) as R;
  };
}
