import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  array,
  connect,
  get,
  grad,
  HMM,
  jit,
  LinearChainCRF,
  np,
  random,
  type Session,
  SynjaxError,
  type Tensor,
} from "../../src/index.ts";
import { cases, type Structure } from "../fixtures/enumerators.ts";

let session: Session;
beforeAll(async () => {
  session = await connect();
}, 120_000);
afterAll(() => session.close());

const registry = JSON.parse(readFileSync(new URL("../../bridge/registry.json", import.meta.url), "utf8")) as {
  readonly distributions: readonly { readonly name: string }[];
};

test("every registered class stands before the suite", () => {
  const covered = new Set(cases.map((c) => c.registered));
  expect(registry.distributions.map((d) => d.name).filter((name) => !covered.has(name))).toEqual([]);
});

const finite = (items: readonly Structure[]): Structure[] => items.filter((s) => s.score > -Infinity);
function logZ(items: readonly Structure[]): number {
  const best = Math.max(...items.map((s) => s.score));
  return best + Math.log(items.reduce((sum, s) => sum + Math.exp(s.score - best), 0));
}
const probabilities = (items: readonly Structure[]): number[] =>
  items.map((s) => Math.exp(s.score - logZ(items)));
const TOLERANCE = 1e-5;
function near(received: unknown, expected: readonly number[]): void {
  const values = [received].flat() as number[];
  expect(values).toHaveLength(expected.length);
  values.forEach((v, i) => {
    const e = expected[i]!;
    if (!Number.isFinite(e)) expect(v).toBe(e);
    else expect(Math.abs(v - e)).toBeLessThanOrEqual(TOLERANCE * Math.max(1, Math.abs(e)));
  });
}

