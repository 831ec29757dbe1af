import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  array,
  checkpoint,
  cond,
  connect,
  get,
  grad,
  jit,
  np,
  random,
  scan,
  type Session,
  SynjaxError,
  type Tensor,
  tree,
  valueAndGrad,
  vmap,
  whileLoop,
} from "../../src/index.ts";

type T = Tensor<"float32">;
type I = Tensor<"int32">;

let session: Session;
beforeAll(async () => {
  session = await connect();
});
afterAll(() => session.close());

async function errorOf(run: () => unknown): Promise<SynjaxError> {
  try {
    await run();
  } catch (error) {
    if (error instanceof SynjaxError) return error;
    throw error;
  }
  throw new Error("expected an error");
}
const ints = (...values: number[]): I => array(Int32Array.from(values));

describe("recorded functions", () => {
  test("one recording serves two shapes", async () => {
    const mean = jit((x: T) => {
      const [n, t] = x.shape;
      return np.divide(np.sum(x), n!.mul(t!));
    });
    expect(
      await mean(
        array([
          [1, 2, 3],
          [4, 5, 6],
        ]),
      ).item(),
    ).toBe(3.5);
    expect(await mean(array([[1, 2]])).item()).toBe(1.5);
    expect(mean.recordings()).toBe(1);
  });
  test("shapes: concat, product, slice", async () => {
    const f = jit((x: T) => np.reshape(np.add(np.zeros(x.shape.concat([2])), 1), [x.shape.product().mul(2)]));
    expect(await f(array([[1], [2], [3]])).array()).toEqual([1, 1, 1, 1, 1, 1]);
  });
  test("trees of arguments and results", async () => {
    const f = jit((p: { a: T; b: readonly [T, T] }) => ({
      sum: p.a.add(p.b[0]).add(p.b[1]),
      parts: [p.b[1]],
    }));
    const r = await get(f({ a: array([1]), b: [array([2]), array([3])] }));
    expect(r.sum.array()).toEqual([6]);
    expect(r.parts[0]!.array()).toEqual([3]);
  });
  test("static arguments record anew", async () => {
    const power = jit(
      (x: T, n: number) => {
        let y = x;
        for (let i = 1; i < n; i++) y = np.multiply(y, x);
        return y;
      },
      { staticArgnums: 1 },
    );
    expect(await power(array([1, 2, 3]), 3).array()).toEqual([1, 8, 27]);
    expect(await power(array([1, 2, 3]), 2).array()).toEqual([1, 4, 9]);
    expect(power.recordings()).toBe(2);
  });
  test("raw host data and numbers are arguments", async () => {
    const f = jit((x: T, k: T) => x.mul(k));
    expect(await f(Float32Array.of(1, 2), 3).array()).toEqual([3, 6]);
  });
});

