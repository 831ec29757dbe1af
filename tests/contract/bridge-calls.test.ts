import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { RemoteFailure } from "../../bridge/transport/call.ts";
import { WorkerHang } from "../../bridge/transport/heartbeat.ts";
import type { Connection } from "../../bridge/worker/connection.ts";
import { ARRAY_OF, type DType, wordsOf } from "../../bridge/wire/dtypes.ts";
import { MESSAGE, type WorkerCounters } from "../../bridge/wire/protocol.ts";
import {
  addOne,
  errorOf,
  fetch,
  float32,
  float32Of,
  identity,
  type Input,
  isAlive,
  launch,
  open,
  program,
  squared,
} from "../fixtures/bridge-calls.ts";

let connection: Connection;
beforeAll(async () => {
  vi.stubEnv("XLA_FLAGS", ""); // what is to take long to compile does
  connection = await open();
});
afterAll(async () => {
  await (connection as Connection | undefined)?.close();
  vi.unstubAllEnvs();
});

const numbers = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => i % 97);
const square = (n: number): Input => float32(new Float32Array(n * n).fill(1 / n), [n, n]);
const slow = squared(24);
/** Takes seconds to compile, and no run before has put it into a cache. */
const long = program(
  1,
  Array.from({ length: 10_000 }, (_, i) =>
    i === 0 ? ["np.add", [-1, [0, Math.floor(1e9 * Math.random())]]] : ["np.sin", [i - 1]],
  ),
  [9999],
);
/** Some seconds of work. */
const occupy = (c: Connection): ReturnType<typeof launch> => launch(c.channel, slow, [square(1000)]);

async function counters({ channel }: Connection): Promise<WorkerCounters> {
  const seq = channel.nextSeq();
  return (await channel.call(seq, [MESSAGE.ping, seq], [])).result as WorkerCounters;
}

describe("data", () => {
  test.each([1, 30, 64, 65, 128, 129, 200, 16_384, 2_000_000])("%i floats go there and back", async (n) => {
    const { reply } = launch(connection.channel, addOne, [float32(numbers(n))]);
    const { result, data } = await reply;
    expect(result).toEqual([["float32", [n], false]]);
    const back = float32Of(data[0]);
    expect(back).toHaveLength(n);
    expect(back.every((v, i) => v === (i % 97) + 1)).toBe(true);
  });
  test.each(Object.keys(ARRAY_OF).filter((dtype) => dtype !== "key") as DType[])(
    "%s keeps its bits, inline and in frames",
    async (dtype) => {
      const Class = ARRAY_OF[dtype];
      for (const n of [3, 1000]) {
        const bytes = new Uint8Array(n * wordsOf(dtype) * Class.BYTES_PER_ELEMENT);
        bytes.forEach((_, i) => (bytes[i] = dtype === "bool" ? i & 1 : i & 0x3f));
        const data = new Class(bytes.buffer);
        const { result, data: back } = await launch(connection.channel, identity, [
          { dtype, shape: [n], data },
        ]).reply;
        expect(result).toEqual([[dtype, [n], false]]);
        expect(back[0]).toEqual(bytes);
      }
    },
  );
  test("a key is its two words", async () => {
    const data = Uint32Array.of(1, 2, 3, 4);
    const { result, data: back } = await launch(connection.channel, identity, [
      { dtype: "key", shape: [2], data },
    ]).reply;
    expect(result).toEqual([["key", [2], false]]);
    expect(back[0]).toEqual(new Uint8Array(data.buffer));
  });
  test("zero-sized and 0-dimensional tensors, views into larger arrays, shared memory", async () => {
    const { channel } = connection;
    const empty = await launch(channel, identity, [float32(new Float32Array(0), [3, 0])]).reply;
    expect(empty.result).toEqual([["float32", [3, 0], false]]);
    expect(empty.data[0]).toHaveLength(0);
    expect(
      float32Of((await launch(channel, addOne, [float32(Float32Array.of(4), [])]).reply).data[0])[0],
    ).toBe(5);
    const middle = numbers(1000).subarray(501, 801);
    expect(float32Of((await launch(channel, identity, [float32(middle)]).reply).data[0])).toEqual(middle);
    const shared = new Float32Array(new SharedArrayBuffer(4000)).fill(2);
    expect(float32Of((await launch(channel, identity, [float32(shared)]).reply).data[0])[999]).toBe(2);
  });
  test("results do not share memory with one another", async () => {
    const calls = [1, 2, 3].map((v) =>
      launch(connection.channel, identity, [float32(Float32Array.of(v, v))]),
    );
    const results = await Promise.all(calls.map(async ({ reply }) => float32Of((await reply).data[0])));
    results[0]!.fill(9);
    expect(results.slice(1)).toEqual([Float32Array.of(2, 2), Float32Array.of(3, 3)]);
    expect(new Set(results.map((r) => r.buffer)).size).toBe(3);
  });
});

