/** Files with tensors that are not read when they are loaded: they stay where they are until a worker has them. */
import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, openSync, rmSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resolvePython } from "../../bridge/environment/resolve-python.ts";
import { Container } from "../../bridge/files/container.ts";
import { hashOfWeights } from "../../bridge/files/hash-of-weights.ts";
import { hashesOf, sha256 } from "../../bridge/files/hashes.ts";
import { readStored } from "../../bridge/files/stored.ts";
import { workerEnv } from "../../bridge/worker/start-configuration.ts";
import { load, save } from "../../src/files/index.ts";
import { array, connect, jit, type Session, type Tensor } from "../../src/index.ts";
import { errorOf } from "../fixtures/errors.ts";

type Floats = Tensor<"float32">;
type Params = { small: Floats; wide: Tensor<"float64">; large: Floats };

const SIZE = 1 << 19; // of float32: two megabytes
const directory = mkdtempSync(join(tmpdir(), "synjax-large-"));
const inside = (name: string): string => join(directory, name);
const path = inside("model.synjax");
const apply = jit((params: Params, x: Floats) => ({
  sum: params.large.mul(x).sum(),
  last: params.wide.at(-1).get(),
  small: params.small,
}));
const last = 2 ** 40 + 1; // no float32
const expected = { sum: 2 * ((SIZE * (SIZE - 1)) / 2 / SIZE), last: [last], small: [3] };
let session: Session;
let copies = 0;

beforeAll(async () => {
  session = await connect();
  const params = {
    small: array([3]),
    wide: array(new Float64Array(SIZE).fill(1).fill(last, SIZE - 1)),
    large: array(Float32Array.from({ length: SIZE }, (_, i) => i / SIZE)),
  };
  await session.run(() => session.get(apply(params, array(2))));
  await save(path, { apply }, { params });
});
afterAll(async () => {
  await session.close();
  rmSync(directory, { recursive: true, force: true });
});

/** A copy that a test may spoil. */
function copied(): string {
  const copy = inside(`copy-${copies++}.synjax`);
  copyFileSync(path, copy);
  return copy;
}
/** Changes a byte, the last one. */
function spoil(file: string, at = new Container(file).size - 1): void {
  writeSync(openSync(file, "r+"), new Uint8Array([255]), 0, 1, at);
}
const called = async (file: string, where: Session = session): Promise<object> => {
  const { functions } = await load<{ apply: typeof apply }>(file, { session: where });
  return shown(await functions.apply(array(2)));
};
const shown = (found: Awaited<ReturnType<typeof session.get<ReturnType<typeof apply>>>>): object => ({
  sum: found.sum.item(),
  last: [...found.last.data],
  small: [...found.small.data],
});

