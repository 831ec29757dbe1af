import { existsSync, readFileSync } from "node:fs";
import type { Device } from "./environment.ts";
import { SynjaxError } from "../errors.ts";

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

/** The oldest Python that has what the worker needs. */
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

export function noSpace(home: string, device: Device): Problem {
  return {
    kind: "no-space",
    problem: `No space left on the disk of ${home}; the ${device} environment needs about ${gigabytes(device)} GB while it is made.`,
    remedy: "Free some, or set SYNJAX_HOME to a directory on another disk.",
  };
}

/** Gigabytes needed to make the environment of a device, with what is downloaded on the way. */
export function gigabytes(device: Device): number {
  return { cpu: 1, cuda: 10, tpu: 2 }[device];
}

function offline(): Problem {
  return {
    kind: "offline",
    problem: "The Python package index cannot be reached.",
    remedy:
      "Connect to the network and run the same again. Behind a proxy set HTTPS_PROXY; with a mirror set PIP_INDEX_URL (pip) or UV_INDEX_URL (uv).",
  };
}

function noBuild(version: string): Problem {
  return {
    kind: "no-build",
    problem: `A pinned package has no build for this system (${process.platform}-${process.arch}, Python ${version}).`,
    remedy: `${SYSTEMS} A mirror must carry the pinned versions.`,
  };
}

const SYSTEMS =
  "JAX runs on Linux with glibc (x64, arm64), macOS (arm64) and Windows (x64), with CPython 3.11 to 3.14.";

/** pip says the same of an index that is out of reach and of one that has nothing for this system. */
function nothingFound(version: string): Problem {
  return {
    kind: "offline",
    problem: `The Python package index cannot be reached, or has no build for this system (${process.platform}-${process.arch}, Python ${version}).`,
    remedy: `${offline().remedy} ${SYSTEMS}`,
  };
}

function hashMismatch(): Problem {
  return {
    kind: "hash-mismatch",
    problem: "A downloaded package is not the one that was pinned: its hash differs.",
    remedy:
      "Something between you and the package index changes files (a mirror, a proxy, a damaged cache). Clear pip's cache with `python -m pip cache purge`, or use another index.",
  };
}

/** Where a failure happened. */
export interface Context {
  readonly home: string;
  readonly device: Device;
  /** The base interpreter and its version. */
  readonly python: string;
  readonly version: string;
}

/** What a failed installer or interpreter most likely died of, by what it wrote. */
export function diagnose(output: string, context: Context): Problem {
  const says = (pattern: RegExp): boolean => pattern.test(output);
  if (says(/No space left on device|ENOSPC|Errno 28|not enough space on the disk|Disk quota exceeded/i))
    return noSpace(context.home, context.device);
  if (says(/ensurepip is not available|No module named '?"?ensurepip|No module named '?"?venv/))
    return noEnsurepip(context.python, context.version);
  if (says(/Read-only file system|EROFS|Errno 30/i))
    return notWritable(context.home, "read-only file system");
  if (says(/Permission denied|EACCES|Errno 13/i)) return notWritable(context.home, "permission denied");
  if (says(/DO NOT MATCH THE HASHES|[Hh]ash mismatch/)) return hashMismatch();
  if (says(OFFLINE)) return offline();
  if (says(/from versions: none/)) return nothingFound(context.version);
  if (says(/No matching distribution|no usable wheels|no wheels with a matching|is not a supported wheel/i))
    return noBuild(context.version);
  return {
    kind: "failed",
    problem: `Making the Python environment failed:\n${lastLines(output, 12)}`,
    remedy: "The lines above are what the installer said. Run the same again, or `synjax doctor` for more.",
  };
}

const OFFLINE =
  /NewConnectionError|Failed to establish a new connection|Temporary failure in name resolution|Name or service not known|getaddrinfo|nodename nor servname|Network is unreachable|Connection refused|ConnectTimeout|Read timed out|dns error|error sending request|Could not connect|ProxyError|SSLError|CERTIFICATE_VERIFY_FAILED|invalid peer certificate/i;

export function lastLines(text: string, count: number): string {
  return text.trimEnd().split(/\r?\n/).slice(-count).join("\n");
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
