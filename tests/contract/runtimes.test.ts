/** The sources under Deno and Bun; tests/contract/package.test.ts has the published package under them. */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { curveKeyPair, Router } from "zeromq";
import { resolvePython } from "../../bridge/environment/resolve-python.ts";
import { named, RUNTIMES, runtimes, runUnder } from "../fixtures/runtimes.ts";

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const [worker, client] = [curveKeyPair(), curveKeyPair()];
const keys = { worker: worker.publicKey, public: client.publicKey, secret: client.secretKey };

const routers: Router[] = [];
beforeAll(async () => {
  for (const options of [{}, { curveServer: true, curveSecretKey: worker.secretKey }]) {
    const router = new Router({ linger: 0, ...options });
    await router.bind("tcp://127.0.0.1:*");
    routers.push(router);
    void (async () => {
      for await (const frames of router) await router.send(frames);
    })();
  }
});
afterAll(() => routers.forEach((router) => router.close()));

for (const runtime of RUNTIMES)
  describe.skipIf(!runtimes[runtime])(`under ${named(runtime)}`, () => {
    test("a session starts its worker, computes, draws, names the user's line, outlives a worker, and ends", async () => {
      const env = { SYNJAX_PYTHON: await resolvePython() };
      expect(JSON.parse(await runUnder(runtime, fixture("session-under-runtime.ts"), { env }))).toEqual({
        native: "UNSUPPORTED_RUNTIME",
        logPartition: expect.closeTo(8.2837019, 5) as number,
        svg: "<svg",
        isDoubled: true,
        line: "session-under-runtime.ts",
        lost: expect.stringMatching(/^(WORKER_LOST|sent again)$/) as string,
        again: 2,
        closed: true,
      });
    });

    test("messages of all sizes come as they are, with keys and without", async () => {
      const ADDRESS = routers.map((router) => router.lastEndpoint).join(" ");
      const env = { ADDRESS, KEYS: JSON.stringify(keys) };
      expect(await runUnder(runtime, fixture("echo-under-runtime.ts"), { env })).toBe("6 true\n6 true\n");
    });
  });

describe.skipIf(!runtimes.deno)(`under ${named("deno")}`, () => {
  test("what it does not allow is named", async () => {
    const script = fixture("session-under-runtime.ts");
    const env = { SYNJAX_PYTHON: await resolvePython() };
    const permissions = ["--allow-env", "--allow-read", "--allow-write", "--allow-net"];
    await expect(runUnder("deno", script, { env, permissions })).rejects.toThrow(/WORKER_START.*run access/);
  });
});
