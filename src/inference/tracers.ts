/** Tracers of a program: each makes another program of it. They compose, and the innermost sees a statement first. */
import { SynjaxError } from "../../bridge/errors.ts";
import { checkCall } from "../program/signatures.ts";
import { captureLine, lineOf } from "../program/source-line.ts";
import type { Tensor, TensorLike } from "../tensor/tensor.ts";
import { np } from "../ops/np.ts";
import { logDensity, splitKey } from "./draw.ts";
import { ask, currentScope, keysOnly, type ScopeTracer, traced } from "./scopes.ts";
import type { AnyDistribution, Outcome, PlateFrame, Statement, Tracer } from "./statement.ts";
import { asValue } from "./statements.ts";

export type Model<A extends readonly unknown[] = readonly unknown[], R = unknown> = (...args: A) => R;
type Values = Readonly<Record<string, unknown>>;

/**
 * A program that asks `tracer` about every statement first: what the other tracers are made of.
 *
 * ```ts
 * const doubled = intercept(model, (statement, next) =>
 *   next(statement.name === "noise" ? { ...statement, scale: 2 } : statement));
 * ```
 */
export function intercept<A extends readonly unknown[], R>(model: Model<A, R>, tracer: Tracer): Model<A, R> {
  checkCall("intercept", { takes: { model: "function", tracer: "function" } }, [model, tracer]);
  return (...args) => traced(heard(tracer), () => model(...args));
}

/** A tracer of the user's as one that passes on what became of the statement. */
function heard(tracer: Tracer): ScopeTracer {
  return (statement, next) => {
    let last: Outcome | undefined;
    const value = tracer(statement, (changed) => {
      last = next(changed);
      return last.value;
    });
    return { statement: last?.statement ?? statement, value };
  };
}

/**
 * A program whose variables are drawn by `key`, each by its own part of it: the same key, the same values. They are those
 * that `numpyro.handlers.seed` draws.
 */
export function seed<A extends readonly unknown[], R>(model: Model<A, R>, key: Tensor<"key">): Model<A, R> {
  checkCall("seed", { takes: { model: "function", key: "key" } }, [model, key]);
  return (...args) => {
    let rest = key;
    const tracer: ScopeTracer = (statement, next) => {
      if (!needsKey(statement)) return next(statement);
      const [others, own] = splitKey(rest);
      rest = others;
      return next({ ...statement, key: own });
    };
    return traced(tracer, () => model(...args), { collects: true, givesKeys: true });
  };
}

function needsKey({ type, value, key, marginalize, plate }: Statement): boolean {
  if (key !== undefined || value !== undefined || marginalize) return false;
  return type === "sample" || (type === "plate" && plate!.subsampleSize !== undefined);
}

/** A program in which some variables were observed: `values` by name. */
export function condition<A extends readonly unknown[], R>(model: Model<A, R>, values: Values): Model<A, R> {
  return withValues("condition", model, values, (statement, value, next) =>
    next({ ...statement, value, isObserved: true }),
  );
}

/**
 * A program in which some variables are set from outside: what follows depends on the value, and it says nothing of what
 * was before (Pearl's do).
 */
export function intervene<A extends readonly unknown[], R>(model: Model<A, R>, values: Values): Model<A, R> {
  return withValues("intervene", model, values, ({ name, stack, plates }, value, next) =>
    next({ type: "deterministic", name, value, stack, plates }),
  );
}

/** A program whose variables take the values of an earlier run: they are drawn, not observed. */
export function replay<A extends readonly unknown[], R>(
  model: Model<A, R>,
  run: TraceOf<unknown> | Values,
): Model<A, R> {
  const isTrace = (given: unknown): given is TraceOf<unknown> =>
    typeof (given as { sites?: unknown } | undefined)?.sites === "object";
  const values = isTrace(run)
    ? Object.fromEntries(
        Object.values(run.sites).flatMap(({ name, type, isObserved, value }) =>
          type === "sample" && !isObserved ? [[name, value]] : [],
        ),
      )
    : run;
  return intercept(model, (statement, next) =>
    next(
      statement.type === "sample" && statement.value === undefined && Object.hasOwn(values, statement.name)
        ? { ...statement, value: asValue(values[statement.name]), isObserved: false }
        : statement,
    ),
  );
}

/**
 * A program that shows none of its statements, or only some, to the tracers around it: a program inside a program.
 * @param options `hide`, `expose`: names. Default: all are hidden.
 */
export function block<A extends readonly unknown[], R>(
  model: Model<A, R>,
  options: { readonly hide?: readonly string[]; readonly expose?: readonly string[] } = {},
): Model<A, R> {
  checkCall("block", { takes: { model: "function" }, options: { hide: "list?", expose: "list?" } }, [model, options]); // prettier-ignore
  const { hide, expose } = options;
  const isHidden = (name: string): boolean =>
    hide ? hide.includes(name) : expose ? !expose.includes(name) : true;
  return (...args) => {
    const outer = currentScope();
    const hidden = keysOnly(outer);
    const tracer: ScopeTracer = (statement, next) =>
      isHidden(statement.name) ? ask(statement, hidden) : next(statement);
    return traced(tracer, () => model(...args), { collects: true });
  };
}