describe("nested programs", () => {
  test("grad with a captured tensor", async () => {
    const w = array([1, 2, 3]);
    const g = jit((x: T) => grad((y: T) => np.sum(y.mul(y).mul(x)))(x));
    expect(await g(w).array()).toEqual([2, 8, 18]);
  });
  test("vmap of grad capturing two frames out", async () => {
    const f = jit((xs: T, k: T) => vmap((x: T) => grad((y: T) => np.sum(y.mul(y).mul(k)))(x).mul(x))(xs));
    expect(
      await f(
        array([
          [1, 2],
          [3, 4],
        ]),
        array([10]),
      ).array(),
    ).toEqual([
      [20, 80],
      [180, 320],
    ]);
  });
  test("grad(vmap(scan(cond))) with a tensor captured four frames out", async () => {
    const f = jit((x: T, a: T) =>
      grad((z: T) =>
        np.sum(
          vmap(
            (r: T) =>
              scan(
                (c: T, e: T) => [
                  cond(
                    e.greater(0),
                    (u: T) => u.add(e.mul(a)),
                    (u: T) => u,
                    c,
                  ),
                  c,
                ],
                array(0),
                r,
              )[0],
          )(z),
        ),
      )(x),
    );
    expect(
      await f(
        array([
          [1, -1],
          [2, 3],
        ]),
        3,
      ).array(),
    ).toEqual([
      [3, 0],
      [3, 3],
    ]);
  });
  test("checkpoint and whileLoop", async () => {
    const f = jit((x: T) => grad(checkpoint((y: T) => np.sum(np.tanh(y))))(x));
    expect(await f(array([0])).array()).toEqual([1]);
    const triple = jit((x: T) =>
      whileLoop(
        (c: T) => np.less(c, 100),
        (c: T) => c.mul(3),
        x,
      ),
    );
    expect(await triple(5).item()).toBe(135);
  });
  test("valueAndGrad over a tree, with aux", async () => {
    const step = jit((p: { w: T; b: T }, x: T) =>
      valueAndGrad((q: { w: T; b: T }) => [np.sum(q.w.mul(x).add(q.b)), { twice: q.w.mul(2) }] as const, {
        hasAux: true,
      })(p),
    );
    const [[loss, aux], grads] = step({ w: array([1, 2]), b: array([0, 0]) }, array([3, 4]));
    const r = await get({ loss, aux, grads });
    expect(r.loss.item()).toBe(11);
    expect(r.aux.twice.array()).toEqual([2, 4]);
    expect(r.grads.w.array()).toEqual([3, 4]);
    expect(r.grads.b.array()).toEqual([1, 1]);
  });
  test("a hundred chained training steps, one fetch", async () => {
    const target = array([1, 2, 3]);
    const step = jit((p: T) => {
      const [loss, gradient] = valueAndGrad((u: T) => np.sum(np.square(u.sub(target))))(p);
      return { loss, p: p.sub(gradient.mul(0.1)) };
    });
    let p: T = array([0, 0, 0]);
    for (let i = 0; i < 100; i++) ({ p } = step(p));
    for (const [i, v] of ((await p.array()) as number[]).entries()) expect(v).toBeCloseTo(i + 1, 4);
  });
  test("tree.map over parameters and gradients", async () => {
    const moved = tree.map((p: T, g: T) => p.sub(g), { w: array([3]) as T }, { w: array([1]) });
    expect(await moved.w.array()).toEqual([2]);
  });
});

describe("operations outside a recorded function", () => {
  test("a loop over a changing number compiles once", async () => {
    const before = (await session.counters()).compiles;
    let z: T = array([1, 2, 3]);
    for (let i = 0; i < 5; i++) {
      z = z.mul(1.5 + i / 10);
      z = z.add(z.sum());
      await z.data();
    }
    expect((await session.counters()).compiles - before).toBeLessThanOrEqual(2);
  });
  test("an intermediate asked for after its graph has run is computed again", async () => {
    const a = array([1, 2]).add(1);
    const b = a.mul(2);
    expect(await b.array()).toEqual([4, 6]);
    expect(await a.array()).toEqual([2, 3]);
    expect(await a.add(b).array()).toEqual([6, 9]);
  });
  test("a mistake elsewhere in the graph does not fail this value", async () => {
    const wrong = np.matmul(array([1, 2]), array([1, 2, 3]));
    const stacked = wrong.add(1);
    const right = array([1, 2]).add(1);
    expect(await right.array()).toEqual([2, 3]);
    const error = await errorOf(() => stacked.data());
    expect([error.code, (error.cause as SynjaxError | undefined)?.code]).toContain("OP_FAILED");
    await session.idle();
  });
  test("grad of a plain function, without jit", async () => {
    expect(await grad((x: T) => np.sum(np.square(x)))(array([1, 2])).array()).toEqual([2, 4]);
  });
  test("sizes", async () => {
    const x = array([1, 2, 3]);
    expect(await np.zeros([x.shape.at(0).add(1)]).array()).toEqual([0, 0, 0, 0]);
  });
});

