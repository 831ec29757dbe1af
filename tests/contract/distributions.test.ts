import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  array,
  connect,
  CTC,
  dist,
  SimpleDistribution,
  GeneralizedPCFG,
  get,
  grad,
  HMM,
  jit,
  LinearChainCRF,
  np,
  SemiMarkovCRF,
  type Session,
  SynjaxError,
  Tensor,
} from "../../src/index.ts";
import { errorOf } from "../fixtures/errors.ts";

let session: Session;
beforeAll(async () => {
  session = await connect();
});
afterAll(() => session.close());

function near(received: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(received).toHaveLength(expected.length);
  Array.from(expected).forEach((want, i) => expect(received[i]).toBeCloseTo(want, 5));
}

test("an HMM of numbers is that of their likelihoods", async () => {
  const [loc, scale] = [
    [-1, 0.5],
    [0.5, 1.5],
  ];
  const observations = [0.3, -1.2, 2];
  const logNormal = (x: number, state: number): number =>
    -0.5 * ((x - loc[state]!) / scale[state]!) ** 2 - Math.log(scale[state]!) - 0.5 * Math.log(2 * Math.PI);
  const chain = {
    initLogits: [0, 0.5],
    transitionLogits: [
      [1, 0],
      [0, 2],
    ],
  };
  const likelihoods = observations.map((x) => [0, 1].map((state) => logNormal(x, state)));
  const said = await get(
    jit(() => {
      const ofNumbers = new HMM({ ...chain, emissionDist: dist.normal({ loc, scale }), observations });
      const ofLikelihoods = new HMM({ ...chain, emissionLogLikelihoods: likelihoods });
      return [ofNumbers, ofLikelihoods].map((p) => ({ z: p.logPartition(), m: p.marginals() }));
    })(),
  );
  near(said[0]!.z.data, said[1]!.z.data);
  near(said[0]!.m.data, said[1]!.m.data);
});

