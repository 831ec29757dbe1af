import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { array, cond, connect, jit, np, type Session, type Tensor, whileLoop } from "../../src/index.ts";
import { errorOf } from "../fixtures/errors.ts";

type T = Tensor<"float32">;
type I = Tensor<"int32">;

let session: Session;
beforeAll(async () => {
  session = await connect();
});
afterAll(() => session.close().catch(() => undefined));

const here = /at tests\/contract\/error-words\.test\.ts:\d+:\d+$/;
/** The number of a line of this file. */
const lineOf = (message: string): number => Number(/:(\d+):\d+$/.exec(message)![1]);
/** The line it is called from. */
function thisLine(): number {
  return Number(/error-words\.test\.ts:(\d+)/.exec(new Error().stack!.split("\n")[2]!)![1]);
}

const weigh = jit((p: { w: readonly T[]; b: T }, x: T) => p.w[1]!.mul(x).add(p.b) as T);
const one = (): T => session.put(array([1, 2]));

describe("an error says which value, and where", () => {
  test("of a tensor that was disposed of: leaf, operand, or part of a tree", async () => {
    const gone = one();
    gone.dispose();
    const x = array([1, 2]);
    const said = async (call: () => unknown): Promise<string> => (await errorOf(call)).message;
    expect(await said(() => weigh({ w: [x, gone], b: x }, x))).toMatch(/^argument 0\.w\[1\] was disposed of/);
    expect(await said(() => weigh({ w: [x, x], b: x }, gone))).toMatch(/^argument 1 was disposed of/);
    expect(await said(() => np.add(x, gone))).toMatch(/^operand 1 of np\.add was disposed of/);
    expect(await said(() => session.get({ a: [x, gone] }))).toMatch(/^tree\.a\[1\] was disposed of/);
    const [message, line] = [await said(() => gone.data()), thisLine()];
    expect(message).toMatch(here);
    expect(lineOf(message)).toBe(line);
    await expect(weigh.compile({ w: [x, gone], b: x }, x)).rejects.toThrow(/^argument 0\.w\[1\]/);
  });
  test("of one that was donated, or that a function uses from outside", async () => {
    const given = one();
    await jit((x: T) => x.add(1), { donateArgnums: 0 })(given).data();
    const closure = jit((x: T) => x.add(given));
    expect((await errorOf(() => weigh({ w: [array([1]), given], b: given }, given))).message).toMatch(
      /^argument 0\.b was donated to an earlier call/,
    );
    expect((await errorOf(() => closure(array([1, 2])))).message).toMatch(here);
  });
  test("of a call whose input had failed: the line of the mistake, and that of the call", async () => {
    const [wrong, first] = [np.matmul(one(), session.put(array([1, 2, 3]))), thisLine()];
    const [poisoned, second] = [weigh({ w: [wrong, wrong], b: wrong }, array([1])), thisLine()];
    const error = await errorOf(() => poisoned.data());
    expect(error.code).toBe("POISONED");
    expect([lineOf((error.cause as Error).message), lineOf(error.message)]).toEqual([first, second]);
    expect((error.cause as Error).message).toMatch(/operands: float32\[2\], float32\[3\]/);
  });
  test("of calls that were given up, and of values that went with their worker", async () => {
    const slow = jit((x: I) => whileLoop((c: I) => np.greater(c, -9), (c: I) => c.mul(-1).add(1) as I, x)); // prettier-ignore
    const own = await connect({ compilationCache: null });
    const held = own.put(array(Int32Array.of(3), { shape: [] }));
    await held.data();
    const endless = slow(held);
    const late = await errorOf(() => endless.data({ deadline: 50 }));
    const aborted = await errorOf(() => own.run(() => slow(held).data({ signal: AbortSignal.timeout(20) })));
    expect([late.code, aborted.code]).toEqual(["DEADLINE", "ABORTED"]);
    for (const { message } of [late, aborted]) expect(message).toMatch(here);
    const pid = own.workerPid!;
    const inFlight = errorOf(() => held.add(1).data());
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.kill(pid, "SIGKILL");
    const lost = await inFlight;
    expect(lost.message).toMatch(here);
    while (own.workerPid === pid) await new Promise((resolve) => setTimeout(resolve, 2));
    const after = await errorOf(() => held.add(1));
    expect(after.message).toMatch(/^operand 0 of np\.add was lost when the worker ended/);
    expect(after.message).toMatch(here);
    await own.close({ drain: false }).catch(() => undefined);
  });
});

describe("a tensor used as a number", () => {
  test("is told apart: inside a recorded function there is no value, outside it has to be waited for", async () => {
    const inside = await errorOf(() => jit((x: T) => (+x > 0 ? x : x.add(1)))(array([1])));
    expect(inside.message).toMatch(/does not exist while the program is being recorded/);
    for (const x of [array([1]), array([1]).add(1), one()]) {
      const outside = await errorOf(() => `${x as unknown as string}`);
      expect(outside.message).toMatch(/was used as a JavaScript string: its value has to be waited for/);
      expect(x.toString()).toMatch(/^Tensor/);
    }
  });
});

test("what JAX refuses is said without Python", async () => {
  const scalar = array(1, { shape: [] }) as T;
  const pick = jit((x: T) => cond(x.sum().greater(0), (a: T) => a.sum() as T, (a: T) => a, x)); // prettier-ignore
  const message = (await errorOf(() => pick(array([1, 2])).data())).message;
  expect(message).toMatch(/^cond: both functions must return the same types, but one returns float32\[\]/);
  const shaped = (await errorOf(() => np.matmul(array([[1, 2, 3]]), array([[1, 2]])).add(scalar).data())).message; // prettier-ignore
  expect(shaped).toMatch(/^np\.matmul: .*operands: float32\[1,3\], float32\[1,2\]/);
  for (const text of [message, shaped]) expect(text).not.toMatch(/\.py|Error:|_fun|Tracer/);
});
