/**
 * SIGKILL of worker or client at random moments: nothing stays of either, and every call resolves or rejects.
 * `SYNJAX_KILLS_SEED` sets the seed.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resolvePython } from "../../bridge/environment/resolve-python.ts";
import { workerEnv } from "../../bridge/worker/start-configuration.ts";
import { array, connect, jit, type Session, SynjaxError, type Tensor } from "../../src/index.ts";
import { isAlive } from "../fixtures/bridge-calls.ts";
import { seeded } from "../fixtures/mutations.ts";

type T = Tensor<"float32">;

const SEED = Number(process.env["SYNJAX_KILLS_SEED"] ?? 21);
const isFull = Boolean(process.env["SYNJAX_TEST_FULL"]);
const [few, many] = isFull ? [35, 65] : [1, 2];
const SETTLES = 120_000; // milliseconds; ends what hangs
const LONGEST = 5_400_000; // of all rounds, on a busy machine
const TOKEN = "secret";
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

// Sockets of workers are made here, and by this variable their processes are found.
const scratch = mkdtempSync(join(tmpdir(), "killed-"));
const unhandled: unknown[] = [];
const note = (error: unknown): void => void unhandled.push(error);
beforeAll(() => {
  process.env["TMPDIR"] = scratch;
  process.on("unhandledRejection", note).on("uncaughtException", note);
});
afterAll(() => {
  process.off("unhandledRejection", note).off("uncaughtException", note);
  rmSync(scratch, { recursive: true });
});

/** Processes that were started from here, and live. */
function descendants(): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => {
      if (!pid || pid === process.pid || !isAlive(pid)) return false;
      try {
        return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`TMPDIR=${scratch}`);
      } catch {
        return false; // it has just ended, or is somebody else's
      }
    });
}

const left = (): { processes: number[]; files: string[] } => ({
  processes: descendants(),
  files: readdirSync(scratch).filter((name) => name.startsWith("synjax-")),
});
const NOTHING = { processes: [], files: [] };

const inc = jit((x: T) => x.add(1) as T);

/** Calls of all kinds, and what their values must be. */
function calls(session: Session, i: number): [Promise<unknown>, unknown][] {
  const held = session.put(array([i, i]));
  const longer = jit((x: T) => x.mul(2).add(i % 7) as T); // is compiled: each length is a shape of its own
  const length = 1 + (i % 5);
  return [
    [session.run(() => inc(array([i])).array()), [i + 1]],
    [inc(inc(held)).array(), [i + 2, i + 2]],
    [held.array(), [i, i]],
    [session.run(() => longer(array(Array<number>(length).fill(i))).array()), Array(length).fill(2 * i + (i % 7))],
    [session.counters(), expect.anything()],
    [session.shared("nobody's").then(() => "value"), "an error"],
    [session.run(() => inc(array([i])).array({ deadline: 50 })), [i + 1]],
  ]; // prettier-ignore
}

/** Calls until `ends`, and waits until all have settled, rightly. How many did not bring a value. */
async function callUntil(session: Session, ends: Promise<void>): Promise<number> {
  let isOver = false;
  void ends.then(() => (isOver = true));
  const made: [Promise<unknown>, unknown][] = [];
  for (let i = 0; !isOver; i++) {
    const next = calls(session, i);
    for (const [call] of next) call.catch(() => undefined);
    made.push(...next);
    await sleep(20);
  }
  const late = sleep(SETTLES).then(() => {
    throw new Error(`of ${made.length} calls some have not settled`);
  });
  late.catch(() => undefined);
  const settled = await Promise.race([Promise.allSettled(made.map(([call]) => call)), late]);
  let failed = 0;
  settled.forEach((one, position) => {
    if (one.status === "fulfilled") return expect(one.value).toEqual(made[position]![1]);
    expect(one.reason).toBeInstanceOf(SynjaxError);
    failed++;
  });
  return failed;
}

