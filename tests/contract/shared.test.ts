import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resolvePython } from "../../bridge/environment/resolve-python.ts";
import { WorkerProcess } from "../../bridge/worker/worker-process.ts";
import { array, connect, jit, random, type Session, type Tensor } from "../../src/index.ts";
import { errorOf } from "../fixtures/errors.ts";

type T = Tensor<"float32">;

let worker: WorkerProcess;
let [mine, other] = [] as unknown as [Session, Session];
const dial = (): Promise<Session> => connect(worker.ready.address, { token: worker.token });
beforeAll(async () => {
  worker = await WorkerProcess.start({
    python: await resolvePython(),
    transport: "tcp",
    limits: { sharedNames: 14 },
  });
  [mine, other] = [await dial(), await dial()];
});
afterAll(async () => {
  await Promise.all([mine.close({ drain: false }), other.close({ drain: false })]);
  await worker.stop();
});

const scaled = jit((w: { a: T; b: readonly T[] }, x: T) => w.a.mul(x).add(w.b[0]!) as T);
const donating = jit((x: T, y: T) => x.add(y) as T, { donateArgnums: 0 });

describe("a shared tree", () => {
  test("is the same tree of tensors for every session, whatever its keys and empty branches", async () => {
    const put = await mine.share("form", {
      b: [array([1, 2])],
      a: 3,
      ["__proto__"]: Int32Array.of(7),
      "": { nothing: null, left: undefined, none: [] },
    });
    expect(await mine.get(put.b[0])).toMatchObject({ shape: [2] });
    const taken = await other.shared<{ a: T; b: readonly T[] }>("form");
    expect(Object.keys(taken).sort()).toEqual(["", "__proto__", "a", "b"]);
    expect(Object.getPrototypeOf(taken)).toBe(Object.prototype);
    const { "": rest, ["__proto__"]: seven } = taken as unknown as Record<string, Tensor>;
    expect(rest).toEqual({ nothing: null, left: null, none: [] });
    expect(await seven!.array()).toEqual([7]);
    expect(await other.run(() => scaled(taken, array([1, 1])).array())).toEqual([4, 5]);
    expect(await taken.a.aval()).toMatchObject({ dtype: "float32", shape: [] });
    await other.unshare("form");
    expect(await other.run(() => scaled(taken, array([2, 2])).array())).toEqual([7, 8]);
  });
  test("survives the session that shared it", async () => {
    const creator = await dial();
    await creator.share("survivor", array([5, 6]));
    await creator.close();
    const taken = await mine.shared<T>("survivor");
    expect(await taken.array()).toEqual([5, 6]);
    await mine.unshare("survivor");
  });
  test("may be of results on the device, and of keys", async () => {
    const results = mine.run(() => ({ sum: array([1, 2]).add(1), key: random.key(3) }));
    await mine.share("results", results);
    const taken = await other.shared<{ sum: T; key: Tensor<"key"> }>("results");
    const draw = (key: Tensor<"key">): Promise<unknown> => random.uniform(key, { shape: [2] }).array();
    expect(await taken.sum.array()).toEqual([2, 3]);
    expect(await draw(taken.key)).toEqual(await draw(results.key));
    taken.sum[Symbol.dispose]();
    await other.unshare("results");
  });
  test("takes a name from another with `replace`; what was taken stays as it was", async () => {
    await mine.share("weights", array([1]));
    const old = await other.shared<T>("weights");
    const error = await errorOf(() => other.share("weights", array([2])));
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", argument: "name", received: "weights" });
    await other.share("weights", array([2]), { replace: true });
    expect(await (await mine.shared<T>("weights")).array()).toEqual([2]);
    expect(await old.array()).toEqual([1]);
    await mine.unshare("weights");
  });
  test("cannot be given to a call to keep, by nobody, before or after its end", async () => {
    const put = await mine.share("kept", array([1, 2]));
    const taken = await other.shared<T>("kept");
    const refused = { code: "INVALID_ARGUMENT", argument: "donateArgnums" };
    expect(await errorOf(() => mine.run(() => donating(put, array([1, 1]))))).toMatchObject(refused);
    await mine.unshare("kept");
    const error = await errorOf(() => other.run(() => donating(taken, array([1, 1]))));
    expect(error).toMatchObject(refused);
    expect(error.message).toContain('shared as "kept"');
    expect(await taken.array()).toEqual([1, 2]);
    const free = mine.put(array([1, 2]));
    expect(await mine.run(() => donating(free, array([1, 1])).array())).toEqual([2, 3]);
  });
});

describe("a name", () => {
  test("that nobody has is answered with some that are there", async () => {
    const names = Array.from({ length: 12 }, (_, i) => `w${i + 10}`);
    const tensor = mine.put(array([1]));
    for (const name of names) await mine.share(name, tensor);
    for (const call of [other.shared("w9"), other.unshare("w9")])
      expect(await errorOf(() => call)).toMatchObject({
        code: "INVALID_ARGUMENT",
        argument: "name",
        expected: `${names.slice(0, 10).join(", ")}, …`,
        line: expect.stringContaining("shared.test.ts") as string,
      });
    await mine.share("more", [tensor, tensor]);
    await mine.share("most", tensor);
    expect(await errorOf(() => mine.share("over", tensor))).toMatchObject({ code: "LIMIT_SHARED" });
    for (const name of [...names, "more", "most"]) await mine.unshare(name);
  });
  test.each(["", "a\nb", "x".repeat(201), "\ud800", 7 as unknown as string])("cannot be %j", async (name) => {
    for (const call of [
      () => mine.share(name, array([1])),
      () => mine.shared(name),
      () => mine.unshare(name),
    ])
      expect(await errorOf(call)).toMatchObject({ code: "INVALID_ARGUMENT", argument: "name" });
  });
  test("may have 200 characters of any script", async () => {
    await mine.share("😀".repeat(200), array([1]));
    await other.unshare("😀".repeat(200));
  });
});

describe("what cannot be shared", () => {
  test("is of another session, disposed of, failed, or no tensor", async () => {
    const foreign = other.put(array([1]));
    expect(await errorOf(() => mine.share("bad", foreign))).toMatchObject({ code: "OTHER_SESSION" });
    const gone = mine.put(array([1]));
    gone[Symbol.dispose]();
    expect(await errorOf(() => mine.share("bad", gone))).toMatchObject({ code: "HANDLE_DISPOSED" });
    expect(await errorOf(() => mine.share("bad", "weights"))).toMatchObject({ code: "NOT_A_TENSOR" });
    expect(await errorOf(() => mine.share("bad", { "\ud800": array([1]) }))).toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    expect(await errorOf(() => mine.shared("bad"))).toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});

test("a name is lost with its worker, which the error says; another worker takes it anew", async () => {
  const session = await connect();
  const put = await session.share("lost", array([1]));
  const pid = session.workerPid!;
  process.kill(pid, "SIGKILL");
  while (session.workerPid === pid) await new Promise((resolve) => setTimeout(resolve, 2));
  expect(await errorOf(() => session.shared("lost"))).toMatchObject({
    code: "HANDLE_LOST",
    argument: "name",
  });
  expect(await errorOf(() => session.unshare("lost"))).toMatchObject({ code: "HANDLE_LOST" });
  expect(await errorOf(() => session.shared("never"))).toMatchObject({ code: "INVALID_ARGUMENT" });
  expect(await errorOf(() => put.array())).toMatchObject({ code: "HANDLE_LOST" });
  await session.share("lost", array([2]));
  expect(await (await session.shared<T>("lost")).array()).toEqual([2]);
  await session.close();
});
