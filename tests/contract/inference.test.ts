import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resolvePython } from "../../bridge/environment/resolve-python.ts";
import {
  array, block, condition, connect, customDistribution, deterministic, dist, eager, factor, get, grad, hmc, HMM, intercept, intervene, jit, LinearChainCRF, makeLogJoint, mcmc, type McmcProgress, nn, np, nuts, plate, random, RandomVariable, replay, safetensors, sample, scale, scan, seed, type Session, special, type Tensor, trace, vmap,
} from "../../src/index.ts"; // prettier-ignore
import { errorOf } from "../fixtures/errors.ts";
import { EFFECTS, schools } from "../fixtures/schools.ts";

interface Answers {
  readonly betaBernoulli: { readonly probs: number; readonly x: number[] };
  readonly subsampled: { readonly x: number[][] };
  readonly subsampledLogDensity: number;
  readonly schools: Readonly<Record<string, unknown>>;
  readonly logDensity: number;
  readonly slopes: { readonly mu: number; readonly tau: number; readonly z: number[] };
  readonly chains: Readonly<Record<string, number[][]>>;
}

let session: Session;
let numpyro: Promise<Answers>;
beforeAll(async () => {
  session = await connect();
  const directory = fileURLToPath(new URL("../../python", import.meta.url));
  const python = await resolvePython({ dev: true });
  numpyro = promisify(execFile)(python, ["-m", "tests.inference.answers"], { cwd: directory }).then(
    ({ stdout }) => JSON.parse(stdout) as Answers,
  );
  numpyro.catch(() => undefined);
});
afterAll(() => session.close());

const values = async (tree: unknown): Promise<unknown> => {
  const shown = (x: unknown): unknown =>
    typeof (x as { array?: unknown }).array === "function"
      ? (x as { array(): unknown }).array()
      : Array.isArray(x)
        ? x.map(shown)
        : Object.fromEntries(Object.entries(x as object).map(([k, v]) => [k, shown(v)]));
  return shown(await get(tree as Tensor));
};

/** Trees of numbers that agree to a relative and absolute tolerance. */
function expectClose(came: unknown, wanted: unknown, tolerance = 1e-5, at = "it"): void {
  if (typeof wanted === "number" || typeof wanted === "boolean") {
    const [a, b] = [Number(came), Number(wanted)];
    expect(Math.abs(a - b), `${at}: ${a}, not ${b}`).toBeLessThanOrEqual(
      tolerance * Math.max(1, Math.abs(b)),
    );
    return;
  }
  expect(Object.keys(came as object).sort(), at).toEqual(Object.keys(wanted as object).sort());
  for (const [key, value] of Object.entries(wanted as object))
    expectClose((came as Record<string, unknown>)[key], value, tolerance, `${at}.${key}`);
}

function betaBernoulli() {
  const probs = sample("probs", dist.beta({ concentration1: 1, concentration0: 1 }));
  return sample("x", dist.bernoulli({ probs }), { sampleShape: [10] });
}

