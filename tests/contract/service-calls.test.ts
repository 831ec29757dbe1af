/** Calls of a service: they are sent again where the worker has no room, bring their deadlines, and tell of themselves. */
import { tracingChannel } from "node:diagnostics_channel";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type CallContext, MESSAGE } from "../../bridge/wire/protocol.ts";
import {
  array,
  type CallEvent,
  connect,
  jit,
  type Session,
  type SessionEvent,
  type SessionOptions,
  type Tensor,
} from "../../src/index.ts";
import { codesOf, errorOf } from "../fixtures/errors.ts";
import { contextOf, FakeWorker, type Lie, TIMES } from "../fixtures/fake-worker.ts";
import type { Header } from "../fixtures/memory-transport.ts";

type T = Tensor<"float32">;
type Retry = SessionEvent & { readonly type: "retry" };

const inc = jit(function inc(x: T) {
  return x.add(1) as T;
});
const donating = jit((x: T) => x.add(2) as T, { donateArgnums: 0 });

let worker: FakeWorker;
let session: Session;
/** Headers of the messages that arrived, of calls. */
let arrived: Header[];
let hellos: number;
let retries: Retry[];
let watching: Promise<void> | undefined;

beforeAll(async () => {
  worker = await new FakeWorker().listen();
});
afterAll(() => worker[Symbol.dispose]());
beforeEach(() => {
  arrived = [];
  hellos = 0;
  retries = [];
  vi.spyOn(Math, "random").mockReturnValue(0);
});
afterEach(async () => {
  await session.close({ drain: false });
  await watching;
  worker.lie = () => undefined;
  worker.ends = () => false;
  vi.restoreAllMocks();
});

async function start(options: SessionOptions = {}, lie: Lie = () => undefined): Promise<void> {
  worker.lie = (header, honest) => {
    const [type] = header;
    if (type === MESSAGE.hello) hellos++;
    if (type === MESSAGE.launch || type === MESSAGE.fetch || type === MESSAGE.compile) arrived.push(header);
    return lie(header, honest);
  };
  session = await connect(worker.address, { token: "t", ...options });
  const status = session.status();
  watching = (async () => {
    for await (const event of status) if (event.type === "retry") retries.push(event);
  })();
}

const overloaded = (retryAfter?: number): object => ({
  code: "OVERLOADED",
  message: "no room",
  ...(retryAfter === undefined ? {} : { retryAfter }),
});

/** The first calls of a kind are refused. */
function refusing(count: number, retryAfter?: number, kind: number = MESSAGE.launch): Lie {
  let left = count;
  return ([type, seq]) =>
    type === kind && left-- > 0 ? [[[seq, 1, { launch: seq, ...overloaded(retryAfter) }]]] : undefined;
}

const one = (options: { deadline?: number; signal?: AbortSignal } = {}): Promise<unknown> =>
  session.run(() => inc(array([0])).array(options));
const contexts = (): (CallContext | undefined)[] => arrived.map(contextOf);

