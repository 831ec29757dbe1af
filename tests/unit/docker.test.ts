import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../../bridge/environment/package-root.ts";
import { StandIns } from "../fixtures/python-stand-ins.ts";

const serve = join(packageRoot(), "docker", "serve.sh");

describe.skipIf(process.platform === "win32")("the worker image", () => {
  test("serves with keys, and with what it is told besides", () => {
    using machine = new StandIns();
    machine.executable("python", 'printf "%s\\n" "$@"');
    const env = { PATH: `${machine.env["PATH"]}:/usr/bin:/bin`, SYNJAX_PORT: "6000" };
    const { stdout } = spawnSync(serve, ["--drain-seconds", "5"], { env, encoding: "utf8" });
    expect(stdout.trim().split("\n").join(" ")).toBe(
      "-m synjax_worker serve --listen tcp://0.0.0.0:6000 --device cpu --keys /keys --drain-seconds 5",
    );
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
