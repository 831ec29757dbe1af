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
    const directory = mkdtempSync(join(tmpdir(), "synjax-")); // mode 0700
    const path = join(directory, "w");
    if (Buffer.byteLength(path) <= LONGEST_SOCKET_PATH) {
      removeAtExit(directory);
      return { address: `ipc://${path}`, isPrivate: true, remove: () => removeNow(directory) };
    }
    rmSync(directory, { recursive: true });
    if (transport === "ipc") {
      throw new SynjaxError(
        "INVALID_ARGUMENT",
        `\`transport\`: the temporary directory's name is too long for a socket (${path}): use "tcp", or set TMPDIR`,
        { argument: "transport", received: "ipc" },
      );
    }
  }
  return { address: "tcp://127.0.0.1:*", isPrivate: false, remove: () => undefined };
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
