/** Every constructor of `dist` and every method of what it makes, through a worker; how distributions travel. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  array,
  connect,
  dist,
  grad,
  jit,
  np,
  random,
  scan,
  type Session,
  SimpleDistribution,
  type Tensor,
  type TensorLike,
  vmap,
} from "../../src/index.ts";
import { camelCase } from "../../src/program/python-names.ts";
import { errorOf } from "../fixtures/errors.ts";
import { registeredOps } from "../fixtures/golden-ops.ts";

let session: Session;
beforeAll(async () => {
  session = await connect();
});
afterAll(() => session.close());

/** A constructor called in Python: see python/tests/simple/golden.py. */
interface Golden {
  readonly name: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly value: TensorLike;
  readonly logProb: unknown;
  readonly shape: readonly [batch: readonly number[], event: readonly number[]];
}
const file = new URL("../golden/dist/constructors.json", import.meta.url);
const golden = JSON.parse(readFileSync(file, "utf8")) as readonly Golden[];

type Constructor = (parameters: object) => SimpleDistribution;
function made({ name, parameters }: Golden): SimpleDistribution {
  const given = Object.entries(parameters).map(([key, value]) => [camelCase(key), value]);
  return (dist as unknown as Record<string, Constructor>)[camelCase(name)]!(Object.fromEntries(given));
}

const flat = (nested: unknown): number[] => [nested].flat(Infinity).map(Number);
function near(found: unknown, expected: unknown, digits = 4): void {
  const [numbers, wanted] = [flat(found), flat(expected)];
  expect(numbers.length).toBe(wanted.length);
  numbers.forEach((x, i) => expect(x).toBeCloseTo(wanted[i]!, digits));
}

test("every constructor makes NumPyro's distribution", async () => {
  // One program of all of them
  const all = jit(() =>
    golden.map((call) => {
      const of = made(call);
      return { log: of.logProb(call.value), zeros: np.zeros(of.batchShape), event: np.zeros(of.eventShape) };
    }),
  );
  const found = await session.get(all());
  for (const [i, { name, logProb, shape }] of golden.entries()) {
    const { log, zeros, event } = found[i]!;
    try {
      near(log.array(), logProb);
      expect([zeros.shape, event.shape]).toEqual(shape);
    } catch (error) {
      throw new Error(`dist.${camelCase(name)}`, { cause: error });
    }
  }
});

test("what has no example there is called in this file", () => {
  const registered = [...registeredOps().keys()].filter((name) => /^(dist|transforms)\./.test(name));
  const examples = new Set(golden.map(({ name }) => `dist.${name}`));
  const text = readFileSync(new URL(import.meta.url), "utf8");
  const called = (name: string): boolean =>
    text.includes(`${name.startsWith("dist.") ? "" : "dist."}${camelCase(name)}(`);
  expect(registered.filter((name) => !examples.has(name) && !called(name))).toEqual([]);
});

const normal = (): SimpleDistribution<"float32", "float32"> => dist.normal({ loc: [0.5, -1], scale: [1, 2] });

