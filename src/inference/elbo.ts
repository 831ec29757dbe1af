/** Evidence lower bounds: what variational inference maximizes. */
import { checkFunctions } from "../program/signatures.ts";
import { asSettings } from "./settings.ts";
import { refusedIn } from "./statements.ts";

export interface ElboOptions {
  /** Draws of the guide that one estimate is the mean of. Default 1. */
  readonly numParticles?: number;
  /** Whether they are looked at all at once, which takes their memory, or one by one. Default true. */
  readonly vectorizeParticles?: boolean;
}

export interface RenyiOptions {
  /** The order of the divergence, not 1. Default 0: the bound of importance weighted autoencoders. */
  readonly alpha?: number;
  /** Draws of the guide that one estimate is made of. Default 2. */
  readonly numParticles?: number;
}

/** A bound, as `svi` takes it; its negative is the loss, nats. */
export interface Elbo {
  readonly name: "trace" | "traceMeanField" | "traceGraph" | "renyi";
  /** NumPyro's settings, by its names. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** The evidence lower bounds of NumPyro. */
export const elbo = {
  /**
   * For guides whose draws have derivatives. Equivalent to `numpyro.infer.Trace_ELBO`. Source: Kingma & Welling (2014).
   */
  trace: (options: ElboOptions = {}): Elbo => made("trace", options),

  /**
   * With KL divergences in closed form, where there are such, of each variable by itself: for guides in which variables
   * are independent. Equivalent to `numpyro.infer.TraceMeanField_ELBO`.
   */
  traceMeanField: (options: ElboOptions = {}): Elbo => made("traceMeanField", options),

  /**
   * For guides with discrete draws too: these have score-function gradients, of what depends on them only. Equivalent to
   * `numpyro.infer.TraceGraph_ELBO`. Source: Schulman et al. (2015).
   */
  traceGraph: (options: ElboOptions = {}): Elbo => made("traceGraph", options),

  /**
   * Of the Rényi divergence of order `alpha`. Equivalent to `numpyro.infer.RenyiELBO`. Source: Li & Turner (2016).
   * @throws {SynjaxError} `INVALID_ARGUMENT` for an `alpha` of 1, which `trace` is
   */
  renyi(options: RenyiOptions = {}): Elbo {
    if (options.alpha === 1) throw refusedIn("alpha", "elbo.renyi", "another number: 1 is elbo.trace", "1");
    return made("renyi", options);
  },
};

function made(name: Elbo["name"], options: ElboOptions & RenyiOptions): Elbo {
  const { numParticles: count } = options;
  if (count !== undefined && !(Number.isSafeInteger(count) && count >= 1))
    throw refusedIn("numParticles", `elbo.${name}`, "a whole number of at least 1", String(count));
  return { name, settings: asSettings(options) };
}

const PARTICLES = { options: { numParticles: "number?", vectorizeParticles: "boolean?" } };
checkFunctions("elbo", elbo, {
  trace: PARTICLES,
  traceMeanField: PARTICLES,
  traceGraph: PARTICLES,
  renyi: { options: { alpha: "number?", numParticles: "number?" } },
});
