import { Bool, FixedSizeList, Float32, Field, Int32, makeVector, Utf8, vectorFromArray } from "apache-arrow";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  AlignmentCRF,
  array,
  connect,
  CTC,
  GeneralMonotoneAlignmentCRF,
  get,
  grad,
  HMM,
  jit,
  LinearChainCRF,
  np,
  random,
  scan,
  type Session,
  type Tensor,
  tree,
  vmap,
} from "../../src/index.ts";
import { errorOf } from "../fixtures/errors.ts";

// A new user's mistakes do not type-check; most of what is tried here cannot.
/* eslint-disable @typescript-eslint/no-explicit-any */
const loose = array as (data: unknown, options?: object) => Tensor<any>;
const anything = (value: unknown): any => value;

let session: Session;
beforeAll(async () => {
  session = await connect();
});
afterAll(() => session.close());

const codeOf = async (run: () => unknown): Promise<string> => (await errorOf(run)).code;

describe("host data", () => {
  test.each([
    ["ragged", [[1, 2], [3]], {}, "INVALID_ARGUMENT"],
    ["ragged with an empty row", [[], [1]], {}, "INVALID_ARGUMENT"],
    ["deeper in one place", [1, [2]], {}, "INVALID_ARGUMENT"],
    ["a hole", [1, , 3], {}, "INVALID_ARGUMENT"],
    ["null inside", [null], {}, "INVALID_ARGUMENT"],
    ["strings inside", ["1"], {}, "INVALID_ARGUMENT"],
    ["booleans and numbers", [true, 1], {}, "INVALID_ARGUMENT"],
    ["bigints and numbers", [1n, 2], {}, "INVALID_ARGUMENT"],
    ["typed arrays in an array", [Float32Array.of(1)], {}, "INVALID_ARGUMENT"],
    ["null", null, {}, "NOT_A_TENSOR"],
    ["a string", "1", {}, "NOT_A_TENSOR"],
    ["an ArrayBuffer", new ArrayBuffer(4), {}, "NOT_A_TENSOR"],
    ["a DataView", new DataView(new ArrayBuffer(4)), {}, "NOT_A_TENSOR"],
    ["a fraction as int32", [1.5], { dtype: "int32" }, "NARROWING"],
    ["NaN as int32", [Number.NaN], { dtype: "int32" }, "NARROWING"],
    ["300 as uint8", [300], { dtype: "uint8" }, "NARROWING"],
    ["2^31 as int32", [2 ** 31], { dtype: "int32" }, "NARROWING"],
    ["-1n as uint64", [-1n], { dtype: "uint64" }, "NARROWING"],
    ["1e39 as float32", [1, -1e39], {}, "NARROWING"],
    ["2n^63 as int64", [2n ** 63n], {}, "NARROWING"],
    ["float64 as float32", Float64Array.of(1), { dtype: "float32" }, "NARROWING"],
    ["a byte that is no boolean", Uint8Array.of(2), { dtype: "bool" }, "NARROWING"],
    ["numbers as float16", [1], { dtype: "float16" }, "INVALID_ARGUMENT"],
    ["a dtype that does not exist", [1], { dtype: "float8" }, "INVALID_ARGUMENT"],
    ["a shape that does not fit", new Float32Array(6), { shape: [2, 2] }, "INVALID_ARGUMENT"],
    ["a negative length", [1, 2], { shape: [-1, -2] }, "INVALID_ARGUMENT"],
    ["a broken length", [1, 2], { shape: [0.5, 4] }, "INVALID_ARGUMENT"],
    ["a number as shape", [1, 2], { shape: 2 }, "INVALID_ARGUMENT"],
    ["33 axes", [1], { shape: Array.from({ length: 33 }, () => 1) }, "LIMIT_RANK"],
  ])("%s", async (_, data, options, code) => {
    expect(await codeOf(() => loose(data, options))).toBe(code);
  });

  test("100 nested arrays", async () => {
    let deep: unknown = 1;
    for (let i = 0; i < 100; i++) deep = [deep];
    expect(await codeOf(() => loose(deep))).toBe("LIMIT_RANK");
  });
  test("33 axes made on the device", async () => {
    const wide = array([1]).reshape(Array.from({ length: 33 }, () => 1));
    expect(await codeOf(() => wide.data())).toBe("LIMIT_RANK");
    expect(
      (
        await array([1])
          .reshape(Array.from({ length: 32 }, () => 1))
          .aval()
      ).shape,
    ).toHaveLength(32);
  });
  test("shared memory, Buffers and clamped bytes are taken", async () => {
    const shared = new Float32Array(new SharedArrayBuffer(8));
    shared[0] = 3;
    expect(await array(shared).add(1).array()).toEqual([4, 1]);
    expect(
      await loose(Buffer.from([1, 2]))
        .add(1)
        .array(),
    ).toEqual([2, 3]);
    expect((await array(Uint8ClampedArray.of(300)).aval()).dtype).toBe("uint8");
  });
  test("an array of another realm is taken", async () => {
    const { runInNewContext } = await import("node:vm");
    expect(await loose(runInNewContext("Float32Array.of(1, 2)")).mul(2).array()).toEqual([2, 4]);
  });
  test("what is read is a copy: changing it changes no tensor", async () => {
    for (const tensor of [array([1, 2]), array([0, 1]).add(1)]) {
      (await tensor.data())[0] = 9;
      const fetched = await session.get({ tensor });
      fetched.tensor.data[1] = 9;
      expect(await tensor.array()).toEqual([1, 2]);
    }
  });
  test("zero-sized: sums are 0, what has no value says so", async () => {
    expect(
      await array([], { shape: [0] })
        .sum()
        .item(),
    ).toBe(0);
    expect(await codeOf(() => array([]).max().item())).toBe("OP_FAILED");
    expect(await codeOf(() => array([]).item())).toBe("INVALID_ARGUMENT");
  });
  test("NaN, infinities and -0 keep what they are", async () => {
    const data = await array([Number.NaN, -0, Infinity]).mul(1).data();
    expect([...data].map((v) => (Object.is(v, -0) ? "-0" : String(v)))).toEqual(["NaN", "-0", "Infinity"]);
  });
});

