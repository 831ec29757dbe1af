/** The graph of a program, recorded and never run. */
import { afterAll, describe, expect, test } from "vitest";
import { array, cond, condition, customDistribution, dependencies, deterministic, dist, factor, grad, HMM, independent, intervene, jit, LinearChainCRF, type Model, type ModelGraph, np, param, plate, random, sample, scan, SynjaxError, type Tensor, vmap } from "../../src/index.ts"; // prettier-ignore

type T = Tensor<"float32">;
const normal = (loc: unknown, scale: unknown = 1): ReturnType<typeof dist.normal> =>
  dist.normal({ loc: loc as T, scale: scale as T });
const latent = (name: string, loc: unknown = 0): T => sample(name, normal(loc)) as unknown as T;

const arrows = (graph: ModelGraph): string[] => graph.edges.map(({ from, to }) => `${from} → ${to}`);
const kinds = (graph: ModelGraph): Record<string, string> =>
  Object.fromEntries(graph.nodes.map(({ name, kind }) => [name, kind]));
const arrowsOf = (model: Model<never[]>): string[] => arrows(dependencies(model)());

function eightSchools(y: T, { sigma }: { sigma: T }): void {
  const [mu, tau] = [latent("mu"), latent("tau")];
  plate("schools", 8, () => {
    const theta = deterministic("theta", latent("base").mul(np.exp(tau)).add(mu));
    sample("obs", normal(theta, sigma), { value: y });
  });
}
const data = [array([1, 2]) as T, { sigma: array([1, 2]) as T }] as const;

test("eight schools", () => {
  const { nodes, edges } = dependencies(eightSchools)(...data);
  const plates = [{ name: "schools", size: 8 }];
  const random = { kind: "latent", distribution: "normal", arguments: [] };
  expect(nodes).toEqual([
    { name: "mu", ...random, plates: [] },
    { name: "tau", ...random, plates: [] },
    { name: "base", ...random, plates },
    { name: "theta", kind: "deterministic", plates, arguments: [] },
    { name: "obs", kind: "observed", distribution: "normal", plates, arguments: ["argument 0", "argument 1.sigma"] }, // prettier-ignore
  ]);
  expect(edges.map(({ from, to }) => [from, to])).toEqual([
    ["mu", "theta"],
    ["tau", "theta"],
    ["base", "theta"],
    ["theta", "obs"],
  ]);
});

test("figure 6 of Tran et al. (2018): what a program's graph says of independence", () => {
  const model = (): void => {
    const z = latent("z");
    const [a, b] = [latent("a", z), latent("b", z)];
    sample("x", normal(np.add(a, b)), { value: 1 });
  };
  expect(independent(model, "a", "b")()).toBe(false);
  expect(independent(model, "a", "b", ["z"])()).toBe(false); // x was observed
  expect(independent(model, "z", "x", ["a", "b"])()).toBe(true);
  expect(independent(eightSchools, "mu", "base")(...data)).toBe(false);
  expect(independent(eightSchools, "mu", "obs", ["base", "tau"])(...data)).toBe(false);
  expect(independent(eightSchools, "mu", "obs", ["theta"])(...data)).toBe(true);
});

