/** The generated operations on a real worker: the literal stands under the Python line that made it. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  array,
  connect,
  lax,
  linalg,
  nn,
  np,
  random,
  semirings,
  type Session,
  special,
  SynjaxError,
  type Tensor,
} from "../../src/index.ts";

let session: Session;
beforeAll(async () => {
  session = await connect();
});
afterAll(() => session.close());

const x = array([
  [1, 2, 3],
  [4, 5, 6],
]);

async function errorOf(make: () => Tensor): Promise<SynjaxError> {
  try {
    await make().data();
  } catch (error) {
    if (error instanceof SynjaxError) return error;
    throw error;
  }
  throw new Error("expected an error");
}

describe("operands and static parameters", () => {
  test("raw arrays take the dtype that is wanted, options their Python names", async () => {
    // jnp.take(x, jnp.array([2, -1, 0]), axis=1)
    expect(await np.take(x, [2, -1, 0], { axis: 1 }).array()).toEqual([
      [3, 3, 1],
      [6, 6, 4],
    ]);
    // jnp.where(jnp.array([True, False, True]), x, 0)
    expect(await np.where([true, false, true], x, 0).array()).toEqual([
      [1, 0, 3],
      [4, 0, 6],
    ]);
    // jnp.sum(x, axis=0, where=jnp.array([[True], [False]]))
    expect(await np.sum(x, { axis: 0, where: [[true], [false]] }).array()).toEqual([1, 2, 3]);
    // jnp.pad(jnp.array([1., 2.]), [(1, 0)], constant_values=9)
    expect(await np.pad([1, 2], [[1, 0]], { constantValues: 9 }).array()).toEqual([9, 1, 2]);
    // jnp.clip(x, min=2, max=4.5)
    expect(await np.clip(x, { min: 2, max: 4.5 }).array()).toEqual([
      [2, 2, 3],
      [4, 4.5, 4.5],
    ]);
  });

  test("lists and the rest of the arguments are operands", async () => {
    // jnp.concatenate([x, jnp.array([[7., 8., 9.]])])
    expect(await np.concatenate([x, [[7, 8, 9]]]).array()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
    ]);
    // jnp.einsum("ij,kj->ik", x, x)
    expect(await np.einsum("ij,kj->ik", x, x).array()).toEqual([
      [14, 32],
      [32, 77],
    ]);
  });

  test("creation has the dtypes that its signature states", async () => {
    const dtype = async (tensor: Tensor): Promise<string> => (await tensor.aval()).dtype;
    expect(await dtype(np.full([2], 0))).toBe("float32");
    expect(await dtype(np.arange(3))).toBe("int32");
    expect(await dtype(np.zerosLike(np.arange(3)))).toBe("int32");
    expect(await dtype(nn.oneHot([0, 2], 3))).toBe("float32");
    expect(await dtype(random.normal(random.key(3), { dtype: "float64" }))).toBe("float64");
  });

  test("several results come as an object", async () => {
    const { values, indices } = lax.topK(x, 2);
    // jax.lax.top_k(x, 2)
    expect(await session.get([values, indices]).then((all) => all.map((t) => [...t.data]))).toEqual([
      [3, 2, 6, 5],
      [2, 1, 2, 1],
    ]);
    // jnp.linalg.slogdet(jnp.array([[2., 1.], [1., 3.]]))
    expect(
      await linalg
        .slogdet([
          [2, 1],
          [1, 3],
        ])
        .logabsdet.item(),
    ).toBeCloseTo(1.609438, 5);
  });

  test("a draw is JAX's draw", async () => {
    // jax.random.normal(jax.random.key(3), (2,))
    const draw = await random.normal(random.key(3), { shape: [2] }).data();
    expect(draw[0]).toBeCloseTo(-1.446257, 5);
    expect(draw[1]).toBeCloseTo(1.539381, 5);
    // jax.scipy.special.betaln(2, 3.5)
    expect(await special.betaln(2, 3.5).item()).toBeCloseTo(-2.75684, 5);
  });
});

describe("what structured models need", () => {
  const log = new semirings.LogSemiring();
  const max = new semirings.MaxSemiring();

  test("semirings sum, multiply and einsum log-potentials", async () => {
    // jax.nn.logsumexp(x, 0)    jnp.max(x, (0, 1))
    expect((await log.sum(x, 0).data())[0]).toBeCloseTo(4.048587, 5);
    expect(await max.sum(x, [0, 1]).item()).toBe(6);
    // jax.nn.logsumexp(x[:, :, None] + x.T, 1)[0, 1]
    expect(await log.einsum("ab,bc->ac", x, np.transpose(x)).slice(0, 1).item()).toBeCloseTo(9.142932, 5);
    expect(await max.einsum("ab,bc->ac", x, np.transpose(x)).slice(0, 1).item()).toBe(9);
    expect(await log.add(x, log.zero([3])).array()).toEqual(await x.array());
    expect(await max.add(x, 4).slice(0).array()).toEqual([4, 4, 4]);
    expect(await log.mul(x, log.one(), x).slice(1).array()).toEqual([8, 10, 12]);
  });

  test("an einsum that does not fit says which operand", async () => {
    const error = await errorOf(() => log.einsum("ab,bc->ac", x, x));
    expect(error.code).toBe("INVALID_ARGUMENT");
    expect(error.message).toContain("expected b = 3");
  });

  test("what has no answer is refused by the name of the argument", async () => {
    const beyond = await errorOf(() => special.logDelannoy(5, 5, { maxInputValue: 3 }));
    expect(beyond.code).toBe("CHECK_FAILED");
    expect(beyond.message).toContain("`m` must be between 0 and max_input_value = 3; it is 5");
    const negative = await errorOf(() => special.logDelannoy(1, 1, { maxInputValue: -1 }));
    expect(negative.code).toBe("INVALID_ARGUMENT");
    const cold = await errorOf(() => special.sampleOneHot([0, 1], { key: random.key(0), temperature: 0 }));
    expect(cold.message).toContain("`temperature` must be above 0; it is 0");
    expect((await errorOf(() => log.sum(x, 5))).message).toContain("axis 5 is out of bounds");
  });

  test("special functions are SynJax's", async () => {
    expect(await special.sparsemax([2, 2, -5]).array()).toEqual([0.5, 0.5, 0]);
    expect(await special.maxOneHot(x, { axis: [0, 1] }).array()).toEqual([
      [0, 0, 0],
      [0, 0, 1],
    ]);
    const draw = await special.sampleOneHot([0, -Infinity, 0], { key: random.key(1) }).data();
    expect(draw[1]).toBe(0);
    expect(draw[0]! + draw[2]!).toBe(1);
    expect(await special.logCatalan(4).item()).toBeCloseTo(Math.log(14), 5);
    expect(await special.logComb(5, 2).item()).toBeCloseTo(Math.log(10), 5);
    expect(await special.logDelannoy(3, 3, { maxInputValue: 3 }).item()).toBeCloseTo(Math.log(63), 5);
    expect(await special.safeLog([0, 1]).array()).toEqual([-Infinity, 0]);
  });
});

describe("indexing", () => {
  test("reads with ints, slices, a new axis, ellipsis and positions", async () => {
    // x[0, 1:]    x[..., None, 1]    x[:, jnp.array([2, 0])]
    expect(await x.slice(0, [1, null]).array()).toEqual([2, 3]);
    expect(await x.slice("...", null, 1).array()).toEqual([[2], [5]]);
    expect(await x.slice([], Int32Array.of(2, 0)).array()).toEqual([
      [3, 1],
      [6, 4],
    ]);
  });

  test("changes some elements of a copy", async () => {
    // x.at[0, 1:3].set(0)    x.at[jnp.array([1]), 0].add(5)
    expect(await x.at(0, [1, 3]).set(0).array()).toEqual([
      [1, 0, 0],
      [4, 5, 6],
    ]);
    expect(await x.at(Int32Array.of(1), 0).add(5).array()).toEqual([
      [1, 2, 3],
      [9, 5, 6],
    ]);
  });

  test("a position out of range is named, written or on the device", async () => {
    expect(await errorOf(() => x.slice(5))).toMatchObject({
      code: "INVALID_ARGUMENT",
      argument: "index",
      expected: "between -2 and 1",
      received: "5",
    });
    for (const [make, op] of [
      [() => x.slice(Int32Array.of(0, 9)), "slice"],
      [() => np.take(x, [0, 9], { axis: 0 }), "np.take"],
      [() => x.at(Int32Array.of(0, 9)).set(1), "at(…).set"],
    ] as const) {
      const error = await errorOf(make);
      expect(error).toMatchObject({ code: "CHECK_FAILED", op });
      expect(error.message).toContain("must be between -2 and 1; item 1 is 9");
    }
  });

  test("an update that would change the dtype is refused", async () => {
    const error = await errorOf(() => np.arange(3).at(0).set(0.5));
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", argument: "value", expected: "int32" });
  });
});
