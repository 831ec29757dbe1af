import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  AlignmentCRF,
  connect,
  CTC,
  diagnostics,
  GeneralizedPCFG,
  jit,
  LinearChainCRF,
  np,
  pictures,
  random,
  SemiMarkovCRF,
  type Session,
  summaryTable,
  type Tensor,
  TreeCRF,
} from "../../src/index.ts";
import { codesOf, errorOf } from "../fixtures/errors.ts";

let session: Session;
beforeAll(async () => {
  session = await connect();
});
afterAll(() => session.close());

/** What the cells of a picture say of themselves: "what: probability". */
function cellsOf(svg: string): Map<string, number> {
  const titles = [...svg.matchAll(/<rect[^>]*><title>(.*?)<\/title>/g)].map(([, title]) => title!);
  return new Map(titles.map((title) => [title.replace(/: [^:]*$/, ""), Number(title.split(": ").at(-1))]));
}

/** The names of all elements, each opened and closed in turn. */
function expectWellFormed(svg: string): void {
  const open: string[] = [];
  for (const [, closes, name, itself] of svg.matchAll(/<(\/?)([a-z]+)(?:\s[^<>]*?)?(\/?)>/g)) {
    if (closes) expect(open.pop()).toBe(name);
    else if (!itself) open.push(name!);
  }
  expect(open).toEqual([]);
  expect(svg.replace(/<[^<>]*>/g, "")).not.toMatch(/[<>]/);
}