describe.each(cases)("$name agrees with enumeration", ({ make, makeOther, items, otherItems }) => {
  const real = items.map(finite);

  test("log-partition, entropy, divergences, log-count", async () => {
    const [p, q] = [make(), makeOther()];
    const r = await get({
      z: p.logPartition(),
      h: p.entropy(),
      kl: p.klDivergence(q),
      cross: p.crossEntropy(q),
      count: p.logCount(),
    });
    near(r.z.array(), items.map(logZ));
    const entropies = items.map((s) =>
      probabilities(s).reduce((h, x) => h - (x > 0 ? x * Math.log(x) : 0), 0),
    );
    near(r.h.array(), entropies);
    const crosses = items.map((s, b) =>
      probabilities(s).reduce(
        (h, x, i) => h - (x > 0 ? x * (otherItems[b]![i]!.score - logZ(otherItems[b]!)) : 0),
        0,
      ),
    );
    near(r.cross.array(), crosses);
    near(
      r.kl.array(),
      crosses.map((c, b) => c - entropies[b]!),
    );
    near(
      r.count.array(),
      real.map((s) => Math.log(s.length)),
    );
  });

  test("log-probabilities of all structures; encode and decode", async () => {
    const p = make();
    const most = Math.max(...real.map((s) => s.length));
    const compact = Array.from({ length: most }, (_, k) => real.map((s) => s[k % s.length]!.compact));
    const events = p.encode(array(compact as number[][][], { dtype: "int32" }));
    const r = await get({
      log: p.logProb(events),
      score: p.unnormalizedLogProb(events),
      back: p.decode(events),
    });
    const wanted = Array.from({ length: most }, (_, k) => real.map((s) => s[k % s.length]!.score));
    near((r.score.array() as number[][]).flat(), wanted.flat());
    const logs = wanted.map((row) => row.map((score, b) => score - logZ(items[b]!)));
    near((r.log.array() as number[][]).flat(), logs.flat());
    expect(r.back.array()).toEqual(compact);
  });

  test("the best structure and the k best", async () => {
    const p = make();
    const k = Math.max(...real.map((s) => s.length)) + 2;
    const top = p.topK(k);
    const r = await get({
      best: p.argmaxAndMax(),
      events: p.decode(top.events),
      scores: top.scores,
      count: top.count,
      argmax: p.decode(p.argmax()),
    });
    near(
      r.best.score.array(),
      real.map((s) => Math.max(...s.map((x) => x.score))),
    );
    expect(r.count.array()).toEqual(real.map((s) => s.length));
    const [events, scores] = [r.events.array() as number[][][], r.scores.array() as number[][]];
    real.forEach((structures, b) => {
      const sorted = structures.map((s) => s.score).sort((x, y) => y - x);
      near(
        scores.map((row) => row[b]!),
        [...sorted, ...Array<number>(k - sorted.length).fill(-Infinity)],
      );
      const known = new Map(structures.map((s) => [s.compact.join(), s.score]));
      const found = events.slice(0, structures.length).map((row) => row[b]!.join());
      expect(new Set(found).size).toBe(structures.length);
      found.forEach((key, i) => near(scores[i]![b], [known.get(key)!]));
    });
  });

  test("draws are structures, follow the distribution, and are functions of the key", async () => {
    const p = make();
    const draws = 4000;
    const sampled = await get({
      one: p.decode(p.sample(random.key(1), { sampleShape: [draws] })),
      again: p.decode(p.sample(random.key(1), { sampleShape: [draws] })),
      other: p.decode(p.sample(random.key(2), { sampleShape: [draws] })),
    });
    expect(sampled.one.data).toEqual(sampled.again.data);
    expect(sampled.one.data).not.toEqual(sampled.other.data);
    const rows = sampled.one.array() as number[][][];
    items.forEach((structures, b) => {
      const counts = new Map<string, number>();
      for (const row of rows) counts.set(row[b]!.join(), (counts.get(row[b]!.join()) ?? 0) + 1);
      let total = 0;
      const chances = probabilities(structures);
      // A 5-sigma band for each structure: a false alarm about once in a million runs
      structures.forEach(({ compact }, i) => {
        const count = counts.get(compact.join()) ?? 0;
        total += count;
        const spread = Math.sqrt(draws * chances[i]! * (1 - chances[i]!));
        expect(Math.abs(count - draws * chances[i]!)).toBeLessThanOrEqual(5 * spread + 1);
        if (chances[i] === 0) expect(count).toBe(0);
      });
      expect(total).toBe(draws);
    });
  });

  test("draws without replacement are distinct and exhaust the support", async () => {
    const p = make();
    const k = Math.max(...real.map((s) => s.length)) + 1;
    const drawn = p.sampleWithoutReplacement(random.key(3), k);
    const r = await get({ events: p.decode(drawn.events), logProbs: drawn.logProbs, count: drawn.count });
    expect(r.count.array()).toEqual(real.map((s) => s.length));
    const events = r.events.array() as number[][][];
    const logProbs = r.logProbs.array() as number[][];
    real.forEach((structures, b) => {
      const known = new Map(structures.map((s) => [s.compact.join(), s.score - logZ(items[b]!)]));
      const found = events.slice(0, structures.length).map((row) => row[b]!.join());
      expect(new Set(found)).toEqual(new Set(known.keys()));
      found.forEach((key, i) => near(logProbs[i]![b], [known.get(key)!]));
    });
  });

  test("one recording under jit gives what the eager queries give", async () => {
    const f = jit(() => {
      const p = make();
      return { z: p.logPartition(), m: p.marginals(), log: p.logMarginals() };
    });
    const p = make();
    const [jitted, eager] = await Promise.all([get(f()), get({ z: p.logPartition(), m: p.marginals() })]);
    near([...jitted.z.data], [...eager.z.data]);
    near([...jitted.m.data], [...eager.m.data]);
    near([...jitted.log.data].map(Math.exp), [...jitted.m.data]);
  });
});

test("the gradient of the log-partition is the marginals", async () => {
  const theta = array([
    [
      [0.5, -1],
      [0, 0],
    ],
    [
      [1, 2],
      [-0.3, 0.1],
    ],
  ]);
  const f = jit((x: Tensor<"float32">) => ({
    g: grad((y: Tensor<"float32">) => new LinearChainCRF({ logPotentials: y }).logPartition())(x),
    m: new LinearChainCRF({ logPotentials: x }).marginals(),
  }));
  const { g, m } = await get(f(theta));
  near([...g.data], [...m.data]);
});

