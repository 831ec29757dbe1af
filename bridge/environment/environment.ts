import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { SynjaxError } from "../errors.ts";

export type Device = "cpu" | "cuda" | "tpu";

export const DEVICES: readonly Device[] = ["cpu", "cuda", "tpu"];

/** A Python environment that is complete: its record is written last, in one step. */
export interface Environment {
  /** The environment's interpreter. */
  readonly python: string;
  readonly pythonVersion: string;
  readonly jax: string;
  readonly directory: string;
  readonly installer: "uv" | "pip";
  /** When it was made, ISO 8601. */
  readonly made: string;
}

/** What an environment is made of: its name carries everything that tells it from another. */
export interface Blueprint {
  readonly device: Device;
  readonly dev: boolean;
  /** `<device>[-dev]-<hash of the requirements and the platform>`. */
  readonly name: string;
  /** Paths of hashed requirement files, installed together. */
  readonly requirements: readonly string[];
  /** One line of Python that fails unless the environment works, and prints JSON `{jax, platform, devices}`. */
  readonly probe: string;
}

export interface SetupProgress {
  readonly stage: "wait" | "python" | "create" | "install" | "check";
  readonly message: string;
}

export interface EnvironmentOptions {
  readonly device?: Device | undefined;
  /** The tools of this repository's tests too; only in a checkout. */
  readonly dev?: boolean | undefined;
  /** Where `SYNJAX_HOME`, `SYNJAX_PYTHON`, `SYNJAX_BASE_PYTHON` and `PATH` are read from. Default: `process.env`. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

export interface ResolveOptions extends EnvironmentOptions {
  /** An interpreter to use as it is, instead of an environment made by `synjax setup`. */
  readonly python?: string | undefined;
  /** `"auto"` makes the environment where it is missing. Default: `"never"`. */
  readonly setup?: "auto" | "never" | undefined;
  readonly onProgress?: ((progress: SetupProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The path of a Python interpreter that has JAX and what else the worker needs: `python`, else `SYNJAX_PYTHON`, else the
 * environment that `synjax setup` made. Downloads nothing unless `setup` is `"auto"`.
 *
 * @throws SynjaxError SETUP_REQUIRED when there is none, SETUP_FAILED when making one failed.
 */
export async function resolvePython(options: ResolveOptions = {}): Promise<string> {
  const env = options.env ?? process.env;
  const given = options.python ?? env["SYNJAX_PYTHON"];
  if (given) return checkedInterpreter(given, options.python === undefined ? "SYNJAX_PYTHON" : "python");
  const device = options.device ?? "cpu";
  const found = findUsableEnvironment(device, options.dev ?? false, env);
  if (found) return found.python;
  if (options.setup === "auto") {
    const { setupEnvironment } = await import("./setup.ts");
    return (await setupEnvironment(options)).python;
  }
  throw new SynjaxError("SETUP_REQUIRED", setupRequired(device, options.dev));
}

function checkedInterpreter(given: string, argument: string): string {
  // A bare name is looked up on PATH when it is started.
  if (!/[\\/]/.test(given) || existsSync(given)) return given;
  throw new SynjaxError(
    "SETUP_REQUIRED",
    `\`${argument}\` names the interpreter ${given}, which does not exist. Correct it, or leave it out and run \`${setupCommand()}\`.`,
    { argument, came: given },
  );
}

function setupRequired(device: Device, dev = false): string {
  const cost: Record<Device, string> = {
    cpu: "about 2 minutes, 600 MB",
    cuda: "several GB",
    tpu: "about 1 GB",
  };
  return `No Python environment yet. Run \`${setupCommand(device, dev)}\` (${cost[device]}), or connect({ setup: "auto" }).`;
}

/** What a user types to make the environment. */
export function setupCommand(device: Device = "cpu", dev = false): string {
  const flags = [...(device === "cpu" ? [] : ["--device", device]), ...(dev ? ["--dev"] : [])];
  if (!inCheckout()) return ["npx synjax setup", ...flags].join(" ");
  return ["npm run synjax -- setup", ...flags].join(" ");
}

/** The environment of a device, or the one made for this repository's tests, which has everything and more. */
export function findUsableEnvironment(
  device: Device,
  dev: boolean,
  env: NodeJS.ProcessEnv,
): Environment | undefined {
  const plain = dev ? undefined : findEnvironment(blueprint(device, false), env);
  return plain ?? (hasDevRequirements() ? findEnvironment(blueprint(device, true), env) : undefined);
}

/** The newest complete environment of a blueprint, of any Python version or of the one asked for (`3.12`). */
export function findEnvironment(
  wanted: Pick<Blueprint, "name">,
  env: NodeJS.ProcessEnv = process.env,
  pythonVersion?: string,
): Environment | undefined {
  const directory = environmentsDirectory(env);
  const prefix = `${wanted.name}-py${pythonVersion ?? ""}`;
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

/** A record whose interpreter is gone (deleted, or its base Python was upgraded away) counts as none. */
function readRecord(path: string): Environment | undefined {
  try {
    const record = JSON.parse(readFileSync(path, "utf8")) as Environment;
    return existsSync(record.python) ? record : undefined;
  } catch {
    return undefined;
  }
}

/** The blueprint of a device from the requirement files of this package. */
export function blueprint(device: Device = "cpu", dev = false): Blueprint {
  const directory = join(packageRoot(), "python", "requirements");
  const requirements = [device, ...(dev ? ["dev"] : [])].map((file) => join(directory, `${file}.txt`));
  if (dev && !hasDevRequirements()) {
    throw new SynjaxError(
      "INVALID_ARGUMENT",
      "--dev is for a checkout of the repository; the published package has no tests.",
    );
  }
  return { device, dev, requirements, name: blueprintName(device, dev, requirements), probe: PROBE };
}

const PROBE =
  "import json, jax, equinox, jaxtyping, msgpack, zmq; " +
  "assert int(jax.jit(lambda x: x + 1)(1)) == 2; " +
  "print(json.dumps({'jax': jax.__version__, 'platform': jax.default_backend(), 'devices': [str(d) for d in jax.devices()]}))";

function hasDevRequirements(): boolean {
  return existsSync(join(packageRoot(), "python", "requirements", "dev.txt"));
}

/** The name of a blueprint: it changes with any byte of the requirements and with the platform. */
export function blueprintName(device: Device, dev: boolean, requirements: readonly string[]): string {
  const hash = createHash("sha256").update(`${process.platform}-${process.arch}`);
  for (const file of requirements) hash.update("\0").update(readFileSync(file));
  return `${device}${dev ? "-dev" : ""}-${hash.digest("hex").slice(0, 12)}`;
}

/** Where everything this package stores for the user lives: `SYNJAX_HOME`, else `synjax` in the user's cache directory. */
export function synjaxHome(env: NodeJS.ProcessEnv = process.env): string {
  return env["SYNJAX_HOME"] || join(userCache(env), "synjax");
}

function userCache(env: NodeJS.ProcessEnv): string {
  const home = env["HOME"] || homedir();
  if (process.platform === "win32") return env["LOCALAPPDATA"] || join(home, "AppData", "Local");
  if (process.platform === "darwin") return join(home, "Library", "Caches");
  return env["XDG_CACHE_HOME"] || join(home, ".cache");
}

export function environmentsDirectory(env: NodeJS.ProcessEnv = process.env): string {
  return join(synjaxHome(env), "environments");
}

/** The directory of this package, installed or checked out; `python/` lies in it. */
export function packageRoot(): string {
  // bridge/environment/ in a checkout, dist/bridge/environment/ when published.
  const parent = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  return inCheckout() ? parent : dirname(parent);
}

/** True where the TypeScript sources run as they are. */
export function inCheckout(): boolean {
  return import.meta.url.endsWith(".ts");
}
