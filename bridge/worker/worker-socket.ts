import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SynjaxError } from "../errors.ts";

/** Bytes of a socket's path: `sun_path` holds 108, the last of them zero. */
const LONGEST_SOCKET_PATH = 107;

/** Where a worker listens. */
export interface WorkerSocket {
  readonly address: string;
  /** Whether the address is a file, alone in a directory that only this user can enter. */
  readonly isPrivate: boolean;
  /** Removes the file and its directory. */
  remove(): void;
}

/** An address where a worker of this process can listen. */
export function makeWorkerSocket(transport: "ipc" | "tcp" | undefined): WorkerSocket {
  if (transport !== "tcp" && process.platform !== "win32") {
    const found = privateSocket();
    if (!("why" in found)) return found;
    if (transport === "ipc")
      throw new SynjaxError("INVALID_ARGUMENT", `\`transport\`: ${found.why}: use "tcp", or set TMPDIR`, {
        argument: "transport",
        received: "ipc",
        cause: found.cause,
      });
  }
  return { address: "tcp://127.0.0.1:*", isPrivate: false, remove: () => undefined };
}

/** A socket file in a new directory, or why there can be none. */
function privateSocket(): WorkerSocket | { readonly why: string; readonly cause?: unknown } {
  let directory: string;
  try {
    directory = mkdtempSync(join(tmpdir(), "synjax-")); // mode 0700
  } catch (cause) {
    return { why: `no directory can be made in ${tmpdir()} (${(cause as Error).message})`, cause };
  }
  const path = join(directory, "w");
  if (Buffer.byteLength(path) > LONGEST_SOCKET_PATH) {
    rmSync(directory, { recursive: true });
    return { why: `the temporary directory's name is too long for a socket (${path})` };
  }
  removeAtExit(directory);
  return { address: `ipc://${path}`, isPrivate: true, remove: () => removeNow(directory) };
}

/** Directories to remove when this process ends. */
const directories = new Set<string>();

function removeAtExit(directory: string): void {
  if (directories.size === 0) process.on("exit", removeAll);
  directories.add(directory);
}

function removeNow(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  directories.delete(directory);
  if (directories.size === 0) process.off("exit", removeAll);
}

function removeAll(): void {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
}
