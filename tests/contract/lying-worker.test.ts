import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { collectGarbage } from "../../bridge/transport/garbage.ts";
import { pack } from "../../bridge/wire/codec.ts";
import { MESSAGE } from "../../bridge/wire/protocol.ts";
import { array, connect, jit, type Session, SynjaxError, type Tensor } from "../../src/index.ts";
import { FakeWorker, HELLO, type Lie } from "../fixtures/fake-worker.ts";
import { COUNTERS } from "../fixtures/memory-transport.ts";
import { Liar } from "../fixtures/mutations.ts";

// Node ends a process for any of these.
const unhandled: unknown[] = [];
const note = (error: unknown): void => void unhandled.push(error);

let worker: FakeWorker;
beforeAll(async () => {
  process.on("unhandledRejection", note).on("uncaughtException", note);
  worker = await new FakeWorker().listen();
});
afterEach(() => {
  expect(unhandled.splice(0)).toEqual([]);
});
afterAll(() => {
  process.off("unhandledRejection", note).off("uncaughtException", note);
  worker[Symbol.dispose]();
});

type T = Tensor<"float32">;
const inc = jit((x: T) => x.add(1) as T);
const both = jit((x: T) => [x.add(1), x.mul(2)] as [T, T]);

/** Everything that a session can be asked for. */
function everything(session: Session): Promise<unknown>[] {
  const held = session.put(array([1, 2]));
  const pair = session.run(() => both(array([1, 2])));
  const compiled = jit((x: T) => x.sub(1));
  return [
    held.data(),
    inc(held).array(),
    session.get(pair),
    held.aval(),
    session.run(() => compiled.compile(array([1, 2]))),
    session.counters(),
    session.share("weights", held),
    session.shared("weights"),
    session.unshare("weights"),
    new Promise((resolve) => setTimeout(resolve, 30)).then(() => inc(held).data({ deadline: 3_000 })),
    session.run(() => array([3, 4]).add(1).data()),
    new Promise((resolve) => setTimeout(resolve, 30)).then(() => held.data()),
  ];
}

/** The code of an error, or `value`, of each. */
const codesOf = (settled: readonly PromiseSettledResult<unknown>[]): string[] =>
  settled.map((one) => {
    if (one.status === "fulfilled") return "value";
    expect(one.reason).toBeInstanceOf(SynjaxError);
    return (one.reason as SynjaxError).code;
  });

async function outcomes(session: Session): Promise<string[]> {
  const settled = await Promise.allSettled(everything(session));
  await session.idle().catch(() => undefined);
  return codesOf(settled);
}

const on =
  (type: number, answer: (seq: number, honest: readonly unknown[]) => readonly unknown[]): Lie =>
  ([sent, seq], honest) =>
    sent === type ? [answer(seq, honest)] : undefined;
const launch = (answer: (seq: number) => unknown[], ...buffers: Uint8Array[]): Lie =>
  on(MESSAGE.launch, (seq) => [answer(seq), ...buffers]);
const every = (result: unknown): Lie =>
  on(MESSAGE.launch, (seq, honest) => [[seq, 0, (honest[2] as unknown[]).map(() => result), honest[3]]]);
const hello = (changed: object): Lie => on(MESSAGE.hello, (seq) => [[seq, 0, { ...HELLO, ...changed }]]);
const failing = (error: unknown): Lie => launch((seq) => [seq, 1, error]);
const error = { code: "OP_FAILED", message: "no" };
const eight = new Uint8Array(8);
const shared = (nodes: unknown, avals: unknown = [["float32", [2], false]]): Lie =>
  on(MESSAGE.shared, (seq) => [[seq, 0, [nodes, avals]]]);
const raw = (...bytes: number[]): Lie => on(MESSAGE.launch, () => [Uint8Array.of(...bytes)]);

