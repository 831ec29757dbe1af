/** Variational inference, predictions and importance sampling, from TypeScript through a worker. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  array,
  autoDiagonalNormal,
  autoIAFNormal,
  autoNormal,
  type ByName,
  connect,
  deterministic,
  type DifferentiableSampleOptions,
  dist,
  elbo,
  type Elbo,
  factor,
  grad,
  HMM,
  importance,
  jit,
  LinearChainCRF,
  type Model,
  np,
  optax,
  param,
  plate,
  predictive,
  random,
  sample,
  type Session,
  svi,
  type SviProgress,
  SynjaxError,
  type Tensor,
} from "../../src/index.ts";

let session: Session;
beforeAll(async () => {
  session = await connect();
});
afterAll(() => session.close());

const x = array([[-1, -0.8], [-0.6, -0.4], [-0.3, -0.1], [0.1, 0.3], [0.4, 0.6], [0.8, 1]]); // prettier-ignore
const y = array([0, 1, 0, 1, 1, 1]);

/*
def model(x, y=None):
    w = numpyro.sample("weights", dist.Normal(0, 1).expand([2]))
    bias = numpyro.sample("bias", dist.Normal(0.0, 1.0))
    mean = numpyro.deterministic("mean", bias + x @ w)
    with numpyro.plate("items", 6):
        numpyro.sample("y", dist.Normal(mean, 0.5), obs=y)
*/
type Floats = Tensor<"float32">;

function model(x: Floats, y?: Floats): void {
  const weights = sample("weights", dist.normal({ loc: [0, 0], scale: 1 }));
  const bias = sample("bias", dist.normal({ loc: 0, scale: 1 }));
  const mean = deterministic("mean", np.add(np.matmul(x, weights), bias) as Floats);
  plate("items", 6, () => sample("y", dist.normal({ loc: mean, scale: 0.5 }), { value: y }));
}

const close = (came: unknown, expected: unknown): void => {
  const [a, b] = [came, expected].map((values) => (values as number[][]).flat(3));
  expect(a).toHaveLength(b!.length);
  a!.forEach((value, i) =>
    expect(Math.abs(value - b![i]!)).toBeLessThan(1e-5 * Math.max(1, Math.abs(b![i]!))),
  );
};
const failure = async (run: () => unknown): Promise<SynjaxError> => {
  try {
    await run();
  } catch (error) {
    if (error instanceof SynjaxError) return error;
    throw error;
  }
  throw new Error("expected an error");
};
const own = readFileSync(new URL(import.meta.url), "utf8").split("\n");
/** The number of the line of an error, and that of the first line of this file with `text`. */
const lines = (error: SynjaxError, text: string): readonly [came: number, expected: number] => [
  Number(/inference-svi\.test\.ts:(\d+)/.exec(String(error.line))?.[1]),
  own.findIndex((line) => line.includes(text)) + 1,
];

