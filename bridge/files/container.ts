/** A safetensors file. Its tensors are checked where they stand; small ones are read, large ones stay there. */
import { ARRAY_OF, type HostArray, type TypedArray } from "../wire/dtypes.ts";
import { FileArray } from "./file-array.ts";
import { digestsOf, hashesOf } from "./hashes.ts";
import { OpenFile } from "./open-file.ts";
import { type Entry, type Header, PREFIX, readHeader, startOf, type Wrong } from "./safetensors-header.ts";
import { reasonOf, wrongIn } from "./wrong-file.ts";

/** Bytes from which on a tensor stays in its file. */
const LARGE = 1 << 20;

export class Container {
  readonly path: string;
  readonly size: number;
  readonly header: Header;
  /** All bytes before the elements. */
  readonly headerBytes: Uint8Array;
  readonly wrong: Wrong;
  readonly #file: OpenFile;
  #isKept = false;

  /**
   * Opens a file and checks every size in it.
   * @param argument what the user calls it
   * @throws {SynjaxError} `INVALID_ARGUMENT` where it cannot be read, is none of this format, cut, or lies about a size
   */
  constructor(path: string, argument = "path") {
    this.wrong = wrongIn(path, argument);
    this.path = path;
    let file: OpenFile | undefined;
    try {
      this.#file = file = new OpenFile(path);
      this.size = file.size;
      const prefix = this.#bytes(0, Math.min(PREFIX, this.size));
      this.headerBytes = this.#bytes(0, startOf(prefix, this.size, this.wrong));
      this.header = readHeader(this.headerBytes, this.size, this.wrong);
    } catch (error) {
      file?.close();
      if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
      throw this.wrong("a file that can be read", reasonOf(error));
    }
  }

  /** Closes the file, unless a tensor needs it. */
  [Symbol.dispose](): void {
    if (!this.#isKept) this.#file.close();
  }

  /**
   * Compares tensors with what was written.
   * @param digests what was said of them then, by their names
   * @param byPieces whether it is that of pieces
   * @throws {SynjaxError} `INVALID_ARGUMENT` for other bytes
   */
  async check(digests: ReadonlyMap<string, string>, byPieces: boolean): Promise<void> {
    const places = [...digests.keys()].map((name) => this.#placeOf(name));
    const found = await (byPieces ? digestsOf : hashesOf)(this.#file.descriptor, places).catch(
      (error: unknown) => {
        throw this.wrong("a file that can be read", reasonOf(error));
      },
    );
    [...digests].forEach(([name, digest], i) => {
      if (found[i] !== digest) throw this.wrong(`\`${name}\` as it was written`, "other bytes");
    });
  }

  /**
   * A tensor. A large one is read when somebody asks for its elements, or by a worker that reads files itself; until
   * then the file may be given another name, or deleted, but must not be changed.
   * @throws {SynjaxError} `INVALID_ARGUMENT` for booleans that are neither 0 nor 1
   */
  tensor(name: string): HostArray {
    const entry = this.header.entries.get(name)!;
    const { dtype, shape } = entry;
    const { begin, end } = this.#placeOf(name);
    if (end - begin >= LARGE && dtype !== "bool") {
      this.#isKept = true;
      return new FileArray(this.#file, entry, begin, this.wrong);
    }
    const bytes = this.#bytes(begin, end - begin);
    if (dtype === "bool" && bytes.some((byte) => byte > 1))
      throw this.wrong(`bytes of 0 and 1 in \`${name}\``, "another");
    return {
      dtype,
      shape,
      data: new ARRAY_OF[dtype](bytes.buffer as ArrayBuffer) as TypedArray,
    } as HostArray;
  }

  /** Where the bytes of a tensor stand, from the beginning of the file. */
  #placeOf(name: string): Pick<Entry, "begin" | "end"> {
    const { begin, end } = this.header.entries.get(name)!;
    return { begin: this.header.start + begin, end: this.header.start + end };
  }

  #bytes(position: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    if (this.#file.read(bytes, position) < length)
      throw this.wrong("a whole file", "one that became shorter while it was read");
    return bytes;
  }
}
