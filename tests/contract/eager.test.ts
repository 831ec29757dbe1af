import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  array,
  connect,
  get,
  grad,
  jit,
  LinearChainCRF,
  np,
  type Session,
  type Tensor,
  valueAndGrad,
  vmap,
} from "../../src/index.ts";
import { codesOf, errorOf } from "../fixtures/errors.ts";

type T = Tensor<"float32">;

let session: Session;
beforeAll(async () => {
  session = await connect();
});
afterEach(() => session.idle());
afterAll(() => session.close());

const added = (x: T, times: number): T => {
  for (let i = 0; i < times; i++) x = x.add(1);
  return x;
};
const donating = jit((x: T) => x.add(1), { donateArgnums: 0 });
const emission = [
  [1, 2],
  [3, 4],
];
const chain = {
  initial: [0, 0],
  transition: [
    [0, 0],
    [0, 0],
  ],
  emission,
};

describe("a graph of operations", () => {
  test("longer than 256 runs in parts", async () => {
    expect(await added(array([0]), 1000).array()).toEqual([1000]);
  });
  test.each([253, 254, 255, 256])(
    "an operation of several results after %i others stays whole",
    async (n) => {
      const y = added(array([0]), n);
      const [loss, gradient] = valueAndGrad((x: T) => np.sum(x.mul(x)))(array([1, 2]));
      const best = new LinearChainCRF(chain).topK(2);
      const r = await get({ loss, gradient, y, scores: best.scores });
      expect([r.loss.item(), r.gradient.array(), r.y.array()]).toEqual([5, [2, 4], [n]]);
      expect(r.scores.array()).toEqual([6, 5]);
    },
  );
  test("an intermediate of many paths is copied once when it is asked for later", async () => {
    let y: T = array([1]);
    const steps = Array.from({ length: 40 }, () => (y = y.add(y) as T));
    expect(await y.array()).toEqual([2 ** 40]);
    expect(await steps[38]!.array()).toEqual([2 ** 39]);
  });
  test("an intermediate is used in a nested program after its graph has run", async () => {
    const w = array([1, 2]).add(1) as T;
    await w.mul(2).data();
    expect(await vmap((row: T) => row.mul(w) as T)(array([[1, 1]])).array()).toEqual([[2, 3]]);
    expect(await grad((x: T) => np.sum(x.mul(w)))(array([1, 1])).array()).toEqual([2, 3]);
  });
  test("a function recorded before closes over what was pending then", async () => {
    const w = array([1, 2]).add(1) as T;
    const f = jit((x: T) => x.mul(w));
    expect(await f(array([1, 1])).array()).toEqual([2, 3]);
    expect(await w.array()).toEqual([2, 3]);
  });
  test("a nested function may launch what is pending", async () => {
    const w = array([2]).add(1) as T;
    const g = grad((x: T) => {
      session.flush();
      return np.sum(x.mul(w));
    })(array([1]));
    expect(await g.array()).toEqual([3]);
  });
  test("sizes and shapes that nobody uses are not computed", async () => {
    const x = array([1, 2]).add(1);
    void [x.shape.at(0).add(1), x.ndim, x.shape.slice(1), new LinearChainCRF(chain).batchShape];
    expect(await x.array()).toEqual([2, 3]);
  });
  test("what is not computed says so", () => {
    expect(inspect(array([1]).add(1))).toBe("Tensor (not computed yet)");
    expect(inspect(new LinearChainCRF(chain))).toBe("LinearChainCRF (not computed yet)");
    expect(inspect(array([1]))).toBe("Tensor float32[1] [ 1 ]");
  });
});

describe("a mistake", () => {
  test("fails its own values in every later graph, and no others", async () => {
    const wrong = np.matmul(array([1, 2]), array([1, 2, 3]));
    const right = array([1]).add(1);
    expect(await right.array()).toEqual([2]);
    expect(await codesOf(() => wrong.data())).toBe("OP_FAILED");
    const later = wrong.add(1);
    const neighbour = right.add(1);
    expect(await neighbour.array()).toEqual([3]);
    expect(await codesOf(() => later.data())).toBe("POISONED < OP_FAILED");
  });
  test("in one call of get: the first failure is thrown, nothing is left behind", async () => {
    const dead = session.put(array([1]));
    dead.dispose();
    const failing = jit((a: T, b: T) => np.matmul(a, b))(array([1, 2]), array([1, 2, 3]));
    expect(await codesOf(() => session.get([failing, dead]))).toBe("HANDLE_DISPOSED");
    expect(await codesOf(() => session.idle())).toBe("UNFETCHED_FAILURES < OP_FAILED");
  });
  test("seen through aval() is seen", async () => {
    const wrong = np.matmul(array([1, 2]), array([1, 2, 3]));
    expect(await codesOf(() => wrong.aval())).toBe("OP_FAILED");
    await session.idle();
  });
  test("an aborted wait for one value does not end those computed with it", async () => {
    const [a, b] = [array([1]).add(1), array([1]).add(2)];
    expect(await codesOf(() => a.data({ signal: AbortSignal.abort() }))).toBe("ABORTED");
    expect(await b.array()).toEqual([3]);
    const two = jit((x: T) => [x.add(1), x.add(2)] as const)(array([1]));
    expect(await codesOf(() => two[0].data({ signal: AbortSignal.abort() }))).toBe("ABORTED");
    expect(await two[1].array()).toEqual([3]);
  });
});