const LIES: Readonly<Record<string, Lie>> = {
  // -- the header
  "an empty message": on(MESSAGE.launch, () => [new Uint8Array()]),
  "a byte that msgpack does not have": raw(0xc1),
  "half a header": raw(0x94, 1, 0),
  "a number": on(MESSAGE.launch, () => [pack(5)]),
  "a map": on(MESSAGE.launch, () => [pack({ seq: 1 })]),
  "a record of msgpackr": raw(0xd4, 0x72, 0x40, 0x93, 0xa1, 0x61, 0xa1, 0x62, 0xa1, 0x63, 1, 2, 3),
  "an id of msgpackr": raw(0x93, 1, 0, 0xd6, 0x69, 0, 0, 0, 1),
  "a bigint of msgpackr": raw(0x93, 1, 0, 0xc7, 1, 0x42, 1),
  "a timestamp": raw(0x93, 1, 0, 0xd6, 0xff, 0, 0, 0, 1),
  "lists ten thousand deep": on(MESSAGE.launch, () => [new Uint8Array(10_000).fill(0x91)]),
  "a list of four thousand million": raw(0xdd, 0xff, 0xff, 0xff, 0xff),
  "a seq that is text": launch((seq) => [String(seq), 0, [], []]),
  "a negative seq": launch((seq) => [-seq, 0, [], []]),
  "a seq of 2⁶³": on(MESSAGE.launch, () => [Uint8Array.of(0x93, 0xcf, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0xc0)]),
  "a seq that was never asked": launch((seq) => [seq + 1000, 0, [], []]),
  "a status of neither kind": launch((seq) => [seq, 2, [], []]),
  "only a seq": launch((seq) => [seq]),
  "an answer given twice": ([type], honest) => (type === MESSAGE.launch ? [[honest], [honest]] : undefined),
  // -- the results of launches
  "a result that is null": launch((seq) => [seq, 0, null, []]),
  "a result that is a map": launch((seq) => [seq, 0, { length: 1 }, []]),
  "a result that is text": launch((seq) => [seq, 0, "float32", []]),
  "a result that is a number": launch((seq) => [seq, 0, 7, []]),
  "no data": launch((seq) => [seq, 0, []]),
  "too few results": launch((seq) => [seq, 0, [], []]),
  "too many results": launch((seq) => [seq, 0, Array(5).fill(["float32", [2], false]), []]),
  "a type that is null": every(null),
  "a type that is a number": every(3),
  "a type that is empty": every([]),
  "a type without a weakness": every(["float32", [2]]),
  "an unknown dtype": every(["float7", [2], false]),
  "the dtype __proto__": every(["__proto__", [2], false]),
  "the dtype constructor": every(["constructor", [2], false]),
  "a dtype that is a list": every([["float32"], [2], false]),
  "a shape that is null": every(["float32", null, false]),
  "a shape that is a number": every(["float32", 2, false]),
  "a shape that is text": every(["float32", "2", false]),
  "a shape of text": every(["float32", ["2"], false]),
  "a shape of lists": every(["float32", [[2]], false]),
  "a negative size": every(["float32", [-2], false]),
  "half a size": every(["float32", [2.5], false]),
  "sizes beyond all numbers": every(["float32", [2 ** 52, 2 ** 52], false]),
  "a weakness that is a number": every(["float32", [2], 1]),
  "an object without a class": every(["object"]),
  "an object whose class is a number": every(["object", 7]),
  "an object that has data": every(["object", "HMM"]),
  // -- their data
  "data that are null": launch((seq) => [seq, 0, [["float32", [2], false]], null]),
  "data that are too few": on(MESSAGE.launch, (seq, h) => [[seq, 0, h[2], []]]),
  "data that are too many": on(MESSAGE.launch, (seq, h) => [[seq, 0, h[2], [eight, eight, eight]]]),
  "data that are text": on(MESSAGE.launch, (seq, h) => [
    [seq, 0, h[2], (h[3] as unknown[]).map(() => "12345678")],
  ]),
  "data that are shorter than the type": every(["float32", [3], false]),
  "data that are longer than the type": every(["float32", [1], false]),
  "data that are null without an error": on(MESSAGE.launch, (seq, h) => [
    [seq, 0, h[2], (h[3] as unknown[]).map(() => null)],
  ]),
  "data in a frame that is not there": on(MESSAGE.launch, (seq, h) => [
    [seq, 0, h[2], (h[3] as unknown[]).map((_, i) => i)],
  ]),
  "data in a frame before the first": on(MESSAGE.launch, (seq, h) => [
    [seq, 0, h[2], (h[3] as unknown[]).map(() => -1)],
    eight,
  ]),
  "a frame that nobody asked for": on(MESSAGE.launch, (seq, h) => [[seq, 0, h[2], h[3]], eight]),
  // -- errors
  "an error that is null": failing(null),
  "an error that is text": failing("no"),
  "an error without a code": failing({ message: "no" }),
  "an error of an unknown code": failing({ code: "NO", message: "no" }),
  "an error of the code constructor": failing({ code: "constructor", message: "no" }),
  "an error without a message": failing({ code: "OP_FAILED" }),
  "an error whose op is a number": failing({ ...error, op: 3 }),
  "an error whose equation is a map": failing({ ...error, equation: {} }),
  "an error whose argument is a list": failing({ ...error, argument: ["x"] }),
  "an error list that is a map": on(MESSAGE.launch, (seq, h) => [[seq, 0, h[2], h[3], { 0: error }]]),
  "an error of result 99": on(MESSAGE.launch, (seq, h) => [[seq, 0, h[2], h[3], [[99, error]]]]),
  "an error of result −1": on(MESSAGE.launch, (seq, h) => [[seq, 0, h[2], h[3], [[-1, error]]]]),
  "an error of a result that has a type": on(MESSAGE.launch, (seq, h) => [
    [seq, 0, h[2], h[3], [[0, error]]],
  ]),
  "a message it could not read, and not which": launch(() => [0, 1, { code: "BAD_MESSAGE", message: "no" }]),
  // -- other messages
  "no answer, although it has nothing to do": ([type]) => (type === MESSAGE.launch ? [] : undefined),
  "a fetch answered with null": on(MESSAGE.fetch, (seq) => [[seq, 0, null]]),
  "a fetch of a distribution": on(MESSAGE.fetch, (seq) => [[seq, 0, [["object", "HMM"]], [eight]]]),
  "a fetch without data": on(MESSAGE.fetch, (seq, h) => [[seq, 0, h[2], []]]),
  "a fetch with errors of single results": on(MESSAGE.fetch, (seq, h) => [[seq, 0, h[2], h[3], []]]),
  "a program compiled in less than no time": on(MESSAGE.launch, (seq, h) => [[seq, 0, h[2], h[3], [], -1]]),
  "a program compiled in text": on(MESSAGE.launch, (seq, h) => [[seq, 0, h[2], h[3], [], "1"]]),
  "more than an answer has": on(MESSAGE.launch, (seq, h) => [[seq, 0, h[2], h[3], [], 1, 1]]),
  "a compile answered with a map": on(MESSAGE.compile, (seq) => [[seq, 0, {}]]),
  "a ping answered with null": on(MESSAGE.ping, (seq) => [[seq, 0, null]]),
  "a ping answered with an error": on(MESSAGE.ping, (seq) => [[seq, 1, error]]),
  "a shared tree that is null": on(MESSAGE.shared, (seq) => [[seq, 0, null]]),
  "a shared tree that is a map": shared({ 0: 0 }),
  "a shared tree that ends too early": shared([[0, 2], 0]),
  "a shared tree that goes on": shared([0, null]),
  "a shared tree of no nodes": shared([], []),
  "a shared tree with a leaf too many": shared([[0, 2], 0, 1]),
  "a shared tree with a leaf twice": shared([[0, 2], 0, 0]),
  "a shared tree with leaves in disorder": shared([[0, 2], 1, 0], Array(2).fill(["int8", [], false])),
  "a shared tree with a key twice": shared([[1, "a", "a"], 0, null]),
  "a shared tree with a key that is a number": shared([[1, 3], 0]),
  "a shared tree of endless lists": shared([[0, 2 ** 40], 0]),
  "a shared tree too deep": shared([...(Array(2_000).fill([0, 1]) as unknown[]), 0]),
  "a shared tree of a distribution": shared([0], [["object", "HMM"]]),
  "a shared tree without types": shared([0], null),
  "a share answered with a map": on(MESSAGE.share, (seq) => [[seq, 0, {}]]),
  "an unshare answered with text": on(MESSAGE.unshare, (seq) => [[seq, 0, "ok"]]),
  "counters that are text": on(MESSAGE.ping, (seq) => [[seq, 0, { ...COUNTERS, queued: "0" }]]),
};

