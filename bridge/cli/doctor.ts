import { existsSync } from "node:fs";
import { access, constants, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type BasePython, findBasePython, findUv } from "../environment/base-python.ts";
import { diagnose } from "../environment/diagnose.ts";
import { freeBytes, gigabytes, lacksSpace, notWritableBecause } from "../environment/disk.ts";
import { type EnvironmentOptions, findUsableEnvironment } from "../environment/environment.ts";
import { environmentSpec, type EnvironmentSpec } from "../environment/environment-spec.ts";
import { compiledDirectory, synjaxHome } from "../environment/home.ts";
import { inCheckout, packageRoot, packageVersion } from "../environment/package-root.ts";
import { probe } from "../environment/probe.ts";
import type { Problem } from "../environment/problem.ts";
import { lastLines, pythonEnv, runCommand } from "../environment/run-command.ts";
import { setupCommand } from "../environment/setup-command.ts";
import type { Device } from "../wire/protocol.ts";
import type { EnvironmentReport, Report } from "./report.ts";

/** Looks at everything that `connect()` needs, and changes nothing. */
export async function inspectEnvironment(options: EnvironmentOptions = {}): Promise<Report> {
  const env = options.env ?? process.env;
  const device = options.device ?? "cpu";
  const spec = environmentSpec(device, options.dev, options.extra);
  const problems: Problem[] = [];

  const environment = await inspectInterpreter(spec, env, problems);
  const works = environment.state === "ready" || environment.state === "given";
  const uv = await findUv(env);
  const base = await findBasePython(env, uv === undefined);
  const home = synjaxHome(env);
  const writable = await writability(home);
  const free = (await freeBytes(nearestExisting(home))) ?? null;
  // What is missing for making an environment does not matter once there is one.
  if (!works) {
    if (base.problem) problems.push(base.problem);
    if (writable) problems.push(writable);
    if (free !== null && free < gigabytes(device) * 1e9) problems.push(lacksSpace(home, device));
    if (base.python && !base.problem) problems.push(...(await indexProblem(spec, base.python, uv, env)));
  }
  return {
    ok: problems.length === 0,
    device,
    package: { version: packageVersion(), root: packageRoot(), checkout: inCheckout() },
    node: { version: process.versions.node, platform: `${process.platform}-${process.arch}` },
    home: { path: home, writable: writable === undefined, freeBytes: free },
    environment,
    compiled: await compiledPrograms(compiledDirectory(env)),
    base: { python: base.python ?? null, uv: uv ?? null, rejected: base.rejected },
    problems,
  };
}

async function compiledPrograms(path: string): Promise<Report["compiled"]> {
  const names = await readdir(path).catch(() => []);
  const sizes = await Promise.all(
    names.map(async (name) => (await stat(join(path, name)).catch(() => undefined))?.size ?? 0),
  );
  return { path, programs: names.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

async function inspectInterpreter(
  spec: EnvironmentSpec,
  env: NodeJS.ProcessEnv,
  problems: Problem[],
): Promise<EnvironmentReport> {
  const given = env["SYNJAX_PYTHON"];
  const made = given ? undefined : findUsableEnvironment(spec.device, spec.dev, env, spec.extra);
  const python = given ?? made?.python;
  if (python === undefined) {
    problems.push({
      kind: "no-environment",
      problem: `No Python environment for ${spec.device}${spec.extra ? ` with --${spec.extra}` : ""} yet.`,
      remedy: `Run \`${setupCommand(spec.device, spec.dev, spec.extra)}\`.`,
    });
    return { state: "missing", python: null, pythonVersion: null, jax: null, devices: [] };
  }
  const state = given ? "given" : "ready";
  const pythonVersion = made?.pythonVersion ?? null;
  const answer = await probe(python, spec, env, spec.device === "cpu" ? "cpu" : `${spec.device},cpu`);
  if (typeof answer !== "string") {
    return { state, python, pythonVersion, jax: answer.jax, devices: answer.devices };
  }
  const onCpu = spec.device === "cpu" ? answer : await probe(python, spec, env);
  if (typeof onCpu !== "string") {
    problems.push({
      kind: "no-device",
      problem: `JAX works, but finds no ${spec.device} device: ${lastLines(answer, 1)}`,
      remedy: DEVICE_REMEDY[spec.device],
    });
    return { state, python, pythonVersion, jax: onCpu.jax, devices: onCpu.devices };
  }
  problems.push({
    kind: "broken-environment",
    problem: `JAX does not run in ${python}:\n${lastLines(answer, 6)}`,
    remedy: given
      ? "SYNJAX_PYTHON names this interpreter: install what is missing there, or unset it."
      : `Run \`${setupCommand(spec.device, spec.dev, spec.extra)}\`; it makes the environment anew.`,
  });
  return { state: "broken", python, pythonVersion, jax: null, devices: [] };
}

const DEVICE_REMEDY: Record<Device, string> = {
  cpu: "",
  cuda: "Check that `nvidia-smi` lists the GPU and a driver of version 525 or newer (in a container: start it with `--gpus all`).",
  tpu: "Check that this machine has a TPU and that no other process holds it.",
};

/** Downloads one small pinned package into a directory that is then removed, to see whether the package index answers. */
async function indexProblem(
  spec: EnvironmentSpec,
  base: BasePython,
  uv: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<Problem[]> {
  const pin = /^wadler-lindig==\S+/m.exec(await readFile(spec.requirements[0]!, "utf8"))?.[0];
  if (pin === undefined) return [];
  const target = await mkdtemp(join(tmpdir(), "synjax-doctor-"));
  try {
    const download = [
      "--no-deps",
      "--no-cache-dir",
      "--retries=1",
      "--timeout=10",
      "--disable-pip-version-check",
    ];
    const command = uv
      ? ["uv", "pip", "install", "--no-deps", "--no-cache", "--target", target, "--python", base.path, pin]
      : [base.path, "-I", "-m", "pip", "download", ...download, "--dest", target, pin];
    const ran = await runCommand(command[0]!, command.slice(1), { env: pythonEnv(env), timeout: 60_000 });
    // A base Python may lack pip; the environment will have its own, so that is no problem of the index.
    if (ran.status === 0 || /No module named pip/.test(ran.output)) return [];
    return [
      diagnose(ran.output, {
        home: target,
        device: spec.device,
        python: base.path,
        version: base.version,
      }),
    ];
  } finally {
    await rm(target, { recursive: true, force: true });
  }
}

async function writability(home: string): Promise<Problem | undefined> {
  try {
    await access(nearestExisting(home), constants.W_OK);
    return undefined;
  } catch (error) {
    return notWritableBecause(home, error as NodeJS.ErrnoException);
  }
}

function nearestExisting(path: string): string {
  const parent = dirname(path);
  return existsSync(path) || parent === path ? path : nearestExisting(parent);
}
