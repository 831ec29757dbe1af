/** Which steps a Markov chain takes. */
import { checkCall, type Signature } from "../program/signatures.ts";
import { snakeCase } from "../program/python-names.ts";
import type { Model } from "./tracers.ts";

/** Where chains begin: NumPyro's `init_to_uniform` and its like. */
export type InitStrategy =
  | { readonly to: "uniform"; readonly radius?: number }
  | { readonly to: "median"; readonly numSamples?: number }
  | { readonly to: "mean" | "feasible" | "sample" };

export interface KernelOptions {
  /** Of a leapfrog step, where it starts. Default 1. */
  readonly stepSize?: number;
  readonly adaptStepSize?: boolean;
  readonly adaptMassMatrix?: boolean;
  /** Whether the mass matrix has correlations: of all variables, or of those that are named together. */
  readonly denseMass?: boolean | readonly (readonly string[])[];
  /** Which acceptance probability the step size is adapted to. Default 0.8; closer to 1 is slower and surer. */
  readonly targetAcceptProb?: number;
  /** Where chains begin. Default: uniform, within 2 of 0 in unconstrained space. */
  readonly initStrategy?: InitStrategy;
  readonly findHeuristicStepSize?: boolean;
  readonly forwardModeDifferentiation?: boolean;
  readonly regularizeMassMatrix?: boolean;
}

export interface NutsOptions extends KernelOptions {
  /** A trajectory doubles at most so often. Default 10. */
  readonly maxTreeDepth?: number;
}

export interface HmcOptions extends KernelOptions {
  /** How long a trajectory is. Default 2π. */
  readonly trajectoryLength?: number;
  /** How many steps a trajectory has, whatever its length. */
  readonly numSteps?: number;
}

/** A model and how it is sampled; made by `nuts` and `hmc`. */
export interface Kernel<A extends readonly unknown[] = readonly unknown[]> {
  readonly name: "nuts" | "hmc";
  readonly model: Model<A>;
  /** NumPyro's settings, by its names. */
  readonly settings: Readonly<Record<string, unknown>>;
}

const COMMON = {
  stepSize: "number?",
  adaptStepSize: "boolean?",
  adaptMassMatrix: "boolean?",
  denseMass: "boolean | list?",
  targetAcceptProb: "number?",
  initStrategy: "record?",
  findHeuristicStepSize: "boolean?",
  forwardModeDifferentiation: "boolean?",
  regularizeMassMatrix: "boolean?",
};
const NUTS: Signature = { takes: { model: "function" }, options: { ...COMMON, maxTreeDepth: "number?" } };
const HMC: Signature = {
  takes: { model: "function" },
  options: { ...COMMON, trajectoryLength: "number?", numSteps: "number?" },
};

/**
 * The No-U-Turn sampler over the continuous variables of a program, NumPyro's. Source: Hoffman & Gelman (2014).
 * @param options as `numpyro.infer.NUTS` takes them
 */
export function nuts<A extends readonly unknown[]>(model: Model<A>, options: NutsOptions = {}): Kernel<A> {
  checkCall("nuts", NUTS, [model, options]);
  return { name: "nuts", model, settings: settingsOf(options) };
}

/**
 * Hamiltonian Monte Carlo with trajectories of one length, NumPyro's. Source: Neal (2011).
 * @param options as `numpyro.infer.HMC` takes them
 */
export function hmc<A extends readonly unknown[]>(model: Model<A>, options: HmcOptions = {}): Kernel<A> {
  checkCall("hmc", HMC, [model, options]);
  return { name: "hmc", model, settings: settingsOf(options) };
}

function settingsOf({ initStrategy, ...options }: NutsOptions & HmcOptions): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options))
    if (value !== undefined) settings[snakeCase(name)] = value;
  // NumPyro: a number of steps and a length together leave the step size nothing to adapt
  if (options.numSteps !== undefined && options.trajectoryLength === undefined)
    settings["trajectory_length"] = null;
  if (initStrategy) {
    const { to, ...given } = initStrategy;
    settings["init_strategy"] = [to, settingsOf(given as NutsOptions)];
  }
  return settings;
}
