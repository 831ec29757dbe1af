import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Channel } from "../../bridge/transport/channel.ts";
import { MESSAGE } from "../../bridge/wire/protocol.ts";
import { Outbox, type Outgoing } from "../../src/session/outbox.ts";
import { SynchronousStorage } from "../../bridge/worker/async-context.ts";

/** An outbox over a channel that writes down what is posted. */
function outboxOverFake(): { readonly outbox: Outbox; readonly posted: unknown[] } {
  const posted: unknown[] = [];
  const channel = { post: (header: unknown) => posted.push(header) } as unknown as Channel;
  return { outbox: new Outbox({ channel: () => channel, open: () => Promise.resolve() }), posted };
}

/** A message that takes the freed handles along, as launches and fetches do. */
function message(outbox: Outbox, sent: unknown[]): Outgoing {
  return { send: () => void sent.push(outbox.takeFrees()), fail: () => undefined };
}

describe("freed handles", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("ride on the next message, not on one made before", async () => {
    const { outbox, posted } = outboxOverFake();
    const sent: unknown[] = [];
    outbox.enqueue(message(outbox, sent)); // may use handle 7
    outbox.free(7);
    outbox.free(8);
    outbox.enqueue(message(outbox, sent));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sent).toEqual([[], [7, 8]]);
    expect(posted).toEqual([]);
  });

  test("leave soon, all in one message, where nothing else is sent", async () => {
    const { outbox, posted } = outboxOverFake();
    outbox.free(7);
    outbox.free(8);
    await vi.advanceTimersByTimeAsync(1);
    expect(posted).toEqual([]);
    outbox.freeUnused(9);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(posted).toEqual([[MESSAGE.free, 0, [7, 8, 9]]]);
    outbox.free(10);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(posted).toHaveLength(2);
  });

  test("are forgotten with their worker", async () => {
    const { outbox, posted } = outboxOverFake();
    outbox.freeUnused(7);
    outbox.dropFrees();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(posted).toEqual([]);
    expect(outbox.takeFrees()).toEqual([]);
  });
});

test("where the platform has no asynchronous storage, a run holds for its synchronous part", async () => {
  const storage = new SynchronousStorage<string>();
  let later: string | undefined = "not run yet";
  const running = storage.run("outer", async () => {
    expect(storage.run("inner", () => storage.getStore())).toBe("inner");
    expect(storage.getStore()).toBe("outer");
    await Promise.resolve();
    later = storage.getStore();
  });
  await running;
  expect(later).toBeUndefined();
  expect(() =>
    storage.run("failing", () => {
      throw new Error("stop");
    }),
  ).toThrow("stop");
  expect(storage.getStore()).toBeUndefined();
});
