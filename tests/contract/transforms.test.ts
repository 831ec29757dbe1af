import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  array,
  associativeScan,
  cond,
  connect,
  customJvp,
  customVjp,
  get,
  grad,
  hessian,
  jacfwd,
  jacobian,
  jacrev,
  jit,
  jvp,
  LinearChainCRF,
  map,
  np,
  scan,
  type Session,
  stopGradient,
  switchCase,
  type Tensor,
  valueAndGrad,
  vjp,
  vmap,
} from "../../src/index.ts";

type T = Tensor<"float32">;
type I = Tensor<"int32">;

let session: Session;
beforeAll(async () => {
  session = await connect();
});
afterAll(() => session.close());

const square = (x: T): T => x.mul(x) as T;

/** Values of a tree on the host, as nested arrays. */
async function arrays<R>(tree: R): Promise<unknown> {
  const plain = (node: unknown): unknown => {
    if (typeof node !== "object" || node === null) return node;
    if ("array" in node) return (node as { array(): unknown }).array();
    if (Array.isArray(node)) return node.map(plain);
    return Object.fromEntries(Object.entries(node).map(([k, v]) => [k, plain(v)]));
  };
  return plain(await get(tree as never));
}

describe("derivatives", () => {
  const f = (p: { w: T; b: T }, x: T) => ({ y: p.w.mul(x).add(p.b), z: square(p.b).sum() });
  const [w, b, x] = [array([1, 2]), array([3, 4]), array([5, 6])];

  test("along a direction, forwards and backwards, with aux", async () => {
    const run = jit((w: T, b: T, x: T) => {
      const g = (p: { w: T; b: T }, y: T) => [f(p, y), { twice: y.mul(2) }] as const;
      const [out, tangent, aux] = jvp(g, [{ w, b }, x], [{ w: x, b: w }, b], { hasAux: true });
      const [value, pullback] = vjp(f, [{ w, b }, x]);
      const [first] = pullback({ y: x, z: array(1, { shape: [] }) });
      const [, second] = pullback({ y: w, z: array(0, { shape: [] }) });
      return { out, tangent, aux, value, first, second };
    });
    const value = { y: [8, 16], z: 25 };
    expect(await arrays(run(w, b, x))).toEqual({
      out: value,
      tangent: { y: [25 + 3 + 1, 36 + 8 + 2], z: 2 * (3 + 8) },
      aux: { twice: [10, 12] },
      value,
      first: { w: [25, 36], b: [5 + 6, 6 + 8] },
      second: [1, 4],
    });
  });
  test("a pullback outside a recorded function may be called again after its value was read", async () => {
    const [value, pullback] = vjp((x: T) => square(x), [array([1, 2])]);
    expect(await value.array()).toEqual([1, 4]);
    expect(await pullback(array([1, 1]))[0].array()).toEqual([2, 4]);
    expect(await pullback(array([10, 0]))[0].array()).toEqual([20, 0]);
  });
  test("Jacobians and Hessians are trees in trees", async () => {
    const p = { w, b };
    const rows = { w: [[5, 0], [0, 6]], b: [[1, 0], [0, 1]] }; // prettier-ignore
    const [byBoth, aux] = jacfwd((q: { w: T; b: T }, y: T) => [f(q, y), y] as const, {
      argnums: [0, -1],
      hasAux: true,
    })(p, x);
    const loss = (q: { w: T; b: T }): T => q.w.mul(q.w).mul(q.b).sum();
    const found = (await arrays({
      back: jacobian(f)(p, x),
      byBoth,
      aux,
      twice: hessian(loss)(p),
      mixed: jacrev((y: T) => jacfwd((z: T) => z.mul(square(z)))(y))(x),
    })) as Record<string, unknown>;
    expect(found["back"]).toEqual({ y: rows, z: { w: [0, 0], b: [6, 8] } });
    expect(found["byBoth"]).toEqual({
      y: [rows, [[1, 0], [0, 2]]],
      z: [{ w: [0, 0], b: [6, 8] }, [0, 0]],
    }); // prettier-ignore
    expect(found["aux"]).toEqual([5, 6]);
    const diagonal = (...d: number[]) => d.map((v, i) => d.map((_, j) => (i === j ? v : 0)));
    expect(found["twice"]).toEqual({
      w: { w: diagonal(6, 8), b: diagonal(2, 4) },
      b: { w: diagonal(2, 4), b: diagonal(0, 0) },
    });
    expect((found["mixed"] as number[][][])[0]).toEqual([[30, 0], [0, 0]]); // prettier-ignore
  });
  test("aux beside a gradient, and constants", async () => {
    const [gradient, aux] = grad((y: T) => [y.mul(stopGradient(y)).sum(), y.add(1)] as const, {
      hasAux: true,
    })(x);
    const of = stopGradient({ a: x, b: [w] as const });
    expect(await arrays({ gradient, aux, of })).toEqual({
      gradient: [5, 6],
      aux: [6, 7],
      of: { a: [5, 6], b: [[1, 2]] },
    });
  });
});

