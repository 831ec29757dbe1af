import { describe, expect, test } from "vitest";
import { lostError } from "../../bridge/worker/worker-end.ts";
import { DeviceMemory } from "../../src/session/device-memory.ts";

describe("the memory that a session holds on the device", () => {
  /** Memory of which a look frees the handles in `garbage`. */
  function memory(least: number): { memory: DeviceMemory; garbage: number[]; looks: () => number } {
    const garbage: number[] = [];
    let looks = 0;
    const collect = (): Promise<void> => {
      looks++;
      for (const handle of garbage.splice(0)) memory.free(handle);
      return Promise.resolve();
    };
    const memory = new DeviceMemory({ collect, least });
    return { memory, garbage, looks: () => looks };
  }

  test("is looked through once it has grown, and then only when it has doubled", async () => {
    const { memory: m, garbage, looks } = memory(100);
    for (let handle = 0; handle < 1_000; handle++) {
      await m.room(m.expected("f"));
      m.made("f", [[handle, 10, true]]);
      if (handle >= 3) garbage.push(handle);
      expect(m.bytes).toBeLessThanOrEqual(100);
    }
    expect(looks()).toBeLessThan(160);
    m.made("g", [[5_000, 10_000, true]]);
    const before = looks();
    for (let i = 0; i < 900; i++) {
      await m.room(10);
      m.made("f", [[6_000 + i, 10, true]]);
    }
    expect(looks() - before).toBe(1);
  });
  test("counts what launches in flight will add, and what is freed or gone no more", async () => {
    const { memory: m, looks } = memory(100);
    const arrived = m.launched(90);
    expect(m.room(20)).toBeInstanceOf(Promise);
    arrived();
    const other = memory(100).memory;
    other.made("f", [[1, 60, true], [2, 60, false]]); // prettier-ignore
    expect(other.expected("f")).toBe(120);
    expect(other.bytes).toBe(60);
    other.free(1);
    other.free(1);
    expect(other.bytes).toBe(0);
    other.made("f", [[3, 90, true]]);
    other.clear();
    expect(other.room(50)).toBeUndefined();
    expect(looks()).toBe(1);
  });
  test("a launch waits for a look that is under way, once, and then has room whatever was found", async () => {
    const { memory: m, looks } = memory(100);
    m.made("f", [[1, 99, true]]);
    const [first, second] = [m.room(500), m.room(10)];
    expect(first).toBe(second);
    await first;
    expect(m.room(500)).toBeUndefined();
    expect(looks()).toBe(1);
  });
});

describe("the end of a worker", () => {
  test.each([
    [{ code: null, signal: "SIGABRT" }, ["terminate called", "  what():  std::bad_alloc"], "OUT_OF_MEMORY"],
    [{ code: 1, signal: null }, ['{"level":"error","message":"MemoryError"}'], "OUT_OF_MEMORY"],
    [{ code: null, signal: "SIGKILL" }, [], "WORKER_LOST"],
    [{ code: null, signal: "SIGSEGV" }, ["Fatal Python error"], "WORKER_LOST"],
    [new Error("spawn ENOENT"), ["std::bad_alloc"], "WORKER_LOST"],
  ] as const)("%o after %j is %s", (end, lines, code) => {
    expect(lostError(end, 7, lines).code).toBe(code);
  });
  test("by SIGKILL says who may have done it", () => {
    expect(lostError({ code: null, signal: "SIGKILL" }, 7, []).message).toMatch(/a system without memory/);
  });
});