const HELLO_LIES: Readonly<Record<string, Lie>> = {
  "that is text": on(MESSAGE.hello, (seq) => [[seq, 0, "hi"]]),
  "that is null": on(MESSAGE.hello, (seq) => [[seq, 0, null]]),
  "that is a list": on(MESSAGE.hello, (seq) => [[seq, 0, []]]),
  "without limits": hello({ limits: null }),
  "with a limit of 0 programs": hello({ limits: { programs: 0 } }),
  "with a limit of −1 programs": hello({ limits: { programs: -1 } }),
  "with a limit that is text": hello({ limits: { frames: "many" } }),
  "with a limit that is half a frame": hello({ limits: { frames: 0.5 } }),
  "whose devices are text": hello({ devices: "cpu" }),
  "whose process is a map": hello({ pid: {} }),
  "whose version is text": hello({ version: "1" }),
};

describe("a worker that lies", () => {
  const options = { token: "t", heartbeat: 10, startTimeout: 3_000 };

  test("not at all is served", async () => {
    worker.lie = () => undefined;
    const session = await connect(worker.address, options);
    expect(new Set(await outcomes(session))).toEqual(new Set(["value"]));
    await session.close();
  });
  test.each(Object.entries(LIES))("by %s: every call settles, with BAD_MESSAGE", async (_, lie) => {
    worker.lie = lie;
    const session = await connect(worker.address, options);
    const codes = await outcomes(session);
    expect(codes).toContain("BAD_MESSAGE");
    await session.close().catch((error: unknown) => expect(error).toBeInstanceOf(SynjaxError));
  });
  test.each(Object.entries(HELLO_LIES))("in a hello %s is refused", async (_, lie) => {
    worker.lie = lie;
    await expect(connect(worker.address, options)).rejects.toMatchObject({ code: "BAD_MESSAGE" });
  });
  test.each([
    ["another version", hello({ version: 7 })],
    ["other operations", hello({ registry: "other" })],
  ])("of nothing but is of %s is refused", async (_, lie) => {
    worker.lie = lie;
    await expect(connect(worker.address, options)).rejects.toMatchObject({ code: "PROTOCOL_MISMATCH" });
  });
  test("about one call ends the others, which are not sent again; the next calls dial anew", async () => {
    let lies = 1;
    let hellos = 0;
    worker.lie = ([type, seq], honest) => {
      if (type === MESSAGE.hello) hellos++;
      if (type !== MESSAGE.launch) return undefined;
      return lies-- > 0 ? [[[seq, 0, 7, []]]] : [[honest]];
    };
    const session = await connect(worker.address, options);
    const [first, second] = session.run(() => [inc(array([1, 2])), inc(array([3, 4]))]);
    for (const value of [first!, second!])
      await expect(value.data()).rejects.toMatchObject({ code: "BAD_MESSAGE" });
    expect([...(await session.run(() => inc(array([1, 2])).data()))]).toEqual([1, 1]);
    expect(hellos).toBe(2);
    await session.close();
  });
});