describe("a dependence passes through", () => {
  test("what a nested program takes and captures, to all that it gives", () => {
    expect(
      arrowsOf(() => {
        const [a, b, unused] = [latent("a"), latent("b"), latent("unused")];
        const [, ys] = scan(
          (carry: T, x: T) => [carry.add(x.mul(b)), carry] as [T, T],
          a,
          np.zeros([3]) as T,
        );
        latent("last", ys);
        latent("apart", np.add(unused, 1));
      }),
    ).toEqual(["a → last", "b → last", "unused → apart"]);
  });

  test("programs in programs, by vmap, cond and grad", () => {
    expect(
      arrowsOf(() => {
        const [a, b, c] = [latent("a"), latent("b"), latent("c")];
        const inner = (x: T): T => cond(np.greater(x, 0), () => a, () => b); // prettier-ignore
        latent("mapped", vmap(inner)(np.zeros([3]) as T));
        latent("slope", grad((x: T) => x.mul(c).sum() as T)(array([1]) as T));
      }),
    ).toEqual(["a → mapped", "b → mapped", "c → slope"]);
  });

  test("jit, and a program that is recorded in another", () => {
    const model = (): void => {
      const a = latent("a");
      latent("b", jit((x: T) => x.mul(2))(a));
    };
    expect(arrowsOf(model)).toEqual(["a → b"]);
    const within: string[] = [];
    const record = jit((x: T) => {
      within.push(...arrows(dependencies(() => latent("c", latent("d", x)))()));
      throw new RangeError("enough");
    });
    expect(() => record(array([1]))).toThrow("enough");
    expect(within).toEqual(["d → c"]);
  });

  test("but not through a shape", () => {
    expect(
      arrowsOf(() => {
        const a = latent("a", np.zeros([3]));
        latent("b", np.zeros(a.shape));
        latent("c", np.zeros([a.shape.at(0)]));
        latent("d", np.zerosLike(a));
        latent("e", np.fullLike(np.zeros([2]), a.sum()));
      }),
    ).toEqual(["a → e"]);
  });

  test("another variable only as far as that", () => {
    expect(
      arrowsOf(() => {
        const a = latent("a");
        const b = latent("b", a);
        const sum = np.add(a, b);
        deterministic("twice", sum.mul(2));
        latent("c", sum);
      }),
    ).toEqual(["a → b", "a → twice", "b → twice", "a → c", "b → c"]);
  });
});

describe("kinds", () => {
  test("a factor, a parameter, and a distribution of the user's own", () => {
    const graph = dependencies(() => {
      const start = latent("start");
      const scale = param("scale", start);
      const a = sample(
        "a",
        customDistribution({ sample: (key) => random.normal(key).add(start), logProb: (x) => x.sub(scale) }),
      );
      factor("soft", a.mul(2));
    })();
    expect(kinds(graph)).toEqual({ start: "latent", scale: "param", a: "latent", soft: "factor" });
    // Of a parameter, what it starts at is no dependence
    expect(arrows(graph)).toEqual(["start → a", "scale → a", "a → soft"]);
    expect(graph.nodes[2]).toMatchObject({ distribution: "custom" });
    expect(graph.nodes[3]).not.toHaveProperty("distribution");
  });

  test("distributions go by the names that they are made with", () => {
    const graph = dependencies(() => {
      const p = sample("p", dist.beta({ concentration1: 1, concentration0: 1 }));
      const flips = dist.bernoulli({ probs: p });
      sample("flips", dist.expanded(flips, [50]), { value: np.ones([50]) });
      sample("count", dist.betaBinomial({ concentration1: p, concentration0: 1, totalCount: 10 }));
    })();
    expect(graph.nodes.map(({ distribution }) => distribution)).toEqual(["beta", "expanded", "betaBinomial"]);
    expect(arrows(graph)).toEqual(["p → flips", "p → count"]);
  });

  test("an observed value that is computed couples what it is computed from", () => {
    expect(
      arrowsOf(() => {
        const [a, b] = [latent("a"), latent("b")];
        sample("difference", normal(a), { value: b });
      }),
    ).toEqual(["a → difference", "b → difference"]);
  });

  test("a structure is drawn from its parameters, and summed over a factor stands beside it", () => {
    const chain = (marginalize: boolean) => (words: Tensor<"int32">) => {
      const [initLogits, transitionLogits] = [latent("init", np.zeros([2])), latent("transition", np.zeros([2, 2]))];
      const hmm = new HMM({ initLogits, transitionLogits, emissionDist: [[0, 0], [0, 0]], observations: words }); // prettier-ignore
      if (marginalize) latent("seen", sample("states", hmm, { marginalize }).logPartition());
      else latent("seen", sample("states", hmm as never));
    }; // prettier-ignore
    const words = array([0, 1], { dtype: "int32" });
    const drawn = dependencies(chain(false))(words);
    expect(drawn.nodes[2]).toEqual({ name: "states", kind: "latent", distribution: "HMM", plates: [], arguments: ["argument 0"] }); // prettier-ignore
    expect(arrows(drawn)).toEqual(["init → states", "transition → states", "states → seen"]);
    expect(drawn.independent("init", "transition")).toBe(true);
    const summed = dependencies(chain(true))(words);
    expect(kinds(summed)).toMatchObject({ states: "latent", states_log_partition: "factor" });
    expect(arrows(summed)).toEqual([
      "init → states",
      "transition → states",
      "init → states_log_partition",
      "transition → states_log_partition",
      "init → seen",
      "transition → seen",
    ]);
    expect(summed.independent("init", "transition")).toBe(false);
  });

  test("a structured event that is observed", () => {
    const graph = dependencies((tags: Tensor<"float32">) => {
      const emission = latent("emission", np.zeros([3, 2]));
      const crf = new LinearChainCRF({ initial: [0, 0], transition: [[0, 0], [0, 0]], emission }); // prettier-ignore
      sample("tags", crf as never, { value: tags });
    })(np.zeros([3, 2, 2]) as T);
    expect(graph.nodes[1]).toMatchObject({ kind: "observed", distribution: "LinearChainCRF", arguments: ["argument 0"] }); // prettier-ignore
    expect(arrows(graph)).toEqual(["emission → tags"]);
  });

  test("what is conditioned is observed, and what is set from outside depends on nothing", () => {
    const model = (): void => {
      const a = latent("a");
      latent("c", latent("b", a));
    };
    expect(kinds(dependencies(condition(model, { b: 1 }))())).toMatchObject({ b: "observed" });
    expect(independent(condition(model, { b: 1 }), "a", "c")()).toBe(true);
    const set = dependencies(intervene(model, { b: 1 }))();
    expect([kinds(set)["b"], arrows(set)]).toEqual(["deterministic", ["b → c"]]);
    expect(set.independent("a", "c")).toBe(true);
  });

  test("plates, the outermost first; sizes where they are plain numbers", () => {
    const graph = dependencies((x: T) => {
      plate("groups", x.shape.at(0), () => {
        plate("items", 100, () => latent("a"), { subsampleSize: 10 });
      });
    })(array([1, 2]));
    expect(graph.nodes[0]!.plates).toEqual([{ name: "groups" }, { name: "items", size: 100, subsampleSize: 10 }]);
  }); // prettier-ignore
});