describe("many calls", () => {
  test("a thousand at once are all answered", async () => {
    const calls = Array.from({ length: 1000 }, (_, i) =>
      launch(connection.channel, addOne, [float32(Float32Array.of(i))]),
    );
    const replies = await Promise.all(calls.map(({ reply }) => reply));
    expect(replies.every(({ data }, i) => float32Of(data[0])[0] === i + 1)).toBe(true);
    expect(connection.channel.pending).toBe(0);
  });
  test("four hundred megabytes are more than the window, and wait their turn", async () => {
    const large = new Float32Array(10_000_000).fill(1);
    const calls = Array.from({ length: 10 }, () =>
      launch(connection.channel, addOne, [float32(large)], { want: false }),
    );
    await Promise.all(calls.map(({ reply }) => reply));
    connection.channel.post([MESSAGE.free, 0, calls.flatMap(({ handles }) => handles)]);
  });
  test("chained by handles they need no answers in between", async () => {
    let { handles } = launch(connection.channel, addOne, [float32(Float32Array.of(0))], { want: false });
    for (let i = 0; i < 99; i++) ({ handles } = launch(connection.channel, addOne, handles, { want: false, body: false })); // prettier-ignore
    expect(float32Of((await fetch(connection.channel, handles)).data[0])[0]).toBe(100);
  });
  test("answers that arrive during a heartbeat are not missed", async () => {
    const nervous = await open({ heartbeat: 1, hangAfter: 600_000 });
    try {
      for (let i = 0; i < 500; i++) {
        const started = performance.now();
        const { reply } = launch(nervous.channel, addOne, [float32(numbers(3))]);
        while (performance.now() - started < 2) continue; // a heartbeat is due and its answer arrives meanwhile
        await reply; // one that is missed is waited for until the test is ended
      }
    } finally {
      await nervous.close();
    }
  });
  test("two connections keep their values apart", async () => {
    const other = await open();
    try {
      const here = launch(connection.channel, addOne, [float32(Float32Array.of(1))], { want: false });
      expect((await errorOf(fetch(other.channel, here.handles))) as RemoteFailure).toMatchObject({
        error: { code: "HANDLE_UNKNOWN" },
      });
      const there = launch(other.channel, addOne, [float32(Float32Array.of(5))]);
      expect(float32Of((await there.reply).data[0])[0]).toBe(6);
      expect(other.info.pid).not.toBe(connection.info.pid);
    } finally {
      await other.close();
    }
  });
});

