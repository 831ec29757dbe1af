import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  array,
  connect,
  jit,
  np,
  put,
  type Session,
  type SessionOptions,
  type Tensor,
  whileLoop,
} from "../../src/index.ts";
import { codesOf, errorOf } from "../fixtures/errors.ts";

type T = Tensor<"float32">;
type I = Tensor<"int32">;

let session: Session;
beforeAll(async () => {
  session = await connect();
});
afterAll(() => session.close());

const scale = jit((w: T, x: T) => w.mul(x) as T);

async function killed(of: Session): Promise<void> {
  const pid = of.workerPid!;
  process.kill(pid, "SIGKILL");
  while (of.workerPid === pid) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe("values that are put with `restore`", () => {
  test("are on the next worker too, kept here or made again; others are lost, and so is what was computed", async () => {
    let made = 0;
    const make = (): { a: T; b: T } => (made++, { a: array([5, 6]), b: array([7]) });
    const kept = put({ w: array([1, 2]), deep: [array([3])] }, { restore: true });
    const again = put(make(), { restore: make });
    const plain = put(array([9]));
    const computed = kept.w.add(1);
    await session.get([kept, again, plain, computed]);
    for (const _ of [1, 2]) {
      await killed(session);
      const [w, deep] = [scale(kept.w, array([10, 10])).array(), kept.deep[0].array()];
      expect([await w, await deep]).toEqual([[10, 20], [3]]);
      expect(await np.concatenate([again.a, again.b]).array()).toEqual([5, 6, 7]);
      expect(await codesOf(() => plain.data())).toBe("HANDLE_LOST");
      expect(await codesOf(() => computed.data())).toBe("HANDLE_LOST");
    }
    expect(made).toBe(3);
    expect((await session.counters()).handles).toBeLessThan(10);
  });
  test("are there for calls in flight when the worker ends, which are sent again", async () => {
    const w = session.put(array(Int32Array.of(200_000_000), { shape: [] }), { restore: true });
    await w.data();
    const slow = jit((n: I) => whileLoop((c: I) => np.less(c, n), (c: I) => c.add(1) as I, array(Int32Array.of(0), { shape: [] }) as I)); // prettier-ignore
    const inFlight = slow(w).item();
    const fetched = w.data();
    await new Promise((resolve) => setTimeout(resolve, 30));
    await killed(session);
    expect(await inFlight).toBe(200_000_000);
    expect([...(await fetched)]).toEqual([200_000_000]);
  });
  test("are disposed of and donated like any, and do not come back then", async () => {
    await using own = await connect();
    const [disposed, given] = own.put([array([1]), array([2])], { restore: true });
    disposed.dispose();
    const sink = jit((x: T) => x.add(1) as T, { donateArgnums: 0 });
    expect(await sink(given).array()).toEqual([3]);
    await killed(own);
    expect(await own.run(() => array([1]).add(1).array())).toEqual([2]);
    expect((await own.counters()).handles).toBeLessThanOrEqual(1);
    expect(await codesOf(() => disposed.data())).toBe("HANDLE_DISPOSED");
    expect(await codesOf(() => given.data())).toBe("HANDLE_DONATED");
  });
  test("by a function that makes something else, or nothing, are lost and say why", async () => {
    let turn = 0;
    const other = session.put(array([1, 2]), { restore: () => array([1, 2, 3]) });
    const failing = session.put(array([1]), {
      restore: () => {
        if (turn++ >= 0) throw new Error("the file is gone");
      },
    });
    const fine = session.put(array([4]), { restore: true });
    await session.get([other, failing, fine]);
    await killed(session);
    const said = async (of: T): Promise<string> => {
      const error = await errorOf(() => of.data());
      return `${error.code}: ${error.message}`;
    };
    expect(await fine.array()).toEqual([4]);
    expect(await said(other)).toMatch(/^HANDLE_LOST: .*float32\[3\] where float32\[2\] was put/);
    expect(await said(failing)).toMatch(/^HANDLE_LOST: .*the file is gone/);
  });
  test("are of host data, and `restore` is a flag or a function", async () => {
    const held = session.put(array([1]));
    for (const [value, restore, expected] of [
      [held, true, /on the device/],
      [array([1]), 3, /`restore`: expected true, or a function .*, got 3/],
    ] as const) {
      const options = { restore } as unknown as { restore: true };
      const error = await errorOf(() => session.put(value, options));
      expect(error).toMatchObject({ code: "INVALID_ARGUMENT", argument: "restore" });
      expect(error.message).toMatch(expected);
    }
  });
});

test("a value that was too large to be put leaves nothing behind that close() could tell of", async () => {
  const options: SessionOptions = { limits: { frameBytes: 10_000 } };
  const small = await connect(options);
  const large = small.put(new Float32Array(10_000) as unknown as T);
  const stacked = large.sum();
  expect(await codesOf(() => large.data())).toBe("LIMIT_BYTES");
  expect(await codesOf(() => stacked.item())).toBe("POISONED < LIMIT_BYTES");
  const other = small.put(new Float32Array(10_000) as unknown as T);
  expect(await codesOf(() => other.add(1).data())).toBe("POISONED < LIMIT_BYTES");
  await small.close();
});