describe("a file of large tensors", () => {
  test("does what was saved, on a worker that reads it and on one that is sent it", async () => {
    expect(session.info!.readsFiles).toBe(true);
    expect(await called(path)).toEqual(expected);
    const child = spawn(await resolvePython(), ["-m", "synjax_worker"], {
      env: workerEnv("cpu", {}),
      stdio: ["pipe", "pipe", "ignore"],
    });
    child.stdin.write(`${JSON.stringify({ address: "tcp://127.0.0.1:*", token: "t" })}\n`);
    const ready = await new Promise<string>((resolve) =>
      createInterface({ input: child.stdout }).once("line", resolve),
    );
    const { address } = JSON.parse(ready) as { address: string };
    const other = await connect(address, { token: "t" });
    expect(other.info?.readsFiles).toBe(undefined);
    expect(await called(path, other)).toEqual(expected);
    await other.close();
    child.kill("SIGKILL");
  });

  test("may lose its name, and is there for the worker that follows one that has ended", async () => {
    const copy = copied();
    await using other = await connect();
    const { functions } = await load<{ apply: typeof apply }>(copy, { session: other });
    unlinkSync(copy);
    expect(shown(await functions.apply(array(2)))).toEqual(expected);
    const lost = (async () => {
      for await (const { type } of other.status()) if (type === "lost") return;
    })();
    process.kill(other.workerPid!, "SIGKILL");
    await lost;
    expect(shown(await functions.apply(array(2)))).toEqual(expected);
  });

  test("is refused where it was changed before it is loaded, in whatever piece", async () => {
    const { size } = new Container(path);
    const own = await connect();
    const before = (await own.counters()).handles;
    for (const at of [size - 1, size - (3 << 20), size - (5 << 20)])
      for (const options of [{}, { session: own }]) {
        const copy = copied();
        spoil(copy, at);
        const error = await errorOf(() => load(copy, options));
        expect(error.code).toBe("INVALID_ARGUMENT");
        expect(error.message).toMatch(/`params\.\w+` as it was written/);
      }
    await expect.poll(async () => (await own.counters()).handles, { timeout: 10_000 }).toBe(before);
    await own.close();
  });

  test("is refused where it is changed while it is loaded, and that is all there is to say", async () => {
    const own = await connect();
    const [copy, sum] = [inside("longer.synjax"), jit(({ x }: { x: Floats }) => x.sum())];
    const params = { x: array(new Float32Array(10 << 20)) }; // hashed by threads
    await own.run(() => save(copy, { sum }, { params, examples: { sum: [] } }));
    const loading = errorOf(() => load(copy, { session: own }));
    spoil(copy);
    expect((await loading).code).toBe("INVALID_ARGUMENT");
    await own.idle();
    await own.close();
  });

  test("is read by its worker while it is compared, and not again", async () => {
    const copy = copied();
    const { functions } = await load<{ apply: typeof apply }>(copy, { session });
    await called(path); // after what came before it
    spoil(copy);
    expect(shown(await functions.apply(array(2)))).toEqual(expected);
  });

  test("is refused where it is changed between that and the first call", async () => {
    const copy = copied();
    const { functions } = await load<{ apply: typeof apply }>(copy);
    spoil(copy);
    const error = await errorOf(() => session.run(() => functions.apply(array(2))));
    expect([error.code, error.message]).toEqual(["INVALID_ARGUMENT", expect.stringContaining("changed since")]); // prettier-ignore
    expect(await called(path)).toEqual(expected);
  });
});

test("what nobody writes to is not waited for", async () => {
  const pipe = inside("pipe.index.json");
  execFileSync("mkfifo", [pipe]);
  for (const given of [load(pipe), load(path, { weights: pipe })])
    expect((await errorOf(() => given)).code).toBe("INVALID_ARGUMENT");
});

test("parts are hashed on threads as they are without", async () => {
  const file = inside("zeros");
  const descriptor = openSync(file, "w+");
  const size = 50 << 20;
  writeSync(descriptor, new Uint8Array([1]), 0, 1, size - 1);
  const parts = [[0, 30 << 20], [30 << 20, size], [5, 5], [size - 3, size]].map(([begin, end]) => ({ begin: begin!, end: end! })); // prettier-ignore
  const alone = await Promise.all(parts.map(async (part) => (await hashesOf(descriptor, [part]))[0]));
  expect(await hashesOf(descriptor, parts)).toEqual(alone);
  expect(alone[3]).toBe(sha256(new Uint8Array([0, 0, 1])));
  expect(alone[2]).toBe(sha256(new Uint8Array()));
});

test("weights have one hash, whether they are read or stay, and as the file says it", async () => {
  const container = new Container(path);
  const stored = readStored(container);
  expect(stored.format).toBe(2);
  const names = [...container.header.entries.keys()];
  const there = new Map(names.map((name) => [name, container.tensor(name)]));
  const here = new Map([...there].map(([name, { dtype, shape, data }]) => [name, { dtype, shape, data }]));
  const hash = await hashOfWeights(here, new Map());
  expect(await hashOfWeights(there, new Map())).toBe(hash);
  expect(await hashOfWeights(there, new Map(Object.entries(stored.tensors)))).toBe(hash);
  here.set("params.small", { ...here.get("params.small")!, data: new Float32Array([4]) });
  expect(await hashOfWeights(here, new Map())).not.toBe(hash);
});
