import { existsSync, readFileSync } from "node:fs";
import { SynjaxError } from "../errors.ts";
import type { Device } from "../wire/protocol.ts";

/** Something that keeps the environment from being made or used, and what to do about it. */
export interface Problem {
  readonly kind:
    | "no-environment"
    | "broken-environment"
    | "no-python"
    | "python-too-old"
    | "no-ensurepip"
    | "not-writable"
    | "no-space"
    | "offline"
    | "no-build"
    | "hash-mismatch"
    | "no-device"
    | "failed";
  readonly problem: string;
  /** What to type or change. */
  readonly remedy: string;
}

/** The oldest Python that the worker runs on. */
export const OLDEST_PYTHON = "3.11";

export function setupFailed(problem: Problem, cause?: unknown): SynjaxError {
  return new SynjaxError("SETUP_FAILED", `${problem.problem}\n  ${problem.remedy}`, { cause });
}

export function noPython(asked?: string): Problem {
  return {
    kind: "no-python",
    problem: asked
      ? `SYNJAX_BASE_PYTHON is ${asked}, which does not run.`
      : `No Python ${OLDEST_PYTHON} or newer was found on PATH.`,
    remedy: installPython(),
  };
}

export function pythonTooOld(path: string, version: string): Problem {
  return {
    kind: "python-too-old",
    problem: `${path} is Python ${version}; JAX needs ${OLDEST_PYTHON} or newer.`,
    remedy: installPython(),
  };
}

export function notCPython(path: string, implementation: string): Problem {
  return {
    kind: "no-python",
    problem: `${path} is ${implementation}; JAX needs CPython.`,
    remedy: installPython(),
  };
}

function installPython(): string {
  const override = "or set SYNJAX_BASE_PYTHON to the path of one";
  const system = packageSystem();
  const command = {
    apt: "sudo apt install python3 python3-venv",
    dnf: "sudo dnf install python3",
    brew: "brew install python@3.13",
    winget: "winget install Python.Python.3.13",
    other: undefined,
  }[system];
  const install = command ? `Run \`${command}\`` : `Install Python ${OLDEST_PYTHON} or newer`;
  return `${install} (where that is older than ${OLDEST_PYTHON}: \`uv python install 3.13\` or pyenv), ${override}.`;
}

export function noEnsurepip(path: string, version: string): Problem {
  const minor = version.split(".").slice(0, 2).join(".");
  const install =
    packageSystem() === "apt"
      ? `Run \`sudo apt install python${minor}-venv\` (or \`python3-venv\`)`
      : `Install the venv and ensurepip modules of Python ${minor}`;
  return {
    kind: "no-ensurepip",
    problem: `${path} (Python ${version}) cannot make virtual environments: its module ensurepip is missing.`,
    remedy: `${install}, or install uv, which needs neither.`,
  };
}

export function notWritable(home: string, reason: string): Problem {
  return {
    kind: "not-writable",
    problem: `Cannot write to ${home}: ${reason}.`,
    remedy: "Set SYNJAX_HOME to a directory that you may write to.",
  };
}

export function noSpace(home: string, device: Device, gigabytes: number): Problem {
  return {
    kind: "no-space",
    problem: `No space left on the disk of ${home}; the ${device} environment needs about ${gigabytes} GB while it is made.`,
    remedy: "Free some, or set SYNJAX_HOME to a directory on another disk.",
  };
}

function packageSystem(): "apt" | "dnf" | "brew" | "winget" | "other" {
  if (process.platform === "darwin") return "brew";
  if (process.platform === "win32") return "winget";
  if (existsSync("/etc/debian_version")) return "apt";
  try {
    return /^ID(_LIKE)?=.*\b(fedora|rhel)\b/m.test(readFileSync("/etc/os-release", "utf8")) ? "dnf" : "other";
  } catch {
    return "other";
  }
}
