import {
  Dictionary,
  Field,
  Float32,
  Int32,
  List,
  makeVector,
  RecordBatchStreamWriter,
  Table,
  tableToIPC,
  Utf8,
  vectorFromArray,
  type Vector,
} from "apache-arrow";
import { describe, expect, test } from "vitest";
import { NODE } from "../../src/program/traced.ts";
import { array, SynjaxError, type Tensor } from "../../src/index.ts";
import { batchesFromIpc, type Column, fromIpc, type RaggedColumn, toIpc } from "../../src/tables/index.ts";
import { errorOf } from "../fixtures/errors.ts";

const ofFloats = new List(new Field("item", new Float32()));
const SMALL = new Table({
  x: makeVector(Int32Array.of(1, 2, 3)).concat(makeVector(Int32Array.of(4))),
  rows: vectorFromArray([[1], [2, 3], [], [4]], ofFloats),
  words: vectorFromArray(["a", "b", "a", null], new Dictionary(new Utf8(), new Int32())),
  text: vectorFromArray(["ab", "", null, "c"], new Utf8()),
});
const STREAM = tableToIPC(SMALL, "stream");
const FILE = tableToIPC(SMALL, "file");

async function contents(columns: Readonly<Record<string, Column>>): Promise<unknown> {
  const { x, rows, words, text } = columns;
  const { values, lengths } = rows as RaggedColumn;
  return [await (x as Tensor).array(), await values.array(), await lengths.array(), [...(words as Vector)], [...(text as Vector)]]; // prettier-ignore
}
const EXPECTED = [[1, 2, 3, 4], [[1, 0], [2, 3], [0, 0], [4, 0]], [1, 2, 0, 1], ["a", "b", "a", null], ["ab", "", null, "c"]]; // prettier-ignore

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}
const messageOf = async (source: unknown): Promise<string> => (await errorOf(() => fromIpc(source as Uint8Array))).message; // prettier-ignore

describe("IPC", () => {
  test("is read as a stream and as a file, whole or in pieces of any size", async () => {
    for (const bytes of [STREAM, FILE]) {
      expect(await contents(await fromIpc(bytes))).toEqual(EXPECTED);
      expect(await contents(await fromIpc(bytes.slice().buffer))).toEqual(EXPECTED);
      for (const size of [1, 7, 1000]) expect(await contents(await fromIpc(inPieces(bytes, size)))).toEqual(EXPECTED); // prettier-ignore
    }
  });
  test("is read batch by batch", async () => {
    const sums: unknown[] = [];
    for await (const { x } of batchesFromIpc(inPieces(STREAM, 64), { columns: ["x"] })) sums.push(await (x as Tensor).array()); // prettier-ignore
    expect(sums).toEqual([[1, 2, 3], [4]]);
  });
  test("ends its source where the reader stops early", async () => {
    let hasEnded = false;
    const source = (async function* () {
      try {
        yield* inPieces(STREAM, 8);
      } finally {
        hasEnded = true;
      }
    })();
    for await (const { x } of batchesFromIpc(source)) {
      expect(await (x as Tensor).array()).toEqual([1, 2, 3]);
      break;
    }
    expect(hasEnded).toBe(true);
  });
  test("is not copied where it is one piece at a multiple of 8", async () => {
    const bytes = new Uint8Array(await toIpc({ x: Float32Array.of(1, 2, 3) }));
    const { x } = await fromIpc(bytes);
    expect(((x as Tensor)[NODE] as { host: { data: Float32Array } }).host.data.buffer).toBe(bytes.buffer);
    const odd = new Uint8Array(bytes.length + 3);
    odd.set(bytes, 3);
    expect(await ((await fromIpc(odd.subarray(3))).x as Tensor).array()).toEqual([1, 2, 3]);
  });
  test("is written as either", async () => {
    for (const format of ["stream", "file"] as const) {
      const found = await fromIpc(await toIpc({ cube: array([[[1], [2]]]) }, { format }));
      expect(await (found.cube as Tensor).array()).toEqual([[[1], [2]]]);
    }
  });
  test("without rows has its columns", async () => {
    const found = await fromIpc(tableToIPC(new Table({ x: vectorFromArray([], new Float32()) }), "stream"));
    expect(await (found.x as Tensor).aval()).toMatchObject({ dtype: "float32", shape: [0] });
  });
});

