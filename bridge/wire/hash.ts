import { createHash } from "node:crypto";
import { HASH_BYTES } from "./generated-protocol.ts";

/** What names a program on the wire: the first bytes of its SHA-256. */
export function programHash(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest().subarray(0, HASH_BYTES);
}

/** In hexadecimal, as people are told a hash. */
export const hex = (bytes: Uint8Array): string =>
  [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
