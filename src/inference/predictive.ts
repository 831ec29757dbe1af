/** What a program draws, given draws of some of its variables. */
import type { DeclaredDistribution } from "../distributions/declared-distribution.ts";
import { Distribution } from "../distributions/distribution.ts";
import { emitIn } from "../program/emit.ts";
import type { Frame } from "../program/frame.ts";
import { checkCall, type Signature } from "../program/signatures.ts";
import { captureLine } from "../program/source-line.ts";
import { Tensor } from "../tensor/tensor.ts";
import { jit } from "../transforms/jit.ts";
import { components, operandsOf } from "../transforms/trees.ts";
import { recordModel } from "./recorded-model.ts";
import type { Statement } from "./statement.ts";
import { refusedIn } from "./statements.ts";
import { assertMet, type Model } from "./tracers.ts";

type Draws = Readonly<Record<string, unknown>>;

export interface PredictiveOptions<A extends readonly unknown[] = readonly unknown[]> {
  /**
   * Draws of variables by name, with the same axes in front, as many as there are: `posterior.draws`, `(chain draw …)`,
   * what a guide's `samplePosterior` or `median` gave.
   */
  readonly draws?: Draws;
  /** A program that draws them instead; it takes what the model does. */
  readonly guide?: Model<A>;
  /** The parameters of guide and model by name, as `svi` found them. */
  readonly params?: Draws;
  /** How many, where `draws` do not say it. */
  readonly numSamples?: number;
  /** What is wanted. Default: the random variables that are not among `draws`, and what is computed. */
  readonly sites?: readonly string[];
  /** Whether all are drawn at once, which takes their memory, or one by one. Default false. */
  readonly parallel?: boolean;
}

const PREDICTIVE: Signature = {
  takes: { model: "function" },
  options: {
    draws: "record?",
    guide: "any?",
    params: "record?",
    numSamples: "number?",
    sites: "list?",
    parallel: "boolean?",
  },
};

/** A model's arguments, each of which may be left out, as what was observed has to be where it is to be drawn. */
export type Optional<A extends readonly unknown[]> = { readonly [K in keyof A]?: A[K] | undefined };

/**
 * Draws from the posterior predictive of a model, or from its prior: what it observes is drawn anew where its value is
 * left out. The same key, the same draws: those of `numpyro.infer.Predictive`.
 *
 * ```ts
 * function model(x: Tensor, y?: Tensor) { … sample("obs", dist.normal({ loc, scale }), { value: y }); }
 * const { obs } = predictive(model, { draws: posterior.draws })(random.key(2), x);
 * ```
 * @returns a function of a key and the model's arguments: draws by name, the axes of `draws` in front, or `(numSamples …)`
 * @throws {SynjaxError} `INVALID_ARGUMENT` where a name of `draws` or `sites` is none of the model's
 */
export function predictive<A extends readonly unknown[]>(
  model: Model<A>,
  options: PredictiveOptions<A> = {},
): (key: Tensor<"key">, ...args: Optional<A>) => Readonly<Record<string, Tensor>> {
  checkCall("predictive", PREDICTIVE, [model, options]);
  const { draws, guide, params, numSamples } = options;
  const hasDraws = draws !== undefined && Object.keys(draws).length > 0;
  if (hasDraws === (numSamples !== undefined))
    throw refusedIn(hasDraws ? "numSamples" : "draws", "predictive", "draws, or else numSamples", hasDraws ? "both" : "neither"); // prettier-ignore
  if (numSamples !== undefined && !(Number.isSafeInteger(numSamples) && numSamples >= 1))
    throw refusedIn("numSamples", "predictive", "a whole number of at least 1", String(numSamples));
  if (guide !== undefined && (typeof guide !== "function" || hasDraws))
    throw refusedIn("guide", "predictive", "a program, without draws; of an automatic guide pass draws: guide.samplePosterior(…)", hasDraws ? "both" : "no function"); // prettier-ignore
  const line = captureLine();
  const run = jit((key: Tensor<"key">, given: Draws, known: Draws, ...args: readonly unknown[]) =>
    recorded(model as Model, options, line, key, given, known, args),
  );
  return (key, ...args) => {
    checkCall("predictive", { takes: { key: "key", args: "...any" } }, [key, ...args]);
    return run(key, draws ?? {}, params ?? {}, ...args) as Readonly<Record<string, Tensor>>;
  };
}

function recorded(
  model: Model,
  options: PredictiveOptions<never>,
  line: object,
  key: Tensor<"key">,
  draws: Draws,
  params: Draws,
  args: readonly unknown[],
): Readonly<Record<string, unknown>> {
  const { guide, numSamples, parallel } = options;
  const { treeDefs, operands, frame } = operandsOf(args, "predictive");
  const { program, statements } = recordModel(frame, model, treeDefs, "predictive");
  const programs = [program];
  const guided = guide && recordModel(frame, guide as Model, treeDefs, "the guide of predictive");
  if (guided) programs.push(guided.program);
  const sites = wanted(statements, [...Object.keys(draws), ...namesIn(guided?.statements)], options, line);
  const ask = (names: readonly string[], alone?: boolean) =>
    [
      [...programs, ...operands],
      { names, programs: programs.length, num_samples: numSamples, parallel, alone },
      { key, draws: Object.keys(draws).length > 0 ? draws : undefined, params: Object.keys(params).length > 0 ? params : undefined },
    ] as const; // prettier-ignore
  return { ...tensors(frame, sites, ask), ...structures(sites, ask) };
}

const namesIn = (statements: readonly Statement[] = []): readonly string[] =>
  statements.flatMap(({ type, name }) => (type === "sample" ? [name] : []));

/** The statements whose values are asked for. */
function wanted(
  statements: readonly Statement[],
  known: readonly string[],
  { sites, draws }: PredictiveOptions<never>,
  line: object,
): readonly Statement[] {
  const valued = statements.filter(
    ({ type, marginalize }) => (type === "sample" && !marginalize) || type === "deterministic",
  );
  const names = valued.map(({ name }) => name);
  for (const asked of [Object.keys(draws ?? {}), sites ?? []])
    assertMet("predictive", asked, new Set(names), names, line);
  return valued.filter(({ name, type }) =>
    sites ? sites.includes(name) : type === "deterministic" || !known.includes(name),
  );
}

type Ask = (
  names: readonly string[],
  alone?: boolean,
) => readonly [readonly unknown[], Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>];

const isStructure = ({ distribution }: Statement): boolean => distribution instanceof Distribution;

function tensors(frame: Frame, sites: readonly Statement[], ask: Ask): Readonly<Record<string, unknown>> {
  const names = sites.filter((site) => !isStructure(site)).map(({ name }) => name);
  if (names.length === 0) return {};
  const [operands, statics, named] = ask(names);
  const index = emitIn(frame, "predictive", operands, statics, named);
  const parts = components(frame, index, names.map(() => Tensor)); // prettier-ignore
  return Object.fromEntries(names.map((name, i) => [name, parts[i]]));
}

/** Events may have several arrays: each is asked for by itself, and XLA draws once. */
function structures(sites: readonly Statement[], ask: Ask): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    sites.filter(isStructure).map(({ name, distribution }) => {
      const [operands, statics, named] = ask([name], true);
      const from = distribution as unknown as DeclaredDistribution;
      return [name, from.asked("predictive", "event", operands, statics, named)];
    }),
  );
}
