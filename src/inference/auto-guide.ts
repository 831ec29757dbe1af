/** A guide that is made of a model: its parameters, and what it says of the variables. */
import { checkCall, checkMethods } from "../program/signatures.ts";
import { Tensor } from "../tensor/tensor.ts";
import { emitIn } from "../program/emit.ts";
import { jit } from "../transforms/jit.ts";
import { components, operandsOf } from "../transforms/trees.ts";
import { drawnNames } from "./chain-programs.ts";
import { latentsOf, namesOf } from "./guide-variables.ts";
import type { InitStrategy } from "./kernels.ts";
import { recordModel } from "./recorded-model.ts";
import { asSettings } from "./settings.ts";
import type { Statement } from "./statement.ts";
import { refusedIn } from "./statements.ts";
import type { Model } from "./tracers.ts";

/** Tensors by name: of the parameters that `svi` optimizes, or of variables. */
export type ByName = Readonly<Record<string, Tensor>>;

export interface GuideOptions {
  /** Where its middle begins. Default: uniform, within 2 of 0 in unconstrained space; of `autoDelta` the median. */
  readonly initLoc?: InitStrategy;
}

/** NumPyro's guides by name: what their parameters are called, and whether they have a median and quantiles. */
const KINDS = {
  normal: { quantiles: true, median: true, params: (names: readonly string[]) => names.flatMap((name) => [`${name}_auto_loc`, `${name}_auto_scale`]) },
  diagonal_normal: { quantiles: true, median: true, params: () => ["auto_loc", "auto_scale"] },
  multivariate_normal: { quantiles: true, median: true, params: () => ["auto_loc", "auto_scale_tril"] },
  low_rank_multivariate_normal: { quantiles: true, median: true, params: () => ["auto_loc", "auto_cov_factor", "auto_scale"] },
  delta: { quantiles: false, median: true, params: (names: readonly string[]) => names.map((name) => `${name}_auto_loc`) },
  laplace_approximation: { quantiles: true, median: true, params: () => ["auto_loc"] },
  iaf_normal: { quantiles: false, median: false, params: (_: readonly string[], flows = 3) => networks(flows) },
  bnaf_normal: { quantiles: false, median: false, params: (_: readonly string[], flows = 1) => networks(flows) },
}; // prettier-ignore
/** What NumPyro's automatic guides are called here. */
export type Kind = keyof typeof KINDS;

const networks = (flows: number): readonly string[] =>
  Array.from({ length: flows }, (_, i) => `auto_arn__${i}$params`);

interface Asked {
  readonly sampleShape?: readonly number[];
  readonly quantiles?: readonly number[];
}

/** A guide that is made of a model; made by `autoNormal` and its like. */
export class AutoGuide<A extends readonly unknown[] = readonly unknown[]> {
  readonly kind: Kind;
  readonly model: Model<A>;
  /** NumPyro's settings, by its names. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly #ask: (asked: Asked, key: Tensor<"key"> | undefined, params: ByName, ...args: A) => ByName;

  /** @internal */
  constructor(kind: Kind, model: Model<A>, options: GuideOptions) {
    this.kind = kind;
    this.model = model;
    this.settings = asSettings(options);
    this.#ask = jit(
      (asked: Asked, key: Tensor<"key"> | undefined, params: ByName, ...args: readonly unknown[]) =>
        this.#record(asked, key, params, args),
      { staticArgnums: 0 },
    ) as never;
  }

  /**
   * Draws of all variables that are inferred, and of what is computed of them, by name, `(*sampleShape …)`. Of a Laplace
   * approximation they are NaN where the density has no maximum at the parameters.
   * @param params what `svi` found
   * @param args what the model takes
   */
  samplePosterior(
    key: Tensor<"key">,
    params: ByName,
    options: { readonly sampleShape?: readonly number[] },
    ...args: A
  ): ByName {
    checkCall("samplePosterior", { options: { sampleShape: "list?" } }, [options]);
    return this.#ask({ sampleShape: [...(options.sampleShape ?? [])] }, key, params, ...args);
  }

  /**
   * The median of each variable that is inferred, by name.
   * @throws {SynjaxError} `INVALID_ARGUMENT` of flows, which have none in closed form
   */
  median(params: ByName, ...args: A): ByName {
    if (!KINDS[this.kind].median) throw this.#hasNone("median");
    return this.#ask({}, undefined, params, ...args);
  }

  /**
   * Quantiles of each variable that is inferred, each by itself, by name, `(quantile …)`.
   * @throws {SynjaxError} `INVALID_ARGUMENT` of flows, which have none in closed form, and of points, which have none
   */
  quantiles(params: ByName, quantiles: readonly number[], ...args: A): ByName {
    if (!KINDS[this.kind].quantiles) throw this.#hasNone("quantiles");
    if (quantiles.length === 0 || !quantiles.every((each) => each > 0 && each < 1))
      throw refusedIn("quantiles", "quantiles", "numbers between 0 and 1", `[${quantiles.join(", ")}]`);
    return this.#ask({ quantiles: [...quantiles] }, undefined, params, ...args);
  }

  #record(asked: Asked, key: Tensor<"key"> | undefined, params: ByName, args: readonly unknown[]): ByName {
    const { treeDefs, operands, frame } = operandsOf(args, "guide");
    const { program, statements } = recordModel(frame, this.model as Model, treeDefs, "guide");
    const names = key ? drawnNames(statements) : namesOf(latentsOf(statements));
    const statics = {
      guide: [this.kind, this.settings],
      names,
      sample_shape: asked.sampleShape,
      quantiles: asked.quantiles,
    };
    const index = emitIn(frame, "guide_sample", [program, ...operands], statics, { key, params });
    const parts = components(frame, index, names.map(() => Tensor)) as Tensor[]; // prettier-ignore
    return Object.fromEntries(names.map((name, i) => [name, parts[i]!]));
  }

  #hasNone(what: string): Error {
    return refusedIn("guide", what, `one that has ${what}`, `${this.kind}, which has draws only`);
  }
}

/** The names of a guide's parameters, for a model of these statements. */
export function guideParamsOf(guide: AutoGuide, statements: readonly Statement[]): readonly string[] {
  const flows = guide.settings["num_flows"] as number | undefined;
  return KINDS[guide.kind].params(namesOf(latentsOf(statements)), flows);
}

checkMethods(AutoGuide, {
  samplePosterior: { takes: { key: "key", params: "record", options: "record", args: "...any" } },
  median: { takes: { params: "record", args: "...any" } },
  quantiles: { takes: { params: "record", quantiles: "list", args: "...any" } },
});