describe("branches and loops", () => {
  test("switchCase takes the nearest branch, on trees, under vmap", async () => {
    const pick = (i: I, p: { a: T }): { r: T } =>
      switchCase(i, [(q) => ({ r: q.a }), (q) => ({ r: q.a.mul(10) }), (q) => ({ r: q.a.mul(100) })], p);
    const all = vmap(pick, { inAxes: [0, null] })(array(Int32Array.of(-1, 0, 1, 2, 7)), { a: array([1, 2]) });
    const third = switchCase(2, [(x: T) => x, (x: T) => x, (x: T) => x.add(1)], array([1]));
    expect(await arrays({ all, third })).toEqual({
      all: { r: [[1, 2], [1, 2], [10, 20], [100, 200], [100, 200]] },
      third: [2],
    }); // prettier-ignore
  });
  test("map, and a scan that is associative", async () => {
    const xs = { a: array([[1, 2], [3, 4], [5, 6]]), k: array([1, 10, 100]) }; // prettier-ignore
    const mapped = map(({ a, k }) => ({ s: a.sum().mul(k), a }), xs);
    const inBatches = map((a: T) => a.sum(), xs.a, { batchSize: 2 });
    // Products of affine maps: (m, c) after (n, d) is (m n, m d + c)
    const join = (a: { m: T; c: T }, b: { m: T; c: T }) => ({
      m: a.m.mul(b.m) as T,
      c: b.m.mul(a.c).add(b.c) as T,
    });
    const maps = { m: array([2, 3, 4]), c: array([1, 1, 1]) };
    const backwards = associativeScan((a: T, b: T) => a.add(b) as T, xs.a, { axis: 1, reverse: true });
    expect(await arrays({ mapped, inBatches, joined: associativeScan(join, maps), backwards })).toEqual({
      mapped: { s: [3, 70, 1100], a: [[1, 2], [3, 4], [5, 6]] },
      inBatches: [3, 7, 11],
      joined: { m: [2, 6, 24], c: [1, 4, 17] },
      backwards: [[3, 2], [7, 4], [11, 6]],
    }); // prettier-ignore
  });
});

describe("functions with a derivative of their own", () => {
  const log1pExp = customJvp((x: T) => np.log(np.exp(x).add(1)) as T);
  log1pExp.defjvp(([x], [dx]) => [log1pExp(x), dx.mul(np.subtract(1, np.divide(1, np.exp(x).add(1)))) as T]);
  // Not its derivative at all, so that the rule shows
  const scaled = customVjp((p: { x: T }, k: number) => p.x.mul(k) as T, { nondiffArgnums: 1 });
  scaled.defvjp(
    (p, k) => [scaled(p, k), { p, twice: p.x.mul(2) as T }],
    (k, { p, twice }, g) => [{ x: g.mul(twice).add(p.x.mul(k)) as T }],
  );

  test("are differentiated by their rules, in both directions, in loops and maps, twice", async () => {
    const xs = array([0, 100]);
    const sum = (x: T): T => vmap(log1pExp)(x).sum();
    const [value, slope] = valueAndGrad(sum)(xs);
    const product = (x: T): T => log1pExp(x).mul(grad((y: T) => log1pExp(y))(x));
    const looped = grad(
      (x: T) => scan((c: T, e: T) => [log1pExp(c.mul(e)), c], x, array([100, 1]))[0],
    )(array(1, { shape: [] })); // prettier-ignore
    const found = (await arrays({
      value,
      slope,
      forwards: jvp(log1pExp, [array([100])], [array([2])])[1],
      second: grad(product)(array(0, { shape: [] })),
      looped,
      ruled: grad((x: T) => vmap((y: T) => scaled({ x: y }, 5))(x).sum())(array([1, 2])),
    })) as Record<string, unknown>;
    expect(found["value"]).toBe(Infinity); // what the function itself gives
    expect(found["slope"]).toEqual([0.5, 1]); // plain, the second would be NaN
    expect(found["forwards"]).toEqual([2]);
    expect(found["second"]).toBeCloseTo(0.25 + 0.25 * Math.LN2, 5);
    expect(found["ruled"]).toEqual([2 + 5, 4 + 10]);
  });
});

