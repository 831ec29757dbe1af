// Runs the environment's Python on this repository's package: `npm run python -- -m pytest python/tests`.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { packageRoot } from "../bridge/environment/package-root.ts";
import { resolvePython } from "../bridge/environment/resolve-python.ts";
import { SynjaxError } from "../bridge/errors.ts";

try {
  const python = await resolvePython({
    dev: true,
    extra: process.env["SYNJAX_TEST_FULL"] ? "ray" : undefined,
  });
  const { status } = spawnSync(python, process.argv.slice(2), {
    stdio: "inherit",
    env: { ...process.env, PYTHONPATH: join(packageRoot(), "python") },
  });
  process.exitCode = status ?? 1;
} catch (error) {
  if (!(error instanceof SynjaxError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