describe("a worker that lies now and then, about anything", { timeout: 3_600_000 }, () => {
  const seed = Number(process.env["SYNJAX_LIES_SEED"] ?? 21);

  /** One session of it. Whether it answers at all it decides; once the session is closed every call has settled. */
  async function suffer(liar: Liar): Promise<string[]> {
    worker.lie = liar.lie;
    let session: Session;
    try {
      session = await connect(worker.address, { token: "t", heartbeat: 10, startTimeout: 3_000 });
    } catch (error) {
      expect(error).toBeInstanceOf(SynjaxError);
      return [(error as SynjaxError).code];
    }
    const settled = Promise.allSettled(everything(session));
    await Promise.race([settled, new Promise((resolve) => setTimeout(resolve, 400))]);
    await session
      .close({ drain: false })
      .catch((error: unknown) => expect(error).toBeInstanceOf(SynjaxError));
    return codesOf(await settled);
  }

  test("leaves no call unsettled, no error untyped, and no memory behind", async () => {
    let lies = 0;
    const codes = new Map<string, number>();
    let before = 0;
    const rounds = process.env["SYNJAX_TEST_FULL"] ? 3_000 : 60;
    for (let round = 0; round < rounds; round++) {
      const liar = new Liar(seed * 10_000 + round, round % 2 ? 8 : 40);
      for (const code of await suffer(liar)) codes.set(code, (codes.get(code) ?? 0) + 1);
      expect(unhandled, `SYNJAX_LIES_SEED=${seed}, round ${round}`).toEqual([]);
      lies += liar.lies;
      if (round === rounds / 3) {
        await collectGarbage();
        before = process.memoryUsage().heapUsed;
      }
    }
    await collectGarbage();
    const growth = (process.memoryUsage().heapUsed - before) / 2 ** 20;
    console.log(
      `${lies} lies in ${rounds} sessions: ${[...codes].map(([code, n]) => `${code} ${n}`).join(", ")}; heap +${growth.toFixed(1)} MB`,
    );
    expect(codes.get("value")).toBeGreaterThan(rounds);
    expect(codes.get("BAD_MESSAGE")).toBeGreaterThan(rounds / 2);
    expect(growth).toBeLessThan(60);
  });
});