describe("distributions in transforms", () => {
  const make = (emission: T): LinearChainCRF =>
    new LinearChainCRF({ initial: [0, 1], transition: [[0, 1], [1, 0]], emission }); // prettier-ignore

  test("are mapped over by their batched parameters, and gathered again", async () => {
    const run = jit((emission: T) => {
      const many = make(emission);
      const perItem = vmap((one: LinearChainCRF) => one.logPartition())(many);
      const [, scanned] = scan((c: T, one: LinearChainCRF) => [c, one.logPartition()], array(0, { shape: [] }), many); // prettier-ignore
      const mapped = map((one: LinearChainCRF) => one.withTemperature(2), many);
      const carried = scan(
        (crf: LinearChainCRF, k: T) => [crf.withTemperature(k), crf.logPartition()],
        many,
        array([2, 0.5]),
      );
      return {
        whole: many.logPartition(),
        perItem,
        scanned,
        warm: mapped.logPartition(),
        warmWhole: many.withTemperature(2).logPartition(),
        same: carried[0].logPartition(),
        turns: carried[1],
      };
    });
    const emission = array([[[0, 1], [1, 0], [2, 1]], [[3, 1], [0, 0], [1, 1]]]); // prettier-ignore
    const r = (await arrays(run(emission))) as Record<string, number[]>;
    const close = (a: unknown, b: unknown): void =>
      (a as number[]).forEach((v, i) => expect(v).toBeCloseTo((b as number[])[i]!, 4));
    for (const name of ["perItem", "scanned", "same"]) close(r[name], r["whole"]);
    close(r["warm"], r["warmWhole"]);
    close((r["turns"] as unknown as number[][])[1], r["warmWhole"]);
  });
  test("are branches' results, and have derivatives", async () => {
    const emission = array([[0, 1], [1, 0]]); // prettier-ignore
    const crf = make(emission);
    const chosen = cond(true, (c: LinearChainCRF) => c, (c: LinearChainCRF) => c.withTemperature(2), crf); // prettier-ignore
    const z = (c: LinearChainCRF): T => c.logPartition();
    const marginals = grad((e: T) => make(e).logPartition())(emission);
    const [, tangent] = jvp(z, [crf], [crf]);
    const rows = jacrev((c: LinearChainCRF) => c.marginals())(crf);
    const twice = hessian((e: T) => make(e).logPartition())(emission);
    const found = (await arrays({
      chosen: chosen.logPartition(),
      z: crf.logPartition(),
      marginals,
      dist: grad(z)(crf).parameter("emission"),
      tangent,
      rows: rows.parameter("emission"),
      columns: jacfwd((c: LinearChainCRF) => c.marginals())(crf).parameter("emission"),
      switched: vmap((k: I) => switchCase(k, [() => crf, () => crf.withTemperature(2)]))(
        array(Int32Array.of(0, 1)),
      ).logPartition(),
      twice,
    })) as Record<string, unknown>;
    expect(found["chosen"]).toEqual(found["z"]);
    expect(found["dist"]).toEqual(found["marginals"]);
    const [forwards, backwards] = [found["columns"], found["rows"]].map((x) =>
      (x as number[]).flat(Infinity),
    );
    (forwards as number[]).forEach((x, i) => expect(x).toBeCloseTo((backwards as number[])[i]!, 5));
    expect((found["switched"] as number[])[0]).toBeCloseTo(found["z"] as number, 5);
    // Second derivatives of log Z are covariances: those of an indicator with itself are p (1 - p)
    const [m, h] = [found["marginals"] as number[][], found["twice"] as number[][][][]];
    for (const [i, a] of [
      [0, 0],
      [1, 1],
    ] as const)
      // prettier-ignore
      expect(h[i]![a]![i]![a]).toBeCloseTo(m[i]![a]! * (1 - m[i]![a]!), 5);
  });
});