describe("a call that the worker has no room for", () => {
  test("is sent again until it has, after times that are drawn below a bound which doubles", async () => {
    await start({}, refusing(4, 8));
    vi.mocked(Math.random).mockReturnValue(0.25);
    expect(await one()).toEqual([1, 1]);
    expect(arrived.map(([type]) => type)).toEqual(Array(5).fill(MESSAGE.launch));
    expect(new Set(arrived.map(([, seq]) => seq)).size).toBe(5);
    expect(retries.map(({ attempt, delay }) => [attempt, delay])).toEqual([
      [1, 2],
      [2, 4],
      [3, 8],
      [4, 16],
    ]);
    expect(retries[0]).toMatchObject({ name: "inc", error: { code: "OVERLOADED", message: "no room" } });
  });
  test("waits no longer than it may", async () => {
    await start({ retry: { maxTimeout: 4 } }, refusing(3, 1_000_000));
    vi.mocked(Math.random).mockReturnValue(0.5);
    expect(await one()).toEqual([1, 1]);
    expect(retries.map(({ delay }) => delay)).toEqual([2, 2, 2]);
  });
  test.each([
    [{ retry: false }, 1],
    [{ retry: { retries: 0 } }, 1],
    [{ retry: { retries: 2 } }, 3],
    [{}, 11],
  ] as const)("fails in the end: with %o it is sent %i times", async (options, sent) => {
    await start(options, refusing(1_000));
    expect(await codesOf(() => one())).toBe("OVERLOADED");
    expect(arrived).toHaveLength(sent);
  });
  test("fails at once where the time is not enough to try again", async () => {
    vi.mocked(Math.random).mockReturnValue(0.5);
    await start({ retry: { maxTimeout: 1e9 } }, refusing(1_000, 1e8));
    expect(await codesOf(() => one())).toBe("OVERLOADED"); // maxRetryTime
    expect(await codesOf(() => one({ deadline: 600_000 }))).toBe("OVERLOADED");
    await session.close();
    await start({ retry: { maxTimeout: 1e9, maxRetryTime: 1e9 } }, refusing(1_000, 1e8));
    expect(await codesOf(() => one({ deadline: 600_000 }))).toBe("OVERLOADED");
    expect(retries).toEqual([]);
  });
  test("is given up by its signal while it waits", async () => {
    vi.mocked(Math.random).mockReturnValue(0.5);
    await start({ retry: { maxTimeout: 1e9, maxRetryTime: 1e9 } }, refusing(1, 1e8));
    const controller = new AbortController();
    const given = one({ signal: controller.signal });
    const events = session.status();
    for await (const { type } of events) if (type === "retry") break;
    controller.abort();
    expect(await codesOf(() => given)).toBe("ABORTED");
  });
  test("may be the hello: the worker is dialled again", async () => {
    await start({}, refusing(2, 1, MESSAGE.hello));
    expect(await one()).toEqual([1, 1]);
    expect(hellos).toBe(3);
  });
  test.each([
    [{ retry: false }, 1],
    [{ retry: { retries: 2 } }, 3],
  ] as const)(
    "may be the hello, and fails in the end: with %o it is said %i times",
    async (options, said) => {
      expect(await codesOf(() => start(options, refusing(1_000, 1, MESSAGE.hello)))).toBe("OVERLOADED");
      expect(hellos).toBe(said);
    },
  );
  test("may share, take and unshare trees", async () => {
    await start();
    const tree = { w: array([1, 2]) };
    for (const [kind, call] of [
      [MESSAGE.share, () => session.share("weights", tree)],
      [MESSAGE.shared, () => session.shared("weights")],
      [MESSAGE.unshare, () => session.unshare("weights")],
    ] as const) {
      worker.lie = refusing(2, 1, kind);
      await call();
    }
    expect(retries.map(({ name, attempt }) => [name, attempt])).toEqual(
      Array(3).fill([["weights", 1], ["weights", 2]]).flat(), // prettier-ignore
    );
  });
  test("is not sent again where it has given something away", async () => {
    await start();
    const x = session.put(array([1, 1]));
    await session.idle();
    worker.lie = refusing(1);
    expect(await codesOf(() => donating(x).data())).toBe("OVERLOADED");
    expect(retries).toEqual([]);
  });
  test("takes with it what is stacked on it, and reads of its results", async () => {
    const failed = new Map<number, number>(); // handles, and whose launch failed
    let refusals = 1;
    const lie: Lie = (header) => {
      const [type, seq] = header;
      const root = (ids: unknown): number | undefined =>
        (ids as unknown[]).map((id) => failed.get(id as number)).find((found) => found !== undefined);
      if (type === MESSAGE.launch) {
        const launch = refusals-- > 0 ? seq : root(header[4]);
        if (launch === undefined) return void failed.delete(header[5] as number);
        failed.set(header[5] as number, launch);
        return [[[seq, 1, { ...overloaded(), launch, ...(launch === seq ? {} : { poisoned: true }) }]]];
      }
      const launch = type === MESSAGE.fetch ? root(header[2]) : undefined;
      return launch === undefined ? undefined : [[[seq, 1, { ...overloaded(), launch, poisoned: true }]]];
    };
    await start({}, lie);
    const first = session.run(() => inc(array([1])));
    const second = inc(first);
    session.flush();
    await Promise.resolve().then(() => undefined);
    expect(await Promise.all([second.array(), first.array()])).toEqual([
      [1, 1],
      [1, 1],
    ]);
    const launches = arrived.filter(([type]) => type === MESSAGE.launch);
    expect(launches.map((header) => header[5])).toEqual([1, 2, 1, 2]);
    await session.idle();
  });
  test.each(["fetch", "compile"] as const)("may be a %s", async (kind) => {
    await start({}, refusing(2, undefined, MESSAGE[kind]));
    if (kind === "compile") await session.run(() => inc.compile(array([1])));
    else {
      const x = session.put(array([1, 1]));
      await session.idle();
      expect(await x.array()).toEqual([1, 1]);
    }
    expect(arrived.filter(([type]) => type === MESSAGE[kind])).toHaveLength(3);
    expect(retries).toHaveLength(2);
  });
  test("goes to the next worker when the one that refused it ends", async () => {
    await start({ retry: { maxTimeout: 1e9, maxRetryTime: 1e9 } }, refusing(1, 1e8));
    vi.mocked(Math.random).mockReturnValue(0.5);
    const value = session.run(() => inc(array([0])));
    const stacked = inc(value);
    const read = stacked.array();
    for await (const { type } of session.status()) if (type === "retry") break;
    worker.ends = ([type]) => type === MESSAGE.ping;
    await session.counters().catch(() => undefined);
    worker.ends = () => false;
    expect(await read).toEqual([1, 1]);
    expect(await value.array()).toEqual([1, 1]);
  });
  test.each(["launch", "fetch", "compile"] as const)("is over with its session: a %s", async (kind) => {
    const lie = refusing(1, 1e8, MESSAGE[kind]);
    await start({ retry: { maxTimeout: 1e9, maxRetryTime: 1e9 } });
    const x = session.put(array([1, 1]));
    await session.idle();
    worker.lie = lie;
    vi.mocked(Math.random).mockReturnValue(0.5);
    const calls = { launch: one, fetch: () => x.array(), compile: () => session.run(() => inc.compile(array([1]))) }; // prettier-ignore
    const code = codesOf(() => calls[kind]());
    for await (const { type } of session.status()) if (type === "retry") break;
    await session.close({ drain: false });
    expect(await code).toBe("SESSION_CLOSED");
  });
  test("options that cannot be meant are refused", async () => {
    for (const [retry, argument] of [
      [3, "retry"],
      [{ times: 3 }, "retry"],
      [{ retries: 1.5 }, "retry.retries"],
      [{ maxTimeout: -1 }, "retry.maxTimeout"],
      [{ maxRetryTime: "1s" }, "retry.maxRetryTime"],
    ] as const)
      expect(await errorOf(() => connect(worker.address, { retry } as object))).toMatchObject({
        code: "INVALID_ARGUMENT",
        argument,
      });
    await start();
  });
});