describe("random variables", () => {
  test("Figure 1: a variable is a tensor that knows its distribution, drawn as NumPyro draws it", async () => {
    const { result, sites } = trace(seed(betaBernoulli, random.key(3)))();
    expect(result).toBeInstanceOf(RandomVariable);
    expect(result.name).toBe("x");
    expect(await values({ probs: sites["probs"]!.value, x: sites["x"]!.value })).toEqual(
      (await numpyro).betaBernoulli,
    );
    const { probs } = {
      probs: (result.distribution as ReturnType<typeof dist.bernoulli>).parameter("probs"),
    };
    expect(await probs.item()).toBe((await numpyro).betaBernoulli.probs);
    expect(await result.value.array()).toEqual((await numpyro).betaBernoulli.x);
    expect(await result.add(1).sum().item()).toBe(
      (await numpyro).betaBernoulli.x.reduce((a, b) => a + b, 10),
    );
  });

  test("plates give axes, and a part of one is drawn and counted as NumPyro does", async () => {
    const model = (): void => {
      plate("rows", 4, () => plate("items", 10, (indices) => {
        sample("x", dist.normal({ loc: indices.astype("float32"), scale: 1 }));
      }, { subsampleSize: 3, dim: -1 }), { dim: -2 }); // prettier-ignore
    };
    const run = trace(seed(model, random.key(3)))();
    const { x, density } = (await values({ x: run.sites["x"]!.value, density: run.logJoint })) as { x: unknown; density: number }; // prettier-ignore
    const answers = await numpyro;
    expectClose(x, answers.subsampled.x);
    expectClose(density, answers.subsampledLogDensity);
    expect(run.sites["x"]!.plates).toEqual(["rows", "items"]);
  });

  test("one of the user's own is drawn and scored by its two functions, in plain runs and in chains", async () => {
    const logistic = customDistribution({
      sample: (key) => special.logit(random.uniform(key)),
      logProb: (x) => nn.logSigmoid(x).add(nn.logSigmoid(x.neg())),
    });
    const model = (): void => {
      const x = sample("x", logistic);
      sample("y", dist.normal({ loc: x, scale: 0.5 }), { value: 1 });
    };
    const { sites, logJoint } = trace(seed(model, random.key(0)))();
    const x = Number(await (sites["x"]!.value as Tensor).item());
    const wanted =
      -x - 2 * Math.log1p(Math.exp(-x)) - ((1 - x) / 0.5) ** 2 / 2 - Math.log(0.5 * Math.sqrt(2 * Math.PI));
    expectClose(await logJoint.item(), wanted);
    const run = mcmc(nuts(model), { warmup: 100, samples: 400, chains: 2 });
    const { draws } = await run.run(random.key(1));
    // The posterior mean, by quadrature
    let [mass, first] = [0, 0];
    for (let at = -10; at < 10; at += 0.001) {
      const density = Math.exp(-at - 2 * Math.log1p(Math.exp(-at)) - ((1 - at) / 0.5) ** 2 / 2);
      [mass, first] = [mass + density, first + at * density];
    }
    expectClose(await draws["x"]!.mean().item(), first / mass, 0.1);
  });
});

describe("the joint density", () => {
  test("is NumPyro's, and its gradient, as an ordinary function", async () => {
    const logJoint = makeLogJoint(schools);
    const at = { mu: 1, tau: 2, z: Array.from({ length: 8 }, (_, i) => i / 8) };
    const both = jit((mu: Tensor, tau: Tensor, z: Tensor, effects: Tensor) => {
      const joint = (given: { mu: Tensor; tau: Tensor; z: Tensor }): Tensor => logJoint(given, effects);
      return { density: joint({ mu, tau, z }), slopes: grad(joint)({ mu, tau, z }) };
    });
    const { logDensity, slopes } = await numpyro;
    const came = await values(both(array(at.mu), array(at.tau), array(at.z), array(EFFECTS)));
    expectClose(came, { density: logDensity, slopes });
    const several = vmap((mu: Tensor) => logJoint({ ...at, z: array(at.z), mu }, array(EFFECTS)));
    expectClose(
      await several(array([1, 0]))
        .slice(0)
        .item(),
      logDensity,
    );
  });

  test("counts a value that is the same for all items of a plate once for each", async () => {
    const model = (): void => plate("items", 3, () => void sample("x", dist.normal()));
    expectClose(await makeLogJoint(model)({ x: 1 }).item(), 3 * (-0.5 - Math.log(2 * Math.PI) / 2));
  });

  test("has the factors, and the sum over structures", async () => {
    const chain = { initial: [0.1, 0.2], transition: [[0.5, -1], [-1, 0.5]], emission: [[1, 0], [0, 1], [0.3, 0]] }; // prettier-ignore
    const model = (): void => {
      factor("prior", array([0.5, 0.25]));
      sample("tags", new LinearChainCRF(chain), { marginalize: true });
    };
    const wanted = 0.75 + Number(await new LinearChainCRF(chain).logPartition().item());
    expectClose(await makeLogJoint(model)({}).item(), wanted);
  });
});

