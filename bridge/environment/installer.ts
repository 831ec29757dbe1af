import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { BasePython } from "./base-python.ts";
import { diagnose } from "./diagnose.ts";
import type { EnvironmentSpec } from "./environment-spec.ts";
import { type Problem, setupFailed } from "./problem.ts";
import { type Finished, lastLines, pythonEnv, runCommand } from "./run-command.ts";
import type { SetupProgress } from "./setup-progress.ts";

/** What one attempt to make an environment works with. */
export interface Build {
  readonly spec: EnvironmentSpec;
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  readonly base: BasePython;
  /** The version of uv, where it is on PATH; otherwise venv and pip do the work. */
  readonly uv: string | undefined;
  readonly tell: (stage: SetupProgress["stage"], message: string) => void;
  readonly signal: AbortSignal | undefined;
}

export async function createVirtualEnvironment(build: Build, attempt: string): Promise<void> {
  build.tell("create", `Making a virtual environment with ${build.uv ? `uv ${build.uv}` : "venv and pip"}`);
  await mkdir(join(attempt, "tmp"), { recursive: true });
  const command = build.uv
    ? ["uv", "venv", "--quiet", "--no-project", "--python", build.base.path, attempt, "--allow-existing"]
    : [build.base.path, "-I", "-m", "venv", attempt];
  await run(build, attempt, command);
}

export async function installPackages(build: Build, attempt: string): Promise<void> {
  const files = build.spec.requirements.flatMap((file) => ["-r", file]);
  const python = interpreterIn(attempt);
  build.tell("install", "Downloading and installing the pinned packages");
  const command = build.uv
    ? ["uv", "pip", "install", "--python", python, "--require-hashes", "--no-deps", ...files]
    : [python, "-I", "-m", "pip", "install", ...PIP_FLAGS, ...files];
  await run(build, attempt, command);
}

// The requirement files list every package with its version, so pip has nothing to resolve.
const PIP_FLAGS = [
  "--require-hashes",
  "--no-deps",
  "--no-input",
  "--disable-pip-version-check",
  "--progress-bar=off",
];

export function interpreterIn(attempt: string): string {
  return process.platform === "win32"
    ? join(attempt, "Scripts", "python.exe")
    : join(attempt, "bin", "python");
}

async function run(build: Build, attempt: string, [command = "", ...args]: string[]): Promise<Finished> {
  // Wheels are unpacked on the same disk: the system's temporary directory is often a small one.
  const temporary = join(attempt, "tmp");
  const ran = await runCommand(command, args, {
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
    device: build.spec.device,
    python: build.base.path,
    version: build.base.version,
  });
}

/** What a line of pip or uv tells of the progress, if anything. */
function installerProgress(line: string): string | undefined {
  const pip = /^\s*(?:Downloading|Using cached) ([^\s-]+)-([^\s-]+)-?\S*(?: \((.+)\))?/.exec(line);
  if (pip) return `${pip[1]} ${pip[2]}${pip[3] ? ` (${pip[3]})` : ""}`;
  const unpacking = /^Installing collected packages: (.+)/.exec(line);
  if (unpacking) return `Unpacking ${unpacking[1]!.split(",").length} packages`;
  if (/^WARNING: Retrying/.test(line)) return "The package index does not answer; trying again";
  return /^\s*(?:Downloading|Prepared|Installed) .+/.exec(line)?.[0].trim();
}
