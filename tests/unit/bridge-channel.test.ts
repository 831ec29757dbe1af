import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, expect, test, vi } from "vitest";
import { SynjaxError } from "../../bridge/errors.ts";
import { type CallOptions, RemoteFailure } from "../../bridge/transport/call.ts";
import { Channel, type StatusEvent } from "../../bridge/transport/channel.ts";
import { WorkerHang } from "../../bridge/transport/heartbeat.ts";
import type { Reply } from "../../bridge/wire/answer.ts";
import type { Frames } from "../../bridge/transport/transport.ts";
import { packHeader, unpack } from "../../bridge/wire/codec.ts";
import { BUNDLE_BYTES, BUNDLE_MESSAGES, MESSAGE, STATUS } from "../../bridge/wire/protocol.ts";
import {
  avals,
  COUNTERS,
  type Header,
  HELLO_INFO,
  launchHeader,
  MemoryTransport,
  welcome,
} from "../fixtures/memory-transport.ts";

async function open(
  transport = new MemoryTransport(),
  options: { heartbeat?: number; hangAfter?: number } = { heartbeat: 0 },
): Promise<{ channel: Channel; transport: MemoryTransport }> {
  return { channel: await Channel.open(transport, { registry: "r", token: "t", ...options }), transport };
}

function launch(channel: Channel, bytes = 0, options?: CallOptions, wants = 0): Call {
  const seq = channel.nextSeq();
  const buffers = bytes > 0 ? [new Uint8Array(bytes)] : [];
  const reply = channel.call(seq, launchHeader(seq, 1, wants ? [0] : []), buffers, options);
  reply.catch(() => undefined);
  return { seq, reply };
}
interface Call {
  readonly seq: number;
  readonly reply: Promise<Reply>;
}

async function errorOf(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  return promise.then(
    () => Promise.reject(new Error("expected an error")),
    (error: unknown) => error as Error,
  );
}
const seqs = (transport: MemoryTransport): unknown[] =>
  transport.headers.filter(([type]) => type !== MESSAGE.hello).map(([, seq]) => seq);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("opening", () => {
  test("says hello with version, registry and token", async () => {
    const { channel, transport } = await open();
    expect(transport.headers).toEqual([[0, 1, { version: 1, registry: "r", token: "t" }]]);
    expect(channel.info).toEqual(HELLO_INFO);
  });
  test("passes on why the worker refuses, and closes the transport", async () => {
    const refuse = ([, seq]: Header, t: MemoryTransport): void =>
      t.reply([
        seq,
        1,
        { code: "PROTOCOL_MISMATCH", message: "no", argument: "registry", expected: "a", received: "b" },
      ]);
    const transport = new MemoryTransport(refuse);
    const error = await errorOf(open(transport));
    expect(error).toBeInstanceOf(SynjaxError);
    expect(error).toMatchObject({
      code: "PROTOCOL_MISMATCH",
      argument: "registry",
      expected: "a",
      received: "b",
    });
    expect(transport.closed).toBe(true);
  });
  test("refuses what is no worker", async () => {
    const transport = new MemoryTransport(([, seq], t) => t.reply([seq, 0, "hi"]));
    expect((await errorOf(open(transport))).code).toBe("BAD_MESSAGE");
  });
  test.each([
    ["version", { version: 2 }, "1", "2"],
    ["registry", { ...HELLO_INFO, registry: "other" }, "r", "other"],
  ])("refuses a worker of another %s", async (argument, info, expected, received) => {
    const transport = new MemoryTransport(([, seq], t) => t.reply([seq, 0, info]));
    expect(await errorOf(open(transport))).toMatchObject({ code: "PROTOCOL_MISMATCH", argument, expected, received }); // prettier-ignore
    expect(transport.closed).toBe(true);
  });
});