const answers = async (session: Session): Promise<void> => {
  for (let trial = 0; ; trial++) {
    try {
      return expect(await session.run(() => inc(array([7])).array())).toEqual([8]);
    } catch (error) {
      expect(error).toMatchObject({ code: "WORKER_LOST" });
      if (trial === 20) throw error;
      await sleep(500);
    }
  }
};

/** A served worker, which is started anew at its port when it was killed. */
class Supervised {
  address = "";
  metrics = "";
  #child: ChildProcess | undefined;

  async start(): Promise<void> {
    if (this.address === "") this.address = `tcp://127.0.0.1:${await freePort()}`;
    const child = spawn(await resolvePython(), ["-m", "synjax_worker"], {
      env: workerEnv("cpu", {}),
      stdio: ["pipe", "pipe", "ignore"],
    });
    this.#child = child;
    const config = { address: this.address, token: TOKEN, metricsAddress: "0", maxBatch: 8 };
    child.stdin.write(`${JSON.stringify(config)}\n`);
    const line = await new Promise<string>((resolve) =>
      createInterface({ input: child.stdout }).once("line", resolve),
    );
    this.metrics = (JSON.parse(line) as { metricsAddress: string }).metricsAddress;
  }

  async kill(): Promise<void> {
    const ended = new Promise((resolve) => this.#child!.once("exit", resolve));
    this.#child!.kill("SIGKILL");
    await ended;
  }

  async sessions(): Promise<number> {
    const text = await (await fetch(`http://${this.metrics}/metrics`)).text();
    return Number(/^synjax_sessions\{.*\} (\S+)$/m.exec(text)?.[1] ?? 0);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A process that calls, killed after some time. */
async function killCaller(delay: number, ...args: string[]): Promise<void> {
  const caller = spawn(process.execPath, ["--import", "tsx", "tests/fixtures/caller.ts", ...args], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const ended = new Promise((resolve) => caller.once("exit", resolve));
  await Promise.race([sleep(delay), ended]);
  // Not before it has begun, or after it has called: at any moment.
  caller.kill("SIGKILL");
  await ended;
}

describe.skipIf(process.platform !== "linux")("killed at random moments", { timeout: LONGEST }, () => {
  test(`a session's own worker: ${many} times`, async () => {
    const random = seeded(SEED);
    const session = await connect();
    let failed = 0;
    for (let round = 0; round < many; round++) {
      const killed = (async () => {
        await sleep(random() * 400);
        const pid = session.workerPid;
        if (pid !== undefined && isAlive(pid)) process.kill(pid, "SIGKILL");
        await sleep(random() * 200);
      })();
      failed += await callUntil(session, killed);
      await answers(session);
    }
    expect(failed).toBeGreaterThan(0);
    await session.close();
    await expect.poll(left, { timeout: 60_000 }).toEqual(NOTHING);
    expect(unhandled).toEqual([]);
  });

  test(`a process with a worker of its own: ${many} times`, async () => {
    const random = seeded(SEED + 1);
    for (let round = 0; round < many; round++) {
      await killCaller(500 + random() * 6_000);
      await expect.poll(left, { timeout: 60_000, message: `round ${round}` }).toEqual(NOTHING);
    }
  });

  test(`a served worker, and processes that call it: ${few} times each`, async () => {
    const random = seeded(SEED + 2);
    const worker = new Supervised();
    await worker.start();
    const session = await connect(worker.address, { token: TOKEN, startTimeout: 60_000 });
    let failed = 0;
    for (let round = 0; round < few; round++) {
      const killed = (async () => {
        await sleep(random() * 400);
        await worker.kill();
        await worker.start();
      })();
      failed += await callUntil(session, killed);
      await answers(session);
      const caller = killCaller(500 + random() * 4_000, worker.address, TOKEN);
      expect(await callUntil(session, caller)).toBeLessThan(Infinity);
      await expect.poll(() => worker.sessions(), { timeout: 60_000 }).toBe(1);
    }
    expect(failed).toBeGreaterThan(0);
    await session.close();
    await worker.kill();
    await expect.poll(left, { timeout: 60_000 }).toEqual(NOTHING);
    expect(unhandled).toEqual([]);
  });
});