describe("tracers", () => {
  const model = (): Tensor<"float32"> => {
    const x = sample("x", dist.normal({ loc: 0, scale: 1 }));
    const y = sample("y", dist.normal({ loc: x, scale: 1 }));
    return deterministic("sum", x.add(y));
  };
  const log = (x: number): number => -(x ** 2) / 2 - Math.log(2 * Math.PI) / 2;

  test("condition, intervene and replay set values, which count as observed, as nothing, as drawn", async () => {
    const key = random.key(0);
    const conditioned = trace(seed(condition(model, { x: 2 }), key))();
    const intervened = trace(seed(intervene(model, { x: 2 }), key))();
    const free = trace(seed(model, key))();
    const replayed = trace(replay(model, free))();
    const ys = await values([conditioned, intervened, free].map(({ sites }) => sites["y"]!.value));
    const [a, b] = ys as [number, number];
    expect(a).toBe(b); // the first key that is needed draws it
    expectClose(await conditioned.logJoint.item(), log(2) + log(a - 2));
    expectClose(await intervened.logJoint.item(), log(a - 2));
    expect(conditioned.sites["x"]).toMatchObject({ type: "sample", isObserved: true });
    expect(intervened.sites["x"]).toMatchObject({ type: "deterministic", isObserved: false });
    expect(replayed.sites["x"]).toMatchObject({ type: "sample", isObserved: false });
    expect(await replayed.result.item()).toBe(await free.result.item());
    expect(await replayed.logJoint.item()).toBe(await free.logJoint.item());
  });

  test("compose from both sides: what is outside sees what those inside made of it, and the other way", async () => {
    const inside = trace(condition(model, { x: 1, y: 3 }))();
    const outside = condition(() => trace(model)(), { x: 1, y: 3 })();
    for (const run of [inside, outside]) {
      expect(await run.logJoint.item()).toBeCloseTo(log(1) + log(2), 5);
      expect(run.sites["y"]!.isObserved).toBe(true);
    }
  });

  test("scale multiplies densities, one in the other", async () => {
    const scaled = scale(scale(model, 2), array(3));
    expectClose(await makeLogJoint(scaled)({ x: 1, y: 1 }).item(), 6 * (log(1) + log(0)));
  });

  test("block hides a program inside a program, but not the key", async () => {
    const inner = block(model, { expose: ["y"] });
    const outer = (): void => {
      const again = inner();
      sample("z", dist.normal({ loc: again, scale: 1 }));
    };
    const { sites } = trace(seed(outer, random.key(0)))();
    expect(Object.keys(sites)).toEqual(["y", "z"]);
  });

  test("intercept sees every statement, may answer it, and keeps what comes back", async () => {
    const seen: string[] = [];
    const kept = new Map<string, unknown>();
    const noiseless = intercept(model, (statement, next) => {
      seen.push(`${statement.type} ${statement.name}`);
      const value = statement.name === "y" ? array(7) : next(statement);
      kept.set(statement.name, value);
      return value;
    });
    const result = seed(noiseless, random.key(0))();
    expect(seen).toEqual(["sample x", "sample y", "deterministic sum"]);
    expect(await result.item()).toBe(7 + Number(await (kept.get("x") as Tensor).item()));
  });
});

describe("eager programs", () => {
  const tosses = async ({ probs }: { readonly probs: Tensor<"float32"> }): Promise<number> => {
    let n = 0;
    while (n < 30 && (await sample(`toss ${n}`, dist.bernoulli({ probs })).item())) n++;
    return n;
  };

  test("go on by what they draw, count its density, and give its score", async () => {
    const lengths = new Set<number>();
    for (const k of [0, 1, 2]) {
      const run = await eager(random.key(k), tosses, { probs: array(0.7) });
      const n = run.result;
      lengths.add(n);
      expect(Object.keys(run.sites)).toHaveLength(n + 1);
      expectClose(await run.logJoint.item(), n * Math.log(0.7) + Math.log(0.3));
      expectClose(await (await run.score()).probs.item(), n / 0.7 - 1 / 0.3);
    }
    expect(lengths.size).toBeGreaterThan(1);
  });

  test("are replayed and weighted: importance sampling of a program without a shape", async () => {
    const proposal = await eager(random.key(0), tosses, { probs: array(0.9) });
    const target = await eager(random.key(1), (p: { probs: Tensor<"float32"> }) => replay(tosses, proposal)(p), { probs: array(0.7) }); // prettier-ignore
    expect(target.result).toBe(proposal.result);
    const n = proposal.result;
    const ratio = n * Math.log(0.7 / 0.9) + (n < 30 ? Math.log(0.3 / 0.1) : 0);
    expectClose(await target.logJoint.sub(proposal.logJoint).item(), ratio, 1e-4);
  });

  test("are refused a score where the second run asks for more than the first", async () => {
    let runs = 0;
    const restless = async ({ loc }: { readonly loc: Tensor<"float32"> }): Promise<void> => {
      const x = sample("x", dist.normal({ loc }));
      if (runs++ > 0) await x.item();
    };
    const run = await eager(random.key(0), restless, { loc: array(0) });
    expect(await errorOf(() => run.score())).toMatchObject({ code: "INVALID_ARGUMENT", message: /when it was run again/ }); // prettier-ignore
  });
});

