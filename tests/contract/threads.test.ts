import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { isAlive } from "../fixtures/bridge-calls.ts";

const run = promisify(execFile);
const root = new URL("../../", import.meta.url).pathname;

describe.skipIf(process.platform !== "linux")("a thread", () => {
  test("that is terminated with a call in flight takes nothing with it but its worker", async () => {
    const script = `
      import { readFileSync } from "node:fs";
      import { Worker } from "node:worker_threads";
      const thread = new Worker(new URL("tests/fixtures/thread-with-session.mjs", ${JSON.stringify(`file://${root}`)}), { execArgv: [] });
      const [pid, two] = await new Promise((resolve, reject) => thread.once("message", resolve).once("error", reject));
      await thread.terminate();
      await new Promise((resolve) => setTimeout(resolve, 1500));
      let mine = false;
      try {
        mine = readFileSync("/proc/" + pid + "/stat", "utf8").split(") ")[1].split(" ")[1] === String(process.pid);
      } catch {}
      console.log(JSON.stringify({ pid, two, defunct: mine }));`;
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], {
      cwd: root,
      timeout: 60_000,
    });
    const { pid, two, defunct } = JSON.parse(stdout) as { pid: number; two: number; defunct: boolean };
    expect([two, defunct]).toEqual([2, false]);
    await expect.poll(() => isAlive(pid), { timeout: 5_000 }).toBe(false);
  });
});
