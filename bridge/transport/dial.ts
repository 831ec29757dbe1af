import { isMainThread } from "node:worker_threads";
import type { Transport } from "./transport.ts";

/**
 * Dials a worker at an `ipc://` or `tcp://` address. In a thread that may be terminated at any moment no native socket is
 * used: Node aborts the whole process when one has an operation pending at that moment (zeromq 6.8.0).
 */
export async function dial(address: string): Promise<Transport> {
  if (isMainThread) return (await import("./zeromq.ts")).dialZeromq(address);
  return (await import("./zmtp.ts")).dialZmtp(address);
}
