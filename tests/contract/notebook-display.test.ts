/** What a notebook shows of values: `Symbol.for("Jupyter.display")`. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { array, connect, get, LinearChainCRF, np, type Session, SpanningTreeCRF } from "../../src/index.ts";
import { errorOf } from "../fixtures/errors.ts";

const JUPYTER = Symbol.for("Jupyter.display");
type Shown = Record<string, string>;
/** As Deno's kernel does. */
const shown = async (value: unknown): Promise<Shown> =>
  (value as { readonly [name: symbol]: () => Promise<Shown> })[JUPYTER]!();
const typesOf = (bundle: Shown): string[] => Object.keys(bundle).sort();
const cellsOf = (html: string): string[] => [...html.matchAll(/<td>([^<]*)<\/td>/g)].map(([, cell]) => cell!);

let session: Session;
beforeAll(async () => {
  session = await connect();
});
afterAll(() => session.close());

describe("a tensor shows", () => {
  test("a scalar as words, a vector and a matrix as tables", async () => {
    expect(await shown(array(2.5).mul(2))).toEqual({ "text/plain": "Tensor float32[] 5" });
    const matrix = await shown(array([[1, 1 / 3], [NaN, -Infinity]])); // prettier-ignore
    expect(cellsOf(matrix["text/html"]!)).toEqual(["1", "0.3333", "NaN", "-Infinity"]);
    expect(matrix["text/html"]).toContain("<caption>float32[2, 2]</caption>");
    expect(cellsOf((await shown(array([true, false])))["text/html"]!)).toEqual(["true", "false"]);
  });
  test("a long vector cut short, and the first matrices of more axes", async () => {
    const long = (await shown(np.arange(100)))["text/html"]!;
    expect(cellsOf(long)).toEqual(["0", "1", "2", "3", "4", "5", "6", "…", "96", "97", "98", "99"]);
    const cube = (await shown(np.zeros([2, 5, 2, 2])))["text/html"]!;
    expect(cube.match(/at \[\d, \d\]/g)).toEqual(["at [0, 0]", "at [0, 1]", "at [0, 2]"]);
    expect(cube).toContain("… and 7 more");
    expect(typesOf(await shown(np.zeros([0, 3])))).toEqual(["text/plain"]);
  });
  test("a large matrix as a picture, what is fetched as what it was fetched from", async () => {
    const large = array([[...Array(20).keys()], [20, ...Array<number>(18).fill(39), NaN]]);
    const picture = (await shown(large))["image/svg+xml"]!;
    expect(picture).toMatch(/^<svg/);
    expect(picture).toContain("0 (light) to 39 (dark)");
    expect(picture.match(/<rect [^>]*><title>/g)).toHaveLength(40);
    expect(picture).toContain("<title>1, 3: 39</title>");
    // Neighbours of the same shade are one box, all boxes of a shade one path
    const [darkest] = /<path [^>]*fill="rgb\(31,95,139\)"[^>]*>/.exec(picture)!;
    expect(darkest.match(/h\d+/g)).toEqual(["h396"]);
    expect(picture).toMatch(/fill="#fff"/);
    expect(await shown(await get(large))).toEqual(await shown(large));
  });
  test("why it has no value", async () => {
    const error = await errorOf(() => shown(np.matmul(array([1]), array([1, 2]))));
    expect(error.code).toBe("OP_FAILED");
  });
});

describe("a distribution shows", () => {
  const chain = (emission: number[][] | number[][][]) =>
    new LinearChainCRF({ initial: [0, 0], transition: [[0.5, -1], [-1, 0.5]], emission: emission as number[][] }); // prettier-ignore
  test("its picture, of a batch that of the first item", async () => {
    const one = chain([[2, 0], [0, 1]]); // prettier-ignore
    expect(await shown(one)).toEqual({ "text/plain": "LinearChainCRF", "image/svg+xml": await one.toSVG() });
    const two = await shown(chain([[[2, 0], [0, 1]], [[0, 3], [0, 3]]])); // prettier-ignore
    expect(two["text/plain"]).toBe("LinearChainCRF, batch [2]");
    const title = "LinearChainCRF, item 0 of 2";
    expect(two["image/svg+xml"]).toBe(await one.toSVG({ title }));
  });
  test("its own kind of picture", async () => {
    const tree = new SpanningTreeCRF({ logPotentials: [[0, 1], [1, 0]], directed: true, projective: false, singleRootEdge: true }); // prettier-ignore
    expect((await shown(tree))["image/svg+xml"]).toContain("SpanningTreeCRF");
  });
});
