import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../../bridge/environment/package-root.ts";
import { array, safetensors, type Tensor, type TensorTree, tree } from "../../src/index.ts";
import { errorOf } from "../fixtures/errors.ts";

/** A file of this header, and so many bytes of elements. */
function file(header: unknown, elements = 8, length?: number): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + elements);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length ?? text.length), true);
  bytes.set(text, 8);
  return bytes;
}
const pair = { dtype: "F32", shape: [2], data_offsets: [0, 8] };

async function read(of: unknown): Promise<unknown> {
  if (Array.isArray(of)) return Promise.all(of.map(read));
  if (!("aval" in (of as object)))
    return Object.fromEntries(
      await Promise.all(Object.entries(of as object).map(async ([k, v]) => [k, await read(v)] as const)),
    );
  const { dtype, shape } = await (of as Tensor).aval();
  return [dtype, shape, await (of as Tensor).array()];
}

/** The tensors of a tree by their names in a file: dtype, shape and numbers, those of 64 bits as text. */
async function listed(of: TensorTree, path: readonly string[] = []): Promise<Record<string, unknown>> {
  if (Array.isArray(of) || !("aval" in of)) {
    const parts = Object.entries(of).map(([name, part]) => listed(part as TensorTree, [...path, name]));
    return Object.assign({}, ...(await Promise.all(parts))) as Record<string, unknown>;
  }
  const [{ dtype, shape }, array] = [await (of as Tensor).aval(), await (of as Tensor).array()];
  const numbers = [array as unknown].flat(Infinity);
  return { [path.join(".")]: [dtype, shape, numbers.map((x) => (typeof x === "bigint" ? String(x) : x))] };
}