describe("disposing of a value", () => {
  test("runs first what waits for it", async () => {
    const held = session.put(array([1, 2]));
    const waiting = held.add(1);
    held.dispose();
    await session.idle();
    expect(await waiting.array()).toEqual([2, 3]);
  });
  test("it is refused from then on where it is used", async () => {
    const held = session.put(array([1]));
    held.dispose();
    const neighbour = array([1]).add(1);
    expect((await errorOf(() => held.add(1))).code).toBe("HANDLE_DISPOSED");
    expect(await neighbour.array()).toEqual([2]);
  });
  test("that is not computed yet", async () => {
    const pending = array([1]).add(1);
    pending.dispose();
    expect((await errorOf(() => pending.data())).code).toBe("HANDLE_DISPOSED");
  });
  test("spares an equal one", async () => {
    const x = array([0]);
    const [a, b] = [x.exp(), x.exp()];
    await a.data();
    a.dispose();
    expect(await b.array()).toEqual([1]);
  });
  test("an intermediate that was not asked for before says what it misses", async () => {
    const held = session.put(array([1]));
    const intermediate = held.add(1);
    await intermediate.mul(2).data();
    held.dispose();
    const error = await errorOf(() => intermediate.data());
    expect(error.code).toBe("HANDLE_DISPOSED");
    expect(error.message).toMatch(/computed from/);
  });
  test("a function closed over it records anew what its variable holds by then", async () => {
    let w = session.put(array([1])) as unknown as T;
    const f = jit((x: T) => x.add(w));
    expect(await f(array([0])).array()).toEqual([1]);
    w.dispose();
    expect((await errorOf(() => f(array([0])))).code).toBe("HANDLE_DISPOSED");
    w = session.put(array([5])) as unknown as T;
    expect(await f(array([0])).array()).toEqual([5]);
  });
});

describe("donating a value", () => {
  test("that is pending computes first what waits for it", async () => {
    const pending = array([1]).add(1) as T;
    const waiting = pending.mul(3);
    expect(await donating(pending).array()).toEqual([3]);
    expect(await waiting.array()).toEqual([6]);
    expect((await errorOf(() => pending.data())).code).toBe("HANDLE_DONATED");
  });
  test("refuses its later use at once, and spares others in the graph", async () => {
    const held = session.put(array([1])) as unknown as T;
    donating(held);
    const neighbour = array([1]).add(1);
    expect((await errorOf(() => held.add(1))).code).toBe("HANDLE_DONATED");
    expect(await neighbour.array()).toEqual([2]);
  });
  test("twice in one call is refused", async () => {
    const held = session.put(array([1])) as unknown as T;
    const f = jit((x: T, y: T) => x.add(y), { donateArgnums: [0, 1] });
    expect((await errorOf(() => f(held, held).data())).code).toBe("INVALID_ARGUMENT");
  });
  test("leaves host data alone", async () => {
    const host = array([1]) as T;
    expect(await donating(host).array()).toEqual([2]);
    expect(await host.array()).toEqual([1]);
  });
});

describe("scope", () => {
  test("frees what is made in it, and spares what was pending before", async () => {
    const before = array([1]).add(1);
    let inside: Tensor | undefined;
    const kept = session.scope(() => {
      inside = jit((x: T) => x.add(1))(array([1]));
      return array([2]).mul(2);
    });
    expect(await before.array()).toEqual([2]);
    expect(await kept.array()).toEqual([4]);
    expect((await errorOf(() => inside!.data())).code).toBe("HANDLE_DISPOSED");
  });
  test("spares an intermediate from before that is computed again in it", async () => {
    const before = array([1]).add(1);
    await before.mul(2).data();
    expect(await session.scope(() => before.mul(10)).array()).toEqual([20]);
    expect(await before.array()).toEqual([2]);
  });
  test("frees also where its function throws", async () => {
    let inside: Tensor | undefined;
    expect(() =>
      session.scope(() => {
        inside = session.put(array([1])) as unknown as Tensor;
        throw new RangeError("mine");
      }),
    ).toThrow("mine");
    expect((await errorOf(() => inside!.data())).code).toBe("HANDLE_DISPOSED");
  });
  test("refuses an async function", async () => {
    const asynchronous = async (): Promise<void> => Promise.reject(new Error("later"));
    expect((await errorOf(() => session.scope(asynchronous))).code).toBe("INVALID_ARGUMENT");
  });
});

