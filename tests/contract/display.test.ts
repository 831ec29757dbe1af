import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  array,
  connect,
  get,
  jit,
  LinearChainCRF,
  np,
  random,
  type Session,
  type Tensor,
} from "../../src/index.ts";
import { errorOf } from "../fixtures/errors.ts";

type T = Tensor<"float32">;

let session: Session;
beforeAll(async () => {
  session = await connect();
});
afterAll(() => session.close());

const matrix = [
  [1, 2],
  [3, 4],
];

describe("console.log", () => {
  test("shows host data as its values", () => {
    expect(inspect(array(matrix))).toBe("Tensor float32[2, 2] [ [ 1, 2 ], [ 3, 4 ] ]");
    expect(inspect({ a: [array([true])] })).toBe("{ a: [ Tensor bool[1] [ true ] ] }");
    expect(inspect(array(new Float32Array(5_000)))).toMatch(
      /^Tensor float32\[5000\] Float32Array\(5000\) \[/,
    );
  });
  test("says of every other tensor where it is", async () => {
    const pending = array(matrix).add(1);
    expect(inspect(pending)).toBe("Tensor (not computed yet)");
    const held = session.put(array(matrix));
    expect(inspect(held)).toBe("Tensor (being computed)");
    await held.data();
    expect(inspect(held)).toBe("Tensor float32[2, 2] (on the device)");
    jit((x: T) => x.add(1), { donateArgnums: 0 })(held as T);
    expect(inspect(held)).toBe("Tensor float32[2, 2] (donated)");
    await pending.data();
    pending.dispose();
    expect(inspect(pending)).toBe("Tensor float32[2, 2] (disposed of)");
    const wrong = np.matmul(array([1]), array([1, 2]));
    await errorOf(() => wrong.data());
    expect(inspect(wrong)).toBe("Tensor (failed: OP_FAILED)");
    jit((x: T) => (expect(inspect(x)).toBe("Tensor (being recorded)"), x))(array([1]));
    expect(inspect(array([1]).shape)).toMatch(/^Shape \(/);
    await session.idle();
  });
  test("shows what was fetched as numbers and booleans, whatever its bits", async () => {
    const x = array([0.5, -Infinity]);
    const got = await get({ h: x.astype("float16"), b: x.astype("bfloat16"), m: np.greater(x, 0) });
    expect(inspect(got, { breakLength: Infinity })).toBe(
      "{ b: HostTensor bfloat16[2] [ 0.5, -Infinity ], h: HostTensor float16[2] [ 0.5, -Infinity ], m: HostTensor bool[2] [ true, false ] }",
    );
  });
});

describe("half floats", () => {
  const bits = [0x3c00, 0xc000];
  /** As much of it as is used here; Node has it from 24 on. */
  class StandIn extends Uint16Array {
    override get [Symbol.toStringTag](): never {
      return "Float16Array" as never;
    }
  }
  const runtime = globalThis as { Float16Array?: unknown };
  const own = runtime.Float16Array;
  afterAll(() => {
    if (own === undefined) delete runtime.Float16Array;
    else runtime.Float16Array = own;
  });

  test.each([
    ["in a Float16Array where the runtime has it", StandIn],
    ["as their bits where it has none", undefined],
  ])("come %s, and go", async (_, Float16Array) => {
    runtime.Float16Array = Float16Array;
    const Class = (Float16Array ?? Uint16Array) as typeof Uint16Array;
    const given = new StandIn(bits) as never;
    for (const x of [
      array(given),
      array(given, { transfer: true }),
      array(Uint16Array.from(bits), { dtype: "float16" }),
    ]) {
      expect((await x.aval()).dtype).toBe("float16");
      expect(await x.array()).toEqual([1, -2]);
      expect(await x.mul(2).array()).toEqual([2, -4]);
      const { held } = await get({ held: session.put(x) });
      for (const data of [await x.data(), await x.mul(1).data(), held.data]) {
        expect(data).toBeInstanceOf(Class);
        expect(Array.from(data as Uint16Array)).toEqual(bits);
        expect(await array(data as never, { dtype: "float16" }).array()).toEqual([1, -2]);
      }
      expect([held.array(), held.toJSON().data, inspect(held)]).toEqual([[1, -2], [1, -2], "HostTensor float16[2] [ 1, -2 ]"]); // prettier-ignore
      expect(await array(held.data as never, held).array()).toEqual([1, -2]);
      expect([...(await held.arrow())]).toEqual([1, -2]);
    }
    const f = jit((x: Tensor<"float16">) => x.add(1));
    expect(await f(given).array()).toEqual([2, -1]);
    expect(await (session.put({ given }).given as Tensor).array()).toEqual([1, -2]);
    for (const dtype of ["float32", "float64"] as const)
      expect(await array(given, { dtype }).array()).toEqual([1, -2]);
    expect((await errorOf(() => array(given, { dtype: "int32" }))).code).toBe("NARROWING");
  });
});

describe("JSON", () => {
  test("of what was fetched loses nothing", async () => {
    const got = await get({
      f: array([
        [1.5, Number.NaN],
        [Infinity, -Infinity],
      ]),
      l: array(BigInt64Array.of(2n ** 60n)),
      h: array(Uint16Array.of(0x3c00), { dtype: "float16" }),
      m: array([true]),
      k: random.key(7),
      none: array([], { shape: [0, 2] }),
    });
    expect(JSON.parse(JSON.stringify(got))).toEqual({
      f: { dtype: "float32", shape: [2, 2], data: [1.5, "NaN", "Infinity", "-Infinity"] },
      l: { dtype: "int64", shape: [1], data: ["1152921504606846976"] },
      h: { dtype: "float16", shape: [1], data: [1] },
      m: { dtype: "bool", shape: [1], data: [true] },
      k: { dtype: "key", shape: [], data: [0, 7] },
      none: { dtype: "float32", shape: [0, 2], data: [] },
    });
  });
  test("of a tensor, a distribution or a shape is refused, with what to write instead", async () => {
    const crf = new LinearChainCRF({ initial: [0, 0], transition: matrix, emission: matrix });
    for (const value of [array([1]), array([1]).add(1), session.put(array([1])), crf]) {
      const error = await errorOf(() => JSON.stringify({ deep: [value] }));
      expect(error.code).toBe("TRACED_AS_NUMBER");
      expect(error.message).toMatch(/await x\.array\(\)/);
      expect(error.line).toMatch(/display\.test\.ts:\d+/);
    }
    const { shape } = array([1]);
    for (const value of [shape, shape.at(0)])
      expect((await errorOf(() => JSON.stringify(value))).code).toBe("SIZE_UNKNOWN");
  });
});

test("in a text a shape, a size, a tensor and an update are refused as numbers are, never [object Object]", async () => {
  const x = array([1]);
  for (const value of [x.shape, x.shape.at(0)])
    for (const use of [() => `${value as unknown as string}`, () => Number(value)])
      expect((await errorOf(use)).code).toBe("SIZE_UNKNOWN");
  for (const value of [x, x.add(1), x.at(0)])
    expect((await errorOf(() => `${value as unknown as string}`)).code).toBe("TRACED_AS_NUMBER");
  for (const value of [x.shape, x, x.at(0)]) expect(value.toString()).toMatch(/^(Shape|Tensor|IndexUpdate) /);
});
