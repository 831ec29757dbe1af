import type { EnvironmentSpec } from "./environment-spec.ts";
import { lastLines, pythonEnv, runCommand } from "./run-command.ts";

/** What the probe prints once JAX has imported, compiled and run. */
export interface Probe {
  readonly jax: string;
  readonly platform: string;
  readonly devices: readonly string[];
}

/** Runs the spec's probe with an interpreter. A string is what went wrong. */
export async function probe(
  python: string,
  spec: EnvironmentSpec,
  env: NodeJS.ProcessEnv,
  platforms = "cpu",
): Promise<Probe | string> {
  const ran = await runCommand(python, ["-I", "-c", spec.probe], {
    env: pythonEnv(env, { JAX_PLATFORMS: platforms }),
    timeout: 120_000,
  });
  try {
    return JSON.parse(lastLines(ran.stdout, 1)) as Probe;
  } catch {
    return ran.error?.message ?? (ran.output || `exit status ${ran.status}`);
  }
}
