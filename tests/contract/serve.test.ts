/** `synjax serve`, and sessions of it by keys. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { packageRoot } from "../../bridge/environment/package-root.ts";
import { askMechanism } from "../../bridge/transport/mechanism.ts";
import { array, connect, jit, type Session, type SynjaxError, type Tensor } from "../../src/index.ts";
import { errorOf } from "../fixtures/errors.ts";

const directory = mkdtempSync(join(tmpdir(), "synjax-keys-"));
const file = (name: string): string => join(directory, name);
const cli = ["--import", "tsx", join(packageRoot(), "bridge", "cli", "cli.ts")];

let worker: ChildProcess;
let address: string;
beforeAll(async () => {
  const made = spawnSync(process.execPath, [
    ...cli,
    "keys",
    directory,
    "--client",
    "web",
    "--client",
    "other",
  ]);
  expect(String(made.stdout)).toContain("web.json");
  worker = spawn(process.execPath, [...cli, "serve", "--listen", "tcp://127.0.0.1:*", "--keys", directory], {
    stdio: ["ignore", "pipe", "ignore"],
    detached: true, // a process group, as a terminal makes one
  });
  const line = await new Promise((resolve) => worker.stdout!.once("data", resolve));
  ({ address } = JSON.parse(String(line)) as { address: string });
});
afterAll(() => {
  worker.kill("SIGKILL");
  rmSync(directory, { recursive: true });
});

const keysOf = (name: string) => JSON.parse(readFileSync(file(name), "utf8")) as { worker: string; public: string; secret: string }; // prettier-ignore
const refused = (options: object): Promise<SynjaxError> =>
  errorOf(() => connect(address, { startTimeout: 60_000, ...options }));

describe.each(["zeromq", "javascript"] as const)("a served worker with keys, by %s,", (socket) => {
  test("answers whom it knows, each in a session of their own", async () => {
    const [one, two] = [await connect(address, { socket, keys: file("web.json") }), await connect(address, { socket, keys: keysOf("other.json") })]; // prettier-ignore
    const twice = jit((x: Tensor) => x.mul(2));
    const run = (session: Session, x: number): Promise<unknown> =>
      session.run(() => twice(array([x])).array());
    expect(await Promise.all([run(one, 1), run(two, 2), run(one, 3)])).toEqual([[2], [4], [6]]);
    await Promise.all([one.close(), two.close()]);
  });

  test("says that it wants keys, and that they are wrong", async () => {
    expect(await askMechanism(address, 30_000)).toBe("CURVE");
    expect(await refused({ socket })).toMatchObject({ code: "UNAUTHORIZED", argument: "keys", message: /clients that have keys/ }); // prettier-ignore
    const own = keysOf("web.json");
    const another = { ...own, worker: own.public };
    expect(await refused({ socket, keys: another })).toMatchObject({ code: "UNAUTHORIZED", message: /public key of another/ }); // prettier-ignore
    const made = spawnSync(process.execPath, [
      ...cli,
      "keys",
      file(`others-of-${socket}`),
      "--client",
      "web",
    ]);
    expect(made.status).toBe(0);
    const unlisted = { ...keysOf(`others-of-${socket}/web.json`), worker: own.worker };
    expect(await refused({ socket, keys: unlisted })).toMatchObject({ code: "UNAUTHORIZED", message: /not on the worker's list/ }); // prettier-ignore
  });

  test("is not asked with keys that cannot be meant", async () => {
    copyFileSync(file("web.json"), file("open.json"));
    chmodSync(file("open.json"), 0o644);
    writeFileSync(file("text.json"), "text", { mode: 0o600 });
    for (const [keys, words] of [
      [file("none.json"), /a file that can be read/],
      [file("open.json"), /mode 0600.*got mode 0644/],
      [file("text.json"), /JSON in/],
      [3, /the path of a file/],
      [{ ...keysOf("web.json"), secret: "short" }, /a key of 40 characters as `secret`/],
      [{ ...keysOf("web.json"), secret: ",".repeat(40) }, /a key of 40 characters as `secret`/],
      [{ ...keysOf("web.json"), worker: "#".repeat(40) }, /texts that are none/],
      [{ worker: keysOf("web.json").worker }, /as `public`, got none/],
    ] as const)
      expect(await refused({ socket, keys })).toMatchObject({ code: "INVALID_ARGUMENT", argument: "keys", message: words }); // prettier-ignore
    const embedded = await errorOf(() => connect({ keys: file("web.json") }));
    expect(embedded).toMatchObject({ code: "INVALID_ARGUMENT", argument: "keys" });
  });
});

describe("a served worker with keys", () => {
  test("ends in order when it is told to, and who calls is told", async () => {
    const session = await connect(address, { keys: file("web.json"), retry: false });
    const ended = new Promise((resolve) => worker.once("exit", resolve));
    expect(await session.run(() => array([1]).mul(2).array())).toEqual([2]);
    process.kill(-worker.pid!, "SIGINT"); // Ctrl-C goes to the whole group, and counts once
    expect(await ended).toBe(0);
    const late = await errorOf(() => session.run(() => array([1]).mul(3).array()));
    expect(late).toMatchObject({ code: "WORKER_LOST", message: /told to end|lost|reached/ });
    await session.close().catch(() => undefined);
  });
});

test("a worker on an address that others reach, without keys, is refused at the start", () => {
  const refusal = spawnSync(process.execPath, [...cli, "serve", "--listen", "tcp://0.0.0.0:5555"]);
  expect(refusal.status).toBe(2);
  expect(String(refusal.stderr)).toContain("a loopback address, or --keys");
});

test.runIf(process.platform === "linux")(
  "a worker ends when the command that started it is killed",
  async () => {
    const command = spawn(process.execPath, [...cli, "serve", "--listen", "tcp://127.0.0.1:*"], {
      stdio: ["ignore", "pipe", "ignore"],
      env: { ...process.env, SYNJAX_TOKEN: "secret" },
    });
    const line = await new Promise((resolve) => command.stdout.once("data", resolve));
    const { pid } = JSON.parse(String(line)) as { pid: number };
    command.kill("SIGKILL");
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow("ESRCH"), { timeout: 20_000 });
  },
);
