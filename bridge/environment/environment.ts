import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Device } from "../wire/protocol.ts";
import { environmentSpec, type EnvironmentSpec, type Extra, hasDevRequirements } from "./environment-spec.ts";
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
  /** Includes pyarrow, or pyarrow and Ray, with which files are scored. */
  readonly extra?: Extra | undefined;
  /** Where `SYNJAX_HOME`, `SYNJAX_PYTHON`, `SYNJAX_BASE_PYTHON` and `PATH` are read from. Default: `process.env`. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/** The environment of a device. One that has the same packages and more serves too, as that for this repository's tests. */
export function findUsableEnvironment(
  device: Device,
  dev: boolean,
  env: NodeJS.ProcessEnv,
  extra?: Extra,
): Environment | undefined {
  const enough = [undefined, "batch", "ray"] as const;
  const extras = enough.slice(enough.indexOf(extra));
  const plain = dev ? [] : extras.map((each) => environmentSpec(device, false, each));
  // What the tests need has pyarrow
  const withTools = extra === "ray" ? (["ray"] as const) : ([undefined, "ray"] as const);
  const tools = hasDevRequirements() ? withTools.map((each) => environmentSpec(device, true, each)) : [];
  for (const spec of [...plain, ...tools]) {
    const found = findEnvironment(spec, env);
    if (found) return found;
  }
  return undefined;
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
