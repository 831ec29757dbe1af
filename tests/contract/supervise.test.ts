/** `synjax serve --restart`, and a session that goes on with the next worker. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packageRoot } from "../../bridge/environment/package-root.ts";
import { array, connect, jit, type Tensor } from "../../src/index.ts";
import { codesOf } from "../fixtures/errors.ts";

interface Ready {
  readonly address: string;
  readonly pid: number;
}

const token = "secret";
const cli = ["--import", "tsx", join(packageRoot(), "bridge", "cli", "cli.ts")];
let supervisor: ChildProcess;
let lines: AsyncIterator<string>;
let reader: Interface;
const ready = async (): Promise<Ready> => JSON.parse(String((await lines.next()).value)) as Ready;

beforeAll(() => {
  supervisor = spawn(process.execPath, [...cli, "serve", "--listen", "tcp://127.0.0.1:*", "--restart"], {
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, SYNJAX_TOKEN: token },
  });
  reader = createInterface(supervisor.stdout!);
  lines = reader[Symbol.asyncIterator]();
});
afterAll(() => {
  reader.close();
  supervisor.kill("SIGTERM");
});

test("a session finds the next worker at the same address, and there what it can restore", async () => {
  const first = await ready();
  const session = await connect(first.address, { token, startTimeout: 60_000 });
  const twice = jit((x: Tensor) => x.mul(2));
  const kept = session.put(array([1, 2]), { restore: true });
  const plain = session.put(array([3]));
  await session.get([kept, plain]);
  expect(await session.run(() => twice(kept).array())).toEqual([2, 4]);

  process.kill(first.pid, "SIGKILL");
  expect(await session.run(() => twice(kept).array())).toEqual([2, 4]);
  expect(await codesOf(() => plain.data())).toBe("HANDLE_LOST");
  const second = await ready();
  expect(second.address).toBe(first.address);
  expect(second.pid).not.toBe(first.pid);
  expect(session.workerPid).toBe(second.pid);
  await session.close();

  const ended = new Promise((resolve) => supervisor.once("exit", resolve));
  supervisor.kill("SIGTERM");
  expect(await ended).toBe(0);
});