describe("toSVG", () => {
  const emission = np.array([
    [
      [2, 0],
      [0, 1],
      [0, 3],
    ],
    [
      [0, 1],
      [5, 0],
      [9, 9],
    ],
  ]);
  const chain = () =>
    new LinearChainCRF({
      initial: np.zeros([2]),
      transition: np.zeros([2, 2]),
      emission,
      lengths: [3, 2],
    });

  test("of a chain shows every state's probability, inside the length, and the best path", async () => {
    const svg = await chain().toSVG({ item: 1, labels: ["A & B", "<C>"], positions: ["one", "two"] });
    expectWellFormed(svg);
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    const found = cellsOf(svg);
    expect(found.size).toBe(4);
    expect(found.get("A &amp; B at one")).toBeCloseTo(sigmoid(-1), 3);
    expect(found.get("&lt;C&gt; at one")).toBeCloseTo(sigmoid(1), 3);
    expect(found.get("A &amp; B at two")).toBeCloseTo(sigmoid(5), 3);
    const rows = [...svg.matchAll(/<circle cx="[\d.]+" cy="([\d.]+)"/g)].map(([, y]) => Number(y));
    expect(rows).toHaveLength(2);
    expect(rows[0]! - rows[1]!).toBe(22); // down in the second row, then up
    expect(svg).toContain("LinearChainCRF");
  });

  test("of segments shows labels, ends and the best segments", async () => {
    const segment = np.zeros([3, 2, 2]).at(1, 1, 0).set(9).at(2, 0, 1).set(9);
    const semi = new SemiMarkovCRF({ segment, transition: np.zeros([2, 2]) });
    const svg = await semi.toSVG({ labels: ["x", "y"], title: "two parts" });
    expectWellFormed(svg);
    const found = cellsOf(svg);
    expect(found.size).toBe(9);
    expect(found.get("x, 0")).toBeGreaterThan(0.99);
    expect(found.get("y, 2")).toBeGreaterThan(0.99);
    expect(found.get("ends here, 0")).toBeLessThan(0.01);
    expect(found.get("ends here, 1")).toBeGreaterThan(0.99);
    expect(found.get("x, 2")! + found.get("y, 2")!).toBeCloseTo(1, 2);
    expect(svg).toContain("two parts");
    expect(/<g class="bands">(.*?)<\/g>/s.exec(svg)![1]!.match(/<rect/g)).toHaveLength(2);
  });

  test("of an alignment shows the table inside the lengths and the best path", async () => {
    const logPotentials = np.array([
      [1, 9, -1, 0],
      [-1, -1, 9, 0],
      [0, 0, 0, 0],
    ]);
    const crf = new AlignmentCRF({
      logPotentials,
      alignmentType: "monotone_many_to_many",
      lengthsRows: 2,
      lengthsCols: 3,
    });
    const svg = await crf.toSVG({ rows: ["a", "b"], columns: ["x", "y", "z"] });
    expectWellFormed(svg);
    const found = cellsOf(svg);
    expect(found.size).toBe(5);
    expect(found.has("b, x")).toBe(false); // too improbable to be seen
    expect(found.get("a, x")).toBeCloseTo(1, 5);
    expect(found.get("a, y")).toBeGreaterThan(0.99);
    expect(found.get("a, z")).toBeLessThan(0.6);
    expect(svg.match(/class="chosen"/g)).toHaveLength(3);
  });

  test("of a CTC shows the states of each frame", async () => {
    const ctc = new CTC({ logPotentials: np.zeros([3, 2]), labels: [1, 1] });
    const svg = await ctc.toSVG({ rows: ["-", "a", "-", "a", "-"] }); // as many as there are, though the last blank has no frame
    expectWellFormed(svg);
    expect(svg.match(/class="chosen"/g)).toHaveLength(3);
  });

  test("of a tree shows its spans over the words, as dark as they are probable", async () => {
    const logPotentials = np.zeros([4, 4, 2]).at(0, 1, 1).set(9).at(2, 2, 1).set(9).at(0, 2, 0).set(1);
    const svg = await new TreeCRF({ logPotentials, lengths: 3 }).toSVG({ labels: ["X", "Y"], positions: ["a", "b", "c"] }); // prettier-ignore
    expectWellFormed(svg);
    const found = cellsOf(svg);
    expect([...found.keys()]).toEqual(["X, a", "X, b", "Y, a … b", "Y, c", "X, a … c"]);
    expect(found.get("X, a … c")).toBeCloseTo(1 / (1 + Math.exp(-1)), 3);
    expect(found.get("Y, a … b")).toBeGreaterThan(0.99);
    expect(found.get("X, a")).toBeCloseTo(0.5, 2);
    expect(svg.match(/<line/g)).toHaveLength(4);
    const dots = await new TreeCRF({ logPotentials: np.zeros([3, 3, 1]) }).toSVG();
    expect([...cellsOf(dots).keys()]).toContain("0 … 2");
  });

  test("of a parse shows its nonterminals over the preterminals of the words", async () => {
    const [noun, verb] = [1, 2];
    const rule = np.full([1, 3, 3], -Infinity).at(0, noun, 0).set(0).at(0, verb, noun).set(0);
    const preterminalScores = [[3, 0], [0, 1], [2, 0], [0, 0]]; // prettier-ignore
    const grammar = new GeneralizedPCFG({ preterminalScores, root: [0], rule, lengths: 3 });
    const svg = await grammar.toSVG({ labels: ["S", "N", "V"], positions: ["fish", "eat", "worms"] });
    expectWellFormed(svg);
    const found = cellsOf(svg);
    expect([...found.keys()].sort()).toEqual(
      ["N, fish", "N, worms", "S, eat … worms", "S, fish … worms", "V, eat"].sort(),
    );
    for (const probability of found.values()) expect(probability).toBeCloseTo(1, 6);
    const error = await errorOf(() => grammar.toSVG({ labels: ["S"] }));
    expect(error.message).toMatch(/`labels` has 1 names for 3/);
  });

  test("of an item without structure has its size, and nothing in it", async () => {
    const nothing = new LinearChainCRF({ logPotentials: np.full([2, 2, 2], -Infinity) });
    const svg = await nothing.toSVG();
    expectWellFormed(svg);
    expect([...cellsOf(svg).values()]).toEqual([0, 0, 0, 0]);
    expect(svg).not.toContain("<circle");
  });

  test("says what is wrong with its arguments", async () => {
    const error = async (options: object) => errorOf(() => chain().toSVG(options as never));
    expect((await error({})).message).toMatch(/one item, and this has 1 batch axes/);
    expect((await error({ item: 0, labels: ["a"] })).message).toMatch(/`labels` has 1 names for 2/);
    expect((await error({ item: 1, positions: ["a", "b", "c"] })).argument).toBe("positions");
    expect((await error({ title: 3 })).argument).toBe("title");
    for (const item of ["x", {}, [0.5], NaN, null])
      expect((await error({ item })).code).toBe("INVALID_ARGUMENT");
    expect((await error({ item: 1, labels: [1, 2] })).message).toMatch(/`labels` has a name that is 1/);
    expect((await error({ item: 1, labels: [null, "a"] })).argument).toBe("labels");
    expect((await error({ item: 1, positions: [{}, {}] })).argument).toBe("positions");
    expect((await error({ colour: "red" })).code).toBe("INVALID_ARGUMENT");
    const large = new LinearChainCRF({
      logPotentials: random.normal(random.key(0), { shape: [700, 80, 80] }),
    });
    expect((await errorOf(() => large.toSVG())).message).toMatch(/56000 cells/);
  });

  test("is not for a program that is being recorded", async () => {
    const inside = jit((x: Tensor<"float32">) => {
      void new LinearChainCRF({ logPotentials: x }).toSVG();
      return x;
    });
    expect(await codesOf(async () => inside(np.zeros([2, 2, 2])).data())).toContain("TRACED_AS_NUMBER");
  });
});

