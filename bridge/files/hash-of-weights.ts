import { createHash } from "node:crypto";
import { bytesOf } from "../wire/codec.ts";
import type { HostArray } from "../wire/dtypes.ts";

/** Of the names, dtypes, shapes and elements of tensors, in hexadecimal: 128 bits of a SHA-256. */
export function hashOfWeights(tensors: ReadonlyMap<string, HostArray>): string {
  const all = createHash("sha256");
  for (const name of [...tensors.keys()].sort()) {
    const { dtype, shape, data } = tensors.get(name)!;
    const elements = createHash("sha256").update(bytesOf(data)).digest("hex");
    all.update(`${JSON.stringify([name, dtype, shape, elements])}\n`);
  }
  return all.digest("hex").slice(0, 32);
}