describe("literals", () => {
  test.each([Number.NaN, Infinity, -Infinity, -0, 2 ** 31, 1e300])(
    "%s in a recorded function and outside",
    async (v) => {
      const expected = Float64Array.of(v);
      const one = array(Float64Array.of(1));
      expect(await jit((x: Tensor<"float64">) => x.mul(v))(one).data()).toEqual(expected);
      expect(await one.mul(v).data()).toEqual(expected);
    },
  );
  test("whole ones of 2**31 and more are whole beside 64-bit integers, recorded and outside", async () => {
    const [one, wide] = [array(BigInt64Array.of(1n)), 2 ** 40];
    const runs: [(x: Tensor<any>) => Tensor<any>, string, unknown][] = [
      [(x) => x.add(wide), "int64", [2n ** 40n + 1n]],
      [(x) => np.subtract(-wide, x), "int64", [-(2n ** 40n) - 1n]],
      [(x) => x.at(0).set(wide), "int64", [2n ** 40n]],
      [(x) => np.where(x.greater(0), x, wide), "int64", [1n]],
      [(x) => x.add(2 ** 31), "int64", [2n ** 31n + 1n]],
      [(x) => x.add(2 ** 80), "float32", [2 ** 80]],
      [(x) => x.astype("uint64").add(2 ** 62), "uint64", [2n ** 62n + 1n]],
      [(x) => x.astype("float64").add(wide), "float64", [2 ** 40 + 1]],
      [(x) => x.astype("float32").mul(wide), "float32", [2 ** 40]],
      [(x) => x.astype("int32").add(wide), "float32", [2 ** 40]],
    ];
    for (const [run, dtype, expected] of runs)
      for (const result of [run(one), jit(run)(one)])
        expect([(await result.aval()).dtype, await result.array()]).toEqual([dtype, expected]);
  });
  test("an infinity as a static parameter", async () => {
    expect(await np.full([2], -Infinity).array()).toEqual([-Infinity, -Infinity]);
  });
  test("bigints are int64, and no wider", async () => {
    expect(await array(BigInt64Array.of(1n)).add(anything(5n)).array()).toEqual([6n]);
    expect(await codeOf(() => array([1]).add(anything(2n ** 70n)))).toBe("NARROWING");
  });
  test.each([
    ["undefined", undefined],
    ["null", null],
    ["a string", "3"],
    ["a function", () => 1],
    ["a Map", new Map()],
  ])("%s as an operand", async (_, operand) => {
    const error = await errorOf(() => array([1]).add(anything(operand)));
    expect(error.code).toBe("NOT_A_TENSOR");
    expect(error.line).toMatch(/bad-input\.test\.ts:\d+/);
  });
  test.each<[string, unknown, RegExp]>([
    ["undefined, which is no new axis", undefined, /got undefined/],
    ["text", "x", /got "x"/],
    ["a truth value", true, /got true/],
    ["a slice of four parts", [0, 1, 2, 3], /got \[0, 1, 2, 3\]; positions are given as Int32Array\.of/],
    ["nested positions", [[0, 1]], /got \[an array\]/],
    ["an object", { start: 0 }, /got an Object/],
    ["a function", () => 1, /got a function/],
  ])("%s in an index is refused by the method that was called", async (_, item, received) => {
    for (const [method, run] of [
      ["slice", () => array([1, 2]).slice(anything(item))],
      ["at", () => array([1, 2]).at(anything(item))],
    ] as const) {
      const error = await errorOf(run);
      expect([error.code, error.argument]).toEqual(["INVALID_ARGUMENT", "index"]);
      expect(error.message).toMatch(received);
      expect(error.message).toMatch(new RegExp(`^${method}: `));
      expect(error.line).toMatch(/bad-input\.test\.ts:\d+/);
    }
  });
  test("what the worker refuses of an index is told of slice and at, which were called", async () => {
    const x = array([1, 2]);
    const runs: [() => unknown, RegExp][] = [
      [
        () => x.slice(0, 1).data(),
        /^slice: `index`: expected at most 1 items.*a range of positions is one item, \[start, stop\]/,
      ],
      [() => x.slice(5).data(), /^slice: `index` on axis 0 of 2 elements: expected between -2 and 1, got 5/],
      [
        () => x.slice(session.put(Int32Array.of(7))).data(),
        /^slice: `index` must be between -2 and 1; item 0 is 7/,
      ],
      [() => x.at(5).set(1).data(), /^at\(…\)\.set: `index` on axis 0/],
      [() => x.at(0).set([1, 2, 3]).data(), /^at\(…\)\.set: Cannot broadcast/],
      [() => x.at(0).add(anything("x")), /^at\(…\)\.add: expected a tensor/],
    ];
    for (const [run, message] of runs) {
      const error = await errorOf(run);
      expect(error.message).toMatch(message);
      expect(error.op).not.toMatch(/getitem/);
    }
  });
});

