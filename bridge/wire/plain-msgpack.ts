/** What a header may be made of: nothing of msgpack that a decoder gives a meaning of its own. */

/** How deep arrays and maps may stand in each other in a header; those of the protocol stand less deep. */
const DEEPEST = 16;

const FIXED_SIZE: Readonly<Record<number, number>> = {
  0xc0: 0, // nil
  0xc2: 0, // false
  0xc3: 0, // true
  0xca: 4, // float32
  0xcb: 8, // float64
  0xcc: 1, // uint8 …
  0xcd: 2,
  0xce: 4,
  0xcf: 8,
  0xd0: 1, // int8 …
  0xd1: 2,
  0xd2: 4,
  0xd3: 8,
};

/** Bytes of the length that follows the first byte of a bin, str, array or map. */
const LENGTH_SIZE: Readonly<Record<number, number>> = {
  0xc4: 1,
  0xc5: 2,
  0xc6: 4,
  0xd9: 1,
  0xda: 2,
  0xdb: 4,
  0xdc: 2,
  0xdd: 4,
  0xde: 2,
  0xdf: 4,
};

/**
 * Walks over a msgpack value without making anything of it. Only numbers, strings, bytes, booleans, nil, arrays and maps
 * with strings as keys pass. Extension types do not: a decoder keeps state for some, and makes objects of others.
 * @throws Error where it is anything else, ends too early or goes on too long
 */
export function assertPlainMsgpack(bytes: Uint8Array, deepest: number = DEEPEST): void {
  new Walk(bytes, deepest).whole();
}

class Walk {
  readonly #bytes: Uint8Array;
  readonly #deepest: number;
  #at = 0;

  constructor(bytes: Uint8Array, deepest: number) {
    this.#bytes = bytes;
    this.#deepest = deepest;
  }

  whole(): void {
    this.#value(0);
    if (this.#at !== this.#bytes.byteLength) throw new Error("it goes on after its end");
  }

  #value(depth: number): void {
    this.#skip(1);
    const first = this.#bytes[this.#at - 1]!;
    if (first <= 0x7f || first >= 0xe0) return;
    if (first <= 0x8f) return this.#items(first & 0x0f, true, depth);
    if (first <= 0x9f) return this.#items(first & 0x0f, false, depth);
    if (first <= 0xbf) return this.#skip(first & 0x1f);
    const fixed = FIXED_SIZE[first];
    if (fixed !== undefined) return this.#skip(fixed);
    const size = LENGTH_SIZE[first];
    if (size === undefined) throw new Error("it has an extension type");
    const count = this.#length(size);
    if (first >= 0xdc) this.#items(count, first >= 0xde, depth);
    else this.#skip(count);
  }

  #items(count: number, keys: boolean, depth: number): void {
    if (depth >= this.#deepest) throw new Error("its arrays stand too deep in each other");
    if (count > this.#bytes.byteLength - this.#at) throw new Error("it ends too early");
    for (let i = 0; i < count; i++) {
      if (keys) this.#key();
      this.#value(depth + 1);
    }
  }

  #key(): void {
    const first = this.#bytes[this.#at]!;
    if (!((first >= 0xa0 && first <= 0xbf) || (first >= 0xd9 && first <= 0xdb)))
      throw new Error("a key of a map is no string");
    this.#value(0);
  }

  /** A big-endian number of so many bytes. */
  #length(size: number): number {
    this.#skip(size);
    let length = 0;
    for (let i = this.#at - size; i < this.#at; i++) length = length * 256 + this.#bytes[i]!;
    return length;
  }

  #skip(count: number): void {
    if (count > this.#bytes.byteLength - this.#at) throw new Error("it ends too early");
    this.#at += count;
  }
}