describe("a fit", () => {
  const guide = autoDiagonalNormal(model);
  const told: SviProgress[] = [];
  const stop = new AbortController();
  const fitting = svi(model, guide, optax.adam(0.05), {
    loss: elbo.trace({ numParticles: 2 }),
    blockSize: 2,
    onProgress: (progress) => {
      told.push(progress);
      if (progress.done >= 7) stop.abort();
    },
    signal: stop.signal,
  });

  test("has the losses, parameters, draws and predictions of NumPyro's by the same keys", async () => {
    const { losses, params, isInterrupted } = await fitting.run(random.key(3), 5, x, y);
    // infer.SVI(model, AutoDiagonalNormal(model), optax.adam(0.05), Trace_ELBO(num_particles=2)).run(key(3), 5, X, Y)
    close(
      await losses.array(),
      [33.72645950317383, 30.421714782714844, 30.836441040039062, 26.05445098876953, 24.494384765625],
    );
    expect(Object.keys(params)).toEqual(["auto_loc", "auto_scale"]);
    close(await params.auto_loc!.array(), [-0.056841447949409485, -0.9934312105178833, 0.308445006608963]);
    close(await params.auto_scale!.array(), [0.12113882601261139, 0.12267705798149109, 0.12406818568706512]);
    expect(isInterrupted).toBe(false);
    expect(told.map(({ done, total }) => [done, total])).toEqual([[2, 5], [4, 5], [5, 5]]); // prettier-ignore

    const draws = guide.samplePosterior(random.key(1), params, { sampleShape: [2] }, x, y);
    // guide.sample_posterior(key(1), params, X, Y, sample_shape=(2,))
    close(await draws.bias!.array(), [0.21374250948429108, 0.32907143235206604]);
    close(await draws.weights!.array(), [[-0.08638963103294373, -0.9783578515052795], [-0.169634610414505, -0.8483020663261414]]); // prettier-ignore
    expect((await draws.mean!.aval()).shape).toEqual([2, 6]);

    const predicted = predictive(model, { draws })(random.key(2), x.mul(-1));
    expect(Object.keys(predicted).sort()).toEqual(["mean", "y"]);
    // infer.Predictive(model, draws)(key(2), -X)
    close(await predicted.y!.array(), [
      [-0.10446950793266296, -0.3247760236263275, 0.06404796242713928, 1.025846242904663, 1.6988767385482788, 0.9141413569450378],
      [-0.3422979712486267, 0.7195066213607788, 0.3854649066925049, 1.0943567752838135, 1.0411463975906372, 1.3085132837295532],
    ]); // prettier-ignore
    const [median, quantiles] = [guide.median(params, x, y), guide.quantiles(params, [0.5, 0.9], x, y)];
    close([await median.bias!.item()], [[0.308445006608963]]);
    expect((await quantiles.weights!.array()) as number[][]).toHaveLength(2);
  });

  test("goes on from a state, step by step or to where a signal ends it", async () => {
    told.length = 0;
    let state = fitting.init(random.key(3), x, y);
    const losses: Tensor[] = [];
    for (let step = 0; step < 3; step++) {
      const next = fitting.update(state, x, y);
      losses.push(next.loss);
      ({ state } = next);
    }
    close(await np.stack(losses).array(), [33.72645950317383, 30.421714782714844, 30.836441040039062]);
    close([await fitting.evaluate(state, x, y).item()], [[26.05445098876953]]);
    const rest = await fitting.resume(state, 100, x, y);
    expect(rest.isInterrupted).toBe(true);
    const found = (await rest.losses.array()) as number[];
    expect(found).toHaveLength(8);
    close(found.slice(0, 2), [26.05445098876953, 24.494384765625]);
    const other = svi(model, guide, optax.sgd(0.1));
    expect((await failure(() => other.params(state, x, y).auto_loc!.array())).message).toContain(
      "`state` is of another",
    );
  });

  test("is recorded as a part of a function", async () => {
    const first = jit((key: Tensor<"key">) => fitting.update(fitting.init(key, x, y), x, y).loss);
    close([await first(random.key(3)).item()], [[33.72645950317383]]);
  });
});