describe("Arrow vectors", () => {
  test("numbers, bits and fixed-size lists are tensors", async () => {
    expect(
      await array(makeVector(Float32Array.of(1, 2)))
        .mul(2)
        .array(),
    ).toEqual([2, 4]);
    expect(
      await loose(vectorFromArray([1, 2, 3], new Int32()))
        .add(1)
        .array(),
    ).toEqual([2, 3, 4]);
    const bits = Array.from({ length: 19 }, (_, i) => i % 3 === 0);
    expect(await loose(vectorFromArray(bits, new Bool())).array()).toEqual(bits);
    expect(await loose(vectorFromArray(bits, new Bool()).slice(3, 17)).array()).toEqual(bits.slice(3, 17));
    const pairs = vectorFromArray(
      [
        [1, 2],
        [3, 4],
      ],
      new FixedSizeList(2, new Field("item", new Float32())),
    );
    expect(await loose(pairs).sum(0).array()).toEqual([4, 6]);
  });
  test("nulls and text are refused by the argument's name", async () => {
    expect(await codeOf(() => loose(vectorFromArray([1, null, 3], new Float32())))).toBe("INVALID_ARGUMENT");
    expect(await codeOf(() => loose(vectorFromArray(["a"], new Utf8())))).toBe("INVALID_ARGUMENT");
    const lengths = anything(vectorFromArray([1, null], new Int32()));
    const make = (): unknown => new LinearChainCRF({ ...chain, emission: [emission, emission], lengths });
    expect((await errorOf(make)).argument).toBe("lengths");
  });
  test("and stand where tensors do", async () => {
    const f = jit((x: Tensor<"float32">) => x.mul(2));
    expect(await f(makeVector(Float32Array.of(1, 2))).array()).toEqual([2, 4]);
  });
});

const emission = [
  [1, 2],
  [3, 4],
  [5, 6],
];
const chain = {
  initial: [0, 0],
  transition: [
    [0, 0],
    [0, 0],
  ],
  emission,
};
const crf = (options: object): LinearChainCRF => new LinearChainCRF(anything(options));
const onDevice = (value: number): Tensor<"int32"> => session.put(array(Int32Array.of(value), { shape: [] }));