describe("bad input is named", () => {
  const chain = { initial: [0, 0], transition: np.zeros([2, 2]), emission: np.zeros([3, 2]) };
  async function errorOf(f: () => unknown): Promise<SynjaxError> {
    try {
      await f();
    } catch (error) {
      if (error instanceof SynjaxError) return error;
      throw error;
    }
    throw new Error("expected an error");
  }

  test("before anything is sent, where the host knows", async () => {
    const emission = [
      [0, 0],
      [0, 0],
      [0, 0],
    ];
    const both = {
      ...chain,
      transition: [
        [0, 0],
        [0, 0],
      ],
      emission,
    };
    for (const [options, argument] of [
      [{ ...both, lengths: [1, 2, -1] }, "lengths"],
      [{ ...both, lengths: 4 }, "lengths"],
      [{ ...both, lengths: [1.5] }, "lengths"],
      [
        {
          ...both,
          transition: [
            [0, 0, 0],
            [0, 0, 0],
            [0, 0, 0],
          ],
        },
        "transition",
      ],
      [{ ...both, emission: [0, 0] }, "emission"],
      [{ ...both, emission: [emission, emission], lengths: [1, 2, 3] }, "lengths"],
      [{ ...both, initial: Int32Array.of(0, 0) }, "initial"],
      [{ ...both, surprise: 1 }, "surprise"],
    ] as const) {
      const error = await errorOf(() => new LinearChainCRF(options as never));
      expect([error.code, error.argument]).toEqual([
        argument === "lengths" && String(error.received).includes(".") ? "NARROWING" : "INVALID_ARGUMENT",
        argument,
      ]);
      expect(error.line).toMatch(/conformance\.test\.ts:\d+/);
    }
  });
  test("on the device, where only it can know", async () => {
    const lengths = np.add(array(Int32Array.of(2)), 2).slice(0);
    const late = await errorOf(() =>
      new LinearChainCRF({ ...chain, lengths } as never).logPartition().item(),
    );
    expect([late.code, late.argument]).toEqual(["CHECK_FAILED", "lengths"]);
    const nan = await errorOf(() =>
      new LinearChainCRF({ ...chain, initial: [0, Number.NaN] }).entropy().item(),
    );
    expect([nan.code, nan.argument]).toEqual(["CHECK_FAILED", "initial"]);
    const symbol = {
      initLogits: [0, 0],
      transitionLogits: [
        [0, 0],
        [0, 0],
      ],
      emissionDist: [
        [0, 0],
        [0, 0],
      ],
      observations: [0, 5],
    };
    const unknown = await errorOf(() => new HMM(symbol).logPartition().item());
    expect([unknown.code, unknown.argument]).toEqual(["CHECK_FAILED", "observations"]);
    const shape = await errorOf(() =>
      new LinearChainCRF({ ...chain, transition: np.zeros([3, 3]) }).logPartition().item(),
    );
    expect(shape.code).toBe("INVALID_ARGUMENT");
    expect(shape.message).toMatch(/transition|emission|initial/);
  });
  test("distributions of different shape in a divergence; k of 0; a missing parameter", async () => {
    const p = new LinearChainCRF(chain as never);
    const q = new LinearChainCRF({ ...chain, emission: np.zeros([4, 2]) } as never);
    expect((await errorOf(() => p.klDivergence(q).item())).argument).toBe("other");
    expect((await errorOf(() => p.topK(0).scores.data())).argument).toBe("k");
    expect((await errorOf(() => new LinearChainCRF({ initial: [0, 0] }).logPartition().item())).code).toBe(
      "INVALID_ARGUMENT",
    );
    expect((await errorOf(() => new HMM({ initLogits: [0] } as never))).argument).toBe("transitionLogits");
  });
});
