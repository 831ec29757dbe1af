import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import {
  array,
  connect,
  jit,
  np,
  type SessionEvent,
  SynjaxError,
  type Tensor,
  whileLoop,
} from "../../src/index.ts";

type T = Tensor<"float32">;
type I = Tensor<"int32">;
const run = promisify(execFile);
const root = new URL("../../", import.meta.url).pathname;

async function errorOf(f: () => unknown): Promise<SynjaxError> {
  try {
    await f();
  } catch (error) {
    if (error instanceof SynjaxError) return error;
    throw error;
  }
  throw new Error("expected an error");
}

/** Counts for about a second. */
const slow = jit((x: I) =>
  whileLoop(
    (c: I) => np.less(c, 1_000_000_000),
    (c: I) => c.add(1) as I,
    x,
  ),
);

describe("a worker killed with SIGKILL", () => {
  test("rejects calls that cannot be repeated at once, repeats those that can, and is restarted", async () => {
    await using session = await connect();
    const events: SessionEvent[] = [];
    const watching = (async () => {
      for await (const event of session.status()) events.push(event);
    })();
    const start = array(Int32Array.of(0), { shape: [] });
    const held = session.put(start);
    await held.item();
    const first = session.workerPid!;
    const onHandle = slow(held).item();
    const onHostData = session.run(() => slow(start).item());
    const [lost, value] = [errorOf(() => onHandle), onHostData];
    await new Promise((resolve) => setTimeout(resolve, 100));
    process.kill(first, "SIGKILL");
    const error = await lost;
    expect(error.code).toBe("WORKER_LOST");
    expect(error.message).toMatch(/SIGKILL/);
    expect(await value).toBe(1_000_000_000);
    expect(session.workerPid).not.toBe(first);
    expect((await errorOf(() => held.data())).code).toBe("HANDLE_LOST");
    expect(await session.run(() => array([1]).add(1).array())).toEqual([2]);
    await session.close().catch(() => undefined);
    await watching;
    expect(events.map((e) => e.type)).toEqual(
      expect.arrayContaining(["lost", "restarting", "ready", "closed"]),
    );
  });
});

describe("two sessions at once", () => {
  test("keep their values apart", async () => {
    await using one = await connect();
    await using two = await connect();
    const a = one.put(array([1, 2]));
    const b = two.put(array([10, 20]));
    expect(await a.add(1).array()).toEqual([2, 3]);
    expect(await b.add(1).array()).toEqual([11, 21]);
    expect((await errorOf(() => a.add(b))).code).toBe("OTHER_SESSION");
    expect((await errorOf(() => jit((x: T, y: T) => x.add(y))(a, b))).code).toBe("OTHER_SESSION");
    expect(one.workerPid).not.toBe(two.workerPid);
  });
  test("a closed session says so", async () => {
    const session = await connect();
    const x = session.put(array([1]));
    await session.close();
    await session.close();
    expect((await errorOf(() => x.data())).code).toBe("SESSION_CLOSED");
  });
});

describe("a script that never calls close()", () => {
  const script = (body: string): Promise<{ stdout: string; stderr: string }> =>
    run(process.execPath, ["--import", "tsx", "--input-type=module", "-e", body], {
      cwd: root,
      timeout: 60_000,
    });
  test("exits 0, its launches done", async () => {
    const { stdout } = await script(
      `import { array, jit } from "./src/index.ts"; const f = jit((x) => x.add(1)); let y = array([1]); for (let i = 0; i < 50; i++) y = f(y); console.log(await y.item());`,
    );
    expect(stdout.trim()).toBe("51");
  });
  test("and one that ends while the worker computes leaves no worker behind", async () => {
    const { stdout } = await script(
      `import { connect, array } from "./src/index.ts"; const s = await connect(); await s.put(array([1])).item(); console.log(s.workerPid); process.exit(0);`,
    );
    const pid = Number(stdout.trim());
    const alive = (): boolean => {
      try {
        process.kill(pid, 0);
        return true;
      } catch {
        return false;
      }
    };
    await expect.poll(alive, { timeout: 5000 }).toBe(false);
  });
});
