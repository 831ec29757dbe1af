import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { MESSAGE } from "../../bridge/wire/protocol.ts";
import { array, connect, jit, type Session, type Tensor } from "../../src/index.ts";
import { codesOf } from "../fixtures/errors.ts";
import { FakeWorker } from "../fixtures/fake-worker.ts";

type T = Tensor<"float32">;

let worker: FakeWorker;
beforeAll(async () => {
  worker = await new FakeWorker().listen();
});
afterAll(() => worker[Symbol.dispose]());

const inc = jit((x: T) => x.add(1) as T);
/** The only calls with three results end the worker. */
const deadly = jit((x: T) => [x.add(1), x.add(2), x.add(3)] as [T, T, T]);
const alsoDeadly = jit((x: T) => [x.sub(1), x.sub(2), x.sub(3)] as [T, T, T]);

describe("a call that ends the worker", () => {
  let session: Session;
  /** Numbers of results of the launches that arrived, and how often a hello came in between. */
  let arrived: (number | "hello")[];
  beforeEach(async () => {
    arrived = [];
    worker.ends = (header) => {
      if (header[0] === MESSAGE.hello) arrived.push("hello");
      if (header[0] === MESSAGE.launch) arrived.push(header[6] as number);
      return header[0] === MESSAGE.launch && header[6] === 3;
    };
    session = await connect(worker.address, { token: "t" });
  });

  test("fails alone: those behind it are sent again, one by one, and it goes last, once", async () => {
    const [guilty] = session.run(() => deadly(array([0])));
    const innocent = Array.from({ length: 5 }, (_, i) => session.run(() => inc(array([i])).data()));
    const chained = session.run(() => inc(inc(array([9]))));
    const stacked = inc(guilty);
    expect(await codesOf(() => guilty.data())).toBe("WORKER_LOST");
    for (const value of innocent) expect([...(await value)]).toEqual([1, 1]);
    expect(await codesOf(() => stacked.data())).toBe("POISONED < WORKER_LOST");
    const first = arrived.indexOf("hello", 1);
    expect(arrived.slice(first)).toEqual(["hello", 1, 1, 1, 1, 1, 1, 1, 3]);
    expect(await codesOf(() => chained.data())).toBe("HANDLE_LOST"); // it had been answered, and went with the second worker
    expect([...(await session.run(() => inc(array([7])).data()))]).toEqual([1, 1]);
    await session.close();
  });
  test("does not take the reads of others with it", async () => {
    const values = Array.from({ length: 3 }, (_, i) => session.run(() => inc(array([i]))));
    const [guilty] = session.run(() => alsoDeadly(array([0])));
    const later = session.run(() => inc(array([3])));
    await Promise.resolve().then(() => undefined);
    const reads = Promise.allSettled([...values, later].map((value) => value.data()));
    expect(await codesOf(() => guilty.data())).toBe("WORKER_LOST");
    const outcomes = await reads;
    expect(outcomes.at(-1)!.status).toBe("fulfilled");
    await session.close().catch(() => undefined);
  });
  test("is one of two: each fails, what is between them does not", async () => {
    const [one] = session.run(() => deadly(array([0])));
    const between = session.run(() => inc(array([1])).data());
    const [two] = session.run(() => alsoDeadly(array([0])));
    const after = session.run(() => inc(array([2])).data());
    expect(await codesOf(() => one.data())).toBe("WORKER_LOST");
    expect(await codesOf(() => two.data())).toBe("WORKER_LOST");
    expect([[...(await between)], [...(await after)]]).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect(arrived.filter((what) => what === 3)).toHaveLength(4);
    await session.close().catch(() => undefined);
  });
});

describe("a served worker that is started anew", () => {
  test("does not make connect() hand out the session that it had", async () => {
    let isNew = false;
    worker.ends = ([type]) => type !== MESSAGE.hello && isNew;
    const session = await connect(worker.address, { token: "t" });
    const lost = (async () => {
      for await (const { type } of session.status()) if (type === "lost") return;
    })();
    isNew = true;
    const counted = session.counters().catch(() => undefined);
    await lost;
    const other = await connect(worker.address, { token: "t" });
    expect(other).not.toBe(session);
    isNew = false;
    await Promise.all([counted, other.close({ drain: false }), session.close({ drain: false })]);
  });
  test("while nobody asks for anything is dialled again by the first call that it does not know", async () => {
    let known = true;
    worker.ends = ([type]) => {
      if (type === MESSAGE.hello) known = true;
      return !known;
    };
    const session = await connect(worker.address, { token: "t" });
    expect([...(await session.run(() => inc(array([1])).data()))]).toEqual([1, 1]);
    for (let i = 0; i < 3; i++) {
      known = false;
      const calls = [1, 2, 3, 4].map((x) => session.run(() => inc(array([x])).data()));
      expect((await Promise.all(calls)).map((data) => [...data])).toEqual(Array(4).fill([1, 1]));
    }
    await session.close();
  });
});
