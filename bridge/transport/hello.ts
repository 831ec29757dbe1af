import { type RemoteError, SynjaxError } from "../errors.ts";
import { type HelloInfo, PROTOCOL_VERSION } from "../wire/protocol.ts";

/** What a hello says of this side. */
export function helloOf(options: { readonly registry: string; readonly token?: string | undefined }): object {
  return { version: PROTOCOL_VERSION, registry: options.registry, token: options.token ?? null };
}

/** @throws SynjaxError PROTOCOL_MISMATCH where the worker is of another version or has other operations. */
export function checkedInfo(result: unknown, registry: string): HelloInfo {
  const info = result as HelloInfo;
  const [expected, received] = [PROTOCOL_VERSION, info.version];
  if (received !== expected) throw mismatch("version", String(expected), String(received));
  if (info.registry !== registry) throw mismatch("registry", registry, info.registry);
  return info;
}

function mismatch(argument: string, expected: string, received: string): SynjaxError {
  return new SynjaxError(
    "PROTOCOL_MISMATCH",
    `The worker is of another version (${argument} ${received} there, ${expected} here): install matching versions`,
    { argument, expected, received },
  );
}

/** The error of a connection whose hello the worker refused. */
export function refusal({ code, message, argument, expected, received }: RemoteError): SynjaxError {
  return new SynjaxError(code, `The worker refused the connection: ${message}`, {
    argument,
    expected,
    received,
  });
}
