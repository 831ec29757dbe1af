/** Python's modules, in the process that holds the tensors. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { packageRoot } from "../../bridge/environment/package-root.ts";
import { collectGarbage } from "../../bridge/transport/garbage.ts";
import { array, connect, jit, type Session, type SynjaxError, type Tensor } from "../../src/index.ts";
import { asTensor, python, type PythonObject } from "../../src/python.ts";
import { errorOf } from "../fixtures/errors.ts";

const directory = mkdtempSync(join(tmpdir(), "synjax-python-"));
let session: Session;
let builtins: PythonObject;
beforeAll(async () => {
  session = await connect();
  builtins = await python(session, "builtins");
});
afterAll(async () => {
  await session.close();
  rmSync(directory, { recursive: true });
});

const shown = (value: unknown): Promise<string> => builtins["repr"]!<string>(value);

describe("values", () => {
  test("numbers, texts, booleans and None come as they are, also those that JSON has no words for", async () => {
    const math = await python(session, "math");
    expect(await math["sqrt"]!(2)).toBe(Math.SQRT2);
    expect(await math["inf"]).toBe(Infinity);
    expect(await math["nan"]).toBe(NaN);
    expect(await math["isnan"]!(NaN)).toBe(true);
    expect(await shown([1, -Infinity, 2n ** 70n, { a: null, b: "ä" }])).toBe(
      "[1, -inf, 1180591620717411303424, {'a': None, 'b': 'ä'}]",
    );
  });

  test("all else is a proxy, with attributes, items, keyword arguments and iteration", async () => {
    const fractions = await python(session, "fractions");
    const third = await fractions["Fraction"]!(1, 3);
    expect(await third["denominator"]).toBe(3);
    expect(String(third)).toBe("Fraction(1, 3)");
    const counted = await builtins["sorted$"]!([3, 1, 2], { reverse: true });
    expect(await counted[0]).toBe(3);
    expect(await counted["valueOf"]!()).toEqual([3, 2, 1]);
    const found = [];
    for await (const item of await builtins["range"]!(3)) found.push(item);
    expect(found).toEqual([0, 1, 2]);
  });

  test("functions are called back", async () => {
    const tens = await builtins["map"]!((x: number) => 10 * x, [1, 2, 3]);
    expect(await (await builtins["list"]!(tens))["valueOf"]!()).toEqual([10, 20, 30]);
    const fails = await builtins["map"]!(() => {
      throw new Error("not this one");
    }, [1]);
    expect((await errorOf(() => builtins["list"]!(fails))).message).toContain("not this one");
  });

  test("what nobody holds here any more is freed there", async () => {
    const [threading, weakref] = [await python(session, "threading"), await python(session, "weakref")];
    const make = async (): Promise<PythonObject> => weakref["ref"]!(await threading["Event"]!());
    const reference = await make();
    // Asked of the reference itself: what it refers to would be held here again by each answer
    const isThere = async (): Promise<boolean> => !(await shown(reference)).endsWith("; dead>");
    expect(await isThere()).toBe(true);
    await vi.waitFor(
      async () => {
        await collectGarbage();
        expect(await isThere()).toBe(false);
      },
      { timeout: 20_000, interval: 200 },
    );
  });

  test("texts of any length, and such that look like messages", async () => {
    const long = "ä€".repeat(3_000_000);
    expect(await builtins["len"]!(long)).toBe(long.length);
    expect(await builtins["str"]!(long)).toBe(long);
    const found = await Promise.all([1, 70_000, 3].map((n) => builtins["str"]!("x".repeat(n))));
    expect(found.map((each) => (each as unknown as string).length)).toEqual([1, 70_000, 3]);
    expect(await builtins["len"]!('{"$tensor":1}')).toBe(13);
    expect(await builtins["len"]!("")).toBe(0);
  });

  test("a file is a module too", async () => {
    writeFileSync(join(directory, "mine.py"), "def twice(x):\n    return 2 * x\n");
    const mine = await python(session, join(directory, "mine.py"));
    expect(await mine["twice"]!(4)).toBe(8);
  });
});

describe("tensors", () => {
  test("cross as handles: results of calls under way, in lists, and of the host", async () => {
    const jnp = await python(session, "jax.numpy");
    const twice = jit((x: Tensor) => x.mul(2));
    const [x, y] = [twice(array([1, 2, 3])), array([1, 1, 1])];
    const sum = await jnp["add"]!(x, y);
    expect(await sum["valueOf"]!()).toEqual([3, 5, 7]);
    expect(await shown(await jnp["stack"]!([x, new Float32Array([7, 8, 9])]))).toBe(
      "Array([[2., 4., 6.],\n       [7., 8., 9.]], dtype=float32)",
    );
    // The array is the one of the handle, not a copy
    const pointer = async (of: unknown): Promise<unknown> =>
      (await (
        await builtins["getattr"]!(of, "addressable_shards")
      )[0])!["data"]!["unsafe_buffer_pointer"]!();
    const back = await asTensor(session, sum);
    expect(await pointer(back)).toBe(await pointer(sum));
    expect(await twice(back).array()).toEqual([6, 10, 14]);
  });

  test("arrays of NumPy become tensors, with their dtype", async () => {
    const numpy = await python(session, "numpy");
    const wide = await asTensor(session, await numpy["arange$"]!(3, { dtype: "float64" }));
    expect((await wide.aval()).dtype).toBe("float64");
    expect(await asTensor(session, await numpy["eye"]!(2)).then((t) => t.array())).toEqual([[1, 0], [0, 1]]); // prettier-ignore
    expect((await errorOf(() => asTensor(session, builtins))).code).toBe("PYTHON_FAILED");
  });

  test("a failed one fails the call", async () => {
    const failed = array([1, 2]).add(array([1, 2, 3]));
    expect(await errorOf(() => shown(failed))).toMatchObject({ code: "OP_FAILED", op: "np.add" });
    const gone = array([1]).mul(2);
    gone.dispose();
    expect((await errorOf(() => shown(gone))).code).toBe("HANDLE_DISPOSED");
  });
});

test("docs/python-modules.md, as it stands there", () => {
  const root = packageRoot();
  const page = readFileSync(join(root, "docs", "python-modules.md"), "utf8");
  const [code] = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, block]) => block!);
  const source = (file: string): string => JSON.stringify(join(root, "src", file));
  const file = join(directory, "page.mts");
  writeFileSync(
    file,
    `${code!.replace('"synjax-ts"', source("index.ts")).replace('"synjax-ts/python"', source("python.ts"))}\nawait session.close();\n`,
  );
  const tsx = join(root, "node_modules", "tsx", "dist", "cli.mjs");
  const printed = execFileSync(process.execPath, [tsx, file], { encoding: "utf8", stdio: "pipe" });
  expect(printed).toBe("[ [ 2, 4, 6 ], [ 14, 16, 18 ] ]\n60\n");
});

test("a process that has asked for a module ends by itself", () => {
  const root = packageRoot();
  const source = (file: string): string => JSON.stringify(join(root, "src", file));
  const file = join(directory, "ends.mts");
  writeFileSync(
    file,
    `import { connect } from ${source("index.ts")};\nimport { python } from ${source("python.ts")};\n` +
      `console.log(await (await python(await connect(), "math")).sqrt(4));\n`,
  );
  const tsx = join(root, "node_modules", "tsx", "dist", "cli.mjs");
  expect(execFileSync(process.execPath, [tsx, file], { encoding: "utf8", timeout: 100_000 })).toBe("2\n");
});

describe("what goes wrong", () => {
  test("an exception has both stacks", async () => {
    const error = await errorOf(async () => (await python(session, "math"))["sqrt"]!(-1));
    expect(error).toMatchObject({ code: "PYTHON_FAILED", message: /^sqrt: ValueError: math domain error/ });
    expect(error.message).toContain("Traceback");
    expect(error.stack).toContain("python.test.ts");
    expect((await errorOf(() => python(session, "no_such_module"))).message).toContain("ModuleNotFoundError");
    expect((await errorOf(async () => await builtins["nothing"])).code).toBe("PYTHON_FAILED");
  });

  test("what has no value in JavaScript says so, and the worker lives on", async () => {
    const iterator = await builtins["iter"]!([1]);
    expect((await errorOf(() => iterator["valueOf"]!())).message).toContain("has no value in JavaScript");
    expect(await shown(1)).toBe("1");
  });

  test("a callback from a thread of Python's own is an error there, not the end", async () => {
    const futures = await python(session, "concurrent.futures");
    const pool = await futures["ThreadPoolExecutor"]!(1);
    const future = await pool["submit"]!((x: number) => x, 1);
    expect((await errorOf(() => future["result"]!())).message).toContain("on its thread");
    expect(await shown(1)).toBe("1");
  });

  test("an argument that was not awaited is an error, and so is the end of the thread; what follows is done", async () => {
    const unawaited = errorOf(() => builtins["len"]!(builtins["list"]!([1, 2])));
    expect(await unawaited).toMatchObject({ code: "PYTHON_FAILED", message: /did not await a parameter/ });
    const sys = await python(session, "sys");
    expect((await errorOf(() => sys["exit"]!(3))).message).toContain("SystemExit: 3");
    const deep = await builtins["eval"]!("__import__('functools').reduce(lambda a, _: [a], range(100), 1)");
    expect(JSON.stringify(await deep["valueOf"]!())).toBe("[".repeat(100) + "1" + "]".repeat(100));
    expect(await builtins["len"]!([array([1]).mul(2), "x".repeat(2_000_000)])).toBe(2);
    expect(await Promise.all([shown(array([1]).mul(2)), shown(1), shown(array(3).mul(2))])).toEqual([
      "Array([2.], dtype=float32)",
      "1",
      "Array(6., dtype=float32)",
    ]);
  });

  test("a worker that hangs while it is asked is lost", async () => {
    const own = await connect({ hangAfter: 2_000 });
    const time = await python(own, "time");
    const slept = errorOf(() => time["sleep"]!(600));
    const pid = own.workerPid!;
    setTimeout(() => process.kill(pid, "SIGSTOP"), 200);
    expect(await slept).toMatchObject({ code: "WORKER_LOST", message: /hangs/ });
    await own.close({ drain: false });
  });

  test("a line that ends alone rejects what is asked, then and later", async () => {
    const own = await connect();
    const [gc, there] = [await python(own, "gc"), await python(own, "builtins")];
    const end =
      "[each.shutdown(2) for each in __import__('gc').get_objects() if type(each).__name__ == 'socket' and each.fileno() > 0 and each.type == 1 and each.family == 1]";
    expect((await errorOf(() => there["eval"]!(end))).message).toContain("the line to Python has ended");
    expect((await errorOf(() => gc["collect"]!())).code).toBe("PYTHON_FAILED");
    expect((await errorOf(() => python(own, "os"))).code).toBe("PYTHON_FAILED");
    expect(await own.run(() => array(1).add(1).item())).toBe(2);
    await own.close();
  });

  test("the end of the worker rejects at once what is asked; the next one has Python again", async () => {
    const own = await connect();
    const [time, os] = [await python(own, "time"), await python(own, "os")];
    const slept = errorOf(() => time["sleep"]!(600));
    process.kill(own.workerPid!, "SIGKILL");
    expect((await slept).code).toBe("WORKER_LOST");
    expect((await errorOf(() => os["getpid"]!())).code).toBe("WORKER_LOST");
    expect(await (await python(own, "os"))["getpid"]!()).toBe(own.workerPid);
    await own.close();
    expect((await errorOf(() => python(own, "os"))).code).toBe("SESSION_CLOSED");
  });

  test("a worker that listens on a port has its line on one too", async () => {
    const own = await connect({ transport: "tcp" });
    const [os, np] = [await python(own, "os"), await python(own, "numpy")];
    expect(await os["getpid"]!()).toBe(own.workerPid);
    const total = own.run(async () => np["sum"]!(array([1, 2, 3]).mul(2)));
    expect(await (await total)["item"]!()).toBe(12);
    await own.close();
  });

  test("only a worker that the session has started runs it", async () => {
    const served = await connect({ address: "ipc:///nowhere", startTimeout: 1 }).catch(
      (error: unknown) => error,
    );
    expect((served as SynjaxError).code).toBe("WORKER_LOST");
    const { Session } = await import("../../src/session/session.ts");
    const elsewhere = new Session({ address: "ipc:///nowhere" });
    const error = await errorOf(() => python(elsewhere, "os"));
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", argument: "session" });
  });

  test("arguments that are none", async () => {
    for (const junk of [undefined, null, 1, {}, "session"])
      expect((await errorOf(() => python(junk as never, "os"))).code).toBe("INVALID_ARGUMENT");
    for (const junk of [undefined, null, 1, {}, ""])
      expect((await errorOf(() => python(session, junk as never))).code).toBe("INVALID_ARGUMENT");
  });
});