describe("calls", () => {
  test("are settled by their seq, in whatever order the answers come", async () => {
    const { channel, transport } = await open();
    const [a, b, c] = [launch(channel, 0, {}, 1), launch(channel), launch(channel)];
    expect(channel.pending).toBe(3);
    transport.reply([c.seq, 0, [["object", "HMM"]], []]);
    transport.reply([a.seq, 0, [["uint8", [2], false]], [0]], Uint8Array.of(7, 8));
    transport.reply([b.seq, 1, { code: "OP_FAILED", message: "shapes", op: "np.dot" }]);
    expect((await c.reply).result).toEqual([["object", "HMM"]]);
    expect((await a.reply).data).toEqual([Uint8Array.of(7, 8)]);
    const error = await errorOf(b.reply);
    expect(error).toBeInstanceOf(RemoteFailure);
    expect((error as RemoteFailure).error).toMatchObject({ code: "OP_FAILED", op: "np.dot" });
    expect(channel.pending).toBe(0);
  });
  test("wait for messages only while somebody waits for an answer", async () => {
    const { channel, transport } = await open();
    await turn();
    expect(transport.waiting).toBe(false);
    const { seq, reply } = launch(channel);
    await turn();
    expect(transport.waiting).toBe(true);
    transport.reply([seq, 0, avals(), []]);
    await reply;
    await turn();
    expect(transport.waiting).toBe(false);
  });
  test("send large buffers as they are", async () => {
    const { channel, transport } = await open();
    const buffer = new Uint8Array(100_000);
    void channel.call(channel.nextSeq(), launchHeader(2), [buffer]);
    await turn();
    expect(transport.sent[1]![1]).toBe(buffer);
  });
  test("drained() resolves with the last answer", async () => {
    const { channel, transport } = await open();
    await channel.drained();
    const { seq } = launch(channel);
    let drained = false;
    const done = channel.drained().then(() => (drained = true));
    await turn();
    expect(drained).toBe(false);
    transport.reply([seq, 0, avals(), []]);
    await done;
  });
  test("a thousand of them at once keep within the window and in order", async () => {
    let inFlight = 0;
    let most = 0;
    const transport = new MemoryTransport(([type, seq], t) => {
      if (type === MESSAGE.hello) return welcome([type, seq], t);
      most = Math.max(most, ++inFlight);
      setImmediate(() => {
        inFlight--;
        t.reply([seq, 0, [["object", String(seq)]], []]);
      });
    });
    const { channel } = await open(transport);
    const calls = Array.from({ length: 1000 }, () => launch(channel));
    const replies = await Promise.all(calls.map((call) => call.reply));
    expect(replies.map(({ result }) => result)).toEqual(calls.map(({ seq }) => [["object", String(seq)]]));
    expect(most).toBe(256);
    expect(seqs(transport)).toEqual(calls.map((call) => call.seq));
  });
});

