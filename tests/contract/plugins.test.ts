/** Functions of a package of Python as operations: recorded, checked, differentiated, and what goes wrong with them. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packageRoot } from "../../bridge/environment/package-root.ts";
import { load, save } from "../../src/files/index.ts";
import { array, connect, grad, jit, np, random, type Session, type Tensor, vmap } from "../../src/index.ts";
import { plugin } from "../../src/plugins/index.ts";
import { errorOf } from "../fixtures/errors.ts";
import { filters } from "../fixtures/plugins/filters.ts";

const root = packageRoot();
const FILTERS = join(root, "python", "tests", "plugin", "filters.py");
const directory = mkdtempSync(join(tmpdir(), "synjax-plugins-"));
const cli = ["--import", "tsx", join(root, "bridge", "cli", "cli.ts")];

let session: Session;
beforeAll(async () => void (session = await connect({ plugins: [FILTERS] })));
afterAll(async () => {
  await session.close().catch(() => undefined);
  rmSync(directory, { recursive: true, force: true });
});

const row = (): Tensor<"float32"> => array([3, 0, 3, 6]);
/** A plugin that no worker here has, and one of another version. */
const UNARY = { positional: [{ name: "x", kind: "num" }], options: [], result: { kind: "array" } } as const;
const acme = plugin<{ one(x: unknown): Tensor }>("acme", { one: { hash: "0123456789abcdef", ...UNARY } });
const old = plugin<{ smooth(x: unknown): Tensor }>("filters", { smooth: { hash: "0123456789abcdef", ...UNARY } }); // prettier-ignore