describe("safetensors", () => {
  test("what is saved comes back: every dtype, arrays, empty and scalar tensors, odd sizes", async () => {
    const params = {
      layers: [{ kernel: array([[1, 2, 3]]), bias: array([-0, Infinity]) }, { kernel: array(new Float32Array(), { shape: [0, 3] }) }],
      step: array(7, { dtype: "int32" }),
      mask: array([true, false, true]),
      half: array(Uint16Array.of(0x3c00, 0xc000), { dtype: "float16" }),
      brain: array(Uint16Array.of(0x3f80), { dtype: "bfloat16" }),
      wide: array([2n ** 60n]),
      double: array(Float64Array.of(1e300)),
      byte: array(Uint8Array.of(255)),
    }; // prettier-ignore
    const bytes = await safetensors.save(params);
    expect(await read(safetensors.load(bytes))).toEqual(await read(params));
    expect(await read(safetensors.load(bytes, params))).toEqual(await read(params));
    // Somewhere inside of a larger buffer, as Node's small files are
    const inside = Buffer.concat([Uint8Array.of(1, 2, 3), bytes]).subarray(3);
    expect(await read(safetensors.load(inside))).toEqual(await read(params));
  });

  test("a file that the format's own library wrote for flax is a tree", async () => {
    const bytes = readFileSync(join(packageRoot(), "tests", "fixtures", "layers", "flax.safetensors"));
    const held = safetensors.load(bytes) as { params: { lstm: { if: { kernel: Tensor } } }; ids: Tensor };
    expect(tree.leaves(held)).toHaveLength(70);
    expect((await held.params.lstm.if.kernel.aval()).shape).toEqual([6, 3]);
    expect(await held.ids.array()).toEqual([[3, 0, 1], [2, 2, 4]]); // prettier-ignore
    expect(await read(safetensors.load(await safetensors.save(held)))).toEqual(await read(held));
  });

  test.each(["pytorch", "flax"])("a file that %s wrote by its own writer is what was in it", async (name) => {
    const files = join(packageRoot(), "tests", "fixtures", "files");
    const held = safetensors.load(readFileSync(join(files, `${name}.safetensors`)));
    const expected: unknown = JSON.parse(readFileSync(join(files, `${name}.json`), "utf8"));
    expect(await listed(held)).toEqual(expected);
    expect(await listed(safetensors.load(await safetensors.save(held)))).toEqual(expected);
  });

  test("free text is passed over, a name that is a word of JavaScript is a name", async () => {
    const bytes = file({ __metadata__: { format: "pt" }, "__proto__.x": undefined, a: pair });
    expect(await read(safetensors.load(bytes))).toEqual({ a: ["float32", [2], [0, 0]] });
    const odd = safetensors.load(file(`{"__proto__.polluted":${JSON.stringify(pair)}}`));
    expect(Object.keys(odd)).toEqual(["__proto__"]);
    expect("polluted" in {}).toBe(false);
  });

  test.each<[string, Uint8Array]>([
    ["nothing", new Uint8Array()],
    ["less than a length", new Uint8Array(7)],
    ["a header longer than the file", file({ a: pair }, 8, 1_000)],
    ["a header of 2⁶³ bytes", new Uint8Array([0, 0, 0, 0, 0, 0, 0, 128, 123, 125])],
    ["a header that is cut off", file({ a: pair }, 8, 20)],
    ["a header that is no JSON", file("hello")],
    ["a header that is no object", file([pair])],
    ["a field that is no object", file({ a: 3 })],
    ["no dtype", file({ a: { ...pair, dtype: undefined } })],
    ["a dtype of 8 bits", file({ a: { ...pair, dtype: "F8_E4M3" } })],
    ["no shape", file({ a: { ...pair, shape: undefined } })],
    ["a negative length", file({ a: { ...pair, shape: [-2] } })],
    ["a fraction", file({ a: { ...pair, shape: [0.5, 4] } })],
    ["a shape larger than its bytes", file({ a: { ...pair, shape: [3] } })],
    ["a shape too large for numbers", file({ a: { ...pair, shape: [2 ** 40, 2 ** 40] } })],
    ["one offset", file({ a: { ...pair, data_offsets: [0] } })],
    ["offsets backwards", file({ a: { ...pair, data_offsets: [8, 0] } })],
    ["offsets beyond the file", file({ a: { ...pair, data_offsets: [8, 16] } })],
    ["elements that are missing", file({ a: pair }, 7)],
    ["elements that belong to nobody", file({ a: pair }, 9)],
    ["tensors that overlap", file({ a: pair, b: pair })],
    ["a gap between tensors", file({ a: pair, b: { ...pair, data_offsets: [9, 17] } }, 17)],
    ["a boolean that is 2", file({ a: { dtype: "BOOL", shape: [1], data_offsets: [0, 1] } }, 1).fill(2, -1)],
    ["a name within a tensor", file({ a: pair, "a.b": { ...pair, data_offsets: [8, 16] } }, 16)],
    ["a tensor within a name", file({ "a.b": pair, a: { ...pair, data_offsets: [8, 16] } }, 16)],
  ])("%s: refused", async (_, bytes) => {
    // prettier-ignore
    const error = await errorOf(() => safetensors.load(bytes));
    expect([error.code, error.argument]).toEqual(["INVALID_ARGUMENT", "bytes"]);
    expect(error.line).toContain("safetensors.test.ts");
  });

  test("other names than expected are told", async () => {
    const bytes = await safetensors.save({ dense: { weight: array([1]) } });
    const missing = await errorOf(() => safetensors.load(bytes, { dense: { kernel: array([1]) } }));
    expect(missing.message).toContain("`dense.kernel`, as `like` has, got dense.weight");
    const more = await errorOf(() => safetensors.load(bytes, {}));
    expect(more.message).toContain("`dense.weight` too");
  });

  test.each<[string, () => Promise<unknown>, string]>([
    ["a name with a dot", () => safetensors.save({ "a.b": array([1]) }), "INVALID_ARGUMENT"],
    ["a string", () => safetensors.save({ a: "b" }), "NOT_A_TENSOR"],
    ["no bytes", () => Promise.resolve(safetensors.load("model.safetensors" as never)), "INVALID_ARGUMENT"],
  ])("%s: refused", async (_, call, code) => {
    // prettier-ignore
    expect((await errorOf(call)).code).toBe(code);
  });
});