describe("distributions", () => {
  test.each([
    ["a wrong dtype", { emission: array(Int32Array.of(1, 2), { shape: [1, 2] }) }, "emission"],
    ["float lengths", { emission: [emission, emission], lengths: Float32Array.of(1, 2) }, "lengths"],
    ["a length that is no integer", { lengths: 1.5 }, "lengths"],
    ["a wrong rank", { transition: [0, 0] }, "transition"],
    ["a named dim that differs", { initial: [0, 0, 0] }, "initial"],
    [
      "a matrix that is not square",
      {
        transition: [
          [0, 0, 0],
          [0, 0, 0],
        ],
      },
      "transition",
    ],
    ["a negative length", { lengths: -1 }, "lengths"],
    ["a length beyond n", { lengths: 4 }, "lengths"],
    ["lengths of another batch", { emission: [emission, emission], lengths: [1, 2, 3] }, "lengths"],
    ["a parameter that does not exist", { emissions: emission }, "emissions"],
  ])("%s, on the host", async (_, options, argument) => {
    const error = await errorOf(() => crf({ ...chain, ...options }));
    expect([error.code, error.argument]).toEqual(["INVALID_ARGUMENT", argument]);
    expect(error.line).toMatch(/bad-input\.test\.ts:\d+/);
    expect(error.message).toContain(`\`${argument}\``);
  });
  test("lengths make no batch: two for one sentence are refused on the host, on the device and recorded", async () => {
    const two = array(Int32Array.of(1, 2));
    const recorded = jit((lengths: Tensor<"int32">) => crf({ ...chain, lengths }).logPartition());
    for (const make of [
      () => crf({ ...chain, lengths: [1, 2] }),
      () => crf({ ...chain, lengths: session.put(two) }).logPartition().data(), // prettier-ignore
      () => crf({ ...chain, emission: session.put(array(emission)), lengths: two }).logPartition().data(), // prettier-ignore
      () => recorded(two).data(),
    ]) {
      const error = await errorOf(make);
      expect([error.argument, error.received]).toEqual(["lengths", "(2)"]);
      expect(error.message).toMatch(/expected \(\*batch\) = \(\)/);
    }
    const [one, both] = [
      crf({ ...chain, lengths: 2 }),
      crf({ ...chain, emission: [emission, emission], lengths: 2 }),
    ];
    expect(await both.logPartition().array()).toEqual(
      await np.stack([one.logPartition(), one.logPartition()]).array(),
    );
    // A batch that only the device knows
    const batch = session.put(array([emission, emission]));
    expect(await crf({ ...chain, emission: batch, lengths: [1, 2] }).logPartition().array()).toHaveLength(2); // prettier-ignore
  });
  test("lengths of another batch: on the host, on the device, and in a recorded function", async () => {
    const batch = array(new Float32Array(3 * 4 * 2), { shape: [3, 4, 2] });
    const ints = (...values: number[]): Tensor<"int32"> => array(Int32Array.from(values));
    const recorded = jit((e: Tensor<"float32">, lengths: Tensor<"int32">) =>
      crf({ ...chain, emission: e, lengths }).logPartition(),
    );
    const makers = [
      (lengths: Tensor<"int32">) => crf({ ...chain, emission: batch, lengths }),
      (lengths: Tensor<"int32">) =>
        crf({ ...chain, emission: batch, lengths: session.put(lengths) })
          .logPartition()
          .data(),
      (lengths: Tensor<"int32">) => recorded(batch, lengths).data(),
    ];
    for (const make of makers) {
      const messageOf = async (...lengths: number[]): Promise<string> =>
        (await errorOf(() => make(ints(...lengths)))).message;
      expect(await messageOf(4, 4)).toMatch(
        /^LinearChainCRF: `lengths` has shape \(2\), expected \(\*batch\) = \(3\) to match `emission` \(3, 4, 2\) as \(\*batch n t\)\.\n {2}Did one sentence get lost while padding\? {2}at .*bad-input\.test\.ts/,
      );
      expect(await messageOf(4, 4, 4, 4, 4)).toMatch(/\n {2}Did 2 sentences get lost while padding\? {2}at/);
    }
    const square = array(Int32Array.of(1, 2, 3, 4), { shape: [2, 2] });
    expect((await errorOf(() => crf({ ...chain, emission: batch, lengths: square }))).message).not.toMatch(
      /lost/,
    );
    const other = { ...chain, initial: session.put(array([0, 0, 0])), emission: batch };
    expect((await errorOf(() => crf(other).logPartition().data())).message).not.toMatch(/lost/);
  });
  test("whatever is wrong with it, an argument is named by its class or query, and by the caller's name", async () => {
    const messages: [() => unknown, RegExp][] = [
      [
        () => crf({ ...chain, lengths: 1.5 }),
        /^LinearChainCRF: `lengths`: expected an integer, got 1\.5 {2}at/,
      ],
      [() => crf({ ...chain, lengths: "3" }), /^LinearChainCRF: `lengths`: expected a tensor or an array/],
      [
        () => crf({ ...chain, lengths: 4 }),
        /^LinearChainCRF: `lengths` must be between 0 and n = 3; it is 4/,
      ],
      [
        () => crf(chain).encode([0.5, 1, 0]),
        /^LinearChainCRF\.encode: `tags`: expected values of dtype int32/,
      ],
      [
        () => crf(chain).encode([0, 7, 0]).data(),
        /^LinearChainCRF\.encode: `tags` must be between 0 and t - 1 = 1; item 1 is 7/,
      ],
      [() => crf(chain).encode([0, 1]).data(), /^LinearChainCRF\.encode: `tags` has shape \(2\)/],
      [() => crf(chain).logProb(anything("x")), /^LinearChainCRF\.logProb: `event`: expected a tensor/],
      [() => crf(chain).logProb([1]).data(), /^LinearChainCRF\.logProb: `event` has shape \(1\)/],
      [
        () => crf(chain).withTemperature(anything({})),
        /^LinearChainCRF\.withTemperature: `temperature`: expected/,
      ],
    ];
    for (const [run, message] of messages) {
      const error = await errorOf(run);
      expect(error.message).toMatch(message);
      expect(error.message).toContain(`\`${error.argument}\``);
      expect(error.line).toMatch(/bad-input\.test\.ts:\d+/);
    }
    const hmm = { initLogits: [0, 0], transitionLogits: chain.transition, emissionDist: chain.transition };
    const states = await errorOf(() => new HMM({ ...hmm, observations: [0, 1] }).encode([0, 9]).data());
    expect([states.argument, states.message]).toEqual([
      "states",
      expect.stringMatching(/^HMM\.encode: `states`/),
    ]);
  });
  test("a length that is no integer in an array", async () => {
    const error = await errorOf(() => crf({ ...chain, emission: [emission, emission], lengths: [1.5, 2] }));
    expect([error.code, error.argument]).toEqual(["NARROWING", "lengths"]);
  });
  test.each([-1, 4])("a length of %i on the device: the value is named", async (length) => {
    const error = await errorOf(() =>
      crf({ ...chain, lengths: onDevice(length) })
        .logPartition()
        .item(),
    );
    expect([error.code, error.argument]).toEqual(["CHECK_FAILED", "lengths"]);
    expect(error.message).toMatch(
      new RegExp(`^LinearChainCRF: \`lengths\` must be between 0 and n = 3; it is ${length}\\. {2}at`),
    );
    expect(error.line).toMatch(/bad-input\.test\.ts:\d+/);
  });
  test("NaN is named with its position, -∞ is a forbidden part", async () => {
    const error = await errorOf(() =>
      crf({ ...chain, initial: [0, Number.NaN] })
        .logPartition()
        .item(),
    );
    expect([error.code, error.argument]).toEqual(["CHECK_FAILED", "initial"]);
    expect(error.message).toMatch(/item 1 is NaN/);
    expect(error.received).toBe("NaN");
    expect(
      await crf({ ...chain, initial: [-Infinity, -Infinity] })
        .logPartition()
        .item(),
    ).toBe(-Infinity);
  });
  test("a logit that is infinite or NaN is told as that, at its own place", async () => {
    for (const wrong of [Infinity, NaN]) {
      const logits = np.zeros([2, 3]).at(1, 1).set(wrong);
      const error = await errorOf(() => new CTC({ logPotentials: logits, labels: [1] }).loss().item());
      expect([error.code, error.argument, error.received]).toEqual([
        "CHECK_FAILED",
        "logPotentials",
        String(wrong),
      ]);
      expect(error.message).toMatch(`item (1, 1) is ${wrong}`);
      const hmm = {
        initLogits: [0, wrong],
        transitionLogits: np.zeros([2, 2]),
        emissionDist: np.zeros([2, 2]),
      };
      const other = await errorOf(() => new HMM({ ...hmm, observations: [0] }).logPartition().item());
      expect([other.argument, other.received]).toEqual(["initLogits", String(wrong)]);
    }
  });
  test("what was left out, and what a list does not have, is no parameter", async () => {
    const absent = await errorOf(() => crf(chain).parameter("lengths").data());
    expect([absent.code, absent.argument]).toEqual(["INVALID_ARGUMENT", "name"]);
    expect(absent.message).toMatch(/LinearChainCRF was made without `lengths`/);
    const tables = new GeneralMonotoneAlignmentCRF({
      logPotentialsHorizontal: [np.zeros([2, 2]), np.zeros([2, 2])],
    });
    const beyond = await errorOf(() => tables.parameter("logPotentialsHorizontal", 2).data());
    expect([beyond.code, beyond.argument, beyond.received]).toEqual(["INVALID_ARGUMENT", "index", "2"]);
  });
  test("distributions that cannot be compared are told apart in words of TypeScript", async () => {
    const aligned = (alignmentType: "monotone_one_to_many" | "monotone_many_to_many") =>
      new AlignmentCRF({ logPotentials: np.zeros([2, 2]), alignmentType });
    const types = ["monotone_one_to_many", "monotone_many_to_many"] as const;
    const type = await errorOf(() => aligned(types[0]).klDivergence(aligned(types[1])).item());
    expect(type.message).toMatch(
      '`other` has `alignmentType` "monotone_many_to_many", expected "monotone_one',
    );
    const shape = await errorOf(() =>
      crf(chain)
        .klDivergence(crf({ ...chain, emission: emission.slice(1) }))
        .item(),
    );
    expect(shape.message).toMatch("`other` has `eventShape` (2, 2, 2), expected (3, 2, 2)");
    const ctc = (label: number) => new CTC({ logPotentials: np.zeros([2, 3]), labels: [label] });
    const labels = await errorOf(() => ctc(1).crossEntropy(ctc(2)).item());
    expect([labels.code, labels.argument, labels.received]).toEqual(["CHECK_FAILED", "other", "2"]);
    expect(labels.message).toMatch("`other` must be a CTC of the same `labels`");
  });
  test("no words or no tags are refused, no sentences are none", async () => {
    const none = (shape: number[]): unknown => array([], { shape });
    expect(
      await codeOf(() =>
        crf({ ...chain, emission: none([0, 2]) })
          .logPartition()
          .item(),
      ),
    ).toBe("INVALID_ARGUMENT");
    const noTags = { initial: none([0]), transition: none([0, 0]), emission: none([3, 0]) };
    expect(await codeOf(() => crf(noTags).logPartition().item())).toBe("INVALID_ARGUMENT");
    expect(
      await crf({ ...chain, emission: none([0, 3, 2]) })
        .logPartition()
        .array(),
    ).toEqual([]);
  });
  test("no options, or half of them", async () => {
    expect(await codeOf(() => crf(anything(undefined)))).toBe("INVALID_ARGUMENT");
    expect(
      (
        await errorOf(() =>
          crf({ initial: [0, 0], emission })
            .logPartition()
            .item(),
        )
      ).argument,
    ).toBe("transition");
  });
  test("queries of nothing, of what is no tag, of no key", async () => {
    expect(await codeOf(() => crf(chain).logProb(anything(undefined)))).toBe("NOT_A_TENSOR");
    expect(await codeOf(() => crf(chain).encode([0.5, 1, 0]))).toBe("NARROWING");
    expect(await codeOf(() => crf(chain).encode([0, 7, 0]).data())).toBe("CHECK_FAILED");
    expect(await codeOf(() => crf(chain).sample(anything(undefined)))).toBe("NOT_A_TENSOR");
    expect(await codeOf(() => crf(chain).topK(0).scores.data())).toBe("INVALID_ARGUMENT");
  });
  test("observations out of range", async () => {
    const hmm = {
      initLogits: [0, 0],
      transitionLogits: [
        [0, 0],
        [0, 0],
      ],
      emissionDist: [
        [0, 0],
        [0, 0],
      ],
    };
    const error = await errorOf(() => new HMM({ ...hmm, observations: [0, 5] }).logPartition().item());
    expect([error.code, error.argument]).toEqual(["CHECK_FAILED", "observations"]);
    expect(error.message).toMatch(/^HMM: `observations` must be between 0 and v - 1 = 1; item 1 is 5/);
  });
  test("a distribution has no value to fetch", async () => {
    expect(await codeOf(() => session.get({ d: crf(chain) }))).toBe("NOT_A_TENSOR");
  });
});