describe("what cannot be fitted is told at the statement", () => {
  const optimizer = optax.adam(0.1);
  const bias = (): void => void sample("bias", dist.normal({ loc: param("center", 0), scale: 1 }));

  test("a guide that misses a variable, or has one too many", async () => {
    const missing = await failure(() => svi(model, bias, optimizer).init(random.key(0), x, y));
    expect(missing).toMatchObject({ code: "INVALID_ARGUMENT", argument: "weights", received: "bias" });
    expect(missing.message).toContain("the guide draws no `weights`");
    const [came, expected] = lines(missing, '= sample("weights"');
    expect(came).toBe(expected);
    const more: Model<[Floats, Floats]> = (given) => {
      bias();
      sample("weights", dist.normal({ loc: np.zeros([2]), scale: 1 }));
      sample("y", dist.normal({ loc: given.sum(), scale: 1 }));
    };
    const foreign = await failure(() => svi(model, more, optimizer).run(random.key(0), 1, x, y));
    expect(foreign.message).toContain("the guide draws `y`, which the model observes");
  });

  test("a discrete variable", async () => {
    const counts = (): void => void sample("count", dist.poisson({ rate: 3 }));
    const automatic = await failure(() => svi(counts, autoNormal(counts), optimizer).run(random.key(0), 1));
    expect(automatic).toMatchObject({ code: "INVALID_ARGUMENT", argument: "count" });
    expect(automatic.message).toContain("automatic guides are of continuous variables");
    const [came, expected] = lines(automatic, 'sample("count"');
    expect(came).toBe(expected);
    const mine = await failure(() => svi(counts, counts, optimizer).run(random.key(0), 1));
    expect(mine.message).toContain("elbo.traceGraph has");
  });

  test("a loss that is no number", async () => {
    const broken = (data: Floats): void => {
      const scale = sample("scale", dist.halfNormal({ scale: 1 }));
      sample("data", dist.normal({ loc: np.log(data), scale }), { value: data });
    };
    const error = await failure(() => svi(broken, autoNormal(broken), optimizer).run(random.key(0), 30, array([1, -1]))); // prettier-ignore
    expect(error).toMatchObject({ code: "INFERENCE_FAILED", argument: "data" });
    expect(error.message).toMatch(/svi: the loss is \S+ at step 0: the log-density of `data` in the model/);
    const [came, expected] = lines(error, 'sample("data", dist.normal({ loc: np.log');
    expect(came).toBe(expected);
  });

  test("arguments that are of another kind", async () => {
    const rejected = (run: () => unknown, argument: string): Promise<void> =>
      failure(run).then((error) => expect(error).toMatchObject({ code: "INVALID_ARGUMENT", argument }));
    await rejected(() => svi(model, bias, optax.constantSchedule(1) as never), "optimizer");
    await rejected(() => svi(model, 3 as never, optimizer), "guide");
    await rejected(() => svi(model, bias, optimizer, { blockSize: 0 }), "blockSize");
    await rejected(() => svi(model, bias, optimizer).run(random.key(0), 0, x, y), "steps");
    await rejected(() => elbo.renyi({ alpha: 1 }), "alpha");
    await rejected(() => autoNormal(model, { initScale: 0 }), "initScale");
    await rejected(() => autoIAFNormal(model).median({}, x, y), "guide");
    await rejected(() => autoNormal(model).quantiles({}, [0, 0.5], x, y), "quantiles");
    await rejected(() => predictive(model, {}), "draws");
    await rejected(() => predictive(model, { draws: { b: 1 } })(random.key(0), x), "b");
    await rejected(() => predictive(model, { guide: autoNormal(model) as never, numSamples: 1 }), "guide");
    await rejected(() => importance(model, autoNormal(model) as never, { numSamples: 1 }), "guide");
  });
});

describe("importance sampling", () => {
  // z ~ N(0, 1), data ~ N(z, 1): z given data is N(data / 2, 1 / 2), and data is N(0, 2)
  const joint = (data: Floats): void => {
    const z = sample("z", dist.normal({ loc: 0, scale: 1 }));
    sample("data", dist.normal({ loc: z, scale: 1 }), { value: data });
  };
  const proposal = (data: Floats): void =>
    void sample("z", dist.normal({ loc: data.mul(param("slope", 0)), scale: Math.SQRT1_2 }));
  const evidence = -0.5 * Math.log(4 * Math.PI) - 1.2 ** 2 / 4;

  test("by the posterior itself has equal weights, which are the evidence", async () => {
    const params: ByName = { slope: array([0.5]).reshape([]) };
    const found = importance(joint, proposal, { numSamples: 8, params })(
      random.key(0),
      array([1.2]).reshape([]),
    );
    close(await found.logWeights.array(), Array<number>(8).fill(evidence));
    close([await found.logEvidence.item(), await found.effectiveSampleSize.item()], [[evidence, 8]]);
    expect((await (found.draws["z"] as Tensor).aval()).shape).toEqual([8]);
  });

  test("by another guide comes near, with fewer draws' worth", async () => {
    const found = importance(joint, proposal, { numSamples: 2000 })(random.key(0), array([1.2]).reshape([]));
    const size = (await found.effectiveSampleSize.item()) as number;
    expect(size).toBeGreaterThan(500);
    expect(size).toBeLessThan(1600);
    expect(Math.abs(((await found.logEvidence.item()) as number) - evidence)).toBeLessThan(0.1);
  });

  test("refuses a guide of other variables", async () => {
    const other = (): void => void sample("other", dist.normal({ loc: 0, scale: 1 }));
    const error = await failure(() => importance(joint, other, { numSamples: 2 })(random.key(0), array([1])));
    expect(error.message).toContain("importance: the guide draws no `z`");
  });
});