describe("functions of a plugin", () => {
  test("are those that `synjax types --plugin` writes", async () => {
    const { stdout, stderr } = spawnSync(process.execPath, [...cli, "types", "--plugin", FILTERS]);
    const text = String(stdout).replace('"synjax-ts/plugins"', '"../../../src/plugins/index.ts"');
    const style = await resolveConfig(join(root, "package.json"));
    const written = readFileSync(join(root, "tests", "fixtures", "plugins", "filters.ts"), "utf8");
    expect([await format(text, { ...style, parser: "typescript" }), String(stderr)]).toEqual([written, ""]);
    const none = spawnSync(process.execPath, [...cli, "types", "--plugin", "no_such_plugin"]);
    expect([none.status, String(none.stderr)]).toEqual([2, expect.stringContaining("INVALID_ARGUMENT] `--plugin`: expected a plugin")]); // prettier-ignore
  });

  test("are recorded, and run, with operands, options and results of every kind", async () => {
    const both = jit((x: Tensor<"float32">, w: Tensor<"float32">) => {
      const { low, high } = filters.halves(filters.smooth(x));
      return filters.affine(np.stack([low, high]), w, { bias: [10, 20] });
    });
    expect(await both(row(), array([[1, 0], [0, 1]])).array()).toEqual([[11, 22], [13, 23]]); // prettier-ignore
    expect(await filters.smooth([1, 2, 3], { width: 1 }).array()).toEqual([1, 2, 3]);
    const integers = array([1, 9], { dtype: "int32" });
    const [twice, thrice] = filters.scaled([integers, integers.add(1) as typeof integers], { times: 2 });
    expect([await twice!.data(), await thrice!.array()]).toEqual([Int32Array.of(2, 18), [4, 20]]);
    expect(await filters.merge("max", row(), array([1, 1, 9, 1]), row()).array()).toEqual([3, 1, 9, 6]);
    const draws = filters.noise(random.key(0), { shape: [2, 3], dtype: "float64" });
    expect(await draws.aval()).toMatchObject({ dtype: "float64", shape: [2, 3] });
  });

  test("are differentiated and mapped by JAX", async () => {
    const energy = (x: Tensor<"float32">): Tensor<"float32"> => np.square(filters.smooth(x)).sum();
    expect(await jit(grad(energy))(array([3, 0, 0])).array()).toEqual([4 / 3, 4 / 3, 2 / 3].map((each) => expect.closeTo(each, 5) as number)); // prettier-ignore
    const lows = jit(vmap((x: Tensor<"float32">) => filters.halves(x).low));
    expect(await lows(array([[1, 2, 3, 4], [5, 6, 7, 8]])).array()).toEqual([[1, 2], [5, 6]]); // prettier-ignore
  });

  test("are checked where they are called without types, and by their signatures where they run", async () => {
    const untyped = filters as unknown as Record<string, (...args: unknown[]) => Tensor>;
    for (const [call, argument] of [
      [() => untyped["smooth"]!(row(), { size: 3 }), "size"],
      [() => untyped["smooth"]!(), "x"],
      [() => untyped["merge"]!("mean", row()), "how"],
      [() => untyped["scaled"]!(row(), { times: 2 }), "xs"],
    ] as const)
      expect(await errorOf(call)).toMatchObject({ code: "INVALID_ARGUMENT", argument });
    expect(await errorOf(() => untyped["noise"]!(row(), { shape: [2] }).array())).toMatchObject({ argument: "key", op: "filters.noise" }); // prettier-ignore
    const narrow = array([[1, 2]], { dtype: "int32" });
    expect(await errorOf(() => untyped["affine"]!(narrow, [[1], [1]]).array())).toMatchObject({
      code: "INVALID_ARGUMENT",
      op: "filters.affine",
      argument: "x",
      received: "int32[1, 2]",
    });
  });

  test("are made of what was written for them alone", async () => {
    const untyped = plugin as (...args: unknown[]) => unknown;
    const junk = [undefined, null, 1, "x", [], {}, { one: null }, { one: { hash: "x" } }, { one: { ...UNARY, hash: "x" } }]; // prettier-ignore
    for (const operations of junk.filter((each) => JSON.stringify(each) !== "{}"))
      expect([operations, await errorOf(() => untyped("acme", operations))]).toMatchObject([operations, { code: "INVALID_ARGUMENT", argument: expect.stringMatching(/^operations/) }]); // prettier-ignore
    expect(await errorOf(() => untyped(1, {}))).toMatchObject({ code: "INVALID_ARGUMENT", argument: "name" });
  });

  test("that do not do as they say fail by name, and the worker lives on", async () => {
    const pid = session.workerPid;
    for (const [call, fields] of [
      [() => filters.wrongDtype(row()), { expected: "int32", received: "float32[4]" }],
      [() => filters.wrongShape(row()), { received: "float32[5]" }],
      [() => filters.wrongTree(row()).low, { received: "a list of 2" }],
      [() => filters.raises(row()), { message: expect.stringMatching(/^filters\.raises: LookupError: no such filter/), remote: expect.stringContaining("filters.py") }], // prettier-ignore
    ] as const) {
      const error = await errorOf(() => call().array());
      expect(error).toMatchObject({ code: "OP_FAILED", ...fields });
      expect([error.op, error.line]).toEqual([expect.stringMatching(/^filters\./), expect.stringContaining("plugins.test.ts")]); // prettier-ignore
    }
    const broken = await errorOf(() => filters.raisesAtRunTime(row()).array());
    expect(broken).toMatchObject({ code: "RUN_FAILED", message: expect.stringMatching(/^a callback raised LookupError: the filter broke\b/) }); // prettier-ignore
    expect(await filters.smooth(row()).array()).toEqual([1, 2, 3, 3]);
    expect(session.workerPid).toBe(pid);
  });

  test("that do not come back end the worker after `runSeconds`, and the next one goes on", async () => {
    await using hanging = await connect({ plugins: [FILTERS], limits: { runSeconds: 4 } });
    const pid = hanging.workerPid;
    const error = await errorOf(() => hanging.run(() => filters.sleeps(row()).array()));
    expect(error.code).toBe("LIMIT_RUN_TIME");
    expect(await hanging.run(() => array([1]).add(1).array())).toEqual([2]);
    expect(hanging.workerPid).not.toBe(pid);
    expect(Object.keys(hanging.info!.plugins)).toEqual(["filters"]);
  });

  test("that the worker does not have, or has another signature of, are named", async () => {
    expect(await errorOf(() => acme.one(row()).array())).toMatchObject({
      code: "UNKNOWN_OP",
      op: "acme.one",
      message: expect.stringContaining("is of the plugin acme, which is not here: name it among `plugins`, or by `--plugin acme`"), // prettier-ignore
    });
    expect(await errorOf(() => old.smooth(row()).array())).toMatchObject({
      code: "UNKNOWN_OP",
      op: "filters.smooth",
      message: expect.stringContaining("make its types anew, by `synjax types --plugin filters`"),
    });
  });
});

