import { describe, expect, test } from "vitest";
import { bytesOf, pack, packHeader, unpack } from "../../bridge/wire/codec.ts";
import { fromFloat32, toFloat32 } from "../../bridge/wire/float16.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("packing", () => {
  test("is plain msgpack, and the same bytes every time", () => {
    expect(hex(pack([1, [[0, 0, [["np.add", [-1, [0, 1]]]], [0]]]]))).toBe(
      "9201919400009192a66e702e61646492ff9200019100",
    );
    expect(hex(pack([1.5, NaN, -Infinity, true, null, "é"]))).toBe(
      "96cb3ff8000000000000cb7ff8000000000000cbfff0000000000000c3c0a2c3a9",
    );
    const program = Array.from({ length: 500 }, (_, i) => ["np.add", [i, -i, [1, i / 3]]]);
    expect(hex(pack(program))).toBe(hex(pack(structuredClone(program))));
  });
  test("gives bytes of their own", () => {
    const [first, second] = [pack([1]), pack([2])];
    expect(first.buffer).not.toBe(second.buffer);
    expect(first.constructor).toBe(Uint8Array);
  });
  test("bytes are bytes, of a Buffer too", () => {
    expect(hex(pack([Uint8Array.of(1, 2), Buffer.of(3)]))).toBe("92c4020102c40103");
  });
  test("ids beyond 32 bits stay integers, both ways", () => {
    const header = packHeader([1, 2 ** 40, [2 ** 32, [2 ** 33 + 1]], 0.5]);
    expect(hex(header).includes("cf") || hex(header).includes("d3")).toBe(true);
    expect(unpack(header)).toEqual([1, 2 ** 40, [2 ** 32, [2 ** 33 + 1]], 0.5]);
    expect(hex(header).match(/cb/g)).toHaveLength(1); // only 0.5 is a float
  });
});

describe("a view's bytes", () => {
  test("are not copied", () => {
    const numbers = Float32Array.of(1, 2, 3).subarray(1);
    expect(bytesOf(numbers).buffer).toBe(numbers.buffer);
    expect(bytesOf(numbers)).toHaveLength(8);
    expect(bytesOf(new DataView(new ArrayBuffer(4)))).toHaveLength(4);
  });
  test("of shared memory are", () => {
    const shared = new Int32Array(new SharedArrayBuffer(8)).fill(7);
    const bytes = bytesOf(shared);
    expect(bytes.buffer).toBeInstanceOf(ArrayBuffer);
    expect([...new Int32Array(bytes.buffer)]).toEqual([7, 7]);
  });
});

describe("half-precision floats", () => {
  test("float16 bits of known values", () => {
    // numpy.array([...], "float16").view("uint16")
    const values = [
      0,
      -0,
      1,
      -2,
      65504,
      65520,
      6e-8,
      2 ** -14,
      0.1,
      Infinity,
      1 + 2 ** -11,
      1 + 3 * 2 ** -11,
    ];
    const bits = [0, 0x8000, 0x3c00, 0xc000, 0x7bff, 0x7c00, 1, 0x400, 0x2e66, 0x7c00, 0x3c00, 0x3c02];
    expect([...fromFloat32(Float32Array.from(values), "float16")]).toEqual(bits);
    expect([...fromFloat32(Float32Array.of(2 ** -25, 1.5 * 2 ** -25, NaN), "float16")]).toEqual([
      0, 1, 0x7e00,
    ]);
  });
  test("bfloat16 bits of known values", () => {
    // jnp.array([...], "bfloat16").view("uint16")
    const values = [0, -0, 1, -2, 3.3895e38, 0.1, -Infinity, 1 + 2 ** -8, 1 + 3 * 2 ** -8];
    const bits = [0, 0x8000, 0x3f80, 0xc000, 0x7f7f, 0x3dcd, 0xff80, 0x3f80, 0x3f82];
    expect([...fromFloat32(Float32Array.from(values), "bfloat16")]).toEqual(bits);
    expect(toFloat32(fromFloat32(Float32Array.of(NaN), "bfloat16"), "bfloat16")[0]).toBeNaN();
  });
  test.each(["float16", "bfloat16"] as const)("all bits of %s survive the way there and back", (dtype) => {
    const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const values = toFloat32(bits, dtype);
    const back = fromFloat32(values, dtype);
    const wrong = bits.filter((b) => back[b] !== b && !Number.isNaN(values[b]));
    expect([...wrong]).toEqual([]);
    expect(values.filter(Number.isNaN)).toHaveLength(dtype === "float16" ? 2046 : 254);
  });
});