describe("a structure in a guide", () => {
  // Three words and two tags: of eight sequences, everything can be said by looking at each
  const chain = { initLogits: [0.3, -0.2], transitionLogits: [[0.8, -0.4], [-0.5, 0.6]] }; // prettier-ignore
  const emitted = array([[0.9, -1.2], [-0.7, 0.4], [0.2, -0.3]]); // prettier-ignore
  const start = [[0.2, -0.1], [0.1, 0.3], [-0.4, 0.2]]; // prettier-ignore
  const transition = [[0.5, -0.2], [0.1, 0.4]]; // prettier-ignore
  const prior = (): HMM => new HMM({ ...chain, emissionLogLikelihoods: np.zeros([3, 2]) });
  const guess = (emission: Floats): LinearChainCRF =>
    new LinearChainCRF({ initial: [0, 0], transition, emission });
  const likelihood = (tags: Floats): Floats => tags.sum(-2).mul(emitted).sum([-2, -1]);

  const program = (): void => {
    const tags = sample("tags", prior());
    factor("words", likelihood(tags));
  };
  const guideBy = (differentiable?: DifferentiableSampleOptions) => (): void =>
    void sample("tags", guess(param("emission", start)), differentiable ? { differentiable } : {});

  /** The bound of a guess, by all sequences. */
  const exact = jit((emission: Floats) => {
    const bound = (emission: Floats): Floats => {
      const crf = guess(emission);
      const all = Array.from({ length: 8 }, (_, i) => [i >> 2, (i >> 1) & 1, i & 1]);
      const logs = all.map((tags) => {
        const event = crf.encode(array(Int32Array.from(tags)));
        const q = crf.logProb(event);
        return np.exp(q).mul(prior().logProb(event).add(likelihood(event)).sub(q));
      });
      return np.stack(logs).sum() as Floats;
    };
    return { bound: bound(emission), slope: grad(bound)(emission) };
  });
  const fitBy = (guide: Model<[]>, loss: Elbo) => {
    const fit = svi(program, guide, optax.sgd(1), { loss });
    return { fit, first: fit.init(random.key(0)) };
  };
  /** The bound and its slope as one step has them, a step of 1 against the gradient. */
  const step = async ({ fit, first }: ReturnType<typeof fitBy>) => {
    const { state, loss } = fit.update(first);
    const slope = (await fit.params(state).emission!.sub(start).array()) as number[][];
    return { bound: -(await loss.item()), slope: slope.flat() };
  };

  test("that is discrete has score-function gradients, which are right in the mean", async () => {
    const { bound, slope } = exact(array(start));
    const came = await step(fitBy(guideBy(), elbo.traceGraph({ numParticles: 20_000 })));
    expect(Math.abs(came.bound - (await bound.item()))).toBeLessThan(0.02);
    const wanted = ((await slope.array()) as number[][]).flat();
    came.slope.forEach((x, i) => expect(Math.abs(x - wanted[i]!)).toBeLessThan(0.02));
  });

  test("that is relaxed has derivatives, by which the bound rises", async () => {
    const { bound, slope } = exact(array(start));
    const hard = guideBy({ method: "Gumbel-CRF", temperature: 0.5, straightThrough: true });
    const { fit, first } = fitBy(hard, elbo.trace({ numParticles: 2_000 }));
    const came = await step({ fit, first });
    // Hard draws have the bound of discrete ones; their derivative is biased, but points the same way
    expect(Math.abs(came.bound - (await bound.item()))).toBeLessThan(0.06);
    const wanted = ((await slope.array()) as number[][]).flat();
    came.slope.forEach((x, i) => expect(x / wanted[i]!).toBeGreaterThan(0.3));
    came.slope.forEach((x, i) => expect(x / wanted[i]!).toBeLessThan(1.7));
    let state = first;
    for (let i = 0; i < 12; i++) ({ state } = fit.update(state));
    const end = exact(fit.params(state).emission as Floats).bound;
    expect(await end.item()).toBeGreaterThan((await bound.item()) + 0.2);
  });

  test("that is discrete is refused where the bound needs derivatives", async () => {
    const error = await failure(() => svi(program, guideBy(), optax.sgd(1)).init(random.key(0)).data());
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", argument: "tags" });
    expect(error.message).toMatch(/a LinearChainCRF, which is discrete.*elbo\.traceGraph/);
  });
});
