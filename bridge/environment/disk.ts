import { statfs } from "node:fs/promises";
import type { Device } from "../wire/protocol.ts";
import { noSpace, notWritable, type Problem } from "./problem.ts";

/** Gigabytes needed to make the environment of a device, with what is downloaded on the way. */
export function gigabytes(device: Device): number {
  return { cpu: 1, cuda: 10, tpu: 2 }[device];
}

/** Bytes this user may still write on the disk of a directory; `undefined` where the system does not say. */
export async function freeBytes(directory: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

export function lacksSpace(home: string, device: Device): Problem {
  return noSpace(home, device, gigabytes(device));
}

/** Why writing to a directory failed. */
export function notWritableBecause(home: string, error: NodeJS.ErrnoException): Problem {
  return error.code === "ENOSPC"
    ? lacksSpace(home, "cpu")
    : notWritable(home, error.message.split(",")[0] ?? "");
}
