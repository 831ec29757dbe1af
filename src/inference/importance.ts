/** Importance sampling: draws of a guide, each weighted by how much more probable the model has it. */
import { np } from "../ops/np.ts";
import { random } from "../ops/random.ts";
import { special } from "../ops/special.ts";
import { checkCall, type Signature } from "../program/signatures.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { jit } from "../transforms/jit.ts";
import { vmap } from "../transforms/vmap.ts";
import { splitKey } from "./draw.ts";
import { assertGuides } from "./guide-variables.ts";
import type { Statement } from "./statement.ts";
import { asValue, refusedIn } from "./statements.ts";
import { intercept, type Model, replay, seed, trace, type TraceOf } from "./tracers.ts";

export interface ImportanceOptions {
  /** How many draws. */
  readonly numSamples: number;
  /** The parameters of guide and model by name, as `svi` found them. Default: where `param` has them begin. */
  readonly params?: Readonly<Record<string, unknown>>;
}

/** Weighted draws. */
export interface ImportanceSamples {
  /** Of the variables that are inferred, by name, `(sample …)`. */
  readonly draws: Readonly<Record<string, unknown>>;
  /** The joint density of the model over that of the guide, as a logarithm, `(sample)`, nats. */
  readonly logWeights: Tensor<"float32">;
  /** The estimate of the logarithm of the density of what is observed, nats. */
  readonly logEvidence: Tensor<"float32">;
  /** As many draws from the posterior itself would say as much (Kish). NaN where all weights are 0. */
  readonly effectiveSampleSize: Tensor<"float32">;
}

const IMPORTANCE: Signature = {
  takes: { model: "function", guide: "any" },
  options: { numSamples: "number", params: "record?" },
};

/**
 * Importance sampling with a guide as the proposal.
 *
 * ```ts
 * const { logEvidence, effectiveSampleSize } = importance(model, guide, { numSamples: 1000 })(random.key(0), data);
 * ```
 * @param guide a program that takes what the model does and draws what it does not observe
 * @returns a function of a key and the programs' arguments, which `jit` takes
 * @throws {SynjaxError} `INVALID_ARGUMENT` where model and guide do not draw the same variables
 */
export function importance<A extends readonly unknown[]>(
  model: Model<A>,
  guide: Model<A>,
  options: ImportanceOptions,
): (key: Tensor<"key">, ...args: A) => ImportanceSamples {
  checkCall("importance", IMPORTANCE, [model, guide, options]);
  const { numSamples, params = {} } = options;
  if (typeof guide !== "function")
    throw refusedIn("guide", "importance", "a program, whose density can be asked", "an automatic guide");
  if (!(Number.isSafeInteger(numSamples) && numSamples >= 1))
    throw refusedIn("numSamples", "importance", "a whole number of at least 1", String(numSamples));
  const run = jit((key: Tensor<"key">, known: Readonly<Record<string, unknown>>, ...args: readonly unknown[]) => {
    const keys = random.split(key, { num: numSamples });
    const one = (own: Tensor<"key">): Pick<ImportanceSamples, "draws" | "logWeights"> =>
      weighted(withParams(model as Model, known), withParams(guide as Model, known), own, args);
    const { draws, logWeights } = vmap(one)(keys as Tensor<"key">);
    const total = special.logsumexp(logWeights);
    return {
      draws,
      logWeights,
      logEvidence: total.sub(Math.log(numSamples)),
      effectiveSampleSize: np.exp(total.mul(2).sub(special.logsumexp(logWeights.mul(2)))),
    };
  }); // prettier-ignore
  return (key, ...args) => {
    checkCall("importance", { takes: { key: "key", args: "...any" } }, [key, ...args]);
    return run(key, params, ...args) as ImportanceSamples;
  };
}

/** One draw of the guide, and its weight. */
function weighted(
  model: Model,
  guide: Model,
  key: Tensor<"key">,
  args: readonly unknown[],
): Pick<ImportanceSamples, "draws" | "logWeights"> {
  const [forModel, forGuide] = splitKey(key);
  const proposed = stated(seed(guide, forGuide), args);
  const scored = stated(seed(replay(model, proposed.run), forModel), args);
  assertGuides(scored.statements, proposed.statements, "importance");
  const draws = Object.values(proposed.run.sites).filter(({ type, isObserved }) => type === "sample" && !isObserved);
  return {
    draws: Object.fromEntries(draws.map(({ name, value }) => [name, value])),
    logWeights: scored.run.logJoint.sub(proposed.run.logJoint),
  };
} // prettier-ignore

/** A run of a program, and what it stated in the end. */
function stated(
  program: Model,
  args: readonly unknown[],
): { readonly run: TraceOf<unknown>; readonly statements: readonly Statement[] } {
  const statements: Statement[] = [];
  const noted = intercept(program, (statement, next) => {
    if (statement.type !== "plate") statements.push(statement);
    return next(statement);
  });
  return { run: trace(noted)(...args), statements };
}

/** A program whose parameters are these. */
const withParams = (program: Model, params: Readonly<Record<string, unknown>>): Model =>
  intercept(program, (statement, next) =>
    next(
      statement.type === "param" && Object.hasOwn(params, statement.name)
        ? { ...statement, value: asValue(params[statement.name]) }
        : statement,
    ),
  );
