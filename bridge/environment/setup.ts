import { mkdir, rename, rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findBasePython, findUv, type BasePython } from "./base-python.ts";
import { pythonEnv, runChild, type Finished } from "./run-command.ts";
import {
  blueprint,
  environmentsDirectory,
  findEnvironment,
  synjaxHome,
  type Blueprint,
  type Environment,
  type EnvironmentOptions,
  type SetupProgress,
} from "./environment.ts";
import { SynjaxError } from "../errors.ts";
import { withLock } from "./lock.ts";
import {
  diagnose,
  gigabytes,
  lastLines,
  noSpace,
  notWritable,
  setupFailed,
  type Problem,
} from "./problem.ts";

export interface SetupOptions extends EnvironmentOptions {
  readonly onProgress?: ((progress: SetupProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Default: the requirements of this package for `device` and `dev`. */
  readonly blueprint?: Blueprint | undefined;
}

/** What the probe printed: JAX imports, compiles and runs. */
export interface Probe {
  readonly jax: string;
  readonly platform: string;
  readonly devices: readonly string[];
}

/** One set-up in progress. */
interface Build {
  readonly blueprint: Blueprint;
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  readonly base: BasePython;
  readonly uv: string | undefined;
  readonly tell: (stage: SetupProgress["stage"], message: string) => void;
  readonly signal: AbortSignal | undefined;
}

/**
 * Makes the Python environment of a device, or finds the one that is there. Each attempt builds in a directory of its own
 * and becomes visible in one step at the end, so an attempt that was interrupted, or two at once, leave nothing half-made.
 *
 * @throws SynjaxError SETUP_FAILED with what is wrong and what to do.
 */
export async function setupEnvironment(options: SetupOptions = {}): Promise<Environment> {
  const env = options.env ?? process.env;
  const wanted = options.blueprint ?? blueprint(options.device, options.dev);
  const tell: Build["tell"] = (stage, message) => options.onProgress?.({ stage, message });
  const signal = options.signal;

  const ready = await workingEnvironment(wanted, env);
  if (ready) return ready;

  const uv = await findUv(env);
  const { python: base, problem } = await findBasePython(env, uv === undefined);
  if (!base) throw setupFailed(problem!);
  tell("python", `Python ${base.version}: ${base.path}`);

  const home = synjaxHome(env);
  await requireWritable(home);
  const build: Build = { blueprint: wanted, env, home, base, uv, tell, signal };
  const lock = join(environmentsDirectory(env), `${keyOf(build)}.lock`);
  try {
    return await withLock(lock, () => buildUnlessDone(build), {
      onWait: (pid) => tell("wait", `Process ${pid} is making the same environment; waiting for it`),
      signal,
    });
  } catch (error) {
    throwIfAborted(signal);
    throw error;
  }
}

/** The environment that is there, if its probe still passes. */
async function workingEnvironment(
  wanted: Blueprint,
  env: NodeJS.ProcessEnv,
): Promise<Environment | undefined> {
  const asked = env["SYNJAX_BASE_PYTHON"] ? await findBasePython(env, false) : undefined;
  if (asked?.problem) throw setupFailed(asked.problem);
  const found = findEnvironment(wanted, env, asked?.python && minorOf(asked.python.version));
  if (!found) return undefined;
  return typeof (await probe(found.python, wanted, env)) === "string" ? undefined : found;
}

async function buildUnlessDone(build: Build): Promise<Environment> {
  const { blueprint: wanted, env, tell, signal } = build;
  const done = await workingEnvironment(wanted, env);
  if (done) return done;
  const siblings = join(environmentsDirectory(env), keyOf(build));
  await clear(siblings);
  await requireSpace(build);
  const attempt = join(siblings, `${Date.now().toString(36)}-${process.pid}`);
  const stopTicking = tickEvery(10_000, tell);
  try {
    await create(build, attempt);
    await install(build, attempt);
    tell("check", "Checking that JAX runs");
    return await publish(build, attempt);
  } catch (error) {
    await clear(attempt);
    if (signal?.aborted) throw error;
    // Another process took the lock over while this one was frozen, and has finished.
    const other = await workingEnvironment(wanted, env);
    if (other) return other;
    throw error;
  } finally {
    stopTicking();
  }
}

/** `<blueprint>-py3.12`: what tells this environment from every other. */
function keyOf({ blueprint: wanted, base }: Build): string {
  return `${wanted.name}-py${minorOf(base.version)}`;
}

function minorOf(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}

async function create(build: Build, attempt: string): Promise<void> {
  build.tell("create", `Making a virtual environment with ${build.uv ? `uv ${build.uv}` : "venv and pip"}`);
  await mkdir(join(attempt, "tmp"), { recursive: true });
  const command = build.uv
    ? ["uv", "venv", "--quiet", "--no-project", "--python", build.base.path, attempt, "--allow-existing"]
    : [build.base.path, "-I", "-m", "venv", attempt];
  await step(build, attempt, command);
}

async function install(build: Build, attempt: string): Promise<void> {
  const files = build.blueprint.requirements.flatMap((file) => ["-r", file]);
  const python = interpreterIn(attempt);
  build.tell("install", "Downloading and installing the pinned packages");
  const command = build.uv
    ? ["uv", "pip", "install", "--python", python, "--require-hashes", "--no-deps", ...files]
    : [python, "-I", "-m", "pip", "install", ...PIP_FLAGS, ...files];
  await step(build, attempt, command);
}

// The requirement files are complete, so nothing needs to be resolved.
const PIP_FLAGS = [
  "--require-hashes",
  "--no-deps",
  "--no-input",
  "--disable-pip-version-check",
  "--progress-bar=off",
];

function interpreterIn(attempt: string): string {
  return process.platform === "win32"
    ? join(attempt, "Scripts", "python.exe")
    : join(attempt, "bin", "python");
}

async function step(build: Build, attempt: string, [command = "", ...args]: string[]): Promise<Finished> {
  // Wheels are unpacked on the same disk: the system's temporary directory is often a small one.
  const temporary = join(attempt, "tmp");
  const ran = await runChild(command, args, {
    env: pythonEnv(build.env, { TMPDIR: temporary, TEMP: temporary, TMP: temporary }),
    signal: build.signal,
    onLine: (line) => {
      const message = installerProgress(line);
      if (message) build.tell("install", message);
    },
  });
  if (ran.status === 0) return ran;
  throw setupFailed(diagnosed(build, ran), new Error(lastLines(ran.output, 40), { cause: ran.error }));
}

function diagnosed(build: Build, ran: Finished): Problem {
  const output = `${ran.output}\n${ran.error?.message ?? ""}`;
  return diagnose(output, {
    home: build.home,
    device: build.blueprint.device,
    python: build.base.path,
    version: build.base.version,
  });
}

/** The lines of pip and uv that tell how far they are. */
function installerProgress(line: string): string | undefined {
  const pip = /^\s*(?:Downloading|Using cached) ([^\s-]+)-([^\s-]+)-?\S*(?: \((.+)\))?/.exec(line);
  if (pip) return `${pip[1]} ${pip[2]}${pip[3] ? ` (${pip[3]})` : ""}`;
  const unpacking = /^Installing collected packages: (.+)/.exec(line);
  if (unpacking) return `Unpacking ${unpacking[1]!.split(",").length} packages`;
  if (/^WARNING: Retrying/.test(line)) return "The package index does not answer; trying again";
  return /^\s*(?:Downloading|Prepared|Installed) .+/.exec(line)?.[0].trim();
}

async function publish(build: Build, attempt: string): Promise<Environment> {
  const { blueprint: wanted, env, base, uv } = build;
  const python = interpreterIn(attempt);
  const answer = await probe(python, wanted, env);
  if (typeof answer === "string") {
    throw setupFailed({
      kind: "broken-environment",
      problem: `The packages are installed, but JAX does not run:\n${lastLines(answer, 12)}`,
      remedy:
        "The lines above are what Python said. Run the same again; if it stays, they belong into a bug report.",
    });
  }
  const other = await workingEnvironment(wanted, env);
  if (other) {
    await clear(attempt);
    return other;
  }
  await clear(join(attempt, "tmp"));
  const environment: Environment = {
    python,
    pythonVersion: base.version,
    jax: answer.jax,
    directory: attempt,
    installer: uv ? "uv" : "pip",
    made: new Date().toISOString(),
  };
  const record = join(environmentsDirectory(env), `${keyOf(build)}.json`);
  await writeFile(`${record}.${process.pid}`, `${JSON.stringify(environment, null, 2)}\n`);
  await rename(`${record}.${process.pid}`, record);
  return environment;
}

/** Runs the blueprint's line of Python in an environment; a string is what went wrong. */
export async function probe(
  python: string,
  wanted: Blueprint,
  env: NodeJS.ProcessEnv,
  platforms = "cpu",
): Promise<Probe | string> {
  const ran = await runChild(python, ["-I", "-c", wanted.probe], {
    env: pythonEnv(env, { JAX_PLATFORMS: platforms }),
    timeout: 120_000,
  });
  try {
    return JSON.parse(lastLines(ran.stdout, 1)) as Probe;
  } catch {
    return ran.error?.message ?? (ran.output || `exit status ${ran.status}`);
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new SynjaxError("ABORTED", "The set-up was aborted.", { cause: signal.reason });
}

async function requireWritable(home: string): Promise<void> {
  const trial = join(home, `.writable-${process.pid}`);
  try {
    await mkdir(home, { recursive: true });
    await writeFile(trial, "");
    await rm(trial, { force: true });
  } catch (error) {
    throw setupFailed(notWritableBecause(home, error as NodeJS.ErrnoException), error);
  }
}

export function notWritableBecause(home: string, error: NodeJS.ErrnoException): Problem {
  return error.code === "ENOSPC"
    ? noSpace(home, "cpu")
    : notWritable(home, error.message.split(",")[0] ?? "");
}

async function requireSpace({ home, blueprint: wanted }: Build): Promise<void> {
  const free = await freeBytes(home);
  if (free !== undefined && free < gigabytes(wanted.device) * 1e9)
    throw setupFailed(noSpace(home, wanted.device));
}

/** Bytes this user may still write on the disk of a directory. */
export async function freeBytes(directory: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

/** Deletes what can be deleted; an installer whose parent was killed may still be writing there. */
async function clear(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true, maxRetries: 2 }).catch(() => {});
}

/** Repeats that work goes on, for as long as an installer is silent. */
function tickEvery(milliseconds: number, tell: Build["tell"]): () => void {
  const started = Date.now();
  const timer = setInterval(() => {
    tell("install", `… still at it, ${Math.round((Date.now() - started) / 1000)} s`);
  }, milliseconds);
  timer.unref();
  return () => clearInterval(timer);
}