test("a chain and an HMM are compared both ways, as two chains are", async () => {
  const guess = new LinearChainCRF({ initial: [0, 1], transition: [[0, 1], [2, 0]], emission: [[0, 1], [1, 0], [0, 3]] }); // prettier-ignore
  const likelihoods = [[-1, -2], [-3, -0.5], [-1, -1]]; // prettier-ignore
  const hmm = new HMM({
    initLogits: [0, 0],
    transitionLogits: [[0, 0], [1, 1]], // prettier-ignore
    emissionLogLikelihoods: [likelihoods, likelihoods],
  });
  // Every state follows every other with probability 1 / 2, which changes no posterior
  const chain = new LinearChainCRF({ initial: [0, 0], transition: np.zeros([2, 2]), emission: likelihoods });
  const asked = jit(() => [
    [guess.klDivergence(hmm), hmm.klDivergence(guess), guess.crossEntropy(hmm)],
    [guess.klDivergence(chain), chain.klDivergence(guess), guess.crossEntropy(chain)],
  ]);
  const [ours, theirs] = (await get(asked())).map((row) =>
    row.map((x) => Array.from(x.data as Float32Array)),
  );
  near(ours!.flat(), theirs!.flatMap(([x]) => [x!, x!])); // prettier-ignore
  const other = new SemiMarkovCRF({ logPotentials: np.zeros([3, 2, 2, 2]) });
  for (const f of [() => guess.klDivergence(other as never), () => hmm.crossEntropy(other as never)])
    expect((await errorOf(f)).message).toMatch(
      /: `other`: expected a (LinearChainCRF or HMM|HMM or LinearChainCRF), got a SemiMarkovCRF/,
    );
  const longer = new LinearChainCRF({ logPotentials: np.zeros([4, 2, 2]) });
  expect((await errorOf(() => hmm.klDivergence(longer).item())).message).toContain("expected (3, 2, 2)");
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

test("a SemiMarkovCRF says the label of each position", async () => {
  const labels = await get(
    jit(() => {
      const crf = new SemiMarkovCRF({ segment: np.zeros([3, 2, 2]), transition: np.zeros([2, 2]) });
      return crf.convertSampleToElementLabels(crf.encode([[0, 1, 1], [2, 2, 0], [-1, -1, -1]])); // prettier-ignore
    })(),
  );
  expect(labels.shape).toEqual([3, 2]);
  near([...labels.data], [0, 1, 0, 1, 1, 0]);
});

test("a grammar says which parse has the least risk", async () => {
  // Two nonterminals and a word. The first two words are a span with a weight of 0.5 or 0.375, by label, and the last two
  // with one of 0.75.
  const said = await get(
    jit(() => {
      const rule = np.log(array([[[0, 0, 0.25], [0, 0, 0.5], [0.25, 0, 1]], [[0, 0, 0.25], [0, 0, 0.25], [0.5, 0, 0.5]]])); // prettier-ignore
      const pcfg = new GeneralizedPCFG({ preterminalScores: [[0], [0], [0]], root: [0, 0], rule, normalize: false }); // prettier-ignore
      return [true, false].map((marginalizeLabels) => pcfg.decode(pcfg.mbr({ marginalizeLabels })).spans);
    })(),
  );
  expect(Array.from(said[0]!.data as Int32Array)).toEqual([0, 2, 1, 0, 1, 0]);
  expect(Array.from(said[1]!.data as Int32Array)).toEqual([0, 2, 1, 1, 2, 0]);
});

test("a CTC says what frames say, whatever labels they were to say", async () => {
  const said = await get(
    jit(() => {
      const ctc = new CTC({
        logPotentials: np.log([
          [0.2, 0.8],
          [0.6, 0.4],
          [0.3, 0.7],
        ]),
        labels: [1, 1],
      });
      const best = ctc.argmaxAndMax();
      const frames = ctc.alignmentToLabels(best.event);
      const impossible = new CTC({ logPotentials: np.zeros([2, 3]), labels: [1, 1] });
      return {
        loss: ctc.loss(),
        frames,
        ofFrames: np.exp(ctc.logProbLabels(frames)),
        beam: ctc.beamSearchLabels(3),
        impossible: impossible.loss(),
      };
    })(),
  );
  near([said.loss.item(), said.ofFrames.item()], [-Math.log(0.336), 0.336]);
  expect(said.frames.data).toEqual(Int32Array.of(1, 0, 1));
  expect(said.beam.labels.shape).toEqual([3, 3]);
  expect(Array.from(said.beam.labels.data as Int32Array).slice(0, 3)).toEqual([1, -1, -1]);
  expect(said.impossible.item()).toBe(Infinity);
});

describe("emissions that are distributions", () => {
  const base = { initLogits: [0, 0], transitionLogits: [[2, 0], [0, 2]] }; // prettier-ignore
  const normal = () => dist.normal({ loc: [0, 3], scale: [0.5, 0.5] });
  const observations = [0, 0.2, 3, 3.2];

  test("what maximize answers is one, with parameters to read, outside and through recorded functions", async () => {
    const hmm = new HMM({ ...base, emissionDist: normal(), observations });
    const step = jit((emissionDist: SimpleDistribution<"float32", "float32">, x: Tensor<"float32">) => {
      const inner = new HMM({ ...base, emissionDist, observations: x });
      return inner.maximize(inner.expectedCounts());
    });
    for (const next of [
      hmm.maximize(hmm.expectedCounts()),
      step(normal(), Float32Array.from(observations)),
    ]) {
      expect(next.emissionDist).toBeInstanceOf(SimpleDistribution);
      const [loc, scale] = [next.emissionDist.parameter("loc"), next.emissionDist.parameter("scale")];
      near(
        ((await loc.array()) as number[]).map((mean) => Math.round(mean * 1e3) / 1e3),
        [0.1, 3.1],
      );
      for (const deviation of (await scale.array()) as number[]) expect(deviation).toBeCloseTo(0.1, 2);
      const better = new HMM({ ...next, observations });
      expect(await better.logPartition().item()).toBeGreaterThan(await hmm.logPartition().item());
      expect(await better.parameter("emissionDist").parameter("loc").array()).toEqual(await loc.array());
    }
    const symbols = new HMM({ ...base, emissionDist: [[0, 0], [1, -1]], observations: [0, 1] }); // prettier-ignore
    expect(symbols.maximize(symbols.expectedCounts()).emissionDist).toBeInstanceOf(Tensor);
  });

  test("a parameter that is none is refused, and so is one that the kind does not have", async () => {
    const vectors = dist.multivariateNormal({ loc: [[0], [1]], covarianceMatrix: [[[4]], [[9]]] });
    expect(await vectors.parameter("covarianceMatrix").array()).toEqual([[[4]], [[9]]]);
    const error = await errorOf(() => normal().parameter("rate").array());
    expect([error.code, error.argument]).toEqual(["INVALID_ARGUMENT", "name"]);
    expect(error.message).toMatch(/^parameter: a Normal has no 'rate'; it has loc, scale/);
  });

  test("a wrong scale, rate or covariance is named, and not blamed on the observations", async () => {
    const cases: [() => SimpleDistribution, unknown, string][] = [
      [
        () => dist.normal({ loc: [0, 3], scale: [1, 0] }),
        observations,
        "scale` must be finite and above 0; item 1 is 0",
      ],
      [() => dist.poisson({ rate: [1, -1] }), [1, 2], "rate` must be finite and 0 or more; item 1 is -1"],
      [
        () => dist.multivariateNormal({ loc: [[0, 0], [0, 0]], covarianceMatrix: [[[1, 0], [0, 1]], [[1, 2], [2, 1]]] }), // prettier-ignore
        [[1, 2]],
        "covarianceMatrix` must be positive definite",
      ],
    ];
    for (const [make, seen, message] of cases) {
      const hmm = new HMM({ ...base, emissionDist: make(), observations: seen as number[] });
      expect((await errorOf(() => hmm.logPartition().item())).message).toContain(
        `HMM: \`emissionDist.${message}`,
      );
    }
  });
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
      expect(error.line).toMatch(/distributions\.test\.ts:\d+/);
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