describe("failures", () => {
  const boom = jit((a: T, b: T) => np.matmul(a, b));
  const inc = jit((x: T) => np.add(x, 1));

  test("a launch that fails with ten stacked on it: one root, the user's line, the neighbour unharmed", async () => {
    let p: T = boom(array([1, 2]), array([1, 2, 3]));
    for (let i = 0; i < 10; i++) p = inc(p);
    const neighbour = inc(array([1, 2]));
    const error = await errorOf(() => p.data());
    expect(error.code).toBe("POISONED");
    const root = error.cause as SynjaxError;
    expect(root.code).toBe("OP_FAILED");
    expect(root.op).toBe("np.matmul");
    expect(root.line).toMatch(/session\.test\.ts:\d+:\d+/);
    expect(await neighbour.array()).toEqual([2, 3]);
    await session.idle();
  });
  test("a failure nobody fetched surfaces at idle()", async () => {
    inc(boom(array([1, 2]), array([1, 2, 3])));
    expect((await errorOf(() => session.idle())).code).toBe("UNFETCHED_FAILURES");
    await session.idle();
  });
  test("a failed check poisons what was launched before the check was known, every time", async () => {
    const pick = jit((x: T, i: I) => np.take(x, i));
    for (let turn = 0; turn < 10; turn++) {
      let y: T = pick(array([1, 2, 3]), ints(9));
      for (let i = 0; i < 5; i++) y = inc(y);
      const error = await errorOf(() => y.data());
      expect(error.code).toBe("POISONED");
      expect((error.cause as SynjaxError).code).toBe("CHECK_FAILED");
      expect((error.cause as SynjaxError).argument).toBe("indices");
    }
    await session.idle();
  });
  test("checks inside vmap, inside grad(scan), and in the branch not taken", async () => {
    const w = array([1, 2, 3]);
    const inVmap = jit((x: T, ix: I) => np.sum(vmap((k: I) => np.take(x, k) as T)(ix)));
    expect((await errorOf(() => inVmap(w, ints(0, 9)).data())).code).toBe("CHECK_FAILED");
    expect(await inVmap(w, ints(0, 2)).item()).toBe(4);
    const branch = jit((ix: I) =>
      vmap((k: I) =>
        cond(
          np.greater(3, k),
          (u: I) => np.take(w, u) as T,
          () => np.sum(np.zeros([1])) as T,
          k,
        ),
      )(ix),
    );
    expect(await branch(ints(1, 9)).array()).toEqual([2, 0]);
    expect((await errorOf(() => branch(ints(-7, 9)).data())).code).toBe("CHECK_FAILED");
    const inScan = jit((x: T, ix: I) =>
      grad((y: T) => scan((c: T, i: I) => [c.add((np.take(y, i) as T).mul(c)), c], array(1), ix)[0])(x),
    );
    expect((await errorOf(() => inScan(w, ints(0, 5, 1)).data())).code).toBe("CHECK_FAILED");
  });
  test("a donated handle is dead at once, its heir lives", async () => {
    const next = jit((x: T) => np.add(x, 1), { donateArgnums: [0] });
    const d = inc(array([1, 2, 3]));
    const heir = next(d);
    expect((await errorOf(() => d.data())).code).toBe("HANDLE_DONATED");
    expect((await errorOf(() => inc(d))).code).toBe("HANDLE_DONATED");
    expect(await heir.array()).toEqual([3, 4, 5]);
  });
  test("a tensor that is donated and used twice in a call is refused, and lives on", async () => {
    const d = inc(array([1, 2, 3]));
    const twice = jit((x: T, y: T) => np.add(x, y) as T, { donateArgnums: [0] });
    const closed = jit((x: T) => np.add(x, d) as T, { donateArgnums: [0] });
    for (const call of [() => twice(d, d), () => closed(d)])
      expect(await errorOf(call)).toMatchObject({ code: "INVALID_ARGUMENT", argument: "donateArgnums" });
    expect(await d.array()).toEqual([2, 3, 4]);
  });
  test("bad input is named before anything is sent", async () => {
    expect((await errorOf(() => array([[1, 2], [3]]))).code).toBe("INVALID_ARGUMENT");
    expect((await errorOf(() => array([1.5], { dtype: "int32" }))).code).toBe("NARROWING");
    expect((await errorOf(() => array([300], { dtype: "uint8" }))).code).toBe("NARROWING");
    expect((await errorOf(() => array(new Float32Array(6), { shape: [2, 2] }))).code).toBe(
      "INVALID_ARGUMENT",
    );
    let deep: unknown = 1;
    for (let i = 0; i < 100; i++) deep = [deep];
    expect((await errorOf(() => array(deep as number[]))).code).toBe("LIMIT_RANK");
    expect(
      (await errorOf(() => array(new Float32Array(1), { shape: Array.from({ length: 100 }, () => 1) }))).code,
    ).toBe("LIMIT_RANK");
  });
  test("data() inside a recorded function", async () => {
    const reads = jit((x: T) => {
      void x.data();
      return x;
    });
    expect((await errorOf(() => reads(array([1])))).code).toBe("TRACED_AS_NUMBER");
  });
});

