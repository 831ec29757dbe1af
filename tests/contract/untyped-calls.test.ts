import { afterAll, beforeAll, describe, expect, test } from "vitest";
import registry from "../../bridge/registry.json" with { type: "json" };
import type { Op, Parameter, Registry } from "../../bridge/signatures/registry-document.ts";
import { camelCase } from "../../bridge/signatures/typescript-spelling.ts";
import * as synjax from "../../src/index.ts";
import { AlignmentCRF, array, connect, CTC, dependencies, dist, GeneralizedPCFG, GeneralizedTensorDecompositionPCFG, GeneralMonotoneAlignmentCRF, HMM, jit, LinearChainCRF, PCFG, random, sample, SemiMarkovCRF, type Session, SpanningTreeCRF, SynjaxError, TensorDecompositionPCFG, TreeCRF } from "../../src/index.ts"; // prettier-ignore

/** Everything that the package exports is called as JavaScript without types may call it. */
type Call = (...args: unknown[]) => unknown;

let session: Session;
beforeAll(async () => {
  session = await connect();
});
afterAll(() => session.close().catch(() => undefined));

const tensor = (): unknown => array([[1, 2], [3, 4]]); // prettier-ignore
const nothing = (): number => 1;
const JUNK: readonly unknown[] = [undefined, null, 0, -1, 1.5, Number.NaN, "x", true, 5n, Symbol("s"), nothing, {}, { axis: "x", k: 1 }, [], [2], ["x"], [null], new Map(), new Date(0), new Float32Array(2), tensor()]; // prettier-ignore

const chain = { initial: [0, 0], transition: [[0, 0], [0, 0]], emission: [[0, 1], [1, 0]] }; // prettier-ignore
/** An object of every class whose methods are public, by the class's name. */
const SUBJECTS: Readonly<Record<string, () => object>> = {
  Tensor: () => array([1, 2]),
  IndexUpdate: () => array([1, 2]).at(0),
  Size: () => array([1]).shape.at(0),
  Shape: () => array([1]).shape,
  LinearChainCRF: () => new LinearChainCRF(chain),
  SemiMarkovCRF: () =>
    new SemiMarkovCRF({ initial: [0, 0], transition: chain.transition, segment: [[[0, 1]], [[0, 1]]] }), // prettier-ignore
  HMM: () =>
    new HMM({ initLogits: [0, 0], transitionLogits: [[0, 0], [0, 0]], emissionDist: [[0, 0], [0, 0]], observations: [0, 1] }), // prettier-ignore
  SpanningTreeCRF: () => new SpanningTreeCRF({ logPotentials: [[0, 1], [0, 0]], directed: true, projective: false, singleRootEdge: false }), // prettier-ignore
  PCFG: () =>
    new PCFG({
      emission: [[0, 0]],
      root: [0],
      rule: [
        [
          [0, 0],
          [0, 0],
        ],
      ],
      wordIds: [0, 1],
    }),
  GeneralizedPCFG: () => new GeneralizedPCFG({ preterminalScores: [[0], [0]], root: [0], rule: [[[0, 0], [0, 0]]] }), // prettier-ignore
  TensorDecompositionPCFG: () => new TensorDecompositionPCFG({ emission: [[0, 0]], root: [0], ntToRank: [[0]], rankToLeftNt: [[0, 0]], rankToRightNt: [[0, 0]], wordIds: [0, 1] }), // prettier-ignore
  GeneralizedTensorDecompositionPCFG: () => new GeneralizedTensorDecompositionPCFG({ preterminalScores: [[0], [0]], root: [0], ntToRank: [[0]], rankToLeftNt: [[0, 0]], rankToRightNt: [[0, 0]] }), // prettier-ignore
  TreeCRF: () => new TreeCRF({ logPotentials: [[[0, 1], [0, 1]], [[0, 1], [0, 1]]] }), // prettier-ignore
  AlignmentCRF: () => new AlignmentCRF({ logPotentials: chain.transition, alignmentType: "monotone_many_to_many" }), // prettier-ignore
  GeneralMonotoneAlignmentCRF: () =>
    new GeneralMonotoneAlignmentCRF({ logPotentialsHorizontal: [chain.transition] }),
  CTC: () => new CTC({ logPotentials: chain.transition, labels: [1] }),
  Svi: () => synjax.svi(nothing, nothing, synjax.optax.identity()),
  AutoGuide: () => synjax.autoNormal(nothing),
  SimpleDistribution: () => dist.poisson({ rate: [1] }),
  ModelGraph: () => dependencies(() => sample("x", dist.poisson({ rate: 1 })))(),
  LogSemiring: () => new synjax.semirings.LogSemiring(),
  MaxSemiring: () => new synjax.semirings.MaxSemiring(),
};

