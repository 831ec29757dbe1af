/** Recording a function once for each structure of its arguments. */
import type { ArrayAval } from "../../bridge/wire/protocol.ts";
import type { Constant, Encoded } from "../program/body.ts";
import { encode } from "../program/encode.ts";
import { RootFrame } from "../program/frame.ts";
import { Program } from "../program/program.ts";
import { isRecording, within } from "../program/recording.ts";
import { checkCall, type Signature } from "../program/signatures.ts";
import { CallSites } from "../program/source-line.ts";
import { NODE, Traced, adopt } from "../program/traced.ts";
import { flatten, pathsOf, rebuild } from "../program/tree.ts";
import { asSession, currentSession, sessionOf } from "../session/current-session.ts";
import type { Session } from "../session/session.ts";
import { withoutAvals } from "./abstract-arguments.ts";
import type { AbstractArgs, JitArgs } from "./arguments.ts";
import { type SeenCall, seenCall } from "./seen-call.ts";
import { staticKey } from "./static-key.ts";
import { type TreeDef, asOperand, called, fill, hostLeaf, list, resultOf, treeDefOf } from "./trees.ts";

export interface JitOptions {
  /** Arguments that are part of the program: another value, another recording. */
  readonly staticArgnums?: number | readonly number[];
  /** Arguments whose device memory the call may reuse; they are dead from the moment of the call. */
  readonly donateArgnums?: number | readonly number[];
  /**
   * A result with a NaN is an error, `NAN_FOUND`, that names the operation that made the first one, and your line: see
   * the session's option of that name, which this one overrides.
   */
  readonly debugNans?: boolean;
  /**
   * Whether a worker that serves many callers may run a call together with others' calls of the same function on inputs
   * of the same shapes, stacked under one `vmap`. A call whose results are all read at once qualifies, if nothing is
   * donated. Each gets its own results and its own errors; matrix products may differ in the last bits. By default calls
   * that take no random keys.
   */
  readonly batchable?: boolean;
}

export type Jitted<A extends readonly unknown[], R> = ((...args: JitArgs<A>) => R) & {
  /**
   * Compiles for arguments like these, in the current session, and resolves when that is done: a call with such
   * arguments then runs at once. Where a tensor does not exist yet, its `{ dtype, shape }` stands in its place.
   * Equivalent to `jax.jit(f).lower(…).compile()`.
   * @throws {SynjaxError} what the call would end with: `OP_FAILED`, `INVALID_ARGUMENT`, `LIMIT_*`, `WORKER_LOST` …
   */
  readonly compile: (...args: AbstractArgs<A>) => Promise<void>;
  /** How many recordings there are: one for each structure of arguments and value of the static ones. */
  readonly recordings: () => number;
};

/** A function as it was recorded for one structure of its arguments. */
export interface Recording {
  readonly program: Program;
  /** The structures of the arguments that are no static ones. */
  readonly args: readonly TreeDef[];
  readonly result: TreeDef;
  /** What its first call was given, and gave. */
  seen?: SeenCall;
}

/** What a file of programs has to know of a jitted function. */
export interface JittedParts {
  readonly name: string;
  readonly f: (...args: never[]) => unknown;
  readonly hasStatics: boolean;
  readonly flags: Pick<JitOptions, "batchable" | "debugNans">;
  readonly recordings: () => readonly Recording[];
  /** The recording for arguments like these, where avals may stand in the place of tensors. */
  readonly record: (args: readonly unknown[]) => Recording;
}

const PARTS = new WeakMap<object, JittedParts>();

/** The parts of what `jit` returned; `undefined` of anything else. */
export const partsOfJitted = (jitted: object): JittedParts | undefined => PARTS.get(jitted);

const JIT: Signature = {
  takes: { f: "function" },
  options: { staticArgnums: "axis?", donateArgnums: "axis?", debugNans: "boolean?", batchable: "boolean?" },
};