describe("recorded functions", () => {
  const f = anything(jit((x: any) => x));
  test.each([
    ["a string", "a"],
    ["a Map", new Map()],
    ["an ArrayBuffer", new ArrayBuffer(8)],
    ["a DataView", new DataView(new ArrayBuffer(8))],
    ["a function", () => 1],
    ["an object without a class", Object.create(Object.create(null))],
  ])("%s as an argument", async (_, argument) => {
    expect(await codeOf(() => f(argument))).toBe("NOT_A_TENSOR");
  });
  test("an async function is refused, and what it does afterwards is no unhandled rejection", async () => {
    const error = await errorOf(() =>
      anything(jit(async (x: any) => x.add((await x.data())[0])))(array([1])),
    );
    expect(error.code).toBe("NOT_A_TENSOR");
    expect(error.message).toMatch(/async/);
    expect(
      await codeOf(() => anything(vmap)(async (x: any) => (await Promise.resolve(), x.add(1)))(array([1]))),
    ).toBe("NOT_A_TENSOR");
    await new Promise((resolve) => setTimeout(resolve, 5));
  });
  test("nested arrays of numbers are trees of scalars: who took them for a tensor is told", async () => {
    const double = anything((x: any) => x.mul(2));
    const runs: [() => unknown, string][] = [
      [() => anything(jit(double))([[1, 2]]), "argument 0"],
      [() => jit((x: any) => anything(jit(double))([1, 2]).add(x))(array([1])), "argument 0"],
      [() => anything(vmap(double))([[1, 2]]), "argument 0 of vmap"],
      [() => anything(grad((y: any, x: any) => np.exp(x).add(y)))(array(1), [1, 2]), "argument 1 of grad"],
      [
        () => anything(jit((p: any) => p.layers[0].w.mul(2)))({ layers: [{ w: [1, 2] }] }),
        "argument 0.layers[0].w",
      ],
      [() => anything(jit((p: any) => np.tanh(p.w)))({ b: array(1), w: [[1], [2]] }), "argument 0.w"],
    ];
    for (const [run, argument] of runs) {
      const error = await errorOf(run);
      expect([error.code, error.argument]).toEqual(["INVALID_ARGUMENT", argument]);
      expect(error.message).toMatch(/is an array of numbers: .* Pass array\(…\) if it takes a tensor\./);
      expect(error.line).toMatch(/bad-input\.test\.ts:\d+/);
    }
    const lists = jit((xs: readonly Tensor<"float32">[]) => np.stack(xs).sum());
    expect(await lists([1, 2]).item()).toBe(3);
    expect((await errorOf(() => np.exp(anything([array(1)])))).message).toMatch(/np\.stack makes one tensor/);
  });
  test("a dtype that is read before it is known says where it stands", async () => {
    for (const x of [array([1]), np.zeros([2])]) expect(await codeOf(() => x.dtype)).toBe("TRACED_AS_NUMBER");
    expect((await errorOf(() => jit((x: Tensor) => x.dtype as never)(array([1])))).message).toMatch(
      /aval\(\)/,
    );
  });
  test("a shape gives a Size at every place, and is no array", async () => {
    const x = array([[1, 2, 3]]);
    const [n, t] = x.shape;
    expect(await np.full([t, n], 1).array()).toEqual([[1], [1], [1]]);
    expect(await np.full([x.shape[1]], 1).array()).toEqual([1, 1, 1]);
    for (const method of ["map", "filter", "join", "push"])
      expect(await codeOf(() => anything(x.shape)[method]((s: unknown) => s))).toBe("SIZE_UNKNOWN");
  });
  test("a function that throws leaves the recorder as it was", async () => {
    const thrower = (): never => {
      throw new RangeError("mine");
    };
    expect(() => anything(jit(thrower))(array([1]))).toThrow("mine");
    expect(() => anything(grad(thrower))(array([1]))).toThrow("mine");
    expect(await array([1]).add(1).array()).toEqual([2]);
  });
  test("a function that calls itself without end is JavaScript's error, and the next one runs", async () => {
    const endless: any = jit((x: any) => endless(x));
    expect(() => endless(array([1]))).toThrow(RangeError);
    expect(await array([1]).add(1).array()).toEqual([2]);
  });
  test("a value of another function is LEAKED_TRACER at the caller's line", async () => {
    let leaked: any;
    jit((x: Tensor<"float32">) => (leaked = x.mul(2)))(array([1]));
    const error = await errorOf(() => leaked.add(1).data());
    expect(error.code).toBe("LEAKED_TRACER");
    expect(error.line).toMatch(/bad-input\.test\.ts:\d+/);
    expect(await codeOf(() => leaked.data())).toBe("LEAKED_TRACER");
  });
  test("data() of a tensor it is closed over", async () => {
    const held = array([1]).add(1);
    const reads = jit((x: Tensor<"float32">) => (void held.data(), x));
    expect(await codeOf(() => reads(array([1])))).toBe("TRACED_AS_NUMBER");
  });
  test("scan's function returns a pair", async () => {
    expect(await codeOf(() => anything(scan)((c: any) => c, array(0), array([1])))).toBe("INVALID_ARGUMENT");
  });
  test("a static argument of every kind is told from its like", async () => {
    const g = anything(jit((x: any, pick: any) => x.add(pick()), { staticArgnums: -1 }));
    expect(await g(array([0]), () => 1).array()).toEqual([1]);
    expect(await g(array([0]), () => 2).array()).toEqual([2]);
    const count = anything(jit((x: any, _: unknown) => x.add(1), { staticArgnums: 1 }));
    const [a, b] = [Symbol("s"), Symbol("s")];
    const kinds = [
      0,
      -0,
      1,
      "1",
      1n,
      true,
      null,
      undefined,
      Number.NaN,
      Infinity,
      a,
      b,
      [Number.NaN],
      [Infinity],
      [null],
      [undefined],
      {},
      { a: undefined },
      { f: () => 1 },
      { f: () => 1 },
      { m: new Map([[1, 1]]) },
      { m: new Map([[1, 2]]) },
      { n: 1n },
      { n: 1 },
    ];
    for (const kind of kinds) count(array([0]), kind);
    expect(count.recordings()).toBe(kinds.length);
    for (const same of [Number.NaN, [null], { n: 1 }, { n: 1n }, a]) count(array([0]), same);
    expect(count.recordings()).toBe(kinds.length);
    await session.idle();
  });
  test("undefined and null are different arguments", async () => {
    const g = anything(jit((x: any, mask: unknown) => x.add(mask === null ? 2 : 1)));
    expect(await g(array([0]), undefined).array()).toEqual([1]);
    expect(await g(array([0]), null).array()).toEqual([2]);
  });
  test("a jitted function in a jitted function takes numbers as tensors too", async () => {
    const inner = jit((x: Tensor<"float32">, k: Tensor<"float32">) => k.mul(x));
    const outer = jit((x: Tensor<"float32">) => anything(inner)(x, 3) as Tensor<"float32">);
    expect(await outer(array([1, 2])).array()).toEqual([3, 6]);
  });
  test("put takes trees of data, and nothing else", async () => {
    expect(await codeOf(() => session.put(anything(new Map())))).toBe("NOT_A_TENSOR");
    expect(await codeOf(() => session.put(anything("x")))).toBe("NOT_A_TENSOR");
  });
});