describe("bundles", () => {
  const typesOf = (transport: MemoryTransport): unknown[] =>
    transport.sent.map((frames) => header(frames)[0]);
  const header = (frames: Frames): Header => unpack(frames[0]!) as Header;
  const launches = (channel: Channel, count: number): Call[] =>
    Array.from({ length: count }, () => launch(channel));

  test("messages of one turn leave in one frame, in order; one alone leaves as it is", async () => {
    const { channel, transport } = await open();
    launch(channel);
    await turn();
    const calls = launches(channel, 3);
    channel.post([MESSAGE.free, 0, [1]]);
    await turn();
    expect(typesOf(transport)).toEqual([MESSAGE.hello, MESSAGE.launch, MESSAGE.bundle]);
    expect(seqs(transport).slice(1)).toEqual([...calls.map(({ seq }) => seq), 0]);
  });
  test("one with buffers leaves alone, in its place", async () => {
    const { channel, transport } = await open();
    const calls = [launch(channel), launch(channel), launch(channel, 8), launch(channel), launch(channel, 8)];
    await turn();
    const { launch: one, bundle, hello } = MESSAGE;
    expect(typesOf(transport)).toEqual([hello, bundle, one, one, one]);
    expect(transport.sent.map((frames) => frames.length)).toEqual([1, 1, 2, 1, 2]);
    expect(seqs(transport)).toEqual(calls.map(({ seq }) => seq));
  });
  test("are of so many messages and so many bytes at most", async () => {
    const { channel, transport } = await open();
    for (let i = 0; i < BUNDLE_MESSAGES + 1; i++) channel.post([MESSAGE.free, 0, [i]]);
    await turn();
    const sizes = transport.sent.slice(1).map((frames) => (header(frames)[2] as unknown[]).length);
    expect(sizes).toEqual([BUNDLE_MESSAGES, 1]);
    const long = Array.from({ length: BUNDLE_BYTES / 8 }, () => 100_000); // five bytes each
    for (let i = 0; i < 3; i++) channel.post([MESSAGE.free, 0, long]);
    await turn();
    expect(typesOf(transport).slice(3)).toEqual([MESSAGE.free, MESSAGE.free, MESSAGE.free]);
  });
  test("are no longer than a header may be", async () => {
    const { channel, transport } = await open(
      new MemoryTransport((said, t) => welcome(said, t, { headerBytes: 400 })),
    );
    const ids = Array.from({ length: 20 }, () => 100_000); // a message of about a hundred bytes
    for (let i = 0; i < 10; i++) channel.post([MESSAGE.free, 0, ids]);
    await turn();
    for (const [frame] of transport.sent.slice(1)) expect(frame!.byteLength).toBeLessThanOrEqual(400);
    expect(seqs(transport)).toHaveLength(10);
  });
  test("answers in one settle each its own call", async () => {
    const { channel, transport } = await open();
    const calls = launches(channel, 3);
    const answers = calls.map(({ seq }) => packHeader([seq, 0, [["object", String(seq)]], []]));
    transport.reply([0, STATUS.bundle, answers.reverse()]);
    for (const { seq, reply } of calls) expect((await reply).result).toEqual([["object", String(seq)]]);
  });
  test.each([
    ["no list", "text"],
    ["of what is no header", [1]],
    ["of too many", Array.from({ length: BUNDLE_MESSAGES + 1 }, () => packHeader([1, 0]))],
    ["of a bundle", [packHeader([0, STATUS.bundle, []])]],
    ["of what nobody asked", [packHeader([77, 0, null])]],
  ])("a bundle that is %s ends the connection", async (_, parts) => {
    const { channel, transport } = await open();
    const { reply } = launch(channel);
    transport.reply([0, STATUS.bundle, parts]);
    expect((await errorOf(reply)).code).toBe("BAD_MESSAGE");
  });
});

describe("the window", () => {
  const limited = (limits: object): MemoryTransport =>
    new MemoryTransport((header, t) => welcome(header, t, limits));

  test("holds messages back, in order with those that want no answer; what the IO thread answers passes", async () => {
    const { channel, transport } = await open(limited({ inFlightMessages: 2 }));
    const calls = [launch(channel), launch(channel), launch(channel)];
    channel.post([MESSAGE.free, 0, [1]]);
    const last = launch(channel);
    const ping = channel.nextSeq();
    void channel.call(ping, [MESSAGE.ping, ping], []);
    await turn();
    expect(seqs(transport)).toEqual([calls[0]!.seq, calls[1]!.seq, ping]);
    transport.reply([calls[0]!.seq, 0, avals(), []]);
    await calls[0]!.reply;
    await turn();
    expect(seqs(transport).slice(3)).toEqual([calls[2]!.seq, 0]);
    transport.reply([calls[1]!.seq, 0, avals(), []]);
    await calls[1]!.reply;
    await turn();
    expect(seqs(transport).slice(5)).toEqual([last.seq]);
  });
  test("counts bytes too, but lets one message alone exceed them", async () => {
    const { channel, transport } = await open(limited({ inFlightBytes: 1000 }));
    const large = launch(channel, 5000);
    const small = launch(channel, 10);
    await turn();
    expect(seqs(transport)).toEqual([large.seq]);
    transport.reply([large.seq, 0, avals(), []]);
    await large.reply;
    await turn();
    expect(seqs(transport)).toEqual([large.seq, small.seq]);
    launch(channel, 980);
    await turn();
    expect(seqs(transport)).toHaveLength(3);
    launch(channel, 11);
    await turn();
    expect(seqs(transport)).toHaveLength(3);
  });
  test("a message that is too large is refused before it is sent", async () => {
    const { channel, transport } = await open(limited({ frames: 3, frameBytes: 100, messageBytes: 150 }));
    const call = (sizes: number[]): Promise<Reply> => {
      const seq = channel.nextSeq();
      return channel.call(seq, launchHeader(seq), sizes.map((size) => new Uint8Array(size))); // prettier-ignore
    };
    expect((await errorOf(call([1, 1, 1]))).code).toBe("LIMIT_FRAMES");
    expect((await errorOf(call([101]))).code).toBe("LIMIT_BYTES");
    expect((await errorOf(call([80, 80]))).code).toBe("LIMIT_BYTES");
    expect(transport.sent).toHaveLength(1);
    expect(channel.pending).toBe(0);
  });
});