describe("values", () => {
  test("zero-sized tensors", async () => {
    expect(
      await array([], { shape: [0, 3] })
        .add(1)
        .array(),
    ).toEqual([]);
    const host = (await get({ x: np.zeros([2, 0]) })).x;
    expect(host.shape).toEqual([2, 0]);
  });
  test("every dtype there and back", async () => {
    const cases = {
      bool: array([true, false]),
      int8: array(Int8Array.of(-3, 4)),
      int16: array(Int16Array.of(-300, 4)),
      int32: array(Int32Array.of(-70000, 4)),
      int64: array(BigInt64Array.of(-(2n ** 40n), 4n)),
      uint8: array(Uint8Array.of(200)),
      uint16: array(Uint16Array.of(65535)),
      uint32: array(Uint32Array.of(2 ** 32 - 1)),
      uint64: array(BigUint64Array.of(2n ** 63n)),
      float32: array(Float32Array.of(1.5, Number.NaN, -0)),
      float64: array(Float64Array.of(Math.PI)),
      float16: array(Uint16Array.of(0x3c00), { dtype: "float16" }),
      bfloat16: array(Uint16Array.of(0x3f80), { dtype: "bfloat16" }),
    };
    const there = session.put(cases);
    const back = await session.get(there);
    for (const [dtype, tensor] of Object.entries(cases)) {
      const got = back[dtype as keyof typeof cases];
      expect(got.dtype).toBe(dtype);
      expect(got.data).toEqual(await tensor.data());
    }
    expect(back.float16.array()).toEqual([1]);
    expect(back.bfloat16.array()).toEqual([1]);
    expect(back.int64.array()).toEqual([-(2n ** 40n), 4n]);
  });
  test("keys", async () => {
    const draw = jit((key: Tensor<"key">) => random.normal(key, { shape: [3] }));
    const a = await draw(random.key(7)).array();
    expect(a).toEqual(await draw(random.key(7)).array());
    expect(a).not.toEqual(await draw(random.key(8)).array());
    const key = await get({ k: random.key(7) });
    expect(key.k.shape).toEqual([]);
    expect(key.k.data).toHaveLength(2);
  });
  test("float64 programs compute in float64, others as JAX does by default", async () => {
    expect(await array(Float64Array.of(1)).add(1e-12).item()).toBe(1 + 1e-12);
    expect((await np.sum(array(Int32Array.of(1, 2))).aval()).dtype).toBe("int32");
  });
  test("indexing", async () => {
    const x = array([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(await x.slice(0).array()).toEqual([1, 2, 3]);
    expect(await x.slice([], [1, 3]).array()).toEqual([
      [2, 3],
      [5, 6],
    ]);
    expect(await x.slice("...", -1).array()).toEqual([3, 6]);
    expect(await x.slice(null, 1).array()).toEqual([[4, 5, 6]]);
    expect(await x.slice([], Int32Array.of(2, 0)).array()).toEqual([
      [3, 1],
      [6, 4],
    ]);
    expect(await x.at(0, [0, 2]).set(9).array()).toEqual([
      [9, 9, 3],
      [4, 5, 6],
    ]);
    expect(await x.at(1).add(1).array()).toEqual([
      [1, 2, 3],
      [5, 6, 7],
    ]);
    expect(await x.at([], 0).max(3).array()).toEqual([
      [3, 2, 3],
      [4, 5, 6],
    ]);
  });
  test("large tensors are sent from the caller's memory only with transfer", async () => {
    const data = new Float32Array(1 << 18).fill(1);
    const copied = array(data).sum();
    data.fill(5);
    expect(await copied.item()).toBe(1 << 18);
    const moved = array(new Float32Array(1 << 18).fill(2), { transfer: true });
    expect(await moved.sum().item()).toBe(1 << 19);
  });
  test("using and scope free values", async () => {
    await session.idle();
    const before = (await session.counters()).handles;
    {
      using x = session.put(array([1, 2, 3]));
      expect(await x.sum().item()).toBe(6);
    }
    const kept = session.scope(() => {
      const a = session.put(array([1]));
      const b = jit((x: T) => x.add(1))(a);
      return jit((x: T) => x.mul(2))(b);
    });
    expect(await kept.array()).toEqual([4]);
    kept.dispose();
    expect((await errorOf(() => kept.data())).code).toBe("HANDLE_DISPOSED");
    await session.idle();
    await np.zeros([1]).data();
    expect((await session.counters()).handles - before).toBeLessThan(6);
  });
  test("idle() resolves when only notices are left to send", async () => {
    const x = session.put(array([1]));
    await x.data();
    x.dispose();
    await session.idle();
  });
  test("a thousand concurrent calls", async () => {
    const f = jit((x: T) => x.mul(2));
    const results = await Promise.all(Array.from({ length: 1000 }, (_, i) => f(array([i])).item()));
    expect(results).toEqual(Array.from({ length: 1000 }, (_, i) => 2 * i));
  });
});

describe("giving up", () => {
  test("an aborted wait rejects at once, the worker lives", async () => {
    const controller = new AbortController();
    const slow = jit((x: I) =>
      whileLoop(
        (c: I) => np.less(c, 500_000_000),
        (c: I) => c.add(1) as I,
        x,
      ),
    );
    const waiting = slow(array(Int32Array.of(0), { shape: [] })).data({ signal: controller.signal });
    setTimeout(() => controller.abort(), 50);
    const error = await errorOf(() => waiting);
    expect(error.code).toBe("ABORTED");
    expect(await array([1]).add(1).array()).toEqual([2]);
    await session.idle().catch(() => undefined);
  });
  test("an aborted signal is refused before anything is sent", async () => {
    const error = await errorOf(() => array([1]).add(1).data({ signal: AbortSignal.abort() }));
    expect(error.code).toBe("ABORTED");
  });
  test("a deadline says where the call was", async () => {
    const slow = jit((x: I) =>
      whileLoop(
        (c: I) => np.less(c, 500_000_000),
        (c: I) => c.add(1) as I,
        x,
      ),
    );
    const error = await errorOf(() => slow(array(Int32Array.of(1), { shape: [] })).data({ deadline: 30 }));
    expect(error.code).toBe("DEADLINE");
    expect(error.message).toMatch(/queued|running|compiling|sent/);
    await session.idle().catch(() => undefined);
  });
});
