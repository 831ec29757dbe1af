/** Posteriors that are known: in closed form, and by enumeration of structures on a grid. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  array, connect, diagnostics, dist, get, hmc, jit, LinearChainCRF, makeLogJoint, mcmc, np, nuts, PCFG, random, sample, type Session, SpanningTreeCRF, type Tensor, vmap,
} from "../../src/index.ts"; // prettier-ignore
import { errorOf } from "../fixtures/errors.ts";

let session: Session;
beforeAll(async () => {
  session = await connect();
});
afterAll(() => session.close());

interface Estimate {
  readonly mean: Tensor;
  /** The Monte-Carlo standard error of the mean. */
  readonly error: Tensor;
}

/** What the draws of a variable, `(chain draw …)`, say of the mean of a quantity. */
function estimate(draws: Tensor): Estimate {
  const size = diagnostics.effectiveSampleSize(draws) as Tensor<"float32">;
  return { mean: draws.mean([0, 1]), error: np.std(draws, { axis: [0, 1] }).div(np.sqrt(size)) as Tensor };
}

const flat = (tensor: { array(): unknown }): number[] => [tensor.array()].flat(3) as number[];

test("conjugate models have their closed forms, within four standard errors", async () => {
  const x = [[1, -1], [1, 0], [1, 1], [1, 2]]; // prettier-ignore
  const y = [0.4, 1.1, 1.2, 2.3];
  const model = (): void => {
    const probs = sample("probs", dist.beta({ concentration1: 2, concentration0: 3 }));
    sample("heads", dist.binomial({ probs, totalCount: 10 }), { value: 7 });
    const rate = sample("rate", dist.gamma({ concentration: 3, rate: 2 }));
    sample("counts", dist.poisson({ rate: rate.reshape([1]) }), { value: array(Int32Array.of(4, 2, 6)) });
    const line = sample("line", dist.normal({ loc: np.zeros([2]), scale: 1 }));
    sample("y", dist.normal({ loc: np.matmul(array(x), line) as Tensor<"float32">, scale: 0.5 }), {
      value: array(y),
    });
  };
  const run = mcmc(nuts(model), { warmup: 200, samples: 500, chains: 4 });
  const { probs, rate, line } = (await run.run(random.key(0))).draws as Record<string, Tensor<"float32">>;
  // Normal of precision I + xᵀx / 0.25 around its inverse times xᵀy / 0.25
  const sum = (of: (i: number) => number): number => y.reduce((total, _, i) => total + of(i), 0) / 0.25;
  const [a, b, d] = [1 + sum(() => 1), sum((i) => x[i]![1]!), 1 + sum((i) => x[i]![1]! ** 2)];
  const [u, v] = [sum((i) => y[i]!), sum((i) => x[i]![1]! * y[i]!)];
  const determinant = a * d - b * b;
  const wanted = {
    probs: { mean: [9 / 15], variance: [(9 * 6) / (15 ** 2 * 16)] },
    rate: { mean: [15 / 5], variance: [15 / 25] },
    line: { mean: [(d * u - b * v) / determinant, (a * v - b * u) / determinant], variance: [d / determinant, a / determinant] }, // prettier-ignore
  };
  const both = jit((draws: Tensor<"float32">, mean: Tensor<"float32">) => ({
    mean: estimate(draws),
    variance: estimate(draws.sub(mean).pow(2)),
  }));
  for (const [name, draws] of Object.entries({ probs, rate, line })) {
    const { mean, variance } = wanted[name as "line"];
    const shape = mean.length === 1 ? [] : [2];
    const found = await get(both(draws!, array(mean).reshape(shape) as Tensor<"float32">));
    for (const [of, values] of [
      ["mean", mean],
      ["variance", variance],
    ] as const)
      // prettier-ignore
      values.forEach((value, i) => {
        const [came, error] = [flat(found[of].mean)[i]!, flat(found[of].error)[i]!];
        expect(Math.abs(came - value), `${of} of ${name}: ${came}, not ${value}`).toBeLessThan(4 * error);
        expect(error, `${of} of ${name}`).toBeLessThan(0.1 * Math.abs(value)); // else the line above says little
      });
  }
});