/** A program whose log-densities are multiplied by a factor, as for a part of the data. */
export function scale<A extends readonly unknown[], R>(model: Model<A, R>, by: TensorLike): Model<A, R> {
  checkCall("scale", { takes: { model: "function", by: "operand" } }, [model, by]);
  return intercept(model, (statement, next) =>
    next({
      ...statement,
      scale: statement.scale === undefined ? by : np.multiply(statement.scale as never, by as never),
    }),
  );
}

/** A statement of a run. */
export interface Site {
  readonly name: string;
  readonly type: "sample" | "deterministic" | "factor" | "param";
  readonly distribution: AnyDistribution | undefined;
  readonly value: unknown;
  readonly isObserved: boolean;
  /** The names of the plates that it stands in, the outermost first. */
  readonly plates: readonly string[];
  /** Its log-density at the value, all items together: one number, nats. Not of what has none. */
  readonly logProb: Tensor<"float32"> | undefined;
}

/** A run of a program. */
export interface TraceOf<R> {
  readonly result: R;
  /** What was stated, by name, in the order of the program. */
  readonly sites: Readonly<Record<string, Site>>;
  /** The log-density of all of it together, nats. */
  readonly logJoint: Tensor<"float32">;
}

/** A run that may not be over yet: what an asynchronous program states is added when it does. */
export interface Run<R> {
  readonly result: R;
  readonly sites: Readonly<Record<string, Site>>;
  readonly plates: ReadonlyMap<string, PlateFrame>;
  /** The log-densities of what has one. */
  readonly logs: readonly Tensor<"float32">[];
}

/** A function that runs a program and gives, beside its result, what it stated. */
export function trace<A extends readonly unknown[], R>(model: Model<A, R>): (...args: A) => TraceOf<R> {
  checkCall("trace", { takes: { model: "function" } }, [model]);
  return (...args) => {
    const { result, sites, logs } = tracing(model)(...args);
    return { result, sites, logJoint: total(logs) };
  };
}

/** @internal The same of a program that may be asynchronous. */
export function tracing<A extends readonly unknown[], R>(model: Model<A, R>): (...args: A) => Run<R> {
  return (...args) => {
    const sites: Record<string, Site> = {};
    const plates = new Map<string, PlateFrame>();
    const logs: Tensor<"float32">[] = [];
    const tracer: ScopeTracer = (asked, next) => {
      const outcome = next(asked);
      const { statement, value } = outcome;
      if (statement.type === "plate") {
        plates.set(statement.name, value as PlateFrame);
        return outcome;
      }
      const logProb = isScored(statement) ? logDensity(statement, value) : undefined;
      if (logProb) logs.push(logProb);
      sites[statement.name] = {
        name: statement.name,
        type: statement.type,
        distribution: statement.distribution,
        value,
        isObserved: statement.isObserved ?? false,
        plates: statement.plates.map((frame) => frame.name),
        logProb,
      };
      return outcome;
    };
    const result = traced(tracer, () => model(...args), { collects: true });
    return { result, sites, plates, logs };
  };
}

export const isScored = ({ type }: Statement): boolean => type === "sample" || type === "factor";

/** The sum of log-densities: one number. */
export function total(logs: readonly Tensor<"float32">[]): Tensor<"float32"> {
  const [first, ...rest] = logs;
  return rest.reduce<Tensor<"float32">>(
    (sum, log) => sum.add(log),
    first ?? (np.zeros([]) as Tensor<"float32">),
  );
}

/** A program in which the variables that have a value in `values` are asked about with it. */
function withValues<A extends readonly unknown[], R>(
  what: string,
  model: Model<A, R>,
  values: Values,
  answer: (statement: Statement, value: unknown, next: (statement: Statement) => Outcome) => Outcome,
): Model<A, R> {
  checkCall(what, { takes: { model: "function", values: "record" } }, [model, values]);
  const line = captureLine();
  return (...args) => {
    const met = new Set<string>();
    const known: string[] = [];
    const tracer: ScopeTracer = (statement, next) => {
      const { name, type } = statement;
      if (type !== "sample") return next(statement);
      known.push(name);
      if (!Object.hasOwn(values, name)) return next(statement);
      met.add(name);
      return answer(statement, asValue(values[name]), next);
    };
    const result = traced(tracer, () => model(...args));
    return whenDone(result, () => {
      assertMet(what, Object.keys(values), met, known, line);
    });
  };
}

/** Runs `check` when a program is over, which of an asynchronous one is later. */
export function whenDone<R>(result: R, check: () => void): R {
  if (!(result instanceof Promise)) {
    check();
    return result;
  }
  return result.then((value: unknown) => {
    check();
    return value;
  }) as R;
}

/** @throws {SynjaxError} `INVALID_ARGUMENT` for the first name that the program has not */
export function assertMet(
  what: string,
  names: readonly string[],
  met: ReadonlySet<string>,
  known: readonly string[],
  stack: object,
): void {
  const missing = names.find((name) => !met.has(name));
  if (missing === undefined) return;
  const expected = known.length > 0 ? `one of ${known.join(", ")}` : "none: it states no random variable";
  throw new SynjaxError(
    "INVALID_ARGUMENT",
    `${what}: the program has no random variable \`${missing}\`: expected ${expected}`,
    { argument: missing, expected, received: missing, line: lineOf(stack) },
  );
}
