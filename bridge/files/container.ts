/** A safetensors file that is read piece by piece: only what is asked for, and into the memory where it stays. */
import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { ARRAY_OF, type HostArray, type TypedArray } from "../wire/dtypes.ts";
import { type Entry, type Header, PREFIX, readHeader, startOf, type Wrong } from "./safetensors-header.ts";
import { reasonOf, wrongIn } from "./wrong-file.ts";

/** How much is read while the part before it is hashed. */
const CHUNK = 8 << 20;

export class Container {
  readonly path: string;
  readonly size: number;
  readonly header: Header;
  /** All bytes before the elements. */
  readonly headerBytes: Uint8Array;
  readonly wrong: Wrong;
  readonly #file: FileHandle;

  private constructor(path: string, file: FileHandle, size: number, headerBytes: Uint8Array, wrong: Wrong) {
    this.path = path;
    this.size = size;
    this.headerBytes = headerBytes;
    this.header = readHeader(headerBytes, size, wrong);
    this.wrong = wrong;
    this.#file = file;
  }

  /**
   * Opens a file and checks every size in it.
   * @param argument what the user calls it
   * @throws {SynjaxError} `INVALID_ARGUMENT` where it cannot be read, is none of this format, cut, or lies about a size
   */
  static async open(path: string, argument = "path"): Promise<Container> {
    const wrong = wrongIn(path, argument);
    let file: FileHandle | undefined;
    try {
      file = await open(path, "r");
      const { size } = await file.stat();
      const prefix = await readAt(file, 0, Math.min(PREFIX, size), wrong);
      const header = await readAt(file, 0, startOf(prefix, size, wrong), wrong);
      return new Container(path, file, size, header, wrong);
    } catch (error) {
      await file?.close();
      if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
      throw wrong("a file that can be read", reasonOf(error));
    }
  }

  /**
   * A tensor.
   * @param digest the SHA-256 of its bytes, in hexadecimal, where that is known
   * @throws {SynjaxError} `INVALID_ARGUMENT` for other bytes, and for booleans that are neither 0 nor 1
   */
  async read(name: string, digest?: string): Promise<HostArray> {
    const { dtype, shape, begin, end } = this.header.entries.get(name)!;
    const bytes = new Uint8Array(end - begin);
    const hash = digest === undefined ? undefined : createHash("sha256");
    let hashed = 0;
    for await (const read of this.#pieces({ begin, end }, bytes)) {
      hash?.update(bytes.subarray(hashed, read));
      hashed = read;
    }
    if (hash && hash.digest("hex") !== digest)
      throw this.wrong(`\`${name}\` as it was written`, "other bytes");
    if (dtype === "bool" && bytes.some((byte) => byte > 1))
      throw this.wrong(`bytes of 0 and 1 in \`${name}\``, "another");
    return { dtype, shape, data: new ARRAY_OF[dtype](bytes.buffer) as TypedArray } as HostArray;
  }

  /** Fills `bytes`, the next piece while the caller has the one before: says up to where it is filled. */
  async *#pieces({ begin }: Pick<Entry, "begin" | "end">, bytes: Uint8Array): AsyncGenerator<number> {
    const read = (from: number): Promise<number> =>
      readInto(this.#file, bytes.subarray(from, from + CHUNK), this.header.start + begin + from, this.wrong);
    let [filled, next] = [0, bytes.length > 0 ? read(0) : undefined];
    while (next) {
      filled += await next;
      next = filled < bytes.length ? read(filled) : undefined;
      next?.catch(() => undefined);
      yield filled;
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

async function readAt(file: FileHandle, position: number, length: number, wrong: Wrong): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  await readInto(file, bytes, position, wrong);
  return bytes;
}

/** Fills `bytes`; how many there are. */
async function readInto(
  file: FileHandle,
  bytes: Uint8Array,
  position: number,
  wrong: Wrong,
): Promise<number> {
  for (let read = 0; read < bytes.length;) {
    const { bytesRead } = await file.read(bytes, read, bytes.length - read, position + read);
    if (bytesRead === 0) throw wrong("a whole file", "one that became shorter while it was read");
    read += bytesRead;
  }
  return bytes.length;
}
