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
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const skip = (count: number): void => {
    if (count > bytes.byteLength - at) throw new Error("it ends too early");
    at += count;
  };
  const length = (size: number): number => {
    const from = at;
    skip(size);
    return size === 1 ? view.getUint8(from) : size === 2 ? view.getUint16(from) : view.getUint32(from);
  };
  const key = (): void => {
    const first = bytes[at]!;
    if (!((first >= 0xa0 && first <= 0xbf) || (first >= 0xd9 && first <= 0xdb)))
      throw new Error("a key of a map is no string");
    value(0);
  };
  const items = (count: number, keys: boolean, depth: number): void => {
    if (depth >= deepest) throw new Error("its arrays stand too deep in each other");
    if (count > bytes.byteLength - at) throw new Error("it ends too early");
    for (let i = 0; i < count; i++) {
      if (keys) key();
      value(depth + 1);
    }
  };
  const value = (depth: number): void => {
    skip(1);
    const first = bytes[at - 1]!;
    if (first <= 0x7f || first >= 0xe0) return;
    if (first <= 0x8f) return items(first & 0x0f, true, depth);
    if (first <= 0x9f) return items(first & 0x0f, false, depth);
    if (first <= 0xbf) return skip(first & 0x1f);
    const fixed = FIXED_SIZE[first];
    if (fixed !== undefined) return skip(fixed);
    const size = LENGTH_SIZE[first];
    if (size === undefined) throw new Error("it has an extension type");
    const count = length(size);
    if (first >= 0xdc) items(count, first >= 0xde, depth);
    else skip(count);
  };
  value(0);
  if (at !== bytes.byteLength) throw new Error("it goes on after its end");
}