describe("structures that are summed over", () => {
  type Floats = Tensor<"float32">;
  /** Potentials that grow with a variable, each so many times. */
  const potentials = (base: unknown, times: unknown, by: Floats): Floats =>
    array(times as number[])
      .mul(by)
      .add(array(base as number[])) as Floats;
  // A chain of two, a sentence of three words in two bracketings, and trees of two words below a root
  const transition = { base: [[0, 0.3], [-0.2, 0]], times: [[1, 0], [0, 1]] }; // prettier-ignore
  const emission = [[1, 0], [0, 0.5]]; // prettier-ignore
  const rule = { base: [[[0, 0, -1], [0.5, 0, 0], [0, 0, 0.2]]], times: [[[0, 2, 2], [0, 0, 0], [0, 1, 0]]] }; // prettier-ignore
  const words = [
    [0, -1],
    [-2, 0],
  ]; // of each preterminal
  const arcs = { base: [[0, 0.5, 0], [0, 0, 0.2], [0, 1, 0]], times: [[0, 1, 0], [0, 0, 2], [0, 0, 0]] }; // prettier-ignore

  function model(): void {
    const of = (name: string): Floats => sample(name, dist.normal({ loc: 0, scale: 1 }));
    const chain = potentials(transition.base, transition.times, of("stay"));
    sample("tags", new LinearChainCRF({ initial: [0.5, 0], transition: chain, emission }), { marginalize: true }); // prettier-ignore
    const rules = potentials(rule.base, rule.times, of("right"));
    sample("parse", new PCFG({ root: [0], rule: rules, emission: words, wordIds: array(Int32Array.of(0, 1, 0)), normalize: false }), { marginalize: true }); // prettier-ignore
    const logPotentials = potentials(arcs.base, arcs.times, of("first"));
    sample("tree", new SpanningTreeCRF({ logPotentials, directed: true, projective: false, singleRootEdge: false }), { marginalize: true }); // prettier-ignore
  }

  const both = [0, 1];
  const at = ({ base, times }: { base: unknown; times: unknown }, index: readonly number[], by: number): number => {
    const of = (tree: unknown): number => index.reduce((node, i) => (node as unknown[])[i], tree) as number;
    return of(base) + by * of(times);
  }; // prettier-ignore
  const logSum = (scores: readonly number[]): number =>
    Math.log(scores.reduce((sum, score) => sum + Math.exp(score), 0));

  /** The scores of all structures, where the variable has this value. */
  const enumerated = {
    stay: (by: number): number[] =>
      both.flatMap((a) =>
        both.map((b) => 0.5 * (1 - a) + at(transition, [a, b], by) + emission[0]![a]! + emission[1]![b]!),
      ),
    right: (by: number): number[] =>
      both.flatMap((a) =>
        both.flatMap((b) =>
          both.flatMap((c) => {
            const emitted = words[a]![0]! + words[b]![1]! + words[c]![0]!;
            const left = at(rule, [0, 0, c + 1], by) + at(rule, [0, a + 1, b + 1], by);
            const right = at(rule, [0, a + 1, 0], by) + at(rule, [0, b + 1, c + 1], by);
            return [emitted + left, emitted + right];
          }),
        ),
      ),
    first: (by: number): number[] =>
      [[0, 0], [0, 1], [2, 0]].map(([one, two]) => at(arcs, [one!, 1], by) + at(arcs, [two!, 2], by)), // prettier-ignore
  };
  const names = ["stay", "right", "first"] as const;
  const grid = Array.from({ length: 121 }, (_, i) => (i - 60) / 10);
  const log = (name: (typeof names)[number], by: number): number =>
    logSum(enumerated[name](by)) - by ** 2 / 2;

  test("enter the joint density by the sum over all of them", async () => {
    const joint = makeLogJoint(model);
    const found = vmap((by: Floats) => joint({ stay: by, right: by.mul(0.5), first: by.neg() }))(array([-1, 0, 2])); // prettier-ignore
    const wanted = [-1, 0, 2].map(
      (by) => log("stay", by) + log("right", by / 2) + log("first", -by) - 1.5 * Math.log(2 * Math.PI),
    );
    flat(await get(found)).forEach((value, i) => expect(value).toBeCloseTo(wanted[i]!, 4));
  });

  // Compiling the chains takes a minute
  test.runIf(process.env.SYNJAX_TEST_FULL)("leave the posterior of what they depend on", async () => {
    const run = mcmc(nuts(model), { warmup: 300, samples: 1000, chains: 4 });
    const posterior = await run.run(random.key(1));
    for (const name of names) {
      const { mean, error } = await get(estimate(posterior.draws[name] as Floats));
      const weights = grid.map((by) => Math.exp(log(name, by)));
      const mass = weights.reduce((a, b) => a + b);
      const wanted = grid.reduce((sum, by, k) => sum + (weights[k]! * by) / mass, 0);
      expect(Math.abs(flat(mean)[0]! - wanted), name).toBeLessThan(4 * flat(error)[0]!);
    }
    // Afterwards each is drawn from its exact posterior: how often the second word hangs below the first
    const { tree } = posterior.structures(random.key(2)) as { tree: Floats };
    const weights = grid.map((by) => Math.exp(log("first", by)));
    const mass = weights.reduce((a, b) => a + b);
    const below = grid.reduce((sum, by, k) => {
      const scores = enumerated.first(by);
      return sum + (weights[k]! * Math.exp(scores[1]! - logSum(scores))) / mass;
    }, 0);
    const came = Number(await (tree.slice([], [], 1, 2) as Floats).mean().item());
    expect(Math.abs(came - below)).toBeLessThan(0.05);
  });
});

test("chains of which every step diverges are an error that says so", async () => {
  const steep = (): void => void sample("x", dist.normal({ loc: 0, scale: 1e-3 }));
  const far = { numSteps: 1, stepSize: 1e3, adaptStepSize: false };
  const error = await errorOf(() => mcmc(hmc(steep, far), { warmup: 0, samples: 3, chains: 2 }).run(random.key(0))); // prettier-ignore
  expect(error).toMatchObject({ code: "INFERENCE_FAILED", message: /every step of every chain diverged/ });
  expect(error.line).toMatch(/inference-posteriors\.test\.ts/);
});