test("what is made of others answers as it should", async () => {
  const cauchy = dist.cauchy();
  const { transforms } = dist;
  const mixingDistribution = dist.categorical({ probs: [0.25, 0.75] });
  const x = [0.1, 2];
  const found = await session.get(
    jit(() => ({
      normal: normal().logProb(x),
      independent: dist.independent(normal(), { reinterpretedBatchNdims: 1 }).logProb(x),
      toEvent: normal().toEvent().logProb(x),
      expanded: dist.expanded(normal(), [3, 2]).logProb(x),
      expand: normal().expand([3, 2]).eventShape.product(),
      masked: dist.masked(normal(), [true, false]).logProb(x),
      mask: normal().mask(false).logProb(x),
      mixture: dist.mixture({ mixingDistribution, componentDistributions: normal() }).logProb(0),
      several: dist
        .mixture({ mixingDistribution, componentDistributions: [dist.normal(), cauchy] })
        .logProb(0),
      truncated: dist.truncated(dist.normal(), { low: 0 }).logProb([-1, 1]),
      logNormal: dist.transformed(normal(), [transforms.exp()]).logProb(x),
      affine: dist
        .transformed(dist.normal(), [transforms.affine({ loc: [0.5, -1], scale: [1, 2] })])
        .logProb(x),
    }))(),
  );
  const { normal: log } = found;
  const [first, second] = flat(log.array()) as [number, number];
  near(found.independent.array(), first + second);
  near(found.toEvent.array(), first + second);
  near(found.expanded.array(), [first, second, first, second, first, second]);
  near(found.masked.array(), [first, 0]);
  near(found.mask.array(), [0, 0]);
  near(found.affine.array(), [first, second]);
  const density = (x: number, loc: number, scale: number): number =>
    Math.exp(-(((x - loc) / scale) ** 2) / 2) / scale / Math.sqrt(2 * Math.PI);
  near(found.mixture.array(), Math.log(0.25 * density(0, 0.5, 1) + 0.75 * density(0, -1, 2)));
  near(found.several.array(), Math.log(0.25 * density(0, 0, 1) + 0.75 / Math.PI));
  near(found.truncated.array(), [-Infinity, Math.log(2 * density(1, 0, 1))]);
  near(
    found.logNormal.array(),
    x.map((v, i) => Math.log(density(Math.log(v), [0.5, -1][i]!, [1, 2][i]!) / v)),
  );
});

test("transforms are values, and their images those of NumPyro", async () => {
  const of = (...all: Parameters<typeof dist.transformed>[1]): SimpleDistribution =>
    dist.transformed(dist.normal({ loc: [0, 0, 0] }), all);
  const support = jit((key: Tensor<"key">) => {
    const draws = {
      sigmoid: of(dist.transforms.sigmoid()),
      softplus: of(dist.transforms.softplus()),
      ordered: of(dist.transforms.ordered()),
      simplex: of(dist.transforms.stickBreaking()),
      factor: of(dist.transforms.lowerCholesky()),
      correlation: of(dist.transforms.corrCholesky()),
      power: of(dist.transforms.exp(), dist.transforms.power({ exponent: 2 })),
      affine: of(dist.transforms.lowerCholeskyAffine({ loc: [1, 2, 3], scaleTril: np.eye(3) })),
    };
    return Object.values(draws).map((each) => {
      const draw = each.sample(key);
      return { draw, inside: each.inSupport(draw) };
    });
  });
  const found = await session.get(support(random.key(0)));
  expect(found.map(({ draw }) => draw.shape)).toEqual([[3], [3], [3], [4], [2, 2], [3, 3], [3], [3]]);
  for (const { inside } of found) expect(flat(inside.array())).toEqual(flat(inside.array()).map(() => 1));
});

test("every method answers", async () => {
  const draw = jit((key: Tensor<"key">) => {
    const of = normal();
    const counts = dist.binomial({ probs: 0.5, totalCount: 2 });
    return {
      sample: of.sample(key, { sampleShape: [3] }),
      counts: counts.sample(key),
      mean: of.mean(),
      variance: of.variance(),
      entropy: of.entropy(),
      divergence: of.klDivergence(dist.normal()),
      cdf: of.cdf([0.5, -1]),
      icdf: of.icdf(0.5),
      inSupport: dist.exponential().inSupport([-1, 1]),
      values: counts.enumerateSupport(),
      unexpanded: counts.expand([2]).enumerateSupport({ expand: false }),
      loc: of.toEvent(1).parameter("loc"),
      outside: dist.gamma({ concentration: 2 }).logProb([-1, 1]),
    };
  });
  const found = await session.get(draw(random.key(4)));
  expect(found.sample.shape).toEqual([3, 2]);
  expect([found.counts.dtype, found.values.dtype]).toEqual(["int32", "int32"]);
  near(found.mean.array(), [0.5, -1]);
  near(found.variance.array(), [1, 4]);
  const entropy = 0.5 * Math.log(2 * Math.PI * Math.E);
  near(found.entropy.array(), [entropy, entropy + Math.log(2)]);
  near(found.divergence.array(), [0.125, 0.5 * (4 + 1 - 1) - Math.log(2)]);
  near(found.cdf.array(), [0.5, 0.5]);
  near(found.icdf.array(), [0.5, -1]);
  expect(found.inSupport.array()).toEqual([false, true]);
  expect(found.values.array()).toEqual([0, 1, 2]);
  expect(found.unexpanded.array()).toEqual([[0], [1], [2]]);
  near(found.loc.array(), [0.5, -1]);
  near(found.outside.array(), [-Infinity, -1]);
});

