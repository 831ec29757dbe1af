/** An array that stays in its file: this side reads its elements only where they are asked for. */
import {
  ARRAY_OF,
  type DType,
  type FilePlace,
  type HostArray,
  ITEM_BYTES,
  type TypedArray,
} from "../wire/dtypes.ts";
import type { OpenFile } from "./open-file.ts";
import type { Wrong } from "./safetensors-header.ts";

export class FileArray implements HostArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly file: FilePlace;
  readonly #open: OpenFile;
  readonly #wrong: Wrong;

  constructor(
    open: OpenFile,
    { dtype, shape }: Pick<HostArray, "dtype" | "shape">,
    offset: number,
    wrong: Wrong,
  ) {
    this.dtype = dtype;
    this.shape = shape;
    this.file = open.place(offset);
    this.#open = open;
    this.#wrong = wrong;
  }

  /** @throws {SynjaxError} `INVALID_ARGUMENT` where the file was changed since it was opened */
  assertUnchanged(isWhole = true): void {
    if (!isWhole || this.#open.wasChanged)
      throw this.#wrong("the file as it was when it was loaded", "one that was changed since");
  }

  /**
   * Its elements, read now.
   * @throws {SynjaxError} `INVALID_ARGUMENT` where the file was changed since it was opened
   */
  get data(): TypedArray {
    const bytes = new Uint8Array(this.shape.reduce((n, d) => n * d, ITEM_BYTES[this.dtype]));
    const read = this.#open.read(bytes, this.file.offset);
    this.assertUnchanged(read === bytes.length);
    return new ARRAY_OF[this.dtype](bytes.buffer) as TypedArray;
  }
}