describe("values that hold themselves, or are too deep", () => {
  const cycle: unknown[] = [array([1])];
  cycle.push({ again: cycle, and: cycle });
  const operands: unknown[] = [array([1])];
  operands.push(operands);
  const numbers: unknown[] = [];
  numbers.push(numbers, numbers);
  const options: Record<string, unknown> = { name: "n" };
  options["self"] = options;
  let deep: unknown = array([1]);
  for (let i = 0; i < 3000; i++) deep = i % 2 ? [deep] : { d: deep };
  const first = anything(jit((x: any) => x));
  const withStatic = anything(jit((x: any, _: unknown) => x, { staticArgnums: 1 }));

  test.each<[string, () => unknown, string, string]>([
    ["an argument of jit", () => first(cycle), "INVALID_ARGUMENT", "argument 0[1].again"],
    [
      "an argument of grad",
      () => anything(grad((x: any) => x[0]))(cycle),
      "INVALID_ARGUMENT",
      "argument 0 of grad",
    ],
    ["a static argument", () => withStatic(array([1]), options), "INVALID_ARGUMENT", "argument 1.self"],
    [
      "what a function returns",
      () => anything(jit(() => cycle))(array([1])),
      "INVALID_ARGUMENT",
      "the result of jit",
    ],
    ["what is put", () => session.put(anything(cycle)), "INVALID_ARGUMENT", "data[1].again"],
    ["what is fetched", () => session.get(cycle), "INVALID_ARGUMENT", "tree[1].again"],
    ["a tree", () => tree.map((x) => x, cycle), "INVALID_ARGUMENT", "tree[1].again"],
    ["an operand", () => np.stack(anything(operands)), "INVALID_ARGUMENT", "an operand"],
    [
      "an operand inside",
      () => anything(jit(() => np.stack(anything(operands))))(),
      "INVALID_ARGUMENT",
      "an operand",
    ],
    ["a static parameter", () => np.sum(array([1]), { axis: anything(numbers) }), "INVALID_ARGUMENT", "axis"],
    ["a deep argument", () => first(deep), "LIMIT_NESTING", "argument 0[0].d[0].d"],
    ["a deep static argument", () => withStatic(array([1]), deep), "LIMIT_NESTING", "argument 1[0].d"],
    ["deep data", () => session.put(anything(deep)), "LIMIT_NESTING", "data[0].d"],
  ])("%s", async (_, run, code, argument) => {
    const error = await errorOf(run);
    expect(error.code).toBe(code);
    expect(error.argument).toContain(argument);
    expect(error.message.length).toBeLessThan(200);
  });
  test.each([
    ["of array()", () => loose(numbers)],
    ["of an operation", () => array([1]).add(anything(numbers))],
    ["of a distribution", () => crf({ ...chain, emission: numbers })],
    ["of observations", () => new HMM({ observations: numbers } as never)],
  ])("an array %s that holds itself has too many axes", async (_, run) => {
    expect(["LIMIT_RANK", "INVALID_ARGUMENT"]).toContain(await codeOf(run));
  });
  test("what stands in two places is no cycle", async () => {
    const shared = { x: array([1]) };
    const sum = anything(jit((p: any) => p.a.x.add(p.b.x)));
    expect(await sum({ a: shared, b: shared }).array()).toEqual([2]);
  });
});

