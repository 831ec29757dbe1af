import { channel } from "node:diagnostics_channel";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  array,
  bucket,
  connect,
  jit,
  LinearChainCRF,
  np,
  random,
  scan,
  type Session,
  type SessionEvent,
  type Tensor,
} from "../../src/index.ts";
import { codesOf, errorOf } from "../fixtures/errors.ts";

type T = Tensor<"float32">;
type I = Tensor<"int32">;

let session: Session;
beforeAll(async () => {
  session = await connect({ compilationCache: null });
});
afterAll(() => session.close());

const compiles = async (): Promise<number> => (await session.counters()).compiles;
const emission = array(new Float32Array(2 * 3 * 2), { shape: [2, 3, 2] });

describe("compile()", () => {
  test("leaves nothing to compile to a call of those shapes, and something to any other", async () => {
    const f = jit((p: { w: T; b: readonly T[] }, n: I) => np.add(p.w.mul(n), p.b[0]!));
    const before = await compiles();
    const b = [{ dtype: "float32", shape: [3] }] as const;
    await f.compile({ w: { dtype: "float32", shape: [2, 3] }, b }, { dtype: "int32", shape: [] });
    expect(await compiles()).toBe(before + 1);
    const n = array(Int32Array.of(2), { shape: [] });
    const call = (rows: number): Promise<unknown> =>
      f({ w: np.zeros([rows, 3]) as T, b: [array([1, 2, 3])] }, n).array();
    await session.get(np.zeros([2, 3])); // which is a program of its own
    const warm = await compiles();
    expect(await call(2)).toEqual([[1, 2, 3], [1, 2, 3]]); // prettier-ignore
    expect(await compiles()).toBe(warm);
    await call(5);
    expect(await compiles()).toBeGreaterThan(warm);
    expect(f.recordings()).toBe(1);
  });
  test("takes what is there already as it is: tensors, distributions, keys, numbers, host data", async () => {
    const crf = jit((e: T) => new LinearChainCRF({ initial: [0, 0], transition: [[0, 0], [0, 0]], emission: e }))(emission); // prettier-ignore
    const draw = jit((d: LinearChainCRF, key: Tensor<"key">, t: T) => d.sample(key, { temperature: t }));
    const key = random.key(0);
    const given = session.put({ key });
    await session.get(given);
    await draw.compile(crf, given.key as unknown as Tensor<"key">, 2);
    const before = await compiles();
    await draw(crf, given.key as unknown as Tensor<"key">, 2).data();
    expect(await compiles()).toBe(before);
    const twice = jit((x: T) => x.mul(2));
    await twice.compile(Float32Array.of(1, 2, 3));
    const again = await compiles();
    expect(await twice(array([4, 5, 6])).array()).toEqual([8, 10, 12]);
    expect(await compiles()).toBe(again);
  });
  test("by the aval of an earlier result, weak as it is, for a donated argument and a static one", async () => {
    const step = jit(
      (x: T, n: number) => {
        for (let i = 0; i < n; i++) x = x.add(1);
        return x;
      },
      { donateArgnums: 0, staticArgnums: 1 },
    );
    const x = jit((a: T) => a.sum())(array([1, 2]));
    await step.compile(await x.aval(), 3);
    const before = await compiles();
    expect(await step(x, 3).item()).toBe(6);
    expect(await compiles()).toBe(before);
    expect(step.recordings()).toBe(1);
  });
  test("with tensors that the function is closed over", async () => {
    const [held, host] = [session.put(array([1, 2])), array([3, 4])];
    await held.data();
    const f = jit((x: T) => np.add(np.add(x, held), host) as T);
    await f.compile({ dtype: "float32", shape: [2] });
    const before = await compiles();
    expect(await f(array([0, 1])).array()).toEqual([4, 7]);
    expect(await compiles()).toBe(before);
  });
  test("ends with the error that the call would end with, at the caller's line", async () => {
    const f = jit((x: T, y: T) => np.matmul(x, y) as T);
    const of = (...shape: number[]): { dtype: "float32"; shape: number[] } => ({ dtype: "float32", shape });
    const error = await errorOf(() => f.compile(of(2, 3), of(2, 3)));
    expect([error.code, error.op]).toEqual(["OP_FAILED", "np.matmul"]);
    expect(error.line).toMatch(/compile\.test\.ts:\d+/);
    expect(await codesOf(() => f.compile(of(...Array<number>(40).fill(1)), of(1)))).toBe("LIMIT_RANK");
    await session.idle(); // nobody needs to fetch it
    const failed = f(array([1]), array([1, 2]));
    expect(await codesOf(() => f.compile(failed, of(1)))).toBe("POISONED < OP_FAILED");
    expect(await codesOf(() => failed.data())).toBe("OP_FAILED");
  });
  test.each([
    [{ dtype: "float8", shape: [1] }],
    [{ dtype: "float32", shape: [-1] }],
    [{ dtype: "float32", shape: [0.5] }],
    [{ dtype: "float32" }],
  ])("%o is no aval", async (aval) => {
    const f = jit((p: { a: readonly T[] }) => p.a[0]!) as unknown as { compile(p: unknown): Promise<void> };
    const error = await errorOf(() => f.compile({ a: [aval] }));
    expect([error.code, error.argument]).toEqual(["INVALID_ARGUMENT", "argument 0.a[0]"]);
  });
  test("in another session, and not in a closed one", async () => {
    const other = await connect({ compilationCache: null });
    const f = jit((x: T) => scan((c: T, e: T) => [c.add(e), c], array(0), x)[0]);
    await other.run(() => f.compile({ dtype: "float32", shape: [7] }));
    const before = (await other.counters()).compiles;
    expect(await other.run(() => f(array(new Float32Array(7)))).item()).toBe(0);
    expect((await other.counters()).compiles).toBe(before);
    const there = other.put(array([1]));
    await other.close();
    expect(await codesOf(() => other.run(() => f.compile({ dtype: "float32", shape: [7] })))).toBe(
      "SESSION_CLOSED",
    );
    expect(await codesOf(() => f.compile(there as T))).toBe("SESSION_CLOSED");
  });
});

