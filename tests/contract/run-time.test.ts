import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resolvePython } from "../../bridge/environment/resolve-python.ts";
import { workerEnv } from "../../bridge/worker/start-configuration.ts";
import { array, connect, jit, type Tensor, whileLoop } from "../../src/index.ts";
import { codesOf } from "../fixtures/errors.ts";

type T = Tensor<"float32">;

const TOKEN = "secret";
const python = await resolvePython();
const inc = jit((x: T) => x.add(1) as T);
const forEver = jit((x: T) =>
  whileLoop(
    (y: T) => y.less(2),
    (y: T) => y.mul(0.5) as T,
    x,
  ),
);

/** A worker that is started anew whenever it ends, as a container is. */
class Supervised {
  readonly ends: (number | null)[] = [];
  #child: ChildProcess | undefined;
  #port = 0;

  get address(): string {
    return `tcp://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    this.#port ||= await freePort();
    const child = spawn(python, ["-m", "synjax_worker"], {
      env: workerEnv("cpu", {}),
      stdio: ["pipe", "pipe", "ignore"],
    });
    this.#child = child;
    child.once("exit", (code) => {
      this.ends.push(code);
      if (this.#child === child) void this.start();
    });
    child.stdin.write(
      `${JSON.stringify({ address: this.address, token: TOKEN, limits: { runSeconds: 1 } })}\n`,
    );
    await new Promise((resolve) => createInterface({ input: child.stdout }).once("line", resolve));
  }

  stop(): void {
    const child = this.#child;
    this.#child = undefined;
    child?.kill("SIGKILL");
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("a served worker with a limit on the time of a call", () => {
  const worker = new Supervised();
  beforeAll(() => worker.start());
  afterAll(() => worker.stop());

  test("ends with a loop that never does, and the next one answers everybody else", async () => {
    const options = { token: TOKEN, startTimeout: 60_000 };
    const guilty = await connect(worker.address, options);
    const other = await connect(worker.address, { ...options, heartbeat: 500 });
    expect([...(await other.run(() => inc(array([1])).data()))]).toEqual([2]);
    const endless = guilty.run(() => codesOf(() => forEver(array(1)).data()));
    await new Promise((resolve) => setTimeout(resolve, 300));
    const waiting = other.run(() => inc(array([2])).data());
    expect(await endless).toMatch("LIMIT_RUN_TIME");
    expect([...(await waiting)]).toEqual([3]);
    expect(worker.ends).toEqual([75]);
    expect([...(await guilty.run(() => inc(array([3])).data()))]).toEqual([4]);
    await Promise.all([guilty, other].map((session) => session.close().catch(() => undefined)));
  });
});