describe("giving up", () => {
  test("an abort rejects at once, tells the worker, and ignores the late answer", async () => {
    const { channel, transport } = await open();
    const controller = new AbortController();
    const call = launch(channel, 0, { signal: controller.signal });
    const other = launch(channel);
    controller.abort(new Error("enough"));
    const error = await errorOf(call.reply);
    expect(error).toMatchObject({ code: "ABORTED", cause: { message: "enough" } });
    expect(transport.headers.at(-1)).toEqual([MESSAGE.cancel, 0, [call.seq]]);
    transport.reply([call.seq, 0, avals(), []]);
    transport.reply([other.seq, 0, [["object", "other"]], []]);
    expect((await other.reply).result).toEqual([["object", "other"]]);
    expect(channel.pending).toBe(0);
  });
  test("a call that waits here is still sent, and cancelled: later ones may rely on its program", async () => {
    const { channel, transport } = await open(
      new MemoryTransport((header, t) => welcome(header, t, { inFlightMessages: 1 })),
    );
    const first = launch(channel);
    const controller = new AbortController();
    const waiting = launch(channel, 0, { signal: controller.signal });
    const gone = launch(channel, 0, { signal: AbortSignal.abort() });
    controller.abort();
    for (const { reply } of [waiting, gone]) expect((await errorOf(reply)).code).toBe("ABORTED");
    expect(seqs(transport)).toEqual([first.seq]);
    transport.reply([first.seq, 0, avals(), []]);
    await first.reply;
    const next = launch(channel);
    await turn();
    expect(transport.headers.slice(2)).toEqual([
      [MESSAGE.launch, waiting.seq, ...launchHeader(0).slice(2)].map((part) =>
        part instanceof Uint8Array ? expect.anything() : part,
      ),
      [MESSAGE.cancel, 0, [waiting.seq]],
    ]);
    transport.reply([waiting.seq, 1, { code: "ABORTED", message: "" }]);
    transport.reply([gone.seq, 1, { code: "ABORTED", message: "" }]);
    transport.reply([next.seq, 0, avals(), []]);
    await next.reply;
  });
  test("listeners do not pile up on a signal", async () => {
    const { channel, transport } = await open();
    const { signal } = new AbortController();
    const remove = vi.spyOn(signal, "removeEventListener");
    const call = launch(channel, 0, { signal });
    transport.reply([call.seq, 0, avals(), []]);
    await call.reply;
    expect(remove).toHaveBeenCalledOnce();
  });
  test("once nobody waits, neither does the transport", async () => {
    const { channel, transport } = await open();
    const controller = new AbortController();
    const call = launch(channel, 0, { signal: controller.signal });
    await turn();
    expect(transport.waiting).toBe(true);
    controller.abort();
    await turn();
    const ping = transport.headers.find(([type]) => type === MESSAGE.ping)!;
    transport.reply([ping[1], 0, COUNTERS]);
    await turn();
    expect(transport.waiting).toBe(false);
    await errorOf(call.reply);
  });
  test.each([
    ["queued in the worker", 3],
    ["running or being compiled", 1],
  ])("a deadline says that the call was %s", async (where, queued) => {
    const transport = new MemoryTransport(([type, seq], t) => {
      welcome([type, seq], t);
      if (type === MESSAGE.ping) t.reply([seq, 0, { ...COUNTERS, queued, running: 1 }]);
    });
    const { channel } = await open(transport);
    launch(channel);
    const call = launch(channel, 0, { deadline: 5 });
    launch(channel);
    launch(channel);
    const error = await errorOf(call.reply);
    expect(error).toMatchObject({
      code: "DEADLINE",
      message: expect.stringMatching(`5 ms: .*${where}`) as string,
    });
    expect(transport.headers.at(-1)).toEqual([MESSAGE.cancel, 0, [call.seq]]);
  });
  test("a deadline says that the call was waiting here, or that nobody knows", async () => {
    const { channel } = await open(
      new MemoryTransport((header, t) => welcome(header, t, { inFlightMessages: 1 })),
    );
    const sent = launch(channel, 0, { deadline: 20 });
    const waiting = launch(channel, 0, { deadline: 1 });
    expect((await errorOf(waiting.reply)).message).toMatch("waiting here, behind 1 unanswered");
    expect((await errorOf(sent.reply)).message).toMatch("did not say");
  });
  test("an answer before the deadline clears it, a dropped call counts as queued, a distant one never fires", async () => {
    const transport = new MemoryTransport(([type, seq, dropped], t) => {
      welcome([type, seq], t);
      if (type === MESSAGE.cancel) t.reply([(dropped as number[])[0], 1, { code: "ABORTED", message: "" }]);
    });
    const { channel } = await open(transport);
    const distant = launch(channel, 0, { deadline: 1e12 });
    const dropped = launch(channel, 0, { deadline: 5 });
    expect((await errorOf(dropped.reply)).message).toMatch("queued in the worker");
    transport.reply([distant.seq, 0, avals(), []]);
    await distant.reply;
  });
});

