/** Writing a safetensors file: aside, then in the place of the one before, so that there is always a whole one. */
import { createHash, randomBytes } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type HostArray, ITEM_BYTES } from "../wire/dtypes.ts";
import { bytesOf } from "../wire/codec.ts";
import { sha256 } from "./hashes.ts";
import { METADATA, NAME_OF, PREFIX } from "./safetensors-header.ts";
import { reasonOf, wrongFile } from "./wrong-file.ts";

/** Tensors begin at a multiple of this: whoever maps the file into memory can use them in place. */
const ALIGNMENT = 64;
const NO_DIGEST = "0".repeat(64);

/**
 * Writes a file of these tensors and this metadata, to which the hash of its header is added as `sha256`.
 * @throws {SynjaxError} `INVALID_ARGUMENT` for a dtype that the format does not have, and where nothing can be written
 *   there: the file that was there before is left as it was
 */
export async function writeContainer(
  path: string,
  tensors: ReadonlyMap<string, HostArray>,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const sorted = [...tensors].sort(([a, x], [b, y]) => rank(x) - rank(y) || (a < b ? -1 : 1));
  const header = headerOf(path, sorted, metadata);
  const aside = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}`);
  let file: FileHandle | undefined;
  try {
    file = await open(aside, "wx", 0o666);
    await writeAll(file, header);
    for (const [, { data }] of sorted) await writeAll(file, bytesOf(data));
    await file.sync();
    await file.close();
    file = undefined;
    await rename(aside, path);
  } catch (error) {
    await file?.close().catch(() => undefined);
    await rm(aside, { force: true }).catch(() => undefined);
    throw wrongFile(path, "path", "a file that can be written", reasonOf(error), error);
  }
  await syncDirectory(dirname(path));
}

/** Whole lines of memory first, then wide elements: so all of them are aligned. */
const rank = ({ dtype, data }: HostArray): number =>
  data.byteLength % ALIGNMENT === 0 ? 0 : 100 - ITEM_BYTES[dtype];

function headerOf(
  path: string,
  sorted: readonly (readonly [string, HostArray])[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  let end = 0;
  const fields = sorted.map(([name, { dtype, shape, data }]) => {
    const known = NAME_OF[dtype];
    if (known === undefined) throw wrongFile(path, name, "a tensor of numbers", dtype);
    const begin = end;
    end += data.byteLength;
    return [name, { dtype: known, shape, data_offsets: [begin, end] }] as const;
  });
  const all = { [METADATA]: { ...metadata, sha256: NO_DIGEST }, ...Object.fromEntries(fields) };
  const json = new TextEncoder().encode(JSON.stringify(all));
  const start = Math.ceil((PREFIX + json.length) / ALIGNMENT) * ALIGNMENT;
  const header = new Uint8Array(start).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(start - PREFIX), true);
  header.set(json, PREFIX);
  const digest = sha256(header);
  header.set(new TextEncoder().encode(digest), digestAt(header, NO_DIGEST));
  return header;
}

/** Where the digits of the header's own hash stand; −1 where they stand nowhere, or twice. */
export function digestAt(header: Uint8Array, digest: string): number {
  const found = Buffer.from(header.buffer, header.byteOffset, header.length);
  const field = `"sha256":"${digest}"`;
  const at = found.indexOf(field);
  return at < 0 || found.indexOf(field, at + 1) >= 0 ? -1 : at + field.indexOf(digest);
}

/** The hash of a header, with zeros in the place of these digits. */
export function digestOf(header: Uint8Array, at: number): string {
  return createHash("sha256")
    .update(header.subarray(0, at))
    .update(NO_DIGEST)
    .update(header.subarray(at + NO_DIGEST.length))
    .digest("hex");
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;)
    written += (await file.write(bytes, written, Math.min(bytes.length - written, 1 << 30))).bytesWritten;
}

/** The name is on the disk too then. Not every system lets a directory be opened. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r").catch(() => undefined);
  await directory?.sync().catch(() => undefined);
  await directory?.close().catch(() => undefined);
}