describe("what is compiled is told", () => {
  /** What was told while `body` ran. */
  async function told(
    body: () => Promise<unknown>,
  ): Promise<{ events: SessionEvent[]; published: unknown[]; warnings: Error[] }> {
    const [events, published, warnings]: [SessionEvent[], unknown[], Error[]] = [[], [], []];
    const publish = (message: unknown): void => void published.push(message);
    const warn = (warning: Error): void => void warnings.push(warning);
    const status = session.status();
    const watching = (async () => {
      for await (const event of status) if (event.type === "compiled") events.push(event);
    })();
    channel("synjax:compile").subscribe(publish);
    process.on("warning", warn);
    await body();
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.off("warning", warn);
    channel("synjax:compile").unsubscribe(publish);
    await status.return();
    await watching;
    return { events, published, warnings };
  }

  test("with the function, its program, the types and the time, and once", async () => {
    const weights = session.put(array([[1, 2]]));
    await weights.data();
    const scaled = jit(function scaled(x: T, n: I) {
      return weights.mul(x).mul(n);
    });
    const call = (): Promise<unknown> => scaled(array([3, 4]), array(Int32Array.of(2), { shape: [] })).data();
    const { events, published, warnings } = await told(async () => (await call(), await call()));
    expect(events).toEqual([
      {
        type: "compiled",
        name: "scaled",
        program: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
        inputs: ["float32[2]", "int32[]", "float32[1,2]"],
        seconds: expect.any(Number) as number,
      },
    ]);
    const { type: _, ...compilation } = events[0] as SessionEvent & { readonly type: "compiled" };
    expect(published).toEqual([compilation]);
    expect(compilation.seconds).toBeGreaterThan(0);
    expect(warnings).toEqual([]);
  });
  test("of operations outside functions, and ahead of calls, too", async () => {
    const planned = jit(function planned(x: T) {
      return x.sub(5);
    });
    const { events } = await told(async () => {
      await array([1, 2, 3, 4, 5, 6, 7]).add(1).mul(3).data();
      await planned.compile({ dtype: "float32", shape: [9] });
    });
    expect(events.map((event) => event.type === "compiled" && event.name)).toEqual(["operations outside jit", "planned"]); // prettier-ignore
  });
  test("with a warning of the process at the eighth shape of one function, once", async () => {
    const padded = jit(function padded(x: T, y: T) {
      return x.mul(7).sum().add(y);
    });
    const { warnings, events } = await told(async () => {
      for (const length of [1, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9])
        await padded(new Float32Array(length), array(1)).data();
    });
    expect(events).toHaveLength(9);
    expect(warnings.map(({ name, message }) => [name, message])).toEqual([
      [
        "SynjaxWarning",
        "padded has been compiled 8 times, lately because float32[7] became float32[8]: each time takes seconds. " +
          "Bring its arguments to a few shapes, as bucket() does.",
      ],
    ]);
  });
  test("once for a function that is recorded twice", async () => {
    const record = () => jit((x: T) => np.tanh(x).mul(11));
    const before = await compiles();
    const { events } = await told(async () => {
      for (const f of [record(), record()]) expect(await f(array([0])).array()).toEqual([0]);
    });
    expect(events).toHaveLength(1);
    expect((await compiles()) - before).toBe(1);
  });
  test("four times for twenty lengths of sentences in four buckets", async () => {
    const sentences = Array.from({ length: 20 }, (_, i) => Array<number>(i + 1).fill(i));
    const summed = jit((words: I, lengths: I) => words.sum(-1).add(lengths));
    const before = await compiles();
    const widths: number[] = [];
    const { events } = await told(async () => {
      for (const batch of bucket(sentences, {
        batchSize: 2,
        widths: [5, 10, 15, 20],
        dtype: "int32",
        seed: 1,
      })) {
        await summed(batch.values, batch.lengths).data();
        widths.push(batch.width);
      }
    });
    expect(widths.sort((a, b) => a - b)).toEqual(
      [5, 10, 15, 20].flatMap((width) => Array<number>(3).fill(width)),
    );
    expect(events).toHaveLength(4);
    expect((await compiles()) - before).toBe(4);
  });
});