describe("what a call says besides itself", () => {
  const contextsOf = (transport: MemoryTransport): unknown[] =>
    transport.headers.filter(([type]) => type === MESSAGE.launch).map((header) => header[11]);
  const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

  test("stands after its fields, and not at all where there is nothing to say", async () => {
    const { channel, transport } = await open();
    launch(channel, 0, {});
    launch(channel, 0, { signal: new AbortController().signal });
    launch(channel, 0, { deadline: 60_000, traceparent: trace });
    launch(channel, 0, { deadline: 60_000, elapsed: 20_000 });
    launch(channel, 0, { deadline: 60_000, elapsed: 70_000 });
    await turn();
    expect(contextsOf(transport)).toEqual([
      undefined,
      undefined,
      { deadline: 60_000, traceparent: trace },
      { deadline: 40_000 },
      { deadline: 0 },
    ]);
    const seq = channel.nextSeq();
    channel.call(seq, [MESSAGE.ping, seq], [], { deadline: 60_000 }).catch(() => undefined);
    await turn();
    expect(transport.headers).toContainEqual([MESSAGE.ping, seq]);
    await channel.close();
  });
  test("has a deadline off which the time is taken that the call has waited here", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const { channel, transport } = await open(
      new MemoryTransport((header, t) => welcome(header, t, { inFlightMessages: 1 })),
    );
    const buffers = 100;
    const first = launch(channel);
    launch(channel, buffers, { deadline: 60_000, traceparent: trace });
    vi.advanceTimersByTime(1_500);
    transport.reply([first.seq, 0, avals(), []]);
    await first.reply;
    vi.useRealTimers();
    expect(contextsOf(transport)).toEqual([undefined, { deadline: 58_500, traceparent: trace }]);
    expect(transport.sent.at(-1)!.map((frame) => frame.byteLength)).toEqual([expect.anything(), buffers]);
    await channel.close();
  });
  test("a deadline that is over for the worker is over here; another's is its own error", async () => {
    const { channel, transport } = await open();
    const dropped = { code: "DEADLINE", message: "the call waited for 60000 ms" };
    const late = launch(channel, 0, { deadline: 60_000 });
    transport.reply([late.seq, 1, { ...dropped, launch: late.seq }]);
    expect(await errorOf(late.reply)).toMatchObject({
      code: "DEADLINE",
      message: expect.stringMatching("No answer within 60000 ms: .* queued in the worker") as string,
    });
    const stacked = launch(channel, 0, { deadline: 60_000 });
    transport.reply([stacked.seq, 1, { ...dropped, launch: late.seq, poisoned: true }]);
    const other = launch(channel);
    transport.reply([other.seq, 1, dropped]);
    for (const { reply } of [stacked, other])
      expect(await errorOf(reply)).toMatchObject({ error: { code: "DEADLINE", message: dropped.message } });
  });
});

