import type { ClientKeys } from "./client-keys.ts";
import type { SocketKind } from "./socket-kind.ts";
import type { Transport } from "./transport.ts";

/**
 * Dials a worker at an `ipc://` or `tcp://` address; with keys, all that is said is encrypted.
 *
 * @throws SynjaxError INVALID_ARGUMENT where the address or the keys are none
 */
export async function dial(
  address: string,
  keys: ClientKeys | undefined,
  kind: SocketKind,
): Promise<Transport> {
  if (kind === "zeromq") return (await import("./zeromq.ts")).dialZeromq(address, keys);
  return (await import("./zmtp.ts")).dialZmtp(address, keys);
}
