import { channel } from "node:diagnostics_channel";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  array,
  connect,
  get,
  jit,
  np,
  type Session,
  type SessionEvent,
  type SynjaxError,
  type Tensor,
  vmap,
  whileLoop,
} from "../../src/index.ts";
import { codesOf, errorOf } from "../fixtures/errors.ts";

type T = Tensor<"float32">;
type I = Tensor<"int32">;

// The library rejects promises of its own that nobody sees; none of them may become the process's problem.
const unhandled: unknown[] = [];
const note = (error: unknown): void => void unhandled.push(error);

let session: Session;
beforeAll(async () => {
  process.on("unhandledRejection", note);
  session = await connect();
});
afterEach(() => session.idle().catch(() => undefined));
afterAll(async () => {
  await session.close();
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const withAbort = (): { readonly signal: AbortSignal; readonly abort: () => void } => {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
};
const int = (value: number): I => array(Int32Array.of(value), { shape: [] });
const inc = jit((x: T) => x.add(1));
const boom = jit((a: T, b: T) => np.matmul(a, b));
/** Counts for a tenth of a second or more. */
const slow = jit((x: I) =>
  whileLoop(
    (c: I) => np.less(c, 200_000_000),
    (c: I) => c.add(1) as I,
    x,
  ),
);

async function lost(of: Session): Promise<void> {
  const pid = of.workerPid!;
  process.kill(pid, "SIGKILL");
  while (of.workerPid === pid) await sleep(2);
}

describe("giving up", () => {
  test("before dispatch: the call never runs, what is stacked on it is POISONED", async () => {
    const running = slow(int(0));
    const queued = inc(array([1]));
    const controller = new AbortController();
    const waiting = codesOf(() => queued.data({ signal: controller.signal }));
    const stacked = codesOf(() => inc(queued).data());
    setTimeout(() => controller.abort(), 20);
    expect(await waiting).toBe("ABORTED");
    expect(await stacked).toBe("POISONED < ABORTED");
    expect(await codesOf(() => queued.data())).toBe("ABORTED");
    expect(await running.item()).toBe(200_000_000);
  });
  test("one of two reads of a value in one tick: the other gets it", async () => {
    for (const order of ["first", "last"]) {
      const { signal, abort } = withAbort();
      const running = slow(int(0));
      const value = inc(array([1]));
      const reads = [
        () => value.data({ signal }),
        () => value.array(),
        () => value.item({ deadline: 20_000 }),
      ];
      const [given, ...kept] = (order === "first" ? reads : reads.toReversed()).map((read) => read());
      setTimeout(abort, 20);
      const outcomes = await Promise.allSettled([given!, ...kept]);
      const aborted = outcomes
        .filter((o) => o.status === "rejected")
        .map((o) => (o.reason as SynjaxError).code);
      expect(aborted).toEqual(["ABORTED"]);
      expect(outcomes.filter((o) => o.status === "fulfilled")).toHaveLength(2);
      expect(await running.item()).toBe(200_000_000);
    }
  });
  test("all reads of a value in one tick by one signal: it never runs", async () => {
    const { signal, abort } = withAbort();
    const running = slow(int(0));
    const value = inc(array([1]));
    const reads = [codesOf(() => value.data({ signal })), codesOf(() => value.item({ signal }))];
    setTimeout(abort, 20);
    expect(await Promise.all(reads)).toEqual(["ABORTED", "ABORTED"]);
    expect(await codesOf(() => value.data())).toBe("ABORTED");
    await running.item();
  });
  test("a read in run() is given up by either of the two", async () => {
    const { signal } = new AbortController();
    const read = session.run(() => slow(int(2)).item({ signal }), { deadline: 20 });
    expect((await errorOf(() => read)).code).toBe("DEADLINE");
    const aborting = withAbort();
    const other = session.run(() => slow(int(3)).item({ deadline: 20_000 }), { signal: aborting.signal });
    setTimeout(aborting.abort, 20);
    expect((await errorOf(() => other)).code).toBe("ABORTED");
  });
  test("reads together, and disposed of at once", async () => {
    const { signal } = new AbortController();
    const value = inc(array([1]));
    const reads = Promise.all([value.array({ signal }), value.array()]);
    value.dispose();
    expect(await reads).toEqual([[2], [2]]);
  });
  test("a deadline for everything that is launched in run()", async () => {
    const value = session.run(() => slow(int(1)), { deadline: 20 });
    expect((await errorOf(() => value.data())).code).toBe("DEADLINE");
  });
  test.each([
    [{ deadline: Number.NaN }, "deadline", "NaN"],
    [{ deadline: -1 }, "deadline", "-1"],
    [{ deadline: Infinity }, "deadline", "Infinity"],
    [{ signal: new AbortController() as unknown as AbortSignal }, "signal", "an AbortController"],
  ])("%o is no way to give up, wherever it is passed", async (options, argument, received) => {
    const host = array([1]);
    const launches = (await session.counters()).launches;
    for (const call of [
      () => host.data(options),
      () => host.add(1).array(options),
      () => session.get({ x: host }, options),
      () => get({ x: host.add(1) }, options),
      () => session.run(() => inc(host), options),
    ])
      expect(await errorOf(call)).toMatchObject({ code: "INVALID_ARGUMENT", argument, received });
    expect((await session.counters()).launches).toBe(launches);
  });
  test("one signal for a thousand calls, without a warning", async () => {
    const warnings: Error[] = [];
    const warn = (w: Error): void => void warnings.push(w);
    process.on("warning", warn);
    const { signal } = new AbortController();
    const calls = Array.from({ length: 1000 }, (_, i) => inc(array([i])).item({ signal }));
    expect((await Promise.all(calls)).at(-1)).toBe(1000);
    await sleep(1);
    process.off("warning", warn);
    expect(warnings).toEqual([]);
  });
});

describe("failures", () => {
  test("that somebody fetched are no longer idle()'s", async () => {
    expect(await codesOf(() => inc(boom(array([1]), array([1, 2]))).data())).toBe("POISONED < OP_FAILED");
    await session.idle();
  });
  test("that nobody fetched are told once, with the first as the cause", async () => {
    boom(array([1]), array([1, 2]));
    boom(array([1]), array([1, 2, 3]));
    const error = await errorOf(() => session.idle());
    expect(error.message).toMatch(/^2 launches failed/);
    expect((error.cause as Error).message).toMatch(/float32\[2\]/);
    await session.idle();
  });
  test("of close(): every call of it rejects alike, and the worker has ended", async () => {
    const own = await connect();
    own.run(() => boom(array([1]), array([1, 2])));
    expect(await codesOf(() => own.close())).toBe("UNFETCHED_FAILURES < OP_FAILED");
    expect(await codesOf(() => own.close())).toBe("UNFETCHED_FAILURES < OP_FAILED");
    expect(own.closed).toBe(true);
  });
  test("are events of status()", async () => {
    const events = session.status();
    const next = events.next();
    expect(await codesOf(() => boom(array([1]), array([1, 2])).data())).toBe("OP_FAILED");
    expect((await next).value).toMatchObject({ type: "failure", error: { code: "OP_FAILED" } });
    const waiting = events.next();
    await events.return(); // does not wait for an event to come
    expect(await waiting).toEqual({ done: true, value: undefined });
  });
  test("a failed check of a root frame names argument, value and position", async () => {
    const error = await errorOf(() =>
      jit((x: T, i: I) => np.take(x, i))(array([1, 2, 3]), array(Int32Array.of(0, 9))).data(),
    );
    expect([error.code, error.op, error.argument]).toEqual(["CHECK_FAILED", "np.take", "indices"]);
    expect(error.message).toMatch(/item 1 is 9/);
  });
  test("checks can be turned off", async () => {
    const unchecked = await connect({ checks: false });
    const taken = unchecked.run(() => np.take(array([1, 2, 3]), array(Int32Array.of(9))));
    expect(await taken.array()).toHaveLength(1);
    await unchecked.close();
  });
});

describe("limits", () => {
  let small: Session;
  beforeAll(async () => {
    small = await connect({ limits: { frameBytes: 10_000, equations: 50, programs: 8, rank: 4 } });
  });
  afterAll(() => small.close({ drain: false }));

  test("a call that is too large never leaves; the same program runs with less", async () => {
    const total = jit((x: T) => x.sum());
    const large = small.run(() => total(new Float32Array(10_000)));
    const stacked = small.run(() => inc(large as T));
    expect(await codesOf(() => large.data())).toBe("LIMIT_BYTES");
    expect(await codesOf(() => stacked.data())).toBe("POISONED < LIMIT_BYTES");
    expect(await small.run(() => total(new Float32Array(10))).item()).toBe(0);
  });
  test("a program the worker refuses is refused again by the same name", async () => {
    const long = jit((x: T) => {
      for (let i = 0; i < 60; i++) x = x.add(i);
      return x;
    });
    const twice = small.run(() => [long(array([1])), long(array([1]))]);
    for (const value of twice) expect(await codesOf(() => value.data())).toBe("LIMIT_EQUATIONS");
  });
  test("more programs than the worker keeps: the oldest is forgotten, and sent anew when it is used", async () => {
    const shifted = Array.from({ length: 20 }, (_, k) => jit((x: T) => x.add(k)));
    for (const turn of [0, 1])
      for (const [k, f] of shifted.entries())
        expect(await small.run(() => f(array([turn]))).item()).toBe(k + turn);
    expect((await small.counters()).programs).toBeLessThanOrEqual(8);
  });
  test("an axis too many", async () => {
    expect(await codesOf(() => small.put(array([[[[[1]]]]])).data())).toBe("LIMIT_RANK");
  });
});

describe("put", () => {
  test("of what is on the device already is that tensor, not a copy", async () => {
    const held = session.put(array([1, 2]));
    const pending = array([1]).add(1);
    expect(session.put(held)).toBe(held);
    expect(session.put({ a: [pending] }).a[0]).toBe(pending);
    expect(
      await session
        .put({ held, fresh: array([3]) })
        .held.add(1)
        .array(),
    ).toEqual([2, 3]);
    session.put(held).dispose();
    expect(await codesOf(() => held.data())).toBe("HANDLE_DISPOSED");
    expect(await codesOf(() => session.put(held))).toBe("HANDLE_DISPOSED");
  });
  test("of host data is a new value each time", async () => {
    const host = array([1, 2]);
    const [a, b] = [session.put(host), session.put(host)];
    a.dispose();
    expect(await b.array()).toEqual([1, 2]);
    expect(await host.array()).toEqual([1, 2]);
  });
});

describe("two sessions", () => {
  let other: Session;
  beforeAll(async () => {
    other = await connect();
  });
  afterAll(() => other.close());

  test("an operation runs where its tensors are, also those in shapes and indices", async () => {
    const there = other.put(array([[1, 2]]));
    expect(await np.zeros(there.shape).array()).toEqual([[0, 0]]);
    expect(await np.zeros([there.shape.at(1)]).array()).toEqual([0, 0]);
    const positions = other.put(array(Int32Array.of(2)));
    expect(await array([5, 6, 7]).slice(positions).array()).toEqual([7]);
  });
  test("one recorded function runs in both, where its arguments are", async () => {
    const f = jit((x: T) => x.add(1));
    const [here, there] = [f(session.put(array([1]))), f(other.put(array([2])))];
    expect([await here.item(), await there.item()]).toEqual([2, 3]);
    expect(f.recordings()).toBe(1);
  });
  test("run() holds across the awaits of its function, for what it starts, and for each of them alone", async () => {
    const launched = async (of: Session): Promise<number> => (await of.counters()).launches;
    const before = [await launched(session), await launched(other)];
    const work = async (turns: number): Promise<number> => {
      let sum = 0;
      for (let i = 0; i < turns; i++) sum += await inc(array([i])).item();
      return sum;
    };
    const both = [other.run(() => work(3)), session.run(async () => (await sleep(1), work(2)))];
    expect(await Promise.all(both)).toEqual([6, 3]);
    expect([await launched(session), await launched(other)]).toEqual([before[0]! + 2, before[1]! + 3]);
    await other.run(async () => {
      await sleep(1);
      await session.run(async () => (await sleep(1), work(1)));
      await work(1);
    });
    expect([await launched(session), await launched(other)]).toEqual([before[0]! + 3, before[1]! + 4]);
    await work(1);
    expect([await launched(session), await launched(other)]).toEqual([before[0]! + 4, before[1]! + 4]);
  });
  test("a deadline of run() holds across its awaits, also around another session's run()", async () => {
    const late = other.run(
      async () => (
        await sleep(1),
        await session.run(async () => (await sleep(1), slow(other.put(int(0)))).item())
      ),
      { deadline: 20 },
    );
    expect((await errorOf(() => late)).code).toBe("DEADLINE");
    await other.idle().catch(() => undefined);
  });
  test("values of both are OTHER_SESSION wherever they meet, before anything is sent", async () => {
    const [here, there] = [session.put(array([1])), other.put(array([1]))];
    const closed = jit((x: T) => x.add(here));
    for (const meet of [
      () => here.add(there),
      () => here.slice(there as unknown as I),
      () => np.where(array([true]), here, there),
      () => other.put(here),
      () => closed(there),
      () => get({ here, there }),
      () => other.get({ pending: here.add(1) }),
    ])
      expect(await codesOf(meet)).toBe("OTHER_SESSION");
    expect(await here.add(1).array()).toEqual([2]);
    expect(await there.add(1).array()).toEqual([2]);
  });
});

describe("a worker that is lost", () => {
  test("while nothing runs: only what lived there is lost", async () => {
    const held = session.put(array([1]));
    await held.data();
    const stale = held.add(1);
    const fresh = array([1]).add(1);
    await lost(session);
    const error = await errorOf(() => held.add(1));
    expect(error.code).toBe("HANDLE_LOST");
    expect(error.message).toMatch(/put its data again/);
    expect(await fresh.array()).toEqual([2]);
    expect(await codesOf(() => stale.data())).toBe("HANDLE_LOST");
  });
  test("with a chain in flight: it is repeated in order, handles and all", async () => {
    await array([0]).data();
    const first = slow(int(0));
    let last: I = first;
    const more = jit((x: I) => x.add(1) as I);
    for (let i = 0; i < 20; i++) last = more(last);
    const wanted = last.item();
    await sleep(30);
    await lost(session);
    expect(await wanted).toBe(200_000_020);
    expect(await first.item()).toBe(200_000_000);
    expect(await more(last).item()).toBe(200_000_021);
  });
  test("with a donating call in flight: that is not repeated", async () => {
    const donating = jit((x: I) => x.add(1) as I, { donateArgnums: 0 });
    await inc(array([0])).data();
    const value = donating(slow(int(0)));
    await sleep(30);
    await lost(session);
    expect(await codesOf(() => value.data())).toBe("WORKER_LOST");
  });
  test("twice in a row: what was repeated once is not repeated again", async () => {
    await inc(array([0])).data();
    const value = slow(int(0)).item();
    const outcome = codesOf(() => value);
    await sleep(30);
    await lost(session);
    while (session.workerPid === undefined) await sleep(2);
    await sleep(30);
    await lost(session);
    expect(await outcome).toBe("WORKER_LOST");
    expect(await inc(array([1])).array()).toEqual([2]);
  });
  test("with retry off nothing is repeated", async () => {
    const own = await connect({ retry: false });
    const value = own.run(() => slow(int(0))).item();
    const outcome = codesOf(() => value);
    await sleep(30);
    await lost(own);
    expect(await outcome).toBe("WORKER_LOST");
    await own.close();
  });
  test("while it starts again calls wait for it", async () => {
    await inc(array([0])).data();
    await lost(session);
    const waiting = inc(array([1])).data({ deadline: 20_000 });
    expect([...(await waiting)]).toEqual([2]);
  });
});

describe("closing", () => {
  test("without draining ends what is in flight at once", async () => {
    const own = await connect();
    const running = codesOf(() => own.run(() => slow(int(0))).data());
    await sleep(20);
    const queued = codesOf(() => own.run(() => inc(array([1]))).data());
    await Promise.all([own.close({ drain: false }), own.close()]);
    expect([await running, await queued]).toEqual(["SESSION_CLOSED", "SESSION_CLOSED"]);
    expect(await codesOf(() => own.put(array([1])))).toBe("SESSION_CLOSED");
    expect(await codesOf(() => own.counters())).toBe("SESSION_CLOSED");
    expect((await own.get({ x: array([1]) })).x.item()).toBe(1);
    const events: SessionEvent[] = [];
    for await (const event of own.status()) events.push(event);
    expect(events).toEqual([]);
  });
  test("at the end of a block, right after what lives in it", async () => {
    let pid: number | undefined;
    {
      await using own = await connect();
      using weights = own.put(array([[1, 2]]));
      expect(await weights.sum().item()).toBe(3);
      pid = own.workerPid;
    }
    expect(() => process.kill(pid!, 0)).toThrow("ESRCH");
  });
  test("while the worker starts does not wait for it", async () => {
    const starting = performance.now();
    const own = await connect();
    const aStart = performance.now() - starting;
    await lost(own);
    const queued = codesOf(() => own.run(() => inc(array([1]))).data());
    await sleep(20);
    const before = performance.now();
    await own.close({ drain: false });
    expect(performance.now() - before).toBeLessThan(aStart / 2);
    expect(await queued).toBe("SESSION_CLOSED");
  });
  test("while connecting is given up", async () => {
    const controller = new AbortController();
    const connecting = codesOf(() => connect({ signal: controller.signal }));
    await sleep(50);
    controller.abort();
    expect(await connecting).toBe("ABORTED");
    expect(await codesOf(() => connect({ signal: AbortSignal.abort() }))).toBe("ABORTED");
  });
});

describe("connecting", () => {
  test.each(["Deno", "Bun"])("by a native socket is refused under %s", async (runtime) => {
    (globalThis as Record<string, unknown>)[runtime] = {};
    try {
      const error = await errorOf(() => connect({ socket: "zeromq" }));
      expect(error).toMatchObject({ code: "UNSUPPORTED_RUNTIME", argument: "socket" });
      expect(error.message).toContain(runtime);
    } finally {
      Reflect.deleteProperty(globalThis, runtime);
    }
  });
});

describe("watching", () => {
  test("diagnostics channels tell of calls and answers, without their data", async () => {
    const seen: unknown[] = [];
    const listen = (message: unknown): void => void seen.push(message);
    channel("synjax:launch").subscribe(listen);
    channel("synjax:reply").subscribe(listen);
    await inc(array([1])).data();
    channel("synjax:launch").unsubscribe(listen);
    channel("synjax:reply").unsubscribe(listen);
    expect(seen).toMatchObject([{ type: 1 }, { bytes: 4 }]);
  });
});

describe("a long run", () => {
  test("five thousand calls leave neither handles nor programs behind", async () => {
    await session.idle();
    const f = jit((x: T) => vmap((r: T) => r.add(1) as T)(x));
    const before = await session.counters();
    for (let i = 0; i < 5000; i++) {
      using y = f(array([i]));
      if (i % 100 === 99) expect(await y.array()).toEqual([i + 1]);
    }
    await session.idle();
    const after = await session.counters();
    expect(after.handles - before.handles).toBeLessThan(5);
    expect(after.programs - before.programs).toBeLessThan(3);
    expect(after.compiles - before.compiles).toBeLessThan(3);
  });
});