describe("a deadline", () => {
  test("is said to the worker as the time that is left, of a launch, a fetch and a compile", async () => {
    await start();
    await one({ deadline: 600_000 });
    const x = session.put(array([1, 1]));
    await session.idle();
    await x.array({ deadline: 500_000 });
    await session.run(() => inc.compile(array([1, 2])), { deadline: 400_000 });
    await one();
    const left = contexts().map((context) => context?.deadline);
    expect(left[1]).toBeUndefined(); // put
    expect(left.at(-1)).toBeUndefined();
    for (const [i, most] of [
      [0, 600_000],
      [2, 500_000],
      [3, 400_000],
    ] as const) {
      expect(left[i]).toBeLessThanOrEqual(most);
      expect(left[i]).toBeGreaterThan(0);
    }
  });
  test("goes on while a call is sent again", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    await start({}, refusing(2));
    const events = session.status();
    const read = one({ deadline: 1_000 });
    for (let i = 0; i < 2; i++) {
      for (;;) {
        const { value } = await events.next();
        if (value?.type === "retry") break;
      }
      vi.advanceTimersByTime(300);
    }
    await read;
    vi.useRealTimers();
    const left = contexts().map((context) => context!.deadline!);
    expect(left).toHaveLength(3);
    expect(left[0]).toBeLessThanOrEqual(1_000);
    expect(left[1]).toBeLessThanOrEqual(700);
    expect(left[2]).toBeLessThanOrEqual(400);
  });
  test("that has passed in the worker is the error of one that has passed here", async () => {
    const dropped = { code: "DEADLINE", message: "the call waited for 5 ms" };
    await start({}, ([type, seq]) =>
      type === MESSAGE.launch || type === MESSAGE.fetch
        ? [[[seq, 1, { ...dropped, launch: seq }]]]
        : undefined,
    );
    const error = await errorOf(() => one({ deadline: 600_000 }));
    expect(error).toMatchObject({ code: "DEADLINE", message: /^No answer within 600000 ms: .* dropped/ });
    expect(error.line).toMatch(/service-calls/);
    const own = await errorOf(() => one()); // the worker has a deadline of its own
    expect(own).toMatchObject({ code: "DEADLINE", message: /waited for 5 ms/ });
  });
});

const TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

