/** An array that stays in its file: this side reads its elements only where they are asked for. */
import { sizeOf } from "../wire/answer.ts";
import { ARRAY_OF, type DType, type FilePlace, type HostArray, type TypedArray } from "../wire/dtypes.ts";
import { digestsOf } from "./hashes.ts";
import type { OpenFile } from "./open-file.ts";
import type { Wrong } from "./safetensors-header.ts";
import { reasonOf } from "./wrong-file.ts";

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
   * What `digestOfTensor` gives of it.
   * @throws {SynjaxError} `INVALID_ARGUMENT` where the file was changed since it was opened
   */
  async digest(): Promise<string> {
    const { offset: begin } = this.file;
    const part = { begin, end: begin + sizeOf([this.dtype, this.shape, false]) };
    const [digest] = await digestsOf(this.#open.descriptor, [part]).catch((error: unknown) => {
      throw this.#wrong("a file that can be read", reasonOf(error));
    });
    this.assertUnchanged();
    return digest!;
  }

  /**
   * Its elements, read now.
   * @throws {SynjaxError} `INVALID_ARGUMENT` where the file was changed since it was opened
   */
  get data(): TypedArray {
    const bytes = new Uint8Array(sizeOf([this.dtype, this.shape, false]));
    const read = this.#open.read(bytes, this.file.offset);
    this.assertUnchanged(read === bytes.length);
    return new ARRAY_OF[this.dtype](bytes.buffer) as TypedArray;
  }
}