describe("distributions travel", () => {
  type Normal = SimpleDistribution<"float32", "float32">;

  test("in and out of recorded functions, as handles, captured, and in a scan", async () => {
    const wider = jit((of: Normal) =>
      dist.normal({ loc: of.parameter("loc"), scale: of.parameter("scale").mul(2) }),
    );
    const once = wider(normal());
    expect(once).toBeInstanceOf(SimpleDistribution);
    const twice = wider(once);
    near(await twice.parameter("scale").array(), [4, 8]);
    const held = session.put({ of: dist.beta({ concentration1: [1, 2], concentration0: 3 }) });
    const captured = jit((x: Tensor<"float32">) => held.of.logProb(x));
    near(await captured(array([0.5, 0.5])).array(), [Math.log(0.75), Math.log(1.5)]);
    const [last, means] = scan(
      (of: Normal, x: Tensor<"float32">): [Normal, Tensor<"float32">] => [
        dist.normal({ loc: of.mean().add(x), scale: of.parameter("scale") }),
        of.mean(),
      ],
      normal(),
      array([1, 2, 3]),
    );
    near(await last.mean().array(), [6.5, 5]);
    near(await means.array(), [0.5, -1, 1.5, 0, 3.5, 2]);
    const rows = scan((carry: Tensor<"float32">, x: Tensor<"float32">): [Tensor<"float32">, Normal] => [carry, dist.normal({ loc: x })], array(0), array([1, 2]))[1]; // prettier-ignore
    near(await rows.logProb([1, 2]).array(), [-0.91894, -0.91894]);
  });

  test("through vmap, by their batch", async () => {
    const gamma = dist.gamma({ concentration: [1, 2, 3], rate: 2 });
    const key = random.key(2);
    const scaled = vmap((of: SimpleDistribution<"float32", "float32">) =>
      dist.gamma({ concentration: of.parameter("concentration"), rate: of.parameter("rate").mul(2) }),
    );
    const found = await session.get({
      // A row has no batch of its own
      draws: vmap((of: Normal, key: Tensor<"key">) => of.sample(key))(gamma, random.split(key, { num: 3 })),
      rows: vmap((of: Normal) => of.logProb(1))(gamma),
      whole: gamma.logProb(1),
      mean: scaled(gamma).mean(),
      one: scaled(dist.gamma({ concentration: [1, 2], rate: [[2], [4]] })).mean(),
    });
    expect(found.draws.shape).toEqual([3]);
    near(found.rows.array(), found.whole.array());
    near(found.mean.array(), [0.25, 0.5, 0.75]);
    near(found.one.array(), [0.25, 0.5, 0.125, 0.25]);
  });

  test("derivatives are by the parameters", async () => {
    const byScale = grad((scale: Tensor<"float32">) => dist.normal({ scale }).logProb(1));
    near(await byScale(array(2)).array(), -0.5 + 1 / 8);
    const byParts = grad((of: SimpleDistribution<"float32", "float32">) => of.logProb(0.25));
    const slope = byParts(dist.beta({ concentration1: 2, concentration0: 3 }));
    const digamma = (n: number): number => -0.57721566 + Array.from({ length: n - 1 }, (_, k) => 1 / (k + 1)).reduce((a, b) => a + b, 0); // prettier-ignore
    near(await slope.parameter("concentration1").array(), Math.log(0.25) + digamma(5) - digamma(2), 3);
    near(await slope.parameter("concentration0").array(), Math.log(0.75) + digamma(5) - digamma(3), 3);
  });

  test("64 bits stay, and what has none is drawn as ever", async () => {
    const key = random.key(0);
    const wide = array([0.5], { dtype: "float64" });
    const found = await session.get(
      jit((wide: Tensor<"float64">) => ({
        wide: dist.normal({ loc: wide }).sample(key),
        narrow: dist.normal({ loc: [0.5] }).sample(key),
      }))(wide),
    );
    expect([found.wide.dtype, found.narrow.dtype]).toEqual(["float64", "float32"]);
    const alone = await dist.normal({ loc: [0.5] }).sample(key).array(); // prettier-ignore
    near(found.narrow.array(), alone, 6);
  });
});