/** Classes whose methods are those of others: their constructors are called. */
const NO_METHODS_OF_ITS_OWN = new Set([
  "SemiMarkovCRF",
  "AlignmentCRF",
  "GeneralMonotoneAlignmentCRF",
  "SpanningTreeCRF",
  "TreeCRF",
]);
/** Methods that end or display something, and what only the classes themselves call. */
const NO_OPERATIONS = new Set(["constructor", "toJSON", "toString", "dispose"]);
const PROTECTED = new Set(["ask", "asked", "eventGiven", "classOf", "partsOf", "operand", "eventOperand", "compactOperand", "structOperand", "tree"]); // prettier-ignore

function methodsOf(subject: object): string[] {
  const names = new Set<string>();
  for (let level = subject; level !== Object.prototype; level = Object.getPrototypeOf(level) as object)
    for (const name of Object.getOwnPropertyNames(level))
      if (typeof Object.getOwnPropertyDescriptor(level, name)!.value === "function") names.add(name);
  return [...names].filter((name) => !NO_OPERATIONS.has(name) && !PROTECTED.has(name));
}

/** Every public function, by its name; methods take a fresh object each time. */
function publicFunctions(): Map<string, Call> {
  const found = new Map<string, Call>();
  for (const [name, value] of Object.entries(synjax)) {
    if (typeof value === "object")
      for (const [of, member] of Object.entries(value))
        if (typeof member === "function" && !/^class/.test(String(member)))
          found.set(`${name}.${of}`, member as Call);
    if (typeof value !== "function") continue;
    if (!/^class/.test(String(value))) found.set(name, value as unknown as Call);
    else if (name !== "SynjaxError")
      found.set(`new ${name}`, (...args) => new (value as unknown as new (...args: unknown[]) => object)(...args)); // prettier-ignore
  }
  for (const [name, make] of Object.entries(SUBJECTS))
    for (const method of NO_METHODS_OF_ITS_OWN.has(name) ? [] : methodsOf(make()))
      found.set(`${name}.${method}`, (...args) => (make() as Record<string, Call>)[method]!(...args));
  return found;
}

/** Too few, too many, and the wrong ones: alone, as several, and after a right one. */
function callsWith(junk: readonly unknown[]): unknown[][] {
  const several = junk.map((value) => [value, value, value]);
  const after = junk.flatMap((value, i) => i % 2 ? [] : [[random.key(0), value], [nothing, value], [tensor(), tensor(), value]]); // prettier-ignore
  return [[], ...junk.map((value) => [value]), ...several, ...after];
}

const failures = new Map<string, string>();
function judge(name: string, args: readonly unknown[], error: unknown): void {
  if (error instanceof SynjaxError && error.code !== "INTERNAL") return;
  failures.set(name, `${name}(${args.map(kindOf).join(", ")}): ${String(error)}`);
}
const kindOf = (value: unknown): string =>
  typeof value === "object" && value !== null ? (value.constructor?.name ?? "object") : String(value);

/** Calls a function, and what it returns if that is one; whatever fails must be a SynjaxError. */
function attempt(name: string, call: Call, args: readonly unknown[]): Promise<unknown> | undefined {
  try {
    const result = call(...args);
    if (typeof result === "function") return attempt(`${name}()`, result as Call, [args.at(-1)]);
    if (result instanceof Promise) return result.catch((error: unknown) => judge(name, args, error));
  } catch (error) {
    judge(name, args, error);
  }
  return undefined;
}

class Enough extends Error {}

describe("calls without types", () => {
  test("answer with a SynjaxError or work, never with a bare error", () => {
    failures.clear();
    const functions = publicFunctions();
    functions.delete("connect");
    expect(functions.size).toBeGreaterThan(250);
    for (const [name, call] of functions) {
      // Recorded and dropped: nothing of it runs
      const record = jit((): never => {
        for (const args of callsWith(JUNK)) void attempt(name, call, args);
        throw new Enough();
      });
      expect(record).toThrow(Enough);
    }
    expect([...failures.values()]).toEqual([]);
  });

  test("and so do those that wait, and those of a session", async () => {
    failures.clear();
    const calls: [string, Call][] = [["connect", synjax.connect as Call]];
    for (const name of ["data", "array", "item", "aval"])
      calls.push([`Tensor.${name}`, (...args) => (array([1]) as unknown as Record<string, Call>)[name]!(...args)]); // prettier-ignore
    for (const name of methodsOf(session))
      if (/^(get|put|run|scope|idle|counters|status)$/.test(name))
        calls.push([`session.${name}`, (session as unknown as Record<string, Call>)[name]!.bind(session)]);
    expect(calls.length).toBeGreaterThan(10);
    const right: Readonly<Record<string, unknown>> = { connect: "tcp://127.0.0.1:1", "session.get": 1, "session.put": 1, "session.run": nothing, "session.scope": nothing }; // prettier-ignore
    for (const [name, call] of calls) {
      const lead = name in right ? [right[name]] : [];
      const wrong = JUNK.filter((value) => value !== undefined && kindOf(value) !== "Object");
      const tried = wrong.map((value) => [...lead, value]);
      if (name !== "connect") tried.push(...wrong.map((value) => [value, value]));
      for (const args of tried) await attempt(name, call, args);
    }
    await session.idle();
    expect([...failures.values()]).toEqual([]);
  });
});

