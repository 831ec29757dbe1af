import { isMainThread } from "node:worker_threads";
import { SynjaxError } from "../errors.ts";
import type { ClientKeys } from "./client-keys.ts";
import type { Transport } from "./transport.ts";

/**
 * Dials a worker at an `ipc://` or `tcp://` address. In a thread that may be terminated at any moment no native socket is
 * used: Node aborts the whole process when one has an operation pending at that moment (zeromq 6.8.0).
 */
export async function dial(address: string, keys?: ClientKeys): Promise<Transport> {
  if (isMainThread) return (await import("./zeromq.ts")).dialZeromq(address, keys);
  if (keys)
    throw new SynjaxError(
      "UNSUPPORTED_RUNTIME",
      "A worker with keys can be called by the main thread only for now: CURVE needs the native socket, which must not be used in a thread that may be terminated",
    );
  return (await import("./zmtp.ts")).dialZmtp(address);
}