describe("distributions as values", () => {
  const f = jit((e: T) => new LinearChainCRF({ ...chain, emission: e }));
  test("a result of one function is an argument of another", async () => {
    const crf = f(array(emission));
    expect(crf).toBeInstanceOf(LinearChainCRF);
    const query = jit((c: LinearChainCRF) => c.logPartition());
    expect(await query(crf).item()).toBeCloseTo(6.6265, 3);
    expect(await crf.logPartition().item()).toBeCloseTo(6.6265, 3);
  });
  test("a query in nested frames of a distribution outside", async () => {
    const g = jit((e: T, tags: Tensor<"int32">) => {
      const crf = new LinearChainCRF({ ...chain, emission: e });
      const scores = vmap((t: Tensor<"int32">) => crf.logProb(crf.encode(t)).sub(crf.logPartition()))(tags);
      return { scores, logZ: crf.logPartition() };
    });
    const tags = array(Int32Array.of(0, 0, 1, 1), { shape: [2, 2] });
    const r = await get(g(array(emission), tags));
    const logZ = r.logZ.item();
    expect(r.scores.array()).toEqual([
      expect.closeTo(4 - 2 * logZ, 3) as number,
      expect.closeTo(6 - 2 * logZ, 3) as number,
    ]);
  });
});

describe("values that nobody holds any more", () => {
  test("leave the worker's memory by scope, as they are made", async () => {
    await session.idle();
    const before = (await session.counters()).handles;
    const f = jit((x: T) => x.add(1));
    let y: T = session.put(array([0])) as unknown as T;
    for (let i = 0; i < 200; i++) {
      const last = y;
      y = session.scope(() => f(f(last)));
      last.dispose();
    }
    expect(await y.array()).toEqual([400]);
    expect((await session.counters()).handles - before).toBeLessThan(4);
  });
});

describe("any order of operations, calls, reads and disposals", () => {
  interface Value {
    readonly tensor: T;
    readonly expected: readonly number[];
    dead?: true;
  }
  const halfUp = jit((x: T) => x.mul(0.5).add(1));
  const both = jit((x: T, y: T) => ({ less: x.sub(y), quarter: x.mul(0.25) }));

  test.each([1, 2, 3])("gives what plain arithmetic gives (seed %i)", async (seed) => {
    const random = (n: number): number => {
      seed = (Math.imul(seed, 48271) >>> 0) % 2147483647;
      return seed % n;
    };
    const values: Value[] = [];
    const add = (tensor: unknown, expected: readonly number[]): void =>
      void values.push({ tensor: tensor as T, expected });
    const check = async ({ tensor, expected, dead }: Value): Promise<void> => {
      if (dead) expect((await errorOf(() => tensor.data())).code).toMatch(/^HANDLE_D/);
      else expect(await tensor.array()).toEqual(expected.map((v) => expect.closeTo(v, 1) as number));
    };
    const kill = (value: Value, how: () => void): void => {
      const isOnHost = value.tensor.toString().includes("on the host");
      how();
      if (!isOnHost) value.dead = true;
    };
    for (let step = 0; step < 400; step++) {
      if (values.length < 3) for (let k = 0; k < 3; k++) add(array([random(5), random(5)]), []);
      for (const value of values.filter((v) => v.expected.length === 0))
        values[values.indexOf(value)] = { ...value, expected: (await value.tensor.array()) as number[] };
      const alive = values.filter((v) => !v.dead);
      if (alive.length < 2 || values.length > 40) {
        values.splice(0);
        continue;
      }
      const [a, b] = [alive[random(alive.length)]!, alive[random(alive.length)]!];
      const pairs = a.expected.map((x, i) => [x, b.expected[i]!] as const);
      const actions: (() => unknown)[] = [
        () => add(session.put(array([...a.expected])), a.expected),
        () => add(a.tensor.add(b.tensor).mul(0.5), pairs.map(([x, y]) => (x + y) / 2)), // prettier-ignore
        () => add(a.tensor.sub(b.tensor), pairs.map(([x, y]) => x - y)), // prettier-ignore
        () => add(a.tensor.mul(step / 400), a.expected.map((x) => (x * step) / 400)), // prettier-ignore
        () => add(halfUp(a.tensor), a.expected.map((x) => x / 2 + 1)), // prettier-ignore
        () => {
          const { less, quarter } = both(a.tensor, b.tensor);
          add(less, pairs.map(([x, y]) => x - y)); // prettier-ignore
          add(quarter, a.expected.map((x) => x / 4)); // prettier-ignore
        },
        () => add(grad((x: T) => np.sum(x.mul(b.tensor)))(a.tensor), b.expected),
        () => add(session.scope(() => a.tensor.add(1).mul(0.5)), a.expected.map((x) => (x + 1) / 2)), // prettier-ignore
        () => kill(a, () => a.tensor.dispose()),
        () => kill(a, () => add(donating(a.tensor), a.expected.map((x) => x + 1))), // prettier-ignore
        () => check(a),
        () => check(values[random(values.length)]!),
        () => session.idle(),
      ];
      await actions[random(actions.length)]!();
    }
    await Promise.all(values.map(check));
  });
});