// -- what the registry says that functions take --------------------------------------------------------------------

const KEYS = { key: random.key(0), operands: [tensor()], size: 1, shape: [1], axis: 0, dtype: "float32" };

/** An argument of the right kind. */
function right({ kind, type }: Parameter): unknown {
  if (kind === "key") return KEYS.key;
  if (kind === "nums") return KEYS.operands;
  if (kind === "size" || kind === "shape" || kind === "axis" || kind === "dtype") return KEYS[kind];
  if (kind === "transformation") return synjax.optax.identity();
  if (kind === "schedules") return [];
  if (kind === "dist") return type === "int32" ? dist.poisson({ rate: 1 }) : dist.normal();
  if (kind === "dists") return dist.normal();
  if (kind === "transforms") return [dist.transforms.exp()];
  if (kind === "mask") return true;
  if (type?.startsWith("readonly ")) return [1];
  if (type?.startsWith("Readonly<Record<")) return {};
  if (kind === "static") return /^"(.*?)"/.exec(type!)?.[1] ?? (type === "boolean" ? true : type === "string" ? "i->i" : 0); // prettier-ignore
  return 1;
}

const isRecorded = (kind: string): boolean => /^(num|any|dist|event|compact|struct|schedules)$/.test(kind);

function refusal(run: () => unknown): SynjaxError {
  try {
    jit(run)();
  } catch (error) {
    if (error instanceof SynjaxError) return error;
    throw error;
  }
  throw new Error("expected an error");
}

const { ops, distributions } = registry as unknown as Registry;
const FUNCTIONS: [name: string, op: Op, call: Call][] = ops
  .filter(
    ({ name }) =>
      !/^(getitem$|at\.|debug\.|distribution\.|optax\.(init|update|apply_updates|incremental_update|global_norm|schedule)$)/.test(
        name,
      ),
  )
  .map((op) => {
    const [namespace, name] = op.name.split(".").map(camelCase) as ["np", string];
    const elsewhere = { semirings: synjax.semirings, transforms: dist.transforms } as Record<string, object>;
    const functions = elsewhere[namespace] ?? synjax[namespace];
    return [`${namespace}.${name}`, op, (functions as unknown as Record<string, Call>)[name]!] as const;
  })
  .filter(([, , call]) => call !== undefined) // two of semirings are methods
  .map(([name, op, call]) => [name, op, call]);
const QUERIES: [name: string, op: Op, call: Call][] = distributions.flatMap((cls) =>
  cls.queries.map((query): [string, Op, Call] => {
    const name = camelCase(query.name);
    return [
      `${cls.name}.${name}`,
      query,
      (...args) => (SUBJECTS[cls.name]!() as Record<string, Call>)[name]!(...args),
    ];
  }),
);

describe.each([...FUNCTIONS, ...QUERIES])("%s", (name, { positional, options }, call) => {
  const taken = positional.filter(({ rest }) => !rest).map(right);
  const needed = Object.fromEntries(
    options.filter(({ optional }) => !optional).map((p) => [camelCase(p.name), right(p)]),
  );
  const refused = (run: () => unknown, argument?: string): void => {
    const error = refusal(run);
    expect(["INVALID_ARGUMENT", "NOT_A_TENSOR"]).toContain(error.code);
    if (argument !== undefined) expect(error.argument).toBe(argument);
    expect(error.message).toMatch(new RegExp(`^${name.replace(".", "\\.")}: `));
    expect(error.line).toMatch(/untyped-calls\.test\.ts/);
  };

  test("refuses too few and too many arguments, and options that are none or unknown", () => {
    if (taken.length > 0)
      refused(() => call(...taken.slice(0, -1)), camelCase(positional[taken.length - 1]!.name));
    if (!positional.some(({ rest }) => rest)) refused(() => call(...taken, needed, needed, needed));
    if (options.length === 0) return;
    for (const wrong of [0, [2], "x", null, true, tensor(), nothing])
      refused(() => call(...taken, wrong), "options");
    refused(() => call(...taken, { ...needed, unheardOf: 0 }), "unheardOf");
    for (const absent of Object.keys(needed))
      refused(() => call(...taken, { ...needed, [absent]: undefined }), absent);
  });

  test("refuses a wrong static argument by its name", () => {
    const wrong = Symbol("wrong");
    positional.forEach((p, i) => {
      if (isRecorded(p.kind) || p.rest) return;
      refused(
        () => call(...taken.with(i, wrong), ...(Object.keys(needed).length ? [needed] : [])),
        camelCase(p.name),
      );
    });
    for (const p of options)
      if (!isRecorded(p.kind))
        refused(() => call(...taken, { ...needed, [camelCase(p.name)]: wrong }), camelCase(p.name));
  });
});