describe("of draws of chains", () => {
  const draws = () => random.normal(random.key(3), { shape: [2, 40, 2] });

  test("what was fetched is a table and pictures", async () => {
    const x = draws();
    const { theta, summary } = await session.get({
      theta: x,
      summary: diagnostics.summary(x, { prob: 0.8 }),
    });
    const [head, ...rows] = summaryTable({ theta: summary }, { prob: 0.8 }).trimEnd().split("\n");
    expect(head).toContain("10.0%     90.0%");
    const first = (theta.array() as number[][][]).flat().map((pair) => pair[0]!);
    const mean = first.reduce((sum, each) => sum + each, 0) / first.length;
    expect(rows.map((row) => row.trim().split(/ +/)[0])).toEqual(["theta[0]", "theta[1]"]);
    expect(Number(rows[0]!.trim().split(/ +/)[1])).toBeCloseTo(mean, 2);
    for (const svg of [
      pictures.traces({ theta }),
      pictures.densities({ theta }),
      pictures.intervals({ theta }),
    ]) {
      expectWellFormed(svg);
      expect(svg).toContain(">theta[1]</text>");
    }
    // The narrowest interval is the same on both sides
    const said = /theta\[0\]: 80 % from (\S+) to ([^<]+)</.exec(
      pictures.densities({ theta }, { prob: 0.8 }),
    )!;
    for (const [i, end] of [summary.lower, summary.upper].entries())
      expect(Number(said[i + 1])).toBeCloseTo((end.array() as number[])[0]!, 1);
  });

  test("tensors that are not fetched are refused, and so are too few draws", async () => {
    const tensor = await errorOf(() => pictures.traces({ theta: draws() } as never));
    expect([tensor.code, tensor.argument]).toEqual(["INVALID_ARGUMENT", "draws.theta"]);
    expect(tensor.message).toMatch(/await get\(draws\)/);
    const few = await errorOf(() => diagnostics.summary([[1, 2, 3]]).mean.data());
    expect([few.code, few.argument, few.received]).toEqual(["INVALID_ARGUMENT", "x", "float32[1,3]"]);
    expect(few.line).toMatch(/pictures\.test\.ts/);
    const prob = await errorOf(() => diagnostics.hpdi([[1, 2, 3]], { prob: 1 }).data());
    expect([prob.code, prob.argument]).toEqual(["INVALID_ARGUMENT", "prob"]);
  });
});
