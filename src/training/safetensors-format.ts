/** Files of tensors in the safetensors format, as bytes. */
import type { SynjaxError } from "../../bridge/errors.ts";
import { NAME_OF, PREFIX, readHeader, startOf } from "../../bridge/files/safetensors-header.ts";
import { ARRAY_OF, type HostArray, ITEM_BYTES, type TypedArray } from "../../bridge/wire/dtypes.ts";
import { refused } from "../transforms/trees.ts";

/** The tensors of a file by their names, copied out of it. */
export function readSafetensors(file: Uint8Array): readonly (readonly [name: string, host: HostArray])[] {
  const bytes = new Uint8Array(file.buffer, file.byteOffset, file.byteLength); // a Buffer's slice is no copy
  const start = startOf(bytes.subarray(0, PREFIX), bytes.length, wrong);
  const { entries } = readHeader(bytes.subarray(0, start), bytes.length, wrong);
  const elements = bytes.subarray(start);
  return [...entries].map(([name, { dtype, shape, begin, end }]) => {
    const data = new ARRAY_OF[dtype](elements.slice(begin, end).buffer) as TypedArray;
    if (dtype === "bool" && (data as Uint8Array).some((byte) => byte > 1))
      throw wrong(`bytes of 0 and 1 in \`${name}\``, "another");
    return [name, { dtype, shape, data } as HostArray];
  });
}

/** A file with these tensors. */
export function writeSafetensors(
  tensors: readonly (readonly [name: string, host: HostArray])[],
): Uint8Array<ArrayBuffer> {
  // Wide elements first: so all of them are aligned
  const sorted = [...tensors].sort(
    ([a, x], [b, y]) => ITEM_BYTES[y.dtype] - ITEM_BYTES[x.dtype] || (a < b ? -1 : 1),
  );
  let end = 0;
  const fields = sorted.map(([name, { dtype, shape, data }]) => {
    const known = NAME_OF[dtype];
    if (known === undefined) throw refused("safetensors.save", name, "a tensor of numbers", dtype);
    const begin = end;
    end += data.byteLength;
    return [name, { dtype: known, shape, data_offsets: [begin, end] }] as const;
  });
  const header = new TextEncoder().encode(JSON.stringify(Object.fromEntries(fields)));
  const start = PREFIX + Math.ceil(header.length / PREFIX) * PREFIX;
  const file = new Uint8Array(start + end).fill(0x20, PREFIX, start);
  new DataView(file.buffer).setBigUint64(0, BigInt(start - PREFIX), true);
  file.set(header, PREFIX);
  let position = start;
  for (const [, { data }] of sorted) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return file;
}

const wrong = (expected: string, received: string): SynjaxError =>
  refused("safetensors.load", "bytes", expected, received);
