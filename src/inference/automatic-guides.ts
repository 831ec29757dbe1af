/** The guides that NumPyro makes of a model. */
import { checkCall, type Signature } from "../program/signatures.ts";
import { AutoGuide, type GuideOptions, type Kind } from "./auto-guide.ts";
import { refusedIn } from "./statements.ts";
import type { Model } from "./tracers.ts";

export interface NormalGuideOptions extends GuideOptions {
  /** The standard deviation that it begins with, in unconstrained space. Default 0.1. */
  readonly initScale?: number;
}
export interface LowRankGuideOptions extends NormalGuideOptions {
  /** Of the covariance beside its diagonal. Default: the root of the number of variables. */
  readonly rank?: number;
}
export interface IafGuideOptions extends GuideOptions {
  /** Default 3. */
  readonly numFlows?: number;
  /** Units of the hidden layers. Default: two layers of as many as there are variables. */
  readonly hiddenDims?: readonly number[];
  readonly skipConnections?: boolean;
}
export interface BnafGuideOptions extends GuideOptions {
  /** Default 1. */
  readonly numFlows?: number;
  /** Units of the hidden layers for each variable. Default `[8, 8]`. */
  readonly hiddenFactors?: readonly number[];
}

const LOC = { initLoc: "record?" };
const NORMAL = { ...LOC, initScale: "number?" };

function checked<A extends readonly unknown[]>(
  name: string,
  kind: Kind,
  fields: Readonly<Record<string, string>>,
  model: Model<A>,
  options: GuideOptions,
): AutoGuide<A> {
  const signature: Signature = { takes: { model: "function" }, options: fields };
  checkCall(name, signature, [model, options]);
  const { initScale, rank, numFlows } = options as Partial<Record<string, number>>;
  if (initScale !== undefined && !(initScale > 0))
    throw refusedIn("initScale", name, "a number above 0", String(initScale));
  for (const [argument, value] of Object.entries({ rank, numFlows }))
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 1))
      throw refusedIn(argument, name, "a whole number of at least 1", String(value));
  return new AutoGuide(kind, model, options);
}

/** Normals, one for each variable by itself, in unconstrained space. Equivalent to `numpyro.infer.autoguide.AutoNormal`. */
export function autoNormal<A extends readonly unknown[]>(
  model: Model<A>,
  options: NormalGuideOptions = {},
): AutoGuide<A> {
  return checked("autoNormal", "normal", NORMAL, model, options);
}

/** The same normals, as one vector. Equivalent to `AutoDiagonalNormal`. */
export function autoDiagonalNormal<A extends readonly unknown[]>(
  model: Model<A>,
  options: NormalGuideOptions = {},
): AutoGuide<A> {
  return checked("autoDiagonalNormal", "diagonal_normal", NORMAL, model, options);
}

/** A normal with all correlations. Equivalent to `AutoMultivariateNormal`. */
export function autoMultivariateNormal<A extends readonly unknown[]>(
  model: Model<A>,
  options: NormalGuideOptions = {},
): AutoGuide<A> {
  return checked("autoMultivariateNormal", "multivariate_normal", NORMAL, model, options);
}

/** A normal with a covariance of low rank beside its diagonal. Equivalent to `AutoLowRankMultivariateNormal`. */
export function autoLowRankMultivariateNormal<A extends readonly unknown[]>(
  model: Model<A>,
  options: LowRankGuideOptions = {},
): AutoGuide<A> {
  const fields = { ...NORMAL, rank: "number?" };
  return checked("autoLowRankMultivariateNormal", "low_rank_multivariate_normal", fields, model, options);
}

/** A point: the posterior's maximum, of the variables as they are. Equivalent to `AutoDelta`. */
export function autoDelta<A extends readonly unknown[]>(
  model: Model<A>,
  options: GuideOptions = {},
): AutoGuide<A> {
  return checked("autoDelta", "delta", LOC, model, options);
}

/**
 * A point in unconstrained space, and around it the normal of the density's curvature there. Equivalent to
 * `AutoLaplaceApproximation`.
 */
export function autoLaplaceApproximation<A extends readonly unknown[]>(
  model: Model<A>,
  options: GuideOptions = {},
): AutoGuide<A> {
  return checked("autoLaplaceApproximation", "laplace_approximation", LOC, model, options);
}

/** Inverse autoregressive flows of two or more numbers. Equivalent to `AutoIAFNormal`. Source: Kingma et al. (2016). */
export function autoIAFNormal<A extends readonly unknown[]>(
  model: Model<A>,
  options: IafGuideOptions = {},
): AutoGuide<A> {
  const fields = { ...LOC, numFlows: "number?", hiddenDims: "list?", skipConnections: "boolean?" };
  return checked("autoIAFNormal", "iaf_normal", fields, model, options);
}

/**
 * Block neural autoregressive flows of two or more numbers. Equivalent to `AutoBNAFNormal`. Source: De Cao et al. (2019).
 */
export function autoBNAFNormal<A extends readonly unknown[]>(
  model: Model<A>,
  options: BnafGuideOptions = {},
): AutoGuide<A> {
  const fields = { ...LOC, numFlows: "number?", hiddenFactors: "list?" };
  return checked("autoBNAFNormal", "bnaf_normal", fields, model, options);
}