describe("reshape() of host data with numbers", () => {
  test("is no program: it compiles nothing, and gives what the worker would", async () => {
    const x = array([1, 2, 3, 4, 5, 6]);
    const before = (await session.counters()).launches;
    expect(await x.reshape([2, 3]).array()).toEqual([[1, 2, 3], [4, 5, 6]]); // prettier-ignore
    expect(await np.reshape(x, [-1, 2]).array()).toEqual([[1, 2], [3, 4], [5, 6]]); // prettier-ignore
    expect(await x.reshape([3, 2]).flatten().array()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await array(new Float32Array(0), { shape: [0, 4] }).reshape([2, 0, 7]).array()).toEqual([[], []]); // prettier-ignore
    expect((await session.counters()).launches).toBe(before);
    const before2 = await compiles();
    const total = jit((y: T) => y.add(x.reshape([3, 2]) as T).sum());
    expect(await total(x.reshape([3, 2])).item()).toBe(42);
    expect(await compiles()).toBe(before2 + 1);
  });
  test("that does not fit is refused as ever", async () => {
    const x = array([1, 2, 3, 4, 5, 6]);
    for (const shape of [[4], [-1, -1], [-1, 4], [-2, 3], [0, -1], [2 ** 40, 0]])
      expect(await codesOf(() => x.reshape(shape).data())).toMatch(/^(OP_FAILED|INVALID_ARGUMENT)$/);
  });
});