describe("chains", () => {
  test("are NumPyro's by the same key, in blocks with progress", async () => {
    const told: McmcProgress[] = [];
    const run = mcmc(nuts(schools), { warmup: 20, samples: 10, chains: 2, blockSize: 10, onProgress: (p) => told.push(p) }); // prettier-ignore
    const posterior = await run.run(random.key(1), array(EFFECTS));
    expectClose(await values(posterior.draws), (await numpyro).chains, 1e-3);
    expect(told.map(({ phase, done, total }) => [phase, done, total])).toEqual([["warmup", 10, 30], ["warmup", 20, 30], ["sampling", 30, 30]]); // prettier-ignore
    expect(posterior.isInterrupted).toBe(false);
    expect((await posterior.statistics.diverging.aval()).shape).toEqual([2, 10]);
    const summary = await posterior.summary({ prob: 0.5 });
    expect(String(summary)).toMatch(/25\.0%[^]*theta\[7\][^]*Divergences: \d/);
    const tables = await posterior.toArrow();
    expect(tables.posterior.schema.names).toEqual(["chain", "draw", "mu", "tau", "theta", "z"]);
    expect(tables.sampleStats.schema.names).toEqual(["chain", "draw", "acceptance_rate", "diverging", "energy", "lp", "n_steps"]); // prettier-ignore
    const rows = (await values(posterior.draws)) as { mu: number[][]; theta: number[][][] };
    const row = tables.posterior.get(13)!.toJSON() as { chain: number; draw: number; mu: number; theta: Iterable<number> }; // prettier-ignore
    expect({ ...row, theta: [...row.theta] }).toMatchObject({ chain: 1, draw: 3, mu: rows.mu[1]![3], theta: rows.theta[1]![3] }); // prettier-ignore
    expect((await posterior.samples()["theta"]!.aval()).shape).toEqual([20, 8]);
    // An interruption in between, a file, and what is left of it
    const aborter = new AbortController();
    const first = mcmc(nuts(schools), { warmup: 20, samples: 30, chains: 2, blockSize: 10, signal: aborter.signal, onProgress: ({ done }) => { if (done === 30) aborter.abort(); } }); // prettier-ignore
    const part = await first.run(random.key(1), array(EFFECTS));
    expect(part.isInterrupted).toBe(true);
    expect((await part.draws["theta"]!.aval()).shape).toEqual([2, 10, 8]);
    const file = safetensors.load(
      await safetensors.save(part.checkpoint),
    ) as unknown as typeof part.checkpoint;
    const rest = mcmc(nuts(schools), { warmup: 20, samples: 30, chains: 2, blockSize: 10 });
    const resumed = await rest.resume(file, array(EFFECTS));
    const whole = await rest.run(random.key(1), array(EFFECTS));
    expect(await values(resumed.draws)).toEqual(await values(whole.draws));
    expect((await whole.draws["theta"]!.aval()).shape).toEqual([2, 30, 8]);
  });

  test("move what a structure depends on; the structures follow from their exact posterior", async () => {
    // Two observations of two symbols: the posterior of one parameter, and of the states, by quadrature
    const observations = array(Int32Array.of(0, 1, 1));
    const hmm = (stay: Tensor): HMM =>
      new HMM({
        initLogits: [0, 0],
        transitionLogits: np.stack([np.stack([stay, np.zeros([])]), np.stack([np.zeros([]), stay])]),
        emissionDist: [[1, -1], [-1, 1]],
        observations,
      } as never); // prettier-ignore
    const model = (): void => {
      const stay = sample("stay", dist.normal({ loc: 0, scale: 1.5 }));
      sample("states", hmm(stay), { marginalize: true });
    };
    const posterior = await mcmc(nuts(model), { warmup: 100, samples: 400, chains: 2 }).run(random.key(2));
    const grid = Array.from({ length: 161 }, (_, i) => (i - 80) / 10);
    const { log, marginals } = (await values(
      vmap((stay: Tensor) => {
        const chain = hmm(stay);
        return { log: chain.logPartition(), marginals: (chain.marginals() as Tensor).sum(1) };
      })(array(grid)),
    )) as { log: number[]; marginals: number[][][] };
    const weights = grid.map((at, i) => Math.exp(log[i]! - (at / 1.5) ** 2 / 2));
    const mass = weights.reduce((a, b) => a + b);
    const wanted = [0, 1, 2].map((i) => [0, 1].map((s) => grid.reduce((sum, _, k) => sum + (weights[k]! * marginals[k]![i]![s]!) / mass, 0))); // prettier-ignore
    const mean = grid.reduce((sum, at, k) => sum + (weights[k]! * at) / mass, 0);
    expectClose(await posterior.draws["stay"]!.mean().item(), mean, 0.15);
    const { states } = posterior.structureMarginals() as { states: Tensor };
    expectClose(await values(states.sum(1)), wanted, 0.03);
    const drawn = posterior.structures(random.key(5)) as { states: Tensor };
    expect((await drawn.states.aval()).shape).toEqual([2, 400, 3, 2, 2]);
    expectClose(await values(drawn.states.sum(3).mean([0, 1])), wanted, 0.05);
  });
});