describe("a worker that is lost", () => {
  test("`lost` is seen before the rejections of its calls", async () => {
    const { channel } = await open();
    const order: string[] = [];
    void channel.lost.then(() => order.push("lost"));
    const calls = [launch(channel), launch(channel)];
    for (const { reply } of calls) reply.catch(() => order.push("rejected"));
    const error = new SynjaxError("WORKER_LOST", "SIGKILL");
    channel.lose(error);
    channel.lose(new SynjaxError("WORKER_LOST", "again"));
    for (const { reply } of calls) await expect(reply).rejects.toBe(error);
    expect(order).toEqual(["lost", "rejected", "rejected"]);
    await expect(channel.closed).resolves.toBe(error);
    await expect(launch(channel).reply).rejects.toBe(error);
  });
  test.each([
    ["breaks", new Error("reset"), "WORKER_LOST"],
    ["sends what cannot be read", [Uint8Array.of(0xc1)], "BAD_MESSAGE"],
    ["sends nothing", [], "BAD_MESSAGE"],
  ])("is lost when the transport %s", async (_, message, code) => {
    const { channel, transport } = await open();
    const call = launch(channel);
    transport.receive(message);
    const error = await errorOf(call.reply);
    expect(error.code).toBe(code);
    expect(transport.closed).toBe(true);
  });
  test("an answer that cannot be understood ends the channel: nothing after it can be trusted", async () => {
    for (const lie of [
      [2, 0, [], [4]],
      [12345, 0, avals(), []],
    ]) {
      const { channel, transport } = await open();
      const [first, other] = [launch(channel), launch(channel)];
      transport.reply(lie);
      transport.reply([other.seq, 0, avals(), []]);
      const errors = await Promise.all([errorOf(first.reply), errorOf(other.reply), channel.lost]);
      expect(errors.map((error) => error.code)).toEqual(["BAD_MESSAGE", "BAD_MESSAGE", "BAD_MESSAGE"]);
      expect(transport.closed).toBe(true);
    }
  });
  test("without a sign of life it hangs; pings are sent only while a call waits", async () => {
    vi.useFakeTimers();
    try {
      const { channel, transport } = await open(new MemoryTransport(), { heartbeat: 100, hangAfter: 300 });
      await vi.advanceTimersByTimeAsync(1000);
      expect(seqs(transport)).toEqual([]);
      const call = launch(channel);
      await vi.advanceTimersByTimeAsync(100);
      const ping = transport.headers.at(-1)!;
      expect(ping[0]).toBe(MESSAGE.ping);
      await vi.advanceTimersByTimeAsync(250);
      transport.reply([ping[1], 0, COUNTERS]);
      await vi.advanceTimersByTimeAsync(300);
      expect(channel.pending).toBe(1);
      await vi.advanceTimersByTimeAsync(100);
      const error = await errorOf(call.reply);
      expect(error.code).toBe("WORKER_LOST");
      expect(error.cause).toBeInstanceOf(WorkerHang);
      expect(error.message).toMatch("hangs (no sign of life for 300 ms)");
    } finally {
      vi.useRealTimers();
    }
  });
  test("a peer that is gone, or that does not know us any more, is noticed at the next beat", async () => {
    for (const [gone, message] of [
      [(t: MemoryTransport) => (t.connected = false), "connection to the worker broke"],
      [() => undefined, "another worker answers"],
    ] as const) {
      const transport = new MemoryTransport(([type, seq], t) => {
        welcome([type, seq], t);
        if (type === MESSAGE.ping) t.reply([seq, 1, { code: "UNAUTHORIZED", message: "say hello first" }]);
      });
      const { channel } = await open(transport, { heartbeat: 10 });
      const call = launch(channel);
      gone(transport);
      expect((await errorOf(call.reply)).message).toMatch(message);
    }
  });
});

