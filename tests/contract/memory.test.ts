import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import { resolvePython } from "../../bridge/environment/resolve-python.ts";
import { collectGarbage } from "../../bridge/transport/garbage.ts";
import {
  array,
  connect,
  grad,
  jit,
  np,
  type Session,
  type SessionOptions,
  type Tensor,
} from "../../src/index.ts";
import { codesOf, errorOf } from "../fixtures/errors.ts";

type T = Tensor<"float32">;

const run = promisify(execFile);
const python = await resolvePython();
const MB = 2 ** 20;

/** Leaves the worker's process room for `bytes` more than it has now. */
async function limitMemory(session: Session, bytes: number): Promise<void> {
  const status = readFileSync(`/proc/${session.workerPid}/status`, "utf8");
  const limit = Number(/VmSize:\s+(\d+) kB/.exec(status)![1]) * 1024 + bytes;
  const script = `import resource; resource.prlimit(${session.workerPid}, resource.RLIMIT_AS, (${limit}, ${limit}))`;
  await run(python, ["-c", script]);
}

/** 64 MB that begin with `first`. */
const large = jit((first: T) => np.zeros([16 * MB]).add(first) as T);
const first = jit((x: T) => x.slice(0));
const inc = jit((x: T) => x.add(1) as T);
const sum = jit((x: T, y: T) => x.add(y) as T);

describe.skipIf(process.platform !== "linux")("a device without memory left", () => {
  let session: Session;
  const start = async (options: SessionOptions = {}): Promise<void> => {
    session = await connect(options);
    const warm = session.run(() => large(array(0)));
    await first(inc(sum(warm, warm))).item();
    warm.dispose();
    await limitMemory(session, 600 * MB);
  };
  afterEach(() => session.close({ drain: false }));

  /** As many as there is room for; the error that ended it. */
  async function fill(): Promise<{ readonly kept: T[]; readonly error: Error & { code: string } }> {
    const kept: T[] = [];
    for (;;) {
      const next = session.run(() => large(array(kept.length)));
      try {
        await first(next).item();
      } catch (error) {
        return { kept, error: error as Error & { code: string } };
      }
      kept.push(next);
      if (kept.length > 50) throw new Error("no limit");
    }
  }

  test("is no end of a loop that disposes of nothing: what it has let go of is freed", async () => {
    await start();
    for (let i = 0; i < 40; i++) expect(await first(session.run(() => large(array(i)))).item()).toBe(i);
  });
  test("what is stacked on the launch that is repeated is repeated after it, whatever it is", async () => {
    await start();
    const other = session.put(array([1]));
    await collectGarbage();
    await other.data();
    const before = (await session.counters()).handles;
    let garbage: T[] | undefined = (await fill()).kept;
    const room = garbage.length;
    garbage = undefined;
    for (let i = 0; i < room; i++) {
      const root = session.run(() => large(array(i)));
      const stacked = inc(first(root));
      const eager = stacked.add(other).mul(2);
      root.dispose(); // which is after its use, also when it is repeated
      expect(await Promise.all([stacked.item(), eager.array()])).toEqual([i + 1, [2 * (i + 2)]]);
      stacked.dispose();
      eager.dispose();
    }
    await collectGarbage();
    await other.data(); // notices ride on it
    expect((await session.counters()).handles - before).toBeLessThan(3);
  });
  test("where all of it is in use is an error that says how much, once; the worker lives", async () => {
    await start();
    const { kept, error } = await fill();
    const root = (error.code === "POISONED" ? error.cause : error) as Error & { code: string };
    expect(root.code).toBe("OUT_OF_MEMORY");
    expect(root.message).toMatch(
      new RegExp(`: ${64 * MB} bytes were asked for\\. .*; this session holds \\d+ bytes in \\d+ results`),
    );
    for (const [i, value] of kept.entries()) expect(await first(value).item()).toBe(i);
    for (const value of kept) value.dispose();
    expect(await first(session.run(() => large(array(7)))).item()).toBe(7);
    await session.idle();
  });
  test("repeats nothing that was given memory to keep, and nothing whose arguments are gone", async () => {
    await start();
    const { kept } = await fill();
    const donating = jit((x: T) => np.concatenate([x, x]) as T, { donateArgnums: 0 });
    expect(await codesOf(() => first(donating(kept.pop()!)).item())).toBe("POISONED < OUT_OF_MEMORY");
    const doubled = jit((x: T) => np.concatenate([x, x, x, x]) as T);
    const last = kept.pop()!;
    const value = first(doubled(last));
    last.dispose();
    expect(await codesOf(() => value.item())).toMatch(/OUT_OF_MEMORY$/);
    expect(await first(kept[0]!).item()).toBe(0);
    await session.idle().catch(() => undefined);
  });
  test("with retry off nothing is repeated", async () => {
    await start({ retry: false });
    const kept: T[] = [];
    const error = await errorOf(async () => {
      for (let i = 0; i < 40; i++) {
        kept.push(session.run(() => large(array(i))));
        await first(kept.at(-1)!).item();
      }
    });
    expect(error.message).toMatch(/out of device memory/);
  });
});

test("a launch that failed is let go of, with its inputs, while its error is kept", async () => {
  await using session = await connect();
  const [a, b] = [array([1]), array([1, 2])];
  const other = session.put(a);
  await other.data();
  const before = (await session.counters()).handles;
  const fail = async (): Promise<void> => {
    const wrong = np.matmul(session.put(a), session.put(b));
    expect(await codesOf(() => wrong.data())).toBe("OP_FAILED");
  };
  for (let i = 0; i < 20; i++) await fail();
  await collectGarbage();
  await other.data(); // notices ride on it
  expect((await session.counters()).handles - before).toBeLessThan(5);
});

test("a training loop that disposes of nothing holds little: what it has let go of is freed as it goes", async () => {
  await using session = await connect();
  const step = jit((w: T) => {
    const loss = (p: T): T => p.mul(p).mean() as T;
    return { w: w.sub(grad(loss)(w)) as T, loss: loss(w) };
  });
  const size = 4 * MB; // elements, so 16 MB
  let w = session.put(array(new Float32Array(size).fill(1)));
  await step(w).loss.item();
  let most = 0;
  for (let i = 0; i < 48; i++) {
    const next = step(w);
    w = next.w;
    if (i % 4 === 3) {
      await next.loss.item();
      most = Math.max(most, (await session.counters()).handles);
    }
  }
  // 256 MB are 16 of them, and as many losses; what is in flight comes on top
  expect(most).toBeLessThan(2 * 16 + 12);
  expect(await step(w).loss.item()).toBeCloseTo(1, 3);
});