describe("giving up", () => {
  test("a queued call that is aborted never runs, and its program is known all the same", async () => {
    const { channel } = connection;
    const controller = new AbortController();
    const busy = occupy(connection);
    let done = false;
    void busy.reply.then(() => (done = true));
    const unique = squared(3);
    const queued = launch(channel, unique, [square(100)], { signal: controller.signal });
    const stacked = launch(channel, addOne, queued.handles);
    controller.abort();
    expect((await errorOf(queued.reply)).code).toBe("ABORTED");
    expect(done).toBe(false);
    const before = (await counters(connection)).compiles;
    expect(((await errorOf(stacked.reply)) as RemoteFailure).error).toMatchObject({
      code: "ABORTED",
      poisoned: true,
      launch: queued.seq,
    });
    await busy.reply;
    const again = launch(channel, unique, [square(100)], { body: false });
    expect((await again.reply).data[0]).toHaveLength(40_000);
    expect((await counters(connection)).compiles - before).toBeLessThanOrEqual(2);
  });
  test("a running call that is aborted rejects at once, its results live on", async () => {
    const busy = occupy(connection);
    const controller = new AbortController();
    const stopped = launch(connection.channel, squared(25), [square(1000)], { signal: controller.signal });
    await busy.reply;
    await expect.poll(async () => (await counters(connection)).running).toBeGreaterThan(0);
    controller.abort();
    expect((await errorOf(stopped.reply)).code).toBe("ABORTED");
    expect((await fetch(connection.channel, stopped.handles)).data[0]).toHaveLength(4_000_000);
  });
  test("a deadline says where the call was", async () => {
    const compiling = launch(connection.channel, long, [float32(numbers(3))], { deadline: 300 });
    const queued = launch(connection.channel, addOne, compiling.handles, { deadline: 100 });
    expect((await errorOf(queued.reply)).message).toMatch("queued in the worker");
    expect((await errorOf(compiling.reply)).message).toMatch("running or being compiled");
    await fetch(connection.channel, compiling.handles);
  });
  test("pings are answered while it computes", async () => {
    const busy = occupy(connection);
    let done = false;
    void busy.reply.then(() => (done = true));
    for (let i = 0; i < 5; i++) await counters(connection);
    expect(done).toBe(false);
    await busy.reply;
  });
});

describe("bad messages", () => {
  test("get typed errors, and the worker lives", async () => {
    const { channel } = connection;
    const codes: (string | undefined)[] = [];
    for (const header of [
      [MESSAGE.launch, 0],
      [MESSAGE.fetch, 0, "x"],
      [99, 0],
    ]) {
      header[1] = channel.nextSeq();
      const error = (await errorOf(channel.call(header[1], header, []))) as RemoteFailure;
      codes.push(error.error.code);
    }
    expect(codes).toEqual(["BAD_MESSAGE", "BAD_MESSAGE", "BAD_MESSAGE"]);
    const { reply } = launch(channel, addOne, [{ dtype: "float32", shape: [3], data: new Float32Array(2) }]);
    expect(((await errorOf(reply)) as RemoteFailure).error.code).toBe("BAD_MESSAGE");
    expect((await launch(channel, addOne, [float32(numbers(2))]).reply).errors).toEqual([]);
  });
});

describe("a worker that is lost", () => {
  test("with SIGKILL rejects all calls in flight at once, and says so", async () => {
    const doomed = await open();
    const calls = [occupy(doomed), launch(doomed.channel, addOne, [float32(numbers(3))])];
    await counters(doomed);
    const order: string[] = [];
    void doomed.lost.then(() => order.push("lost"));
    for (const { reply } of calls) reply.catch(() => order.push("rejected"));
    process.kill(doomed.info.pid, "SIGKILL");
    for (const { reply } of calls)
      expect(await errorOf(reply)).toMatchObject({
        code: "WORKER_LOST",
        message: expect.stringMatching(/pid \d+\) was ended by SIGKILL/) as string,
      });
    expect(order).toEqual(["lost", "rejected", "rejected"]);
    await doomed.close();
  });
  test("because it hangs is killed", async () => {
    const hanging = await open({ heartbeat: 50, hangAfter: 500 });
    process.kill(hanging.info.pid, "SIGSTOP");
    const error = await errorOf(launch(hanging.channel, addOne, [float32(numbers(3))]).reply);
    expect(error.code).toBe("WORKER_LOST");
    expect(error.cause).toBeInstanceOf(WorkerHang);
    await expect.poll(() => isAlive(hanging.info.pid)).toBe(false);
    await hanging.close();
  });
});