describe("closing", () => {
  test("says goodbye, rejects what is in flight, and is idempotent", async () => {
    const { channel, transport } = await open(
      new MemoryTransport(([type, seq], t) => {
        welcome([type, seq], t);
        if (type === MESSAGE.goodbye) t.reply([seq, 0, null]);
      }),
    );
    const call = launch(channel);
    await Promise.all([channel.close(), channel.close()]);
    expect((await errorOf(call.reply)).code).toBe("SESSION_CLOSED");
    expect(transport.headers.filter(([type]) => type === MESSAGE.goodbye)).toHaveLength(1);
    expect(transport.closed).toBe(true);
    expect(await channel.closed).toBeUndefined();
    expect((await errorOf(launch(channel).reply)).code).toBe("SESSION_CLOSED");
    channel.post([MESSAGE.free, 0, [1]]);
    channel.cancel([1]);
  });
  test("does not wait long for a worker that says nothing", async () => {
    const { channel, transport } = await open();
    await channel.close();
    expect(transport.closed).toBe(true);
  });
});

describe("events", () => {
  test("status() tells of what happens from the call on, and can be left while it waits", async () => {
    const { channel, transport } = await open();
    const [left, read] = [channel.status(), channel.status()];
    expect((await left.next()).value).toMatchObject({ type: "ready" });
    const pending = left.next();
    expect(await left.return()).toEqual({ done: true, value: undefined });
    expect(await pending).toEqual({ done: true, value: undefined });
    const { seq } = launch(channel);
    transport.reply([seq, 1, { code: "OP_FAILED", message: "m" }]);
    await turn();
    await channel.close();
    const types: string[] = [];
    for await (const event of read) types.push(event.type);
    expect(types).toEqual(["ready", "failure", "closed"]);
    expect(await left.next()).toEqual({ done: true, value: undefined });
    expect(await channel.status().next()).toEqual({ done: true, value: undefined });
  });
  test("status() tells what happens until the end", async () => {
    const { channel, transport } = await open();
    const events: StatusEvent[] = [];
    const watched = (async () => {
      for await (const event of channel.status()) events.push(event);
    })();
    await turn();
    const call = launch(channel);
    transport.reply([call.seq, 1, { code: "OP_FAILED", message: "shapes" }]);
    await errorOf(call.reply);
    launch(channel);
    transport.receive(new Error("reset"));
    await watched;
    expect(events.map((event) => event.type)).toEqual(["ready", "failure", "lost", "closed"]);
  });
  test("diagnostics channels carry sizes and times, no arguments", async () => {
    const seen: unknown[] = [];
    const listener = (message: unknown): void => void seen.push(message);
    subscribe("synjax:launch", listener);
    subscribe("synjax:reply", listener);
    try {
      const { channel, transport } = await open();
      seen.length = 0;
      const call = launch(channel, 10, {}, 1);
      transport.reply([call.seq, 0, [["int8", [2], false]], [Uint8Array.of(1, 2)]]);
      await call.reply;
      expect(seen).toEqual([
        { type: MESSAGE.launch, seq: call.seq, frames: 2, bytes: 10 },
        { seq: call.seq, milliseconds: expect.any(Number) as number, bytes: 2, error: undefined },
      ]);
    } finally {
      unsubscribe("synjax:launch", listener);
      unsubscribe("synjax:reply", listener);
    }
  });
});
