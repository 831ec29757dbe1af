import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../../bridge/environment/package-root.ts";
import { resolvePython } from "../../bridge/environment/resolve-python.ts";
import { StandIns } from "../fixtures/python-stand-ins.ts";

const serve = join(packageRoot(), "docker", "serve.sh");

describe.skipIf(process.platform === "win32")("the worker image", () => {
  test("refuses to serve without a token", () => {
    const { status, stderr } = spawnSync(serve, { env: { PATH: "/usr/bin:/bin" }, encoding: "utf8" });
    expect(status).toBe(2);
    expect(stderr).toContain("set SYNJAX_TOKEN");
  });

  test("hands the worker its configuration on stdin, and the token in no other way", async () => {
    using machine = new StandIns();
    const real = await resolvePython();
    machine.executable(
      "python",
      `case "$*" in *synjax_worker*) /bin/cat; echo "token: \${SYNJAX_TOKEN:-none}" ;; *) exec '${real}' "$@" ;; esac`,
    );
    const env = {
      PATH: `${machine.env["PATH"]}:/usr/bin:/bin`,
      SYNJAX_TOKEN: 'quote " and space',
      SYNJAX_PORT: "6000",
    };
    const [configuration, token] = spawnSync(serve, { env, encoding: "utf8" }).stdout.trim().split("\n");
    expect(JSON.parse(configuration ?? "")).toEqual({
      address: "tcp://0.0.0.0:6000",
      token: 'quote " and space',
      device: "cpu",
      compilationCache: null,
      parentWatch: false,
    });
    expect(token).toBe("token: none");
  });

  test("copies what is there, and is built for every device", () => {
    const lines = readFileSync(join(packageRoot(), "Dockerfile"), "utf8").split("\n");
    expect(lines.filter((line) => line.startsWith("COPY") && !line.includes("--from"))).toEqual([
      "COPY python/requirements/${DEVICE}.txt /requirements.txt",
      "COPY python/synjax_worker /opt/worker/synjax_worker",
      "COPY docker/serve.sh /usr/local/bin/synjax-serve",
    ]);
    expect(lines.some((line) => line.startsWith("USER synjax"))).toBe(true);
  });
});