describe("bytes that are wrong", () => {
  test.each<[string, unknown, RegExp]>([
    ["none", new Uint8Array(0), /were cut/],
    ["of something else", new TextEncoder().encode("name,tag\nword,noun\n"), /no Arrow IPC/],
    ["a text", "abc", /`source`.*"abc"/],
    ["nothing", null, /`source`/],
    ["chunks of text", ["abc"], /no Uint8Array/],
    ["a stream cut between its messages", STREAM.subarray(0, -8), /were cut/],
    ["a file cut in its footer", FILE.subarray(0, -3), /without its end/],
    ["a body that would take all memory", lying(2 ** 52), /were cut/],
    ["a length that is negative", lying(-8), /negative/],
  ])("are refused: %s", async (_, source, expected) => {
    expect(await messageOf(source)).toMatch(expected);
  });

  test.each([
    [[0, 1, 0, 3], /offsets that do not grow/],
    [[0, 1, 3, 9], /lists beyond their items/],
    [[-1, 1, 3, 3], /offsets that do not grow/],
  ])("lists that are not where they say: %j", async (offsets, expected) => {
    const bytes = STREAM.slice();
    const words = new Int32Array(bytes.buffer);
    const at = words.findIndex((_, i) => [0, 1, 3, 3].every((offset, k) => words[i + k] === offset)); // of the first batch
    words.set(offsets, at);
    expect(await messageOf(bytes)).toMatch(expected);
  });

  test("are refused where a column has more rows than its buffers", async () => {
    const bytes = tableToIPC(new Table({ x: makeVector(Int32Array.of(1, 2, 3)) }), "stream");
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    // The length of the batch, and that of its one column
    for (let at = 0; at + 8 <= bytes.length; at += 8)
      if (view.getBigInt64(at, true) === 3n) view.setBigInt64(at, 1000n, true);
    expect(await messageOf(bytes)).toMatch(/a buffer of 16 bytes where 4000 are needed/);
  });

  test("are refused wherever a stream or a file is cut", async () => {
    for (const bytes of [STREAM, FILE])
      for (let length = 0; length < bytes.length; length += 5)
        expect((await errorOf(() => fromIpc(bytes.subarray(0, length)))).code).toBe("INVALID_ARGUMENT");
  });

  test("are read or refused whichever byte is changed, and nothing else happens", async () => {
    let refusedOnes = 0;
    for (const [whole, step] of [
      [STREAM, 1],
      [FILE, 5],
    ] as const)
      // prettier-ignore
      for (let i = 0; i < whole.length; i += step) {
        const [bytes, value] = [whole.slice(), [0xff, 0x7f, 0x01][i % 3]!];
        bytes[i]! ^= value;
        try {
          await contents(await fromIpc(bytes, { maxBytes: 1e6, fill: { x: 0, rows: 0 } }).then((found) => ({ ...emptied, ...found }))); // prettier-ignore
        } catch (error) {
          if (!(error instanceof SynjaxError)) throw new Error(`byte ${i} ^ ${value}`, { cause: error });
          expect(error.code).toBe("INVALID_ARGUMENT");
          refusedOnes++;
        }
      }
    expect(refusedOnes).toBeGreaterThan(STREAM.length / 2);
  });

  test("what the source throws is thrown", async () => {
    const broken = (async function* () {
      yield await Promise.resolve(STREAM.subarray(0, 100));
      throw new RangeError("the disk");
    })();
    await expect(fromIpc(broken)).rejects.toThrow(new RangeError("the disk"));
  });

  test("rows before their dictionary", async () => {
    const writer = new RecordBatchStreamWriter();
    writer.writeAll(SMALL).finish();
    expect(await contents(await fromIpc(writer.toUint8Array(true)))).toEqual(EXPECTED);
    const dictionary = framesOf(STREAM).findIndex((frame) => frame.kind === 2);
    const without = framesOf(STREAM).filter((_, i) => i !== dictionary);
    expect(await messageOf(joined(without.map(({ bytes }) => bytes)))).toMatch(/before the dictionaries/);
  });
});

const emptied = { x: array([0]), rows: { values: array([[0]]), lengths: array([1], { dtype: "int32" }) }, words: [] as unknown as Vector, text: [] as unknown as Vector }; // prettier-ignore

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

/** The messages of a stream, with their kinds. The body's length stands where a writer puts it: it is looked for. */
function framesOf(stream: Uint8Array): { readonly kind: number; readonly bytes: Uint8Array }[] {
  const frames = [];
  for (let at = 0; at < stream.length;) {
    const { end, kind } = frameAt(stream, at);
    frames.push({ kind, bytes: stream.subarray(at, end) });
    at = end;
  }
  return frames;
}

function frameAt(stream: Uint8Array, at: number): { end: number; kind: number; bodyLengthAt: number } {
  const view = new DataView(stream.buffer, stream.byteOffset);
  const size = view.getInt32(at + 4, true);
  if (size === 0) return { end: at + 8, kind: 0, bodyLengthAt: 0 };
  const root = at + 8 + view.getInt32(at + 8, true);
  const vtable = root - view.getInt32(root, true);
  const place = (field: number): number => root + view.getUint16(vtable + 4 + 2 * field, true);
  const bodyLengthAt = view.getUint16(vtable, true) > 10 ? place(3) : root;
  const body = bodyLengthAt === root ? 0 : Number(view.getBigInt64(bodyLengthAt, true));
  return { end: at + 8 + size + body, kind: view.getUint8(place(1)), bodyLengthAt };
}

/** A stream whose first record batch says that its body has so many bytes. */
function lying(bodyLength: number): Uint8Array {
  const bytes = STREAM.slice();
  let at = 0;
  while (frameAt(bytes, at).kind !== 3) at = frameAt(bytes, at).end;
  new DataView(bytes.buffer).setBigInt64(frameAt(bytes, at).bodyLengthAt, BigInt(bodyLength), true);
  return bytes;
}