describe("plugins that cannot be had", () => {
  test("are told when a session is made", async () => {
    const broken = join(directory, "broken.py");
    writeFileSync(broken, "import synjax_worker\n\nraise KeyError('key')\n");
    expect(await errorOf(() => connect({ plugins: [FILTERS, broken] }))).toMatchObject({
      code: "INVALID_ARGUMENT",
      argument: "plugins",
      message: expect.stringMatching(/broken\.py`, which raises KeyError: 'key'\n.*broken\.py", line 3, in <module>\n/s), // prettier-ignore
    });
    const wrong = { plugins: "filters" } as never;
    expect(await errorOf(() => connect(wrong))).toMatchObject({
      code: "INVALID_ARGUMENT",
      argument: "plugins",
    });
  });

  describe("of a served worker", () => {
    let worker: ChildProcess;
    let address: string;
    const token = "secret";
    beforeAll(async () => {
      const config = join(directory, "serve.toml");
      writeFileSync(config, `listen = "tcp://127.0.0.1:*"\nplugins = [${JSON.stringify(FILTERS)}]\n`);
      worker = spawn(process.execPath, [...cli, "serve", "--config", config], {
        stdio: ["ignore", "pipe", "ignore"],
        env: { ...process.env, SYNJAX_TOKEN: token },
        detached: true,
      });
      const line = await new Promise((resolve) => worker.stdout!.once("data", resolve));
      ({ address } = JSON.parse(String(line)) as { address: string });
    });
    afterAll(() => process.kill(-worker.pid!, "SIGKILL"));

    test("are told when a session is made, and when a program needs one", async () => {
      const options = { token, startTimeout: 60_000 };
      expect(await errorOf(() => connect(address, { ...options, plugins: ["filters", "acme"] }))).toMatchObject({ code: "INVALID_ARGUMENT", argument: "plugins", expected: "filters", received: "acme" }); // prettier-ignore
      await using served = await connect(address, { ...options, plugins: ["./some/where/filters.py"] });
      expect(await served.run(() => filters.smooth(row()).array())).toEqual([1, 2, 3, 3]);
      expect(await errorOf(() => served.run(() => acme.one(row()).array()))).toMatchObject({ code: "UNKNOWN_OP", op: "acme.one" }); // prettier-ignore
      expect(await errorOf(() => served.run(() => filters.raises(row()).array()))).toMatchObject({ op: "filters.raises" }); // prettier-ignore
      expect(await served.run(() => filters.smooth(row()).array())).toEqual([1, 2, 3, 3]);
    });

    test("end it before it listens, where it cannot import one", () => {
      const ran = spawnSync(process.execPath, [...cli, "serve", "--listen", "tcp://127.0.0.1:*", "--plugin", "acme"], { env: { ...process.env, SYNJAX_TOKEN: token } }); // prettier-ignore
      expect(ran.status).toBe(1);
      expect(JSON.parse(String(ran.stdout))).toMatchObject({ ready: false, code: "INVALID_ARGUMENT", argument: "plugins", message: expect.stringContaining("No module named 'acme'") }); // prettier-ignore
    });
  });
});

describe("a file with operations of a plugin", () => {
  const path = join(directory, "smoothed.synjax");
  const smoothed = jit((x: Tensor<"float32">) => filters.smooth(x));
  beforeAll(() => save(path, { smoothed }, { examples: { smoothed: [{ dtype: "float32", shape: ["n"] }] } }));

  test("loads, and runs in a session that has it", async () => {
    const { functions } = await load<{ smoothed: typeof smoothed }, false>(path, { session });
    expect((await functions.smoothed([3, 0, 3, 6])).array()).toEqual([1, 2, 3, 3]);
    const shown = spawnSync(process.execPath, [...cli, "inspect", path]);
    expect(String(shown.stdout)).toMatch(/^ {2}filters\.smooth {2}[0-9a-f]{16} {2}of the plugin filters$/m);
  });

  test("names it where a session does not have it", async () => {
    await using plain = await connect();
    const missing = { code: "UNKNOWN_OP", op: "filters.smooth", message: expect.stringContaining("of the plugin filters, which is not here") }; // prettier-ignore
    expect(await errorOf(() => load(path, { session: plain }))).toMatchObject(missing);
    const { functions } = await load<{ smoothed: typeof smoothed }, false>(path);
    expect(await errorOf(() => plain.run(() => functions.smoothed([1, 2])))).toMatchObject(missing);
  });
});