/** Which of the arguments `argnums` names; negative ones count from the last. */
function isAmong(argnums: readonly number[], i: number, count: number): boolean {
  return argnums.includes(i) || argnums.includes(i - count);
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
  checkCall("jit", JIT, [f, options]);
  const cache = new Map<string, Recording>();
  const source = { name: f.name || "a function" };
  const sites = new CallSites();
  const [statics, donated] = [list(options.staticArgnums), list(options.donateArgnums)];
  const { debugNans, batchable } = options;

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

  /** What the inputs of the program are called: the leaves of these arguments, then what the function closes over. */
  const nameOf = (args: readonly unknown[]) => (input: number) => {
    const paths = args.flatMap((arg, i) =>
      isAmong(statics, i, args.length) ? [] : pathsOf(arg, `argument ${i}`),
    );
    return paths[input] ?? "a tensor that the function uses from outside";
  };

  const call = (...args: unknown[]): unknown => {
    if (isRecording()) return inlined(f, args, statics);
    const stack = sites.capture(call);
    const { recording, leaves, donate, session } = prepare(args);
    const constants = leaves.map((leaf, i) => constantOf(leaf, `argument ${i}`, session));
    const handles = session.launch(recording.program, constants, {
      donate,
      debugNans,
      nameOf: nameOf(args),
      source,
      batchable,
      stack,
    });
    recording.seen ??= seenCall(constants, handles);
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
    await session.compile(recording.program, inputs, donate, { debugNans, nameOf: nameOf(args), source });
  };
  const jitted = Object.assign(call as (...args: JitArgs<A>) => R, {
    compile: compile as Jitted<A, R>["compile"],
    recordings: () => cache.size,
  });
  PARTS.set(jitted, {
    name: source.name,
    f,
    hasStatics: statics.length > 0,
    flags: {
      ...(batchable === undefined ? {} : { batchable }),
      ...(debugNans === undefined ? {} : { debugNans }),
    },
    recordings: () => [...cache.values()],
    record: (args) => prepare(args.map((arg, i) => withoutAvals(arg, `argument ${i}`, new Map()))).recording,
  });
  return jitted;
}

interface Prepared {
  readonly recording: Recording;
  readonly leaves: readonly unknown[];
  readonly donate: readonly number[];
  readonly session: Session;
}

/** A leaf of an argument as an input of a program. */
export function constantOf(leaf: unknown, path: string, session: Session): Constant {
  if (!(leaf instanceof Traced)) return { host: hostLeaf(leaf, path) };
  const node = leaf[NODE];
  return node.kind === "host" ? { host: node.host } : { handle: session.handleOf(leaf) };
}

/** Inside a recording a jitted function becomes part of it; its arguments are tensors there too. */
function inlined<A extends readonly unknown[]>(
  f: (...args: A) => unknown,
  args: readonly unknown[],
  statics: readonly number[],
): unknown {
  const isStatic = (i: number): boolean => isAmong(statics, i, args.length);
  const treeDefs = args.map((arg, i) => (isStatic(i) ? undefined : treeDefOf(arg, `argument ${i}`).treeDef));
  const given = args.map((arg, i) =>
    isStatic(i) ? arg : rebuild(arg, (leaf) => asOperand(leaf, `argument ${i}`)),
  );
  return called(() => f(...(given as unknown as A)), treeDefs);
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
    isAmong(statics, i, args.length) ? { fixed: a } : { treeDef: treeDefOf(a, `argument ${i}`).treeDef },
  );
  const classes = kept.flatMap((k) => ("treeDef" in k ? k.treeDef!.classes : []));
  const record = (lines: boolean): Recording => {
    const root = new RootFrame(classes.length, { lines });
    return within(root, () => {
      let position = 0;
      const values = kept.map((k) => {
        if (!("treeDef" in k)) return k.fixed;
        const inputs = k.treeDef!.classes.map((Result) =>
          adopt(Result, { kind: "equation", frame: root, index: -1 - position++ }),
        );
        return fill(k.treeDef!, inputs);
      });
      const treeDefs = kept.map((k) => k.treeDef);
      const returned = called(() => f(...(values as unknown as A)), treeDefs);
      const { treeDef, leaves } = resultOf(returned, "the result of jit's function");
      const results: Encoded[] = leaves.map((leaf) => encode(leaf, root, false));
      const again = lines ? undefined : (): Program => record(true).program;
      const program = new Program(root, results, again);
      return { program, args: treeDefs.filter((each) => each !== undefined), result: treeDef };
    });
  };
  return record(false);
}
