/**
 * What a class may declare and no public class does yet, from TypeScript through a worker: an event of several arrays, a
 * list of tensors, two lengths. The classes are the toys of `python/tests/conformance/toys.py`.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  array,
  connect,
  type Distribution,
  get,
  grad,
  HMM,
  jit,
  LinearChainCRF,
  random,
  SemiMarkovCRF,
  type Session,
  type SynjaxError,
  type Tensor,
  tree,
} from "../../src/index.ts";
import { errorOf } from "../fixtures/errors.ts";
import { ToyLayers } from "../fixtures/toys/toy-layers.ts";
import { ToyStaircase } from "../fixtures/toys/toy-staircase.ts";
import { ToyTaggedTree } from "../fixtures/toys/toy-tagged-tree.ts";

let session: Session;
beforeAll(async () => {
  process.env["SYNJAX_MODULES"] = "tests.conformance.toys";
  session = await connect();
}, 300_000);
afterAll(() => session.close());

const near = (received: number, expected: number): void =>
  expect(Math.abs(received - expected)).toBeLessThan(1e-5);
const logSumExp = (scores: readonly number[]): number =>
  Math.log(scores.reduce((sum, score) => sum + Math.exp(score), 0));

describe("an event of several arrays", { timeout: 300_000 }, () => {
  // Two trees of three leaves: (0 (1 2)) with 1, ((0 1) 2) with 0. Tags are independent.
  const spans = [[0, 0, 0], [0, 0, 1], [0, 0, 0]]; // prettier-ignore
  const tags = [[0, 1], [1, 0], [0, 2]]; // prettier-ignore
  const right = { chart: [[0, 2], [1, 2], [-1, -1]], tags: [1, 0, 1] }; // prettier-ignore
  const logZ = logSumExp([0, 1]) + tags.reduce((sum, row) => sum + logSumExp(row), 0);
  const make = (): ToyTaggedTree => new ToyTaggedTree({ spans, tags });

  test("log-partition, marginals, the best one", async () => {
    const toy = make();
    const best = toy.argmaxAndMax();
    const r = await get({
      z: toy.logPartition(),
      marginals: toy.marginals(),
      log: toy.logMarginals(),
      best,
      compact: toy.decode(best.event),
      encoded: toy.encode(right),
      logProb: toy.logProb(best.event),
      again: toy.logProb(toy.encode(right)),
    });
    near(r.z.item(), logZ);
    const chart = r.marginals.chart.array() as number[][];
    near(chart[1]![2]!, Math.exp(1 - logSumExp([0, 1])));
    near((r.log.tags.array() as number[][])[0]![1]!, 1 - logSumExp([0, 1]));
    expect(r.best.score.item()).toBe(5);
    expect([r.compact.chart.array(), r.compact.tags.array()]).toEqual([right.chart, right.tags]);
    expect(r.encoded.chart.array()).toEqual(r.best.event.chart.array());
    expect(r.encoded.tags.array()).toEqual(r.best.event.tags.array());
    near(r.logProb.item(), 5 - logZ);
    near(r.again.item(), 5 - logZ);
  });

  test("the k best, samples, and their log-probabilities from events given as data", async () => {
    const toy = make();
    const [top, drawn] = [toy.topK(3), toy.sampleWithoutReplacement(random.key(0), 16)];
    const sampled = toy.sample(random.key(1), { sampleShape: [4] });
    const r = await get({
      top,
      scores: toy.unnormalizedLogProb(top.events),
      drawn,
      logProbs: toy.logProb(drawn.events),
      sampled,
      leaves: toy.decode(sampled),
    });
    expect(r.top.scores.array()).toEqual([5, 4, 4]);
    expect(r.top.count.item()).toBe(3);
    expect(r.drawn.count.item()).toBe(16); // two trees, eight taggings
    expect(r.scores.array()).toEqual([5, 4, 4]);
    expect([r.top.events.chart.shape, r.top.events.tags.shape]).toEqual([[3, 3, 3], [3, 3, 2]]); // prettier-ignore
    const total = (r.drawn.logProbs.array() as number[]).reduce((sum, log) => sum + Math.exp(log), 0);
    near(total, 1);
    (r.logProbs.array() as number[]).forEach((log, i) =>
      near(log, (r.drawn.logProbs.array() as number[])[i]!),
    );
    expect(r.leaves.tags.shape).toEqual([4, 3]);
    const { chart, tags: leaves } = r.sampled;
    const [fromData, fromDevice] = await Promise.all([
      toy.logProb({ chart: chart.array() as number[][][], tags: leaves.array() as number[][][] }).array(),
      toy
        .logProb({
          chart: session.put(array(chart.data, chart)),
          tags: session.put(array(leaves.data, leaves)),
        })
        .array(),
    ]);
    expect(fromData).toEqual(fromDevice);
    (fromData as number[]).forEach((log) => expect(log).toBeGreaterThan(-Infinity));
  });

  test("recorded: events are arguments and results, and gradients go through their log-probability", async () => {
    const f = jit((s: Tensor<"float32">, gold: ReturnType<ToyTaggedTree["argmax"]>) => {
      const score = (x: Tensor<"float32">): Tensor<"float32"> =>
        new ToyTaggedTree({ spans: x, tags }).logProb(gold);
      const toy = new ToyTaggedTree({ spans: s, tags });
      return { slope: grad(score)(s), best: toy.argmax(), marginals: toy.marginals() };
    });
    const gold = make().encode(right);
    const { slope, best, marginals } = await get(f(array(spans), gold));
    expect((best.chart.array() as number[][])[1]![2]).toBe(1);
    near((slope.array() as number[][])[1]![2]!, 1 - (marginals.chart.array() as number[][])[1]![2]!);
  });

  test("shapes by array; parameters; part of a batch", async () => {
    const batch = new ToyTaggedTree({ spans: [spans, spans], tags: [tags, tags], lengths: [3, 2] });
    const [n, t] = batch.eventShape.tags;
    expect(await Promise.all([n!, t!, batch.eventShape.chart.product()].map((x) => array([0]).add(x).item()))).toEqual([3, 2, 9]); // prettier-ignore
    const compact = await get(batch.at(1).decode(batch.at(1).argmax()));
    expect(compact.chart.array()).toEqual([[0, 1], [-1, -1], [-1, -1]]); // prettier-ignore
    expect(compact.tags.array()).toEqual([1, 0, -1]);
    expect(await batch.parameter("tags").array()).toEqual([tags, tags]);
  });

  test("a wrong tree, and a wrong array in it, are named", async () => {
    const toy = make();
    const loose = toy as unknown as Record<string, (x: unknown) => unknown>;
    for (const [query, event, argument, message] of [
      ["logProb", array(spans), "event", "`event` is a Tensor, expected the fields chart, tags."],
      [
        "logProb",
        { chart: spans },
        "event",
        "`event` is an object of chart, expected the fields chart, tags.",
      ],
      ["logProb", { chart: spans, tags, more: 1 }, "event", "expected the fields chart, tags."],
      ["logProb", { chart: "x", tags }, "event.chart", "`event.chart`: expected a tensor"],
      ["logProb", { chart: spans, tags: [[0, 1]] }, "event.tags", "`event.tags` has shape (1, 2), expected (*sample *batch n t)"], // prettier-ignore
      ["encode", { chart: right.chart, tags: [0.5, 1, 1] }, "compact.tags", "`compact.tags`: expected"],
      ["encode", { chart: right.chart, tags: [0, 1, 7] }, "compact.tags", "`compact.tags` must be between 0 and t - 1 = 1; item 2 is 7"], // prettier-ignore
    ] as const) {
      const found = await errorOf(() => get(loose[query]!.call(toy, event)));
      expect([found.argument, found.message]).toEqual([argument, expect.stringContaining(message)]);
      expect(found.message).toMatch(
        new RegExp(`^ToyTaggedTree\\.${query}: .*(classes\\.test|distribution)\\.ts:\\d+`, "s"),
      );
    }
  });
});

describe("a list of tensors", { timeout: 300_000 }, () => {
  const layers = [[[0, 1, 0], [2, 0, 0]], [[0.5, 0, 0], [0, 0, 1]]]; // prettier-ignore
  const sums = layers[0]!.map((row, i) => row.map((x, j) => x + layers[1]![i]![j]!));
  const logZ = sums.reduce((sum, row) => sum + logSumExp(row), 0);

  test("of host data, of tensors, of both: one answer", async () => {
    const given = [layers, layers.map((layer) => array(layer)), [session.put(array(layers[0]!)), layers[1]!]];
    for (const each of given) {
      const toy = new ToyLayers({ layers: each });
      const r = await get({
        z: toy.logPartition(),
        best: toy.decode(toy.argmax()),
        second: toy.parameter("layers", 1),
      });
      near(r.z.item(), logZ);
      expect(r.best.array()).toEqual([1, 0]);
      expect(r.second.array()).toEqual(layers[1]);
    }
    const f = jit((xs: readonly Tensor<"float32">[]) => new ToyLayers({ layers: xs }).logPartition());
    near(await f(layers.map((layer) => array(layer))).item(), logZ);
  });

  test("queries answer, and a batch is broadcast between the elements", async () => {
    const toy = new ToyLayers({ layers: [[layers[0]!, layers[1]!], layers[1]!] });
    const top = toy.topK(2);
    const r = await get({
      z: toy.logPartition(),
      top,
      kl: toy.klDivergence(toy),
      drawn: toy.sample(random.key(2)),
    });
    near((r.z.array() as number[])[0]!, logZ);
    expect(r.top.events.shape).toEqual([2, 2, 2, 3]);
    expect(r.drawn.shape).toEqual([2, 2, 3]);
    for (const kl of r.kl.array() as number[]) near(kl, 0);
  });

  test.each([
    ["no list", array([[0, 1]]), "layers", "`layers` is object, expected a list of arrays."],
    ["an empty list", [], "layers", "`layers` is an empty one, expected a list of arrays."],
    ["an element that is none", [layers[0], "x"], "layers[1]", "`layers[1]`: expected a tensor"],
    ["an element of integers", [layers[0], Int32Array.of(1)], "layers[1]", "`layers[1]`"],
    ["an element of another size", [layers[0], [[0, 1]]], "layers[1]", "`layers[1]` has shape (1, 2), expected (*batch n t) with n = 2 to match `layers[0]` (2, 3) as (*batch n t)."], // prettier-ignore
    ["an element of another rank", [layers[0], [0, 1]], "layers[1]", "`layers[1]` has shape (2), expected (*batch n t): at least 2 dimensions."], // prettier-ignore
  ])("%s is named", async (_, given, argument, message) => {
    const error = await errorOf(() => new ToyLayers({ layers: given as never }));
    expect([error.argument, error.message]).toEqual([argument, expect.stringContaining(message)]);
    expect(error.line).toMatch(/toy-layers\.ts:\d+/); // the class is not the library's
  });

  test("NaN in an element is named with its position on the device", async () => {
    const bad = new ToyLayers({ layers: [layers[0]!, [[0, 0, 0], [0, Number.NaN, 0]]] }); // prettier-ignore
    const error = await errorOf(() => bad.logPartition().item());
    expect([error.code, error.argument]).toEqual(["CHECK_FAILED", "layers[1]"]);
    expect(error.message).toMatch(
      /^ToyLayers: `layers\[1\]` must be a number below \+inf; item \(1, 1\) is NaN/,
    );
  });
  test("which of the list has to be said", async () => {
    const error = await errorOf(() => new ToyLayers({ layers }).parameter("layers"));
    expect(error.argument).toBe("index");
  });
});

describe("two lengths", { timeout: 300_000 }, () => {
  const logPotentials = [[0, 2], [3, 0]]; // prettier-ignore

  test("each cuts its own dim", async () => {
    const four = [logPotentials, logPotentials, logPotentials, logPotentials];
    const toy = new ToyStaircase({
      logPotentials: four,
      lengthsRows: [2, 1, 2, 0],
      lengthsCols: [2, 2, 1, 2],
    });
    const r = await get({ z: toy.logPartition(), best: toy.decode(toy.argmax()), count: toy.logCount() });
    const expected = [[3, 0, 2], [0, 2], [3], [0]].map(logSumExp); // prettier-ignore
    (r.z.array() as number[]).forEach((z, i) => near(z, expected[i]!));
    expect(r.best.array()).toEqual([[0, 0], [1, -1], [0, 0], [-1, -1]]); // prettier-ignore
    (r.count.array() as number[]).forEach((count, i) => near(count, Math.log([3, 2, 1, 1][i]!)));
  });

  const ints = (...values: number[]): Tensor<"int32"> => array(Int32Array.from(values));
  test.each([
    ["too many rows", { lengthsRows: ints(99, 1) }, "lengthsRows", "between 0 and rows = 2; item 0 is 99"],
    ["too many columns", { lengthsCols: ints(1, 3) }, "lengthsCols", "between 1 and cols = 2; item 1 is 3"],
    ["no column", { lengthsCols: ints(0, 1) }, "lengthsCols", "between 1 and cols = 2; item 0 is 0"],
  ])("%s: on the host and on the device, the same words", async (_, lengths, argument, message) => {
    const logPotentials = [[[0, 2], [3, 0]], [[0, 2], [3, 0]]]; // prettier-ignore
    const host = await errorOf(() => new ToyStaircase({ logPotentials, ...lengths }));
    const device = await errorOf(() =>
      new ToyStaircase({ logPotentials, ...tree.map((x: Tensor) => session.put(x), lengths) })
        .logPartition()
        .array(),
    );
    for (const error of [host, device])
      expect([error.argument, error.message]).toEqual([
        argument,
        expect.stringContaining(`ToyStaircase: \`${argument}\` must be ${message}`),
      ]);
    expect([host.code, device.code]).toEqual(["INVALID_ARGUMENT", "CHECK_FAILED"]);
  });
  test("lengths of another batch ask what got lost", async () => {
    const batch = array([logPotentials, logPotentials, logPotentials]);
    const error = await errorOf(() => new ToyStaircase({ logPotentials: batch, lengthsCols: [1, 1] }));
    expect(error.message).toContain("Did one sentence get lost while padding?");
  });
});

describe("what the host refuses, the worker refuses with the same words", { timeout: 300_000 }, () => {
  const zeros = (...shape: number[]): Tensor<"float32"> =>
    array(new Float32Array(shape.reduce((a, b) => a * b, 1)), { shape });
  const chain = { initial: zeros(2), transition: zeros(2, 2), emission: zeros(3, 4, 2) };
  const hmm = { initLogits: zeros(2), transitionLogits: zeros(2, 2), emissionDist: zeros(2, 5) };
  const ints = (...values: number[]): Tensor<"int32"> => array(Int32Array.from(values));
  const crf = (options: object): Distribution => new LinearChainCRF(options as never);
  const markov = (options: object): Distribution => new HMM(options as never);

  test.each<[string, (options: object) => Distribution, object, string]>([
    ["transition disagrees with emission", crf, { ...chain, transition: zeros(3, 3) }, "transition"],
    ["transition is not square", crf, { ...chain, transition: zeros(2, 3) }, "transition"],
    ["initial disagrees", crf, { ...chain, initial: zeros(3) }, "initial"],
    ["a batch disagrees", crf, { ...chain, initial: zeros(2, 2) }, "initial"],
    ["too few axes", crf, { ...chain, emission: zeros(2) }, "emission"],
    ["lengths of another batch", crf, { ...chain, lengths: ints(1, 2) }, "lengths"],
    ["lengths that no batch has", crf, { ...chain, emission: zeros(4, 2), lengths: array(new Int32Array(4), { shape: [2, 2] }), initial: zeros(3, 2) }, "lengths"], // prettier-ignore
    ["no tags", crf, { initial: zeros(0), transition: zeros(0, 0), emission: zeros(3, 0) }, "emission"],
    ["the transitions of another number of states", markov, { ...hmm, observations: ints(1, 2), transitionLogits: zeros(3, 3) }, "transitionLogits"], // prettier-ignore
    ["emissions of another number of states", markov, { ...hmm, observations: ints(1, 2), emissionDist: zeros(3, 5) }, "transitionLogits"], // prettier-ignore
  ])("%s", async (_, make, options, argument) => {
    const host = await errorOf(() => make(options));
    const onDevice = tree.map((x: Tensor) => session.put(x), options);
    const device = await errorOf(() => make(onDevice).logPartition().data());
    expect([host.argument, device.argument]).toEqual([argument, argument]);
    const said = ({ message }: SynjaxError): string => message.replace(/ {2}at \S+$/, "");
    expect(said(host)).toBe(said(device));
    expect(host.code).toBe("INVALID_ARGUMENT");
  });

  // Both sides check forms before anything else, so that nothing of one reaches the other: Python's words, spelled as here
  const forms = "expected either `logPotentials`, or `initial`, `transition` and `emission`.";
  const markovForms = "expected either `emissionLogLikelihoods`, or `emissionDist` and `observations`.";
  const semi = (options: object): Distribution => new SemiMarkovCRF(options as never);
  test.each<[string, (options: object) => Distribution, object, string, string]>([
    ["half a form", crf, { initial: [0, 0], emission: [[0, 0]] }, "transition", `is missing: ${forms}`],
    ["no form", crf, {}, "initial", `is missing: ${forms}`],
    [
      "two forms",
      crf,
      { ...chain, logPotentials: zeros(3, 2, 2) },
      "initial",
      `is given beside \`logPotentials\`: ${forms}`,
    ],
    [
      "a form and a part of another",
      crf,
      { logPotentials: zeros(3, 2, 2), emission: zeros(3, 2) },
      "emission",
      `is given beside \`logPotentials\`: ${forms}`,
    ],
    ["half a form of two", markov, hmm, "observations", `is missing: ${markovForms}`],
    [
      "an optional part beside another form",
      semi,
      { logPotentials: zeros(3, 2, 2, 2), initial: [0, 0] },
      "initial",
      "is given beside `logPotentials`: expected either `logPotentials`, or `segment` and `transition`.",
    ],
  ])("%s", async (_, make, options, argument, message) => {
    const error = await errorOf(() => make(options));
    expect([error.code, error.argument]).toEqual(["INVALID_ARGUMENT", argument]);
    expect(error.message).toContain(`: \`${argument}\` ${message}  at `);
  });
  test("an optional part of a form may be left out", async () => {
    const z = await semi({ segment: zeros(2, 2, 1), transition: zeros(1, 1) })
      .logPartition()
      .item();
    near(z, Math.log(2));
  });
});
