import type { Device } from "../wire/protocol.ts";
import type { Extra } from "./environment-spec.ts";
import { inCheckout } from "./package-root.ts";

/** What a user types to make the environment. */
export function setupCommand(device: Device = "cpu", dev = false, extra?: Extra): string {
  const flags = [
    ...(device === "cpu" ? [] : ["--device", device]),
    ...(extra ? [`--${extra}`] : []),
    ...(dev ? ["--dev"] : []),
  ];
  if (!inCheckout()) return ["npx synjax setup", ...flags].join(" ");
  return ["npm run synjax -- setup", ...flags].join(" ");
}
