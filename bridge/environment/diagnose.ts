import type { Device } from "../wire/protocol.ts";
import { lacksSpace } from "./disk.ts";
import { noEnsurepip, notWritable, type Problem } from "./problem.ts";
import { lastLines } from "./run-command.ts";

/** Where an installer or interpreter failed. */
export interface Context {
  readonly home: string;
  readonly device: Device;
  /** The base interpreter and its version. */
  readonly python: string;
  readonly version: string;
}

/** The most likely reason why an installer or interpreter failed, from what it wrote. */
export function diagnose(output: string, context: Context): Problem {
  const says = (pattern: RegExp): boolean => pattern.test(output);
  if (says(/No space left on device|ENOSPC|Errno 28|not enough space on the disk|Disk quota exceeded/i))
    return lacksSpace(context.home, context.device);
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

/** pip writes the same text when the index cannot be reached and when it has nothing for this system. */
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