describe("what is wrong is named", () => {
  const cases: [what: string, run: () => Tensor, code: string, argument: string | undefined, message: RegExp][] = [
    ["a scale of 0", () => dist.normal({ scale: [1, 0] }).mean(), "CHECK_FAILED", "scale", /dist\.normal: `scale` must be finite and above 0; item 1 is 0/],
    ["a literal", () => dist.studentT({ df: -1 }).mean(), "CHECK_FAILED", "df", /`df` must be finite and above 0/],
    ["a matrix", () => dist.multivariateNormal({ covarianceMatrix: [[1, 0.5], [0, 1]] }).mean(), "CHECK_FAILED", "covarianceMatrix", /symmetric/],
    ["probabilities", () => dist.categorical({ probs: [0.5, 0.6] }).entropy(), "CHECK_FAILED", "probs", /probabilities that sum to 1/],
    ["two spellings", () => dist.bernoulli({ probs: 0.5, logits: 0 }).mean(), "INVALID_ARGUMENT", "logits", /exactly one of `probs`, `logits`/],
    ["no spelling", () => dist.bernoulli().mean(), "INVALID_ARGUMENT", "probs", /exactly one/],
    ["a way to say it", () => dist.multivariateNormal({ loc: [0] }).mean(), "INVALID_ARGUMENT", "covarianceMatrix", /`covarianceMatrix`, `precisionMatrix`, `scaleTril`/],
    ["no entropy", () => dist.gumbel().entropy(), "INVALID_ARGUMENT", undefined, /NumPyro has no entropy of Gumbel/],
    ["another parameter", () => dist.normal().parameter("rate"), "INVALID_ARGUMENT", "name", /a Normal has no 'rate'; it has loc, scale/],
    ["a slope of 0", () => dist.transformed(dist.normal(), [dist.transforms.affine({ scale: 0 })]).logProb(1), "CHECK_FAILED", "scale", /finite and not 0/],
    ["no sizes", () => dist.normal({ loc: [1, 2] }).logProb([1, 2, 3]), "INVALID_ARGUMENT", "value", /expected events \(\) of a batch \(2\)/],
  ]; // prettier-ignore

  test.each(cases)("%s", async (_, run, code, argument, message) => {
    const error = await errorOf(() => run().array());
    expect([error.code, error.argument]).toEqual([code, argument]);
    expect(error.message).toMatch(message);
    expect(error.line).toMatch(/simple-distributions\.test\.ts/);
  });

  test("what is no distribution is refused at once", async () => {
    const none = 1 as never;
    const calls = [() => normal().klDivergence(none), () => dist.independent(none), () => dist.mixture({ mixingDistribution: none, componentDistributions: normal() }), () => dist.transformed(normal(), [normal()] as never)]; // prettier-ignore
    const found = await Promise.all(calls.map((call) => errorOf(call)));
    expect(found.map(({ argument }) => argument)).toEqual(["other", "baseDist", "mixingDistribution", "transforms"]); // prettier-ignore
  });
});
