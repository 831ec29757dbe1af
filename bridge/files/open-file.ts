/** An open file, which stays what it is when another takes its name, and of which it is known whether it was changed. */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { resolve } from "node:path";
import type { FilePlace } from "../wire/dtypes.ts";

/** Whether the numbers of open files are the system's, as they are in Node: those of other runtimes may be their own. */
export const hasDescriptors = (): boolean => !process.versions["deno"] && !process.versions["bun"];

const abandoned = new FinalizationRegistry((descriptor: number) => closeSync(descriptor));

/** Closed when nothing holds it any more, or before. */
export class OpenFile {
  readonly descriptor: number;
  readonly size: number;
  /** What `docs/wire.md` calls so. */
  readonly stamp: string;
  readonly #path: string;

  /** @throws the system's error where it cannot be opened */
  constructor(path: string) {
    // A pipe without a writer would be waited for; Windows does not know the flag
    this.descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    abandoned.register(this, this.descriptor, this);
    this.#path = resolve(path);
    this.stamp = this.#stamp();
    this.size = fstatSync(this.descriptor).size;
  }

  #stamp(): string {
    const { ino, size, mtimeNs } = fstatSync(this.descriptor, { bigint: true });
    return `${ino}-${size}-${mtimeNs}`;
  }

  get wasChanged(): boolean {
    return this.#stamp() !== this.stamp;
  }

  /** A place in it for another process of this user. Where the system names open files, that one is opened. */
  place(offset: number): FilePlace {
    const isNamed = process.platform === "linux" && hasDescriptors();
    const path = isNamed ? `/proc/${process.pid}/fd/${this.descriptor}` : this.#path;
    return { path, offset, stamp: this.stamp };
  }

  /** Idempotent. Nothing can be read after it. */
  close(): void {
    if (abandoned.unregister(this)) closeSync(this.descriptor);
  }

  /** Fills `bytes`; how many there were, fewer where the file is shorter. */
  read(bytes: Uint8Array, position: number): number {
    let read = 0;
    while (read < bytes.length) {
      const found = readSync(this.descriptor, bytes, read, bytes.length - read, position + read);
      if (found === 0) break;
      read += found;
    }
    return read;
  }
}