describe("bad input is a typed error that names the argument, at the user's line", () => {
  const graph = dependencies(() => {
    factor("soft", latent("b", latent("a")));
  })();
  const refusal = (run: () => unknown): SynjaxError => {
    try {
      run();
    } catch (error) {
      expect(error).toBeInstanceOf(SynjaxError);
      return error as SynjaxError;
    }
    throw new Error("expected an error");
  };
  test.each([
    ["x", () => graph.independent("typo", "a"), "expected one of a, b, got `typo`"],
    ["y", () => graph.independent("a", "typo"), "expected one of a, b, got `typo`"],
    ["y", () => graph.independent("a", "soft"), "got `soft`, a factor, which has no value"],
    ["given", () => graph.independent("a", "b", ["typo"]), "expected one of a, b, got `typo`"],
    ["given", () => graph.independent("a", "b", ["a"]), "expected variables that are not asked about, got `a`"],
    ["given", () => graph.independent("a", "b", [1 as never]), "got `1`"],
    ["x", () => dependencies(() => undefined)().independent("a", "b"), "none: the program states no variable"],
  ])("%s", (argument, run, words) => {
    const error = refusal(run);
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", argument });
    expect(error.message).toContain(words);
    expect(error.line).toMatch(/model-graph\.test\.ts/);
  }); // prettier-ignore

  test("an asynchronous program, whose later variables would be missed", () => {
    const model = async (): Promise<void> => {
      latent("a");
      await Promise.resolve();
    };
    const error = refusal(() => dependencies(model)());
    expect(error.message).toMatch(/^the result of dependencies's model is a Promise/);
  });

  test("a program whose variables differ from run to run", () => {
    let runs = 0;
    const error = refusal(() => dependencies(() => latent(`a${runs++}`))());
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", argument: "model" });
    expect(error.message).toMatch(/^dependencies: `model` states a0, and when it is run again a1/);
  });
});

afterAll(() => {
  expect(process.getActiveResourcesInfo()).not.toContain("ProcessWrap"); // no worker was started
});
