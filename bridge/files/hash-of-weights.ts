import { createHash } from "node:crypto";
import { bytesOf } from "../wire/codec.ts";
import type { HostArray } from "../wire/dtypes.ts";
import { FileArray } from "./file-array.ts";
import { digestOfTensor } from "./hashes.ts";

/**
 * Of the names, dtypes, shapes and elements of tensors, in hexadecimal: 128 bits of a SHA-256.
 * @param known what `digestOfTensor` gives of some of them, by name
 */
export async function hashOfWeights(
  tensors: ReadonlyMap<string, HostArray>,
  known: ReadonlyMap<string, string>,
): Promise<string> {
  const all = createHash("sha256");
  for (const name of [...tensors.keys()].sort()) {
    const host = tensors.get(name)!;
    const { dtype, shape } = host;
    const digest =
      known.get(name) ??
      (host instanceof FileArray ? await host.digest() : digestOfTensor(bytesOf(host.data)));
    all.update(`${JSON.stringify([name, dtype, shape, digest])}\n`);
  }
  return all.digest("hex").slice(0, 32);
}
