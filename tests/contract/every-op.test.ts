/** Every operation is called from TypeScript, and answers what JAX answers in Python: see python/tests/ops/golden.py. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Complex, connect, random, type Session, type Tensor } from "../../src/index.ts";
import { call, type GoldenCall, goldenCalls, numberOf, registeredOps } from "../fixtures/golden-ops.ts";

let session: Session;
beforeAll(async () => {
  session = await connect();
});
afterAll(() => session.close());

const registered = registeredOps();
// Of integers the dtypes are what differs, and Python's tests have them
const calls = goldenCalls().filter(({ how }) => how !== "integers" || process.env.SYNJAX_TEST_FULL);

test("every operation has an example", () => {
  const elsewhere = /^(dist|distribution|transforms|debug|optax)\./; // distributions.test.ts, simple-distributions.test.ts, debug.test.ts, optax.test.ts beside this one
  const called = new Set(calls.map(({ op }) => op));
  expect([...registered.keys()].filter((name) => !called.has(name) && !elsewhere.test(name))).toEqual([]);
});

const titleOf = ({ op, how }: GoldenCall): string => `${op}, ${how}`;

test("answers have JAX's values, shapes, dtypes and weak types", async () => {
  const made = calls.map((golden) => call(golden, registered.get(golden.op)!));
  // A key is compared by its bits
  const read = made.map((tensors, i) =>
    tensors.map((x, k) => (calls[i]!.results[k]!.dtype === "key" ? random.keyData(x as Tensor<"key">) : x)),
  );
  const found = await session.get(read);
  const avals = await Promise.all(made.map((tensors) => Promise.all(tensors.map((x) => x.aval()))));
  const wrong: string[] = [];
  for (const [i, golden] of calls.entries())
    for (const [k, expected] of golden.results.entries()) {
      const { dtype, shape, weak } = avals[i]![k]!;
      const data = numbersOf(found[i]![k]!.array());
      const received = { dtype, shape, weak };
      const wanted = { dtype: expected.dtype, shape: expected.shape, weak: expected.weak ?? false };
      const same = JSON.stringify(received) === JSON.stringify(wanted);
      if (!same) wrong.push(`${titleOf(golden)}: ${JSON.stringify(received)}, JAX ${JSON.stringify(wanted)}`);
      else if (!data.every((x, j) => isClose(x, Number(numberOf(expected.data[j]!)), dtype)))
        wrong.push(`${titleOf(golden)}: ${String(data)}, JAX ${String(expected.data)}`);
    }
  expect(wrong).toEqual([]);
});

/** All numbers of nested arrays; of complex ones the two parts in turn. */
const numbersOf = (nested: unknown): number[] =>
  [nested].flat(Infinity).flatMap((x) => (typeof x === "object" ? Object.values(x as Complex) : Number(x)));

function isClose(x: number, expected: number, dtype: string): boolean {
  if (Object.is(x, expected) || x === expected) return true;
  return /float|complex/.test(dtype) && Math.abs(x - expected) <= 1e-5 + 1e-4 * Math.abs(expected);
}