describe("a trace", () => {
  test("is asked for where a call is made, and said to the worker", async () => {
    let current: unknown = TRACE;
    await start({ traceparent: () => current as string });
    const x = session.run(() => inc(array([0])));
    current = "00-nothing";
    expect(await x.array()).toEqual([1, 1]);
    const ignored = [TRACE.toUpperCase(), `${TRACE}0`, `ff${TRACE.slice(2)}`, TRACE.replace(/-[^-]{32}-/, `-${"0".repeat(32)}-`), 3, undefined]; // prettier-ignore
    for (current of ignored) await one();
    expect(contexts()).toEqual([{ traceparent: TRACE }, ...Array<undefined>(ignored.length)]);
  });
  test("is a function", async () => {
    await start();
    const error = await errorOf(() => connect(worker.address, { traceparent: TRACE } as object));
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", argument: "traceparent" });
  });
});

describe("who listens to calls", () => {
  const calls = tracingChannel<unknown, CallEvent>("synjax:call");
  let seen: [string, CallEvent][];
  const subscribers = Object.fromEntries(
    (["start", "end", "asyncStart", "asyncEnd", "error"] as const).map((name) => [
      name,
      (event: CallEvent) => void seen.push([name, event]),
    ]),
  ) as unknown as Parameters<typeof calls.subscribe>[0];
  beforeEach(() => {
    seen = [];
    calls.subscribe(subscribers);
  });
  afterEach(() => calls.unsubscribe(subscribers));

  test("is told what was called, how much went to and fro, and for how long it took there", async () => {
    const compiled: Lie = ([type], honest) =>
      type === MESSAGE.launch ? [[[...honest.slice(0, -1), [], 1.5, TIMES]]] : undefined;
    await start({ traceparent: () => TRACE }, compiled);
    expect(await one()).toEqual([1, 1]);
    expect(seen.map(([name]) => name)).toEqual(["start", "end", "asyncStart", "asyncEnd"]);
    const [event, ...others] = new Set(seen.map(([, each]) => each));
    expect(others).toEqual([]);
    expect(event).toEqual({
      kind: "launch",
      name: "inc",
      program: Buffer.from(arrived[0]![2] as Uint8Array).toString("hex"),
      session: session.name,
      traceparent: TRACE,
      attempts: 1,
      bytesOut: expect.any(Number) as number,
      bytesIn: expect.any(Number) as number,
      queueSeconds: 0.25,
      compileSeconds: 1.5,
      runSeconds: 0.5,
      error: undefined,
    });
    expect(event!.bytesOut).toBeGreaterThan(20);
    expect(event!.bytesIn).toBeGreaterThan(8);
    expect(contexts()).toEqual([{ timed: true, traceparent: TRACE }]);
  });
  test("is told of fetches, compilations, refusals and failures", async () => {
    await start({}, refusing(1));
    const x = session.put(array([1, 1]));
    await session.idle();
    await x.array();
    await session.run(() => inc.compile(array([1])));
    worker.lie = ([type, seq]) =>
      type === MESSAGE.launch ? [[[seq, 1, { code: "RUN_FAILED", message: "no", launch: seq }]]] : undefined;
    const error = await errorOf(() => one());
    const ended = seen.filter(([name]) => name === "asyncEnd").map(([, event]) => event);
    expect(ended).toMatchObject([
      { kind: "launch", name: "put", attempts: 2, queueSeconds: 0.25 },
      { kind: "fetch", name: "fetch", program: undefined, attempts: 1, runSeconds: 0.5 },
      { kind: "compile", name: "inc", attempts: 1, compileSeconds: undefined },
      { kind: "launch", name: "inc", queueSeconds: undefined, error: { code: "RUN_FAILED" } },
    ]);
    expect(ended[3]!.error).toBe(error);
    expect(seen.filter(([name]) => name === "error")).toEqual([["error", ended[3]]]);
  });
  test("may say which trace a call is part of", async () => {
    const own = TRACE.replace("00f067aa0ba902b7", "1111111111111111");
    const set = { start: (event: CallEvent) => void (event.traceparent = own) } as never;
    calls.subscribe(set);
    await start({ traceparent: () => TRACE });
    await one();
    calls.unsubscribe(set);
    expect(contexts()).toEqual([{ timed: true, traceparent: own }]);
  });
  test("and otherwise nothing is said or asked", async () => {
    calls.unsubscribe(subscribers);
    await start();
    await one();
    expect(arrived.map((header) => header.length)).toEqual([11]);
    expect(seen).toEqual([]);
    calls.subscribe(subscribers);
  });
});