test("keys are no numbers", async () => {
  expect(await codeOf(() => anything(random.key(0)).add(1).data())).toBe("OP_FAILED");
  expect(await codeOf(() => random.key(1.5))).toBe("INVALID_ARGUMENT");
});

describe("values that stand for others", () => {
  const crf = () =>
    new LinearChainCRF({ logPotentials: array(new Float32Array(2 * 3 * 4), { shape: [2, 3, 2, 2] }) });

  test.each([0, -1, Number.NaN])(
    "a temperature of %d is refused, wherever it is given",
    async (temperature) => {
      for (const run of [
        () => crf().withTemperature(temperature).logPartition().item(),
        () => crf().sample(random.key(0), { temperature }).array(),
        () => crf().withPerturbation(random.key(0), { temperature }).logPartition().array(),
        () => crf().withTemperature([1, temperature]).logPartition().array(),
      ]) {
        const error = await errorOf(run);
        expect([error.argument, error.expected]).toEqual(["temperature", "above 0"]);
      }
      const perItem = await crf().withTemperature([1, 2]).logPartition().array();
      expect(perItem).toHaveLength(2);
    },
  );

  test("an item beyond the batch is refused, a negative one counts from the end", async () => {
    for (const index of [2, -3]) {
      const error = await errorOf(() => crf().at(index).logPartition().item());
      expect([error.argument, error.expected]).toEqual(["index", "-2 to 1"]);
    }
    expect(await crf().at(-1).logPartition().item()).toBeCloseTo(3 * Math.log(2), 5);
  });

  test("a symbol of 64 bits is no symbol of 32", async () => {
    const seen = {
      initLogits: [0, 0],
      transitionLogits: [
        [0, 0],
        [0, 0],
      ],
      emissionDist: [
        [0, 0],
        [0, 0],
      ],
    };
    const hmm = () => new HMM({ ...seen, observations: anything(BigInt64Array.of(2n ** 32n, 1n)) });
    const error = await errorOf(() => hmm().logPartition().item());
    expect(error.argument).toBe("observations");
    const tags = await errorOf(() =>
      crf()
        .encode(anything(BigInt64Array.of(2n ** 32n + 1n, 0n, 1n)))
        .array(),
    );
    expect(tags.argument).toBe("tags");
  });

  test("a batch of no items has empty answers", async () => {
    const none = new LinearChainCRF({ logPotentials: array(new Float32Array(0), { shape: [0, 3, 2, 2] }) });
    expect((await get(none.argmax())).shape).toEqual([0, 3, 2, 2]);
    expect((await get(none.topK(2).scores)).shape).toEqual([2, 0]);
  });
});