describe("what is refused", () => {
  const normal = (name: string): Tensor<"float32"> => sample(name, dist.normal());
  const options = { warmup: 5, samples: 5 };

  test("names that are used twice, with both lines", async () => {
    const twice = (): void => {
      normal("x");
      normal("x");
    };
    const error = await errorOf(() => seed(twice, random.key(0))());
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", argument: "x" });
    expect(error.message.match(/inference\.test\.ts:\d+:\d+/g)!.length).toBeGreaterThanOrEqual(2);
  });

  test("a value and no key, no value for the joint density, names that the program has not", async () => {
    expect(await errorOf(() => normal("x"))).toMatchObject({ code: "INVALID_ARGUMENT", argument: "x", message: /nothing to draw it by/ }); // prettier-ignore
    expect(await errorOf(() => makeLogJoint(() => normal("x"))({}))).toMatchObject({ argument: "x", message: /has no value/ }); // prettier-ignore
    expect(await errorOf(() => makeLogJoint(() => normal("x"))({ x: 1, y: 2 }))).toMatchObject({ argument: "y", expected: "one of x" }); // prettier-ignore
    for (const tracer of [condition, intervene])
      expect(await errorOf(() => seed(tracer(() => normal("x"), { y: 1 }), random.key(0))())).toMatchObject({ argument: "y", expected: "one of x" }); // prettier-ignore
    expect(await errorOf(() => sample("x", undefined as never))).toMatchObject({ argument: "distribution", message: /`x`/ }); // prettier-ignore
  });

  test("statements inside transformations of a part of the program", async () => {
    const looped = (): unknown => scan((c: Tensor) => [c.add(normal("x")), c], array(0), undefined, { length: 3 } as never); // prettier-ignore
    expect(await errorOf(() => seed(looped, random.key(0))())).toMatchObject({ code: "INVALID_ARGUMENT", argument: "x", message: /inside a transformation/ }); // prettier-ignore
  });

  test("a program that states other variables each time it is run", async () => {
    let runs = 0;
    const fickle = (): void => void normal(`x${runs++}`);
    expect(await errorOf(() => mcmc(nuts(fickle), options).run(random.key(0)))).toMatchObject({ code: "INVALID_ARGUMENT", argument: "model" }); // prettier-ignore
  });

  test("discrete variables, by name and line", async () => {
    const coin = (): void => void sample("side", dist.bernoulli({ probs: 0.5 }));
    const error = await errorOf(() => mcmc(nuts(coin), options).run(random.key(0)));
    expect(error).toMatchObject({
      code: "INVALID_ARGUMENT",
      argument: "side",
      message: /discrete.*marginalize/,
    });
    expect(error.line).toMatch(/inference\.test\.ts/);
  });

  test("values outside of the support, and densities that are no number: the first variable, and its line", async () => {
    const outside = (): void => {
      const rate = sample("rate", dist.gamma({ concentration: 2, rate: 1 }));
      sample("count", dist.exponential({ rate }), { value: -1 });
    };
    const error = await errorOf(() => mcmc(nuts(outside), options).run(random.key(0)));
    expect(error).toMatchObject({ code: "INFERENCE_FAILED", argument: "count" });
    expect(error.line).toMatch(/inference\.test\.ts/);
    const broken = (): void => {
      const x = normal("x");
      sample("y", dist.normal({ loc: x.sub(100).log(), scale: 1 }), { value: 1 });
    };
    expect(await errorOf(() => mcmc(hmc(broken, { numSteps: 2 }), options).run(random.key(0)))).toMatchObject({ code: "INFERENCE_FAILED", argument: "y" }); // prettier-ignore
  });

  test("sizes and settings that are none", async () => {
    expect(await errorOf(() => mcmc(nuts(schools), { warmup: -1, samples: 5 }))).toMatchObject({
      argument: "warmup",
    });
    expect(await errorOf(() => mcmc(nuts(schools), { warmup: 1, samples: 1, thinning: 2 }))).toMatchObject({ argument: "samples" }); // prettier-ignore
    expect(await errorOf(() => nuts(schools, { targetAcceptProb: "high" } as never))).toMatchObject({ argument: "targetAcceptProb" }); // prettier-ignore
  });
});
