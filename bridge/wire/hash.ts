import { createHash } from "node:crypto";

/** What names a program on the wire: the first 16 bytes of its SHA-256. */
export function programHash(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest().subarray(0, 16);
}
