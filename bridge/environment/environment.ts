import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Device } from "../wire/protocol.ts";
import { environmentSpec, type EnvironmentSpec, hasDevRequirements } from "./environment-spec.ts";
import { environmentsDirectory } from "./home.ts";

/** A complete Python environment. Its record is the last file that is written, so what has a record is complete. */
export interface Environment {
  /** Path of the environment's interpreter. */
  readonly python: string;
  readonly pythonVersion: string;
  readonly jax: string;
  readonly directory: string;
  readonly installer: "uv" | "pip";
  /** When it was made, ISO 8601. */
  readonly made: string;
}

/** Which environment is meant. */
export interface EnvironmentOptions {
  readonly device?: Device | undefined;
  /** Includes what this repository's tests need; only in a checkout. */
  readonly dev?: boolean | undefined;
  /** Where `SYNJAX_HOME`, `SYNJAX_PYTHON`, `SYNJAX_BASE_PYTHON` and `PATH` are read from. Default: `process.env`. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/** The environment of a device. The one for this repository's tests serves too: it has the same packages and more. */
export function findUsableEnvironment(
  device: Device,
  dev: boolean,
  env: NodeJS.ProcessEnv,
): Environment | undefined {
  const plain = dev ? undefined : findEnvironment(environmentSpec(device, false), env);
  return plain ?? (hasDevRequirements() ? findEnvironment(environmentSpec(device, true), env) : undefined);
}

/** The newest complete environment of a spec, of any Python version or of the one asked for (`3.12`). */
export function findEnvironment(
  spec: Pick<EnvironmentSpec, "name">,
  env: NodeJS.ProcessEnv = process.env,
  pythonVersion?: string,
): Environment | undefined {
  const directory = environmentsDirectory(env);
  const prefix = `${spec.name}-py${pythonVersion ?? ""}`;
  let newest: Environment | undefined;
  for (const file of listed(directory)) {
    if (!file.startsWith(prefix) || !file.endsWith(".json")) continue;
    if (pythonVersion !== undefined && file !== `${prefix}.json`) continue;
    const environment = readRecord(join(directory, file));
    if (environment && (!newest || environment.made > newest.made)) newest = environment;
  }
  return newest;
}

function listed(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** A record whose interpreter is gone counts as none: it was deleted, or its base Python was upgraded away. */
function readRecord(path: string): Environment | undefined {
  try {
    const record = JSON.parse(readFileSync(path, "utf8")) as Environment;
    return existsSync(record.python) ? record : undefined;
  } catch {
    return undefined;
  }
}
