import { existsSync } from "node:fs";
import { access, constants, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findBasePython, findUv, type BasePython } from "../environment/base-python.ts";
import { pythonEnv, runChild } from "../environment/run-command.ts";
import {
  blueprint,
  findUsableEnvironment,
  inCheckout,
  packageRoot,
  setupCommand,
  synjaxHome,
  type Blueprint,
  type Device,
  type EnvironmentOptions,
} from "../environment/environment.ts";
import { diagnose, gigabytes, lastLines, noSpace, type Problem } from "../environment/problem.ts";
import { freeBytes, notWritableBecause, probe } from "../environment/setup.ts";

/** What is found on this machine, and what keeps the package from working. Paths are absolute. */
export interface Report {
  /** True when a session can start. */
  readonly ok: boolean;
  readonly device: Device;
  readonly package: { readonly version: string; readonly root: string; readonly checkout: boolean };
  readonly node: { readonly version: string; readonly platform: string };
  readonly home: { readonly path: string; readonly writable: boolean; readonly freeBytes: number | null };
  readonly environment: EnvironmentReport;
  /** From what an environment would be made. */
  readonly base: {
    readonly python: BasePython | null;
    readonly uv: string | null;
    readonly rejected: readonly string[];
  };
  readonly problems: readonly Problem[];
}

export interface EnvironmentReport {
  /** `given`: named by SYNJAX_PYTHON; `missing`: not made yet; `broken`: JAX does not run in it. */
  readonly state: "ready" | "given" | "missing" | "broken";
  readonly python: string | null;
  readonly pythonVersion: string | null;
  readonly jax: string | null;
  readonly devices: readonly string[];
}

/** Looks at everything `connect()` needs and changes nothing. */
export async function inspectEnvironment(options: EnvironmentOptions = {}): Promise<Report> {
  const env = options.env ?? process.env;
  const device = options.device ?? "cpu";
  const wanted = blueprint(device, options.dev);
  const problems: Problem[] = [];

  const environment = await inspectInterpreter(wanted, env, problems);
  const works = environment.state === "ready" || environment.state === "given";
  const uv = await findUv(env);
  const base = await findBasePython(env, uv === undefined);
  const home = synjaxHome(env);
  const writable = await writability(home);
  const free = (await freeBytes(nearestExisting(home))) ?? null;
  // What is needed only to make an environment is no problem once there is one.
  if (!works) {
    if (base.problem) problems.push(base.problem);
    if (writable) problems.push(writable);
    if (free !== null && free < gigabytes(device) * 1e9) problems.push(noSpace(home, device));
    if (base.python && !base.problem) problems.push(...(await indexProblem(wanted, base.python, uv, env)));
  }
  return {
    ok: problems.length === 0,
    device,
    package: { version: await packageVersion(), root: packageRoot(), checkout: inCheckout() },
    node: { version: process.versions.node, platform: `${process.platform}-${process.arch}` },
    home: { path: home, writable: writable === undefined, freeBytes: free },
    environment,
    base: { python: base.python ?? null, uv: uv ?? null, rejected: base.rejected },
    problems,
  };
}

async function inspectInterpreter(
  wanted: Blueprint,
  env: NodeJS.ProcessEnv,
  problems: Problem[],
): Promise<EnvironmentReport> {
  const given = env["SYNJAX_PYTHON"];
  const made = given ? undefined : findUsableEnvironment(wanted.device, wanted.dev, env);
  const python = given ?? made?.python;
  if (python === undefined) {
    problems.push({
      kind: "no-environment",
      problem: `No Python environment for ${wanted.device} yet.`,
      remedy: `Run \`${setupCommand(wanted.device, wanted.dev)}\`.`,
    });
    return { state: "missing", python: null, pythonVersion: null, jax: null, devices: [] };
  }
  const state = given ? "given" : "ready";
  const pythonVersion = made?.pythonVersion ?? null;
  const answer = await probe(python, wanted, env, wanted.device === "cpu" ? "cpu" : `${wanted.device},cpu`);
  if (typeof answer !== "string") {
    return { state, python, pythonVersion, jax: answer.jax, devices: answer.devices };
  }
  const onCpu = wanted.device === "cpu" ? answer : await probe(python, wanted, env);
  if (typeof onCpu !== "string") {
    problems.push({
      kind: "no-device",
      problem: `JAX works, but finds no ${wanted.device} device: ${lastLines(answer, 1)}`,
      remedy: DEVICE_REMEDY[wanted.device],
    });
    return { state, python, pythonVersion, jax: onCpu.jax, devices: onCpu.devices };
  }
  problems.push({
    kind: "broken-environment",
    problem: `JAX does not run in ${python}:\n${lastLines(answer, 6)}`,
    remedy: given
      ? "SYNJAX_PYTHON names this interpreter: install what is missing there, or unset it."
      : `Run \`${setupCommand(wanted.device, wanted.dev)}\`; it makes the environment anew.`,
  });
  return { state: "broken", python, pythonVersion, jax: null, devices: [] };
}

const DEVICE_REMEDY: Record<Device, string> = {
  cpu: "",
  cuda: "Check that `nvidia-smi` lists the GPU and a driver of version 525 or newer (in a container: start it with `--gpus all`).",
  tpu: "Check that this machine has a TPU and that no other process holds it.",
};

/** Whether the package index answers, by fetching one small pinned package into nowhere. */
async function indexProblem(
  wanted: Blueprint,
  base: BasePython,
  uv: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<Problem[]> {
  const pin = /^wadler-lindig==\S+/m.exec(await readFile(wanted.requirements[0]!, "utf8"))?.[0];
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
    const ran = await runChild(command[0]!, command.slice(1), { env: pythonEnv(env), timeout: 60_000 });
    // A base Python without pip of its own cannot be asked; the environment will have one.
    if (ran.status === 0 || /No module named pip/.test(ran.output)) return [];
    return [
      diagnose(ran.output, {
        home: target,
        device: wanted.device,
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

export async function packageVersion(): Promise<string> {
  const manifest = JSON.parse(await readFile(join(packageRoot(), "package.json"), "utf8")) as {
    version: string;
  };
  return manifest.version;
}

/** The report as a person reads it. */
export function describe(report: Report): string {
  const { environment, home, base } = report;
  const free = home.freeBytes === null ? "" : `, ${(home.freeBytes / 1e9).toFixed(1)} GB free`;
  const rows: [string, string][] = [
    [
      "synjax-ts",
      `${report.package.version}  ${report.package.root}${report.package.checkout ? " (checkout)" : ""}`,
    ],
    ["node", `${report.node.version}  ${report.node.platform}`],
    ["home", `${home.path} (${home.writable ? "writable" : "not writable"}${free})`],
    ["environment", `${environment.state}${environment.python ? `  ${environment.python}` : ""}`],
  ];
  if (environment.jax) rows.push(["jax", `${environment.jax}  ${environment.devices.join(", ")}`]);
  rows.push(["base python", base.python ? `${base.python.version}  ${base.python.path}` : "none"]);
  for (const reason of base.rejected) rows.push(["", `not usable: ${reason}`]);
  rows.push(["uv", base.uv ?? "not on PATH (venv and pip are used)"]);
  const table = rows.map(([name, value]) => `${name.padEnd(12)} ${value}`).join("\n");
  if (report.ok) return `${table}\n\nEverything is in place.`;
  const problems = report.problems.map(({ problem, remedy }) => `✗ ${problem}\n  ${remedy}`).join("\n");
  return `${table}\n\n${problems}`;
}
