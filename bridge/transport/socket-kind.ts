/** What speaks ZeroMQ's protocol: the native package, or this package's JavaScript. */
import { isMainThread } from "node:worker_threads";
import { SynjaxError } from "../errors.ts";
import { withoutNativeZeromq } from "./runtime.ts";

export const SOCKET_KINDS = ["zeromq", "javascript"] as const;
export type SocketKind = (typeof SOCKET_KINDS)[number];

/** @throws SynjaxError UNSUPPORTED_RUNTIME where `"zeromq"` is asked for and cannot be used */
export function socketKind(wanted: SocketKind | undefined): SocketKind {
  const why = whyNotNative();
  if (wanted === "zeromq" && why)
    throw new SynjaxError("UNSUPPORTED_RUNTIME", `\`socket\`: ${why}: leave it out, or choose "javascript"`, {
      argument: "socket",
      expected: "javascript",
      received: "zeromq",
    });
  return wanted ?? (why ? "javascript" : "zeromq");
}

/** In a thread that may be terminated, Node aborts the process when an operation is pending then (zeromq 6.8.0). */
function whyNotNative(): string | undefined {
  const runtime = withoutNativeZeromq();
  if (runtime) return `under ${runtime} the native part of the package zeromq hangs or crashes`;
  return isMainThread ? undefined : "a native socket must not be used in a thread that may be terminated";
}
