import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, describe, expect, test } from "vitest";
import { resolvePython } from "../../bridge/environment/resolve-python.ts";
import { WorkerProcess } from "../../bridge/worker/worker-process.ts";
import { registryHash } from "../../src/ops/registry-hash.ts";
import { addOne, errorOf, float32, float32Of, isAlive, launch, open } from "../fixtures/bridge-calls.ts";

const root = new URL("../../", import.meta.url).pathname;
const python = await resolvePython();
const scratch = mkdtempSync(join(tmpdir(), "synjax-test-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const onLinux = test.skipIf(process.platform !== "linux");

describe("a worker", () => {
  test("is started in a private directory, and leaves nothing behind", async () => {
    const worker = await WorkerProcess.start({ python });
    expect(worker.ready).toMatchObject({ version: 1, registry: registryHash, platform: "cpu" });
    expect(isAlive(worker.pid)).toBe(true);
    const directory = dirname(worker.ready.address.replace("ipc://", ""));
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    await Promise.all([worker.stop(), worker.stop()]);
    expect(isAlive(worker.pid)).toBe(false);
    expect(existsSync(directory)).toBe(false);
  });
  onLinux("keeps its token out of its arguments and environment", async () => {
    const worker = await WorkerProcess.start({ python, env: { SYNJAX_SECRET: "x", GIVEN: "yes" } });
    try {
      const environment = readFileSync(`/proc/${worker.pid}/environ`, "utf8");
      const seen = readFileSync(`/proc/${worker.pid}/cmdline`, "utf8") + environment;
      expect(worker.token).toMatch(/^[0-9a-f]{64}$/);
      expect(seen).not.toContain(worker.token);
      expect(environment).not.toMatch(/SYNJAX_/);
      expect(environment).toContain("GIVEN=yes");
    } finally {
      await worker.stop();
    }
  });
  test("keeps compiled programs in the directory it is given", async () => {
    const compilationCache = join(scratch, "compiled");
    const connection = await open({ compilationCache });
    await launch(connection.channel, addOne, [float32(new Float32Array(7))]).reply;
    await connection.close();
    expect(existsSync(compilationCache)).toBe(true);
  });
  test("is not confused by modules in the working directory", async () => {
    const directory = join(scratch, "random-py");
    mkdirSync(directory);
    writeFileSync(join(directory, "random.py"), "raise SystemExit('taken')");
    writeFileSync(join(directory, "jax.py"), "raise SystemExit('taken')");
    const before = process.cwd();
    process.chdir(directory);
    try {
      await (await WorkerProcess.start({ python })).stop();
    } finally {
      process.chdir(before);
    }
  });
  test("is reached over loopback where the temporary directory's name is too long for a socket", async () => {
    const before = process.env["TMPDIR"];
    process.env["TMPDIR"] = join(scratch, "x".repeat(100));
    mkdirSync(process.env["TMPDIR"]);
    try {
      const connection = await open();
      expect(connection.worker!.ready.address).toMatch(/^tcp:\/\/127\.0\.0\.1:\d+$/);
      const { data } = await launch(connection.channel, addOne, [float32(Float32Array.of(1))]).reply;
      expect(float32Of(data[0])).toEqual(Float32Array.of(2));
      await connection.close();
      expect(await errorOf(open({ transport: "ipc" }))).toMatchObject({ code: "INVALID_ARGUMENT" });
    } finally {
      if (before === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = before;
    }
  });
});

describe.skipIf(process.platform === "win32")("a system that refuses", () => {
  test("a directory for the socket: the worker is reached over loopback", async () => {
    const before = process.env["TMPDIR"];
    process.env["TMPDIR"] = join(scratch, "not-there");
    try {
      const connection = await open();
      expect(connection.worker!.ready.address).toMatch(/^tcp:/);
      await connection.close();
      const refused = await errorOf(open({ transport: "ipc" }));
      expect(refused).toMatchObject({ code: "INVALID_ARGUMENT", cause: { code: "ENOENT" } });
      expect(refused.message).toMatch("not-there");
    } finally {
      if (before === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = before;
    }
  });
  test("files and pipes: each way to fail is a typed error, and nothing is left behind", () => {
    const script = `
      import { closeSync, openSync } from "node:fs";
      import { openConnection } from "./bridge/worker/connection.ts";
      import { registryHash } from "./src/ops/registry-hash.ts";
      await (await openConnection({ registryHash })).close();
      const codes = new Set();
      for (const left of [0, 1, 3, 5]) {
        const held = [];
        try { for (;;) held.push(openSync("/dev/null", "r")); } catch {}
        for (let i = 0; i < left; i++) closeSync(held.pop());
        const error = await openConnection({ registryHash }).catch((error) => error);
        held.forEach((file) => closeSync(file));
        codes.add(error.code + " " + /EMFILE/.test(error.message));
      }
      console.log([...codes].join());`;
    const shell = 'ulimit -n 200; exec "$0" --import tsx --input-type=module -e "$1"';
    const ran = spawnSync("/bin/sh", ["-c", shell, process.execPath, script], {
      cwd: root,
      encoding: "utf8",
    });
    expect(ran.stderr).toBe("");
    expect(ran.stdout.trim()).toBe("WORKER_START true");
  });
});

describe("a worker that does not start", () => {
  const script = (name: string, body: string): string => {
    const path = join(scratch, name);
    writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    return path;
  };
  test("because there is no such interpreter", async () => {
    const error = await errorOf(WorkerProcess.start({ python: join(scratch, "nowhere") }));
    expect(error).toMatchObject({ code: "WORKER_START", message: expect.stringMatching("ENOENT") as string });
  });
  test("because it ends: its last lines are in the message", async () => {
    const failing = script("failing", "echo 'No module named jax' >&2; exit 3");
    const error = await errorOf(WorkerProcess.start({ python: failing }));
    expect(error.code).toBe("WORKER_START");
    expect(error.message).toMatch(/ended with status 3. Its last lines:\s+No module named jax/);
  });
  test("because something else answers", async () => {
    const error = await errorOf(WorkerProcess.start({ python: script("other", "echo hello; sleep 60") }));
    expect(error.message).toMatch('said "hello"');
  });
  test("because it knows no such limit: those that it knows are named", async () => {
    const error = await errorOf(open({ limits: { bananas: 3 } }));
    expect(error).toMatchObject({
      code: "INVALID_ARGUMENT",
      argument: "limits.bananas",
      expected: expect.stringMatching(/^one of equations, .*inFlightBytes/) as string,
      received: "bananas",
    });
  });
  test("because JAX has no such device: those that it has are named", async () => {
    const error = await errorOf(open({ device: "tpu", python }));
    expect(error).toMatchObject({
      code: "INVALID_ARGUMENT",
      argument: "device",
      expected: expect.stringMatching(/\(cpu/) as string,
      received: "tpu",
    });
  });
  test("in time, or before it is given up, is ended", async () => {
    const pidFile = join(scratch, "pid");
    const sleeping = script("sleeping", `echo $$ > ${pidFile}; exec sleep 60`);
    const late = await errorOf(WorkerProcess.start({ python: sleeping, startTimeout: 200 }));
    expect(late).toMatchObject({
      code: "WORKER_START",
      message: expect.stringMatching("after 200 ms") as string,
    });
    const controller = new AbortController();
    const starting = WorkerProcess.start({ python: sleeping, signal: controller.signal });
    controller.abort(new Error("no more"));
    expect(await errorOf(starting)).toMatchObject({ code: "ABORTED", cause: { message: "no more" } });
    await expect.poll(() => isAlive(Number(readFileSync(pidFile, "utf8")))).toBe(false);
    expect((await errorOf(open({ signal: AbortSignal.abort() }))).code).toBe("ABORTED");
  });
});

describe("a served worker", () => {
  test("is dialled with its token", async () => {
    const worker = await WorkerProcess.start({ python, transport: "tcp" });
    const { address } = worker.ready;
    try {
      expect((await errorOf(open({ address }))).code).toBe("UNAUTHORIZED");
      expect((await errorOf(open({ address, token: "wrong" }))).code).toBe("UNAUTHORIZED");
      const connection = await open({ address, token: worker.token });
      expect(connection.worker).toBeUndefined();
      const { data } = await launch(connection.channel, addOne, [float32(Float32Array.of(1))]).reply;
      expect(float32Of(data[0])).toEqual(Float32Array.of(2));
      await connection.close();
      expect(isAlive(worker.pid)).toBe(true);
      const second = await open({ address, token: worker.token, heartbeat: 50 });
      const call = launch(second.channel, addOne, [float32(new Float32Array(3))]);
      await call.reply;
      process.kill(worker.pid, "SIGSTOP");
      const cut = launch(second.channel, addOne, [float32(new Float32Array(3))]);
      process.kill(worker.pid, "SIGKILL");
      expect((await errorOf(cut.reply)).message).toMatch("connection to the worker broke");
    } finally {
      await worker.stop();
    }
  });
  test("of another version is refused, with both registries", async () => {
    const worker = await WorkerProcess.start({ python, transport: "tcp" });
    const { address } = worker.ready;
    const error = await errorOf(open({ address, token: worker.token, registryHash: "other" }));
    expect(error).toMatchObject({
      code: "PROTOCOL_MISMATCH",
      argument: "registry",
      received: "other",
      expected: registryHash,
    });
    await worker.stop();
    expect((await errorOf(open({ registryHash: "other" }))).code).toBe("PROTOCOL_MISMATCH");
  });
  test("that is not there, or is none, is an error soon", async () => {
    const address = "tcp://127.0.0.1:1";
    const nothing = await errorOf(open({ address, startTimeout: 300 }));
    expect(nothing).toMatchObject({ code: "WORKER_LOST", message: expect.stringMatching(address) as string });
    const server = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const other = await errorOf(open({ address: `tcp://127.0.0.1:${port}`, startTimeout: 2000 }));
    expect(["PROTOCOL_MISMATCH", "WORKER_LOST"]).toContain(other.code);
    server.close();
    expect((await errorOf(open({ address: "nonsense" }))).code).toBe("INVALID_ARGUMENT");
  });
});

describe("a process", () => {
  /** Runs a script to its end, or kills it after its first line. */
  async function run(
    body: string,
    kill = false,
  ): Promise<{ status: number | null; line: string; stderr: string }> {
    const preamble = `import { addOne, float32, launch, open, squared } from "./tests/fixtures/bridge-calls.ts";`;
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", preamble + body], {
      cwd: root,
      timeout: 25_000,
    });
    let stderr = "";
    child.stderr.on("data", (text) => (stderr += String(text)));
    const lines: string[] = [];
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(line);
      if (kill) child.kill("SIGKILL");
    });
    const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
    return { status, line: lines.join("\n"), stderr };
  }
  const printed = `console.log(JSON.stringify([c.info.pid, c.worker.ready.address.slice(6)]));`;

  test("that never calls close() ends when its calls are done, and so does its worker", async () => {
    const { status, line, stderr } = await run(`
      const c = await open();
      ${printed}
      launch(c.channel, squared(3), [float32(new Float32Array(250000), [500, 500])]).reply.then(({ data }) => {
        if (data[0].byteLength === 1000000) process.exitCode = 7;
      });`);
    expect(stderr).toBe("");
    expect(status).toBe(7);
    const [pid, path] = JSON.parse(line) as [number, string];
    await expect.poll(() => isAlive(pid)).toBe(false);
    expect(existsSync(dirname(path))).toBe(false);
  });
  test("that has aborted its last call does not wait for the worker", async () => {
    // Many seconds of work: a process that waited for them would end with the result, not with the status of the abort.
    const { status, stderr } = await run(`
      const c = await open();
      const slow = launch(c.channel, squared(1000), [float32(new Float32Array(1e6), [1000, 1000])], { signal: AbortSignal.timeout(500) });
      await slow.reply.catch((error) => { if (error.code === "ABORTED") process.exitCode = 7; });`);
    expect(stderr).toBe("");
    expect(status).toBe(7);
  });
  test("that is killed takes its worker with it, and the socket's directory", async () => {
    const { line } = await run(`const c = await open(); ${printed} setInterval(() => {}, 1000);`, true);
    const [pid, path] = JSON.parse(line) as [number, string];
    await expect.poll(() => isAlive(pid)).toBe(false);
    expect(existsSync(dirname(path))).toBe(false);
  });
  test("that is killed while its worker starts, too", async () => {
    const temporary = mkdtempSync(join(scratch, "tmp-"));
    const body = `process.env.TMPDIR = ${JSON.stringify(temporary)};
      const opening = open();
      const { readdirSync } = await import("node:fs");
      const watch = setInterval(() => {
        if (readdirSync(process.env.TMPDIR).length > 0) clearInterval(watch), setTimeout(() => console.log("now"), 100);
      }, 5);
      await opening;`;
    await run(body, true);
    await expect.poll(() => readdirSync(temporary), { timeout: 10_000 }).toEqual([]);
  });
  test.each(["Deno", "Bun"])(
    "of %s loads nothing native, and is told so where it asks for it",
    async (runtime) => {
      const { line } = await run(`
      globalThis.${runtime} = {};
      const error = await open({ socket: "zeromq" }).catch((error) => error);
      await (await open()).close();
      const native = process.report.getReport().sharedObjects.some((path) => path.includes("zeromq"));
      console.log(JSON.stringify([error.code, native, error.message]));`);
      const [code, native, message] = JSON.parse(line) as unknown[];
      expect([code, native]).toEqual(["UNSUPPORTED_RUNTIME", false]);
      expect(message).toMatch(runtime);
    },
  );
});
