import { type RemoteError, SynjaxError } from "../errors.ts";
import { type HelloInfo, PROTOCOL_VERSION } from "../wire/protocol.ts";

/** What a hello says of this side. */
export function helloOf(options: { readonly registry: string; readonly token?: string | undefined }): object {
  return { version: PROTOCOL_VERSION, registry: options.registry, token: options.token ?? null };
}

/** @throws SynjaxError PROTOCOL_MISMATCH where the answer is not a worker's. */
export function checkedInfo(result: unknown): HelloInfo {
  const info = result as Partial<HelloInfo> | null;
  if (typeof info !== "object" || typeof info?.registry !== "string" || typeof info.limits !== "object")
    throw new SynjaxError("PROTOCOL_MISMATCH", "What answers is no synjax worker: its hello cannot be read");
  return info as HelloInfo;
}

/** The error of a connection whose hello the worker refused. */
export function refusal({ code, message, argument, expected, received }: RemoteError): SynjaxError {
  return new SynjaxError(code, `The worker refused the connection: ${message}`, {
    argument,
    expected,
    received,
  });
}
