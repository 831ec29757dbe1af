import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SynjaxError } from "../errors.ts";
import { findBasePython, findUv } from "./base-python.ts";
import { freeBytes, gigabytes, lacksSpace, notWritableBecause } from "./disk.ts";
import { type Environment, type EnvironmentOptions, findEnvironment } from "./environment.ts";
import { environmentSpec, type EnvironmentSpec } from "./environment-spec.ts";
import { environmentsDirectory, synjaxHome } from "./home.ts";
import { type Build, createVirtualEnvironment, installPackages, interpreterIn } from "./installer.ts";
import { withLock } from "./lock.ts";
import { probe } from "./probe.ts";
import { setupFailed } from "./problem.ts";
import { lastLines } from "./run-command.ts";
import type { SetupProgress } from "./setup-progress.ts";

export interface SetupOptions extends EnvironmentOptions {
  readonly onProgress?: ((progress: SetupProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Default: the requirements of this package for `device`, `dev` and `extra`. */
  readonly spec?: EnvironmentSpec | undefined;
}

/**
 * Makes the Python environment of a device, or finds the one that is there. Each attempt builds in a directory of its own
 * and becomes visible in one step at the end, so neither an interrupted attempt nor two at once leave anything half-made.
 *
 * @throws SynjaxError SETUP_FAILED with what is wrong and what to do.
 */
export async function setupEnvironment(options: SetupOptions = {}): Promise<Environment> {
  const env = options.env ?? process.env;
  const spec = options.spec ?? environmentSpec(options.device, options.dev, options.extra);
  const tell: Build["tell"] = (stage, message) => options.onProgress?.({ stage, message });
  const signal = options.signal;

  const ready = await workingEnvironment(spec, env);
  if (ready) return ready;

  const uv = await findUv(env);
  const { python: base, problem } = await findBasePython(env, uv === undefined);
  if (!base) throw setupFailed(problem!);
  tell("python", `Python ${base.version}: ${base.path}`);

  const home = synjaxHome(env);
  await requireWritable(home);
  const build: Build = { spec, env, home, base, uv, tell, signal };
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

/** The environment that was made before, if its probe still passes. */
async function workingEnvironment(
  spec: EnvironmentSpec,
  env: NodeJS.ProcessEnv,
): Promise<Environment | undefined> {
  const asked = env["SYNJAX_BASE_PYTHON"] ? await findBasePython(env, false) : undefined;
  if (asked?.problem) throw setupFailed(asked.problem);
  const found = findEnvironment(spec, env, asked?.python && minorOf(asked.python.version));
  if (!found) return undefined;
  return typeof (await probe(found.python, spec, env)) === "string" ? undefined : found;
}

async function buildUnlessDone(build: Build): Promise<Environment> {
  const { spec, env, tell, signal } = build;
  const done = await workingEnvironment(spec, env);
  if (done) return done;
  const siblings = join(environmentsDirectory(env), keyOf(build));
  await clear(siblings);
  await requireSpace(build);
  const attempt = join(siblings, `${Date.now().toString(36)}-${process.pid}`);
  const stopTicking = tickEvery(10_000, tell);
  try {
    await createVirtualEnvironment(build, attempt);
    await installPackages(build, attempt);
    tell("check", "Checking that JAX runs");
    return await publish(build, attempt);
  } catch (error) {
    await clear(attempt);
    if (signal?.aborted) throw error;
    // Another process took the lock over while this one was frozen, and has finished.
    const other = await workingEnvironment(spec, env);
    if (other) return other;
    throw error;
  } finally {
    stopTicking();
  }
}

/** `<name of the spec>-py3.12`. No two environments share it. */
function keyOf({ spec, base }: Build): string {
  return `${spec.name}-py${minorOf(base.version)}`;
}

function minorOf(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}

async function publish(build: Build, attempt: string): Promise<Environment> {
  const { spec, env, base, uv } = build;
  const python = interpreterIn(attempt);
  const answer = await probe(python, spec, env);
  if (typeof answer === "string") {
    throw setupFailed({
      kind: "broken-environment",
      problem: `The packages are installed, but JAX does not run:\n${lastLines(answer, 12)}`,
      remedy:
        "The lines above are what Python said. Run the same again; if it stays, they belong into a bug report.",
    });
  }
  const other = await workingEnvironment(spec, env);
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

async function requireSpace({ home, spec }: Build): Promise<void> {
  const free = await freeBytes(home);
  if (free !== undefined && free < gigabytes(spec.device) * 1e9)
    throw setupFailed(lacksSpace(home, spec.device));
}

/** Deletes what it can. An installer whose parent was killed may still be writing there. */
async function clear(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true, maxRetries: 2 }).catch(() => {});
}

/** Says every so often that the work goes on: an installer may be silent for long. */
function tickEvery(milliseconds: number, tell: Build["tell"]): () => void {
  const started = Date.now();
  const timer = setInterval(() => {
    tell("install", `… still at it, ${Math.round((Date.now() - started) / 1000)} s`);
  }, milliseconds);
  timer.unref();
  return () => clearInterval(timer);
}
