import { describe, expect, test } from "vitest";
import { type Answer, decodeAnswer, type Expected, expectedAnswer } from "../../bridge/wire/answer.ts";
import { bytesOf, pack, packHeader } from "../../bridge/wire/codec.ts";
import { MESSAGE } from "../../bridge/wire/protocol.ts";
import { launchHeader } from "../fixtures/memory-transport.ts";

const frame = (header: unknown): Uint8Array => packHeader(header as unknown[]);
const launched = (outputs: number, wants: readonly number[]): (() => Expected) => {
  const expected = expectedAnswer(launchHeader(5, outputs, wants));
  return () => expected;
};
const decode = (
  frames: readonly Uint8Array[],
  expected: (seq: number) => Expected | undefined = launched(1, [0]),
): Answer => decodeAnswer(frames, expected);
const f32 = (...shape: number[]): unknown => ["float32", shape, false];
const four = Uint8Array.of(1, 2, 3, 4);
const error = { code: "OP_FAILED", message: "no" };

describe("an answer", () => {
  test("has its data inline or in frames", () => {
    const buffer = bytesOf(Float32Array.of(1, 2));
    const avals = [f32(2), f32(), null];
    const answer = decode([frame([3, 0, avals, [0, four, null], [[2, error]]]), buffer], launched(3, [0, 1, 2])); // prettier-ignore
    expect(answer).toEqual({
      seq: 3,
      reply: { result: avals, data: [buffer, four, null], errors: [[2, error]] },
    });
  });
  test("of a large frame is not copied, a misaligned one is, and neither is a Buffer", () => {
    const memory = new ArrayBuffer(1024);
    const [whole, odd] = [Buffer.from(memory), Buffer.from(memory, 4, 1000)];
    const answer = decode([frame([1, 0, [f32(256), f32(250)], [0, 1]]), whole, odd], launched(2, [0, 1]));
    const [first, second] = "reply" in answer ? answer.reply.data : [];
    expect(first!.buffer).toBe(memory);
    expect(second!.buffer).not.toBe(memory);
    expect(second!.byteOffset % 8).toBe(0);
    expect([first!.constructor, second!.constructor]).toEqual([Uint8Array, Uint8Array]);
  });
  test("may be an error, also to a message that wanted no answer", () => {
    expect(decode([frame([4, 1, error])])).toEqual({ seq: 4, error });
    expect(decode([frame([0, 1, error])], () => undefined)).toEqual({ seq: 0, error });
  });
  test("to a fetch has what was asked for; a distribution has no data", () => {
    const fetched = expectedAnswer([MESSAGE.fetch, 5, [8, 8], []]);
    const answer = decode([frame([5, 0, [f32(), f32()], [four, 0]]), four], () => fetched);
    expect("reply" in answer && answer.reply.data).toEqual([four, four]);
    expect(decode([frame([5, 0, [["object", "HMM"]], []])], launched(1, []))).toHaveProperty("reply");
  });
  test("says how long a call took where it was asked, and only there", () => {
    const expected = expectedAnswer(launchHeader(5), true);
    const timed = (...more: unknown[]): Answer =>
      decode([frame([5, 0, [f32()], [], ...more])], () => expected);
    expect(timed([0.5, 2])).toMatchObject({ reply: { times: [0.5, 2], errors: [], compiled: undefined } });
    expect(timed([], 3, [0, 0.1])).toMatchObject({ reply: { times: [0, 0.1], compiled: 3 } });
    expect(decode([frame([5, 1, error])], () => expected)).toEqual({ seq: 5, error });
    const fetched = expectedAnswer([MESSAGE.fetch, 5, [8], []], true);
    expect(decode([frame([5, 0, [f32()], [four], [1, 2]])], () => fetched)).toMatchObject({ reply: { times: [1, 2] } }); // prettier-ignore
    const compiled = expectedAnswer([MESSAGE.compile, 5], true);
    expect(decode([frame([5, 0, 1.5, [1, 2]])], () => compiled)).toMatchObject({ reply: { times: [1, 2], compiled: 1.5 } }); // prettier-ignore
    for (const more of [
      [],
      [[1]],
      [[1, 2, 3]],
      [[1, -1]],
      [[1, "2"]],
      [[1, Number.NaN]],
      [3],
      [[], 3, [1, 2], 4],
    ])
      expect(() => timed(...more), JSON.stringify(more)).toThrow(/BAD_MESSAGE|cannot be read/);
    expect(() => decode([frame([5, 0, [f32()], [], [0.5, 2]])], launched(1, []))).toThrow("cannot be read");
  });
  test.each([
    ["a status of neither kind", [5, 7, []]],
    ["an error without a code", [5, 1, { message: "x" }]],
    ["an error of an unknown code", [5, 1, { code: "constructor", message: "x" }]],
    ["an error at a place that is none", [5, 1, { ...error, equation: -1 }]],
    ["a frame that is not there", [5, 0, [f32()], [0]]],
    ["a frame before the first", [5, 0, [f32()], [-1]]],
    ["a frame in between", [5, 0, [f32()], [0.5]]],
    ["data that are text", [5, 0, [f32()], ["x"]]],
    ["data that are no list", [5, 0, [f32()], 3]],
    ["data of another size", [5, 0, [f32(2)], [four]]],
    ["data of a distribution", [5, 0, [["object", "HMM"]], [four]]],
    ["too few data", [5, 0, [f32()], []]],
    ["errors that are no list", [5, 0, [f32()], [four], 3]],
    ["an error of a result that is none", [5, 0, [f32()], [four], [[1, error]]]],
    ["a failed result that has data", [5, 0, [null], [four], [[0, error]]]],
    ["no type and no error", [5, 0, [null], [null]]],
    ["a dtype by the name of a property", [5, 0, [["constructor", [], false]], [four]]],
    ["a shape beyond all sizes", [5, 0, [["float32", [2 ** 52, 2 ** 52], false]], [four]]],
    ["a negative size", [5, 0, [f32(-1, -1)], [four]]],
    ["nothing", [5]],
  ])("with %s is none", (_, header) => {
    expect(() => decode([frame(header)])).toThrow(expect.objectContaining({ code: "BAD_MESSAGE" }));
  });
  test.each([
    ["no frames", []],
    ["an empty header", [new Uint8Array()]],
    ["half a header", [Uint8Array.of(0x93, 1)]],
    ["a byte that msgpack does not have", [Uint8Array.of(0xc1)]],
    ["a map", [pack({ seq: 1 })]],
    ["text in place of seq", [pack(["1", 0, []])]],
    ["a header with more behind it", [Uint8Array.of(...frame([5, 1, error]), 0)]],
    ["an extension type", [Uint8Array.of(0x93, 5, 0, 0xd4, 0x72, 0x40)]],
    ["lists a thousand deep", [new Uint8Array(1000).fill(0x91)]],
    ["a list that says it is endless", [Uint8Array.of(0xdd, 255, 255, 255, 255)]],
    ["a frame too many", [frame([5, 0, [f32()], [four]]), four]],
  ])("of %s cannot be read", (_, frames) => {
    expect(() => decode(frames)).toThrow(expect.objectContaining({ code: "BAD_MESSAGE" }));
  });
  test("of random bytes ends in a typed error or an answer, never otherwise", () => {
    let state = 20240607;
    const random = (n: number): number => ((state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 8) % n;
    const valid = frame([7, 0, [f32(1)], [four]]);
    let read = 0;
    for (let trial = 0; trial < 5000; trial++) {
      const bytes = new Uint8Array(valid); // slice() of a Buffer copies nothing
      for (let k = random(3); k >= 0; k--) bytes[random(bytes.length)] = random(256);
      try {
        decode([bytes.subarray(0, random(9) ? undefined : random(valid.length))]);
        read++;
      } catch (error) {
        expect(error, `trial ${trial}: ${Buffer.from(bytes).toString("hex")}`).toMatchObject({
          code: "BAD_MESSAGE",
        });
      }
    }
    expect(read).toBeGreaterThan(100);
  });
});
