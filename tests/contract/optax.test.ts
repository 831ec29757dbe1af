/** Optimizers: optax's values by its names, state in trees of tensors, inside and outside of recorded functions. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  array,
  connect,
  type GradientTransformation,
  jit,
  np,
  optax,
  type OptState,
  scan,
  type Schedule,
  type Session,
  SynjaxError,
  type Tensor,
  valueAndGrad,
} from "../../src/index.ts";
import { camelCase } from "../../src/program/python-names.ts";
import { isLeaf } from "../../src/program/tree.ts";
import { registeredOps } from "../fixtures/golden-ops.ts";

let session: Session;
beforeAll(async () => {
  session = await connect();
});
afterAll(() => session.close());

interface Call {
  readonly op: string;
  readonly rest?: readonly unknown[];
  readonly named: Readonly<Record<string, unknown>>;
}
interface Golden {
  readonly params: readonly (readonly number[])[];
  readonly gradients: readonly (readonly (readonly number[])[])[];
  readonly counts: readonly number[];
  readonly optimizers: readonly (Call & { readonly leaves: readonly (readonly (number | boolean)[])[] })[];
  readonly schedules: readonly (Call & { readonly values: readonly number[] })[];
}
const golden = JSON.parse(
  readFileSync(new URL("../golden/optax/optimizers.json", import.meta.url), "utf8"),
) as Golden;
const registered = registeredOps();

interface Params {
  readonly w: Tensor<"float32">;
  readonly b: Tensor<"float32">;
}
const tensors = ([b, w]: readonly (readonly number[])[]): Params => ({
  w: array(w as number[]).reshape([2, 2]),
  b: array(b as number[]),
});

/** Calls a function of `optax` with what golden_optimizers.py wrote. */
function made({ op, rest = [], named }: Call): unknown {
  const value = (written: unknown): unknown => {
    if (typeof written !== "object" || written === null) return written;
    const { mask, linearSchedule: line, trace } = written as Record<string, never>;
    if (mask !== undefined) return { b: mask[0], w: mask[1] };
    if (trace !== undefined) return optax.trace(trace);
    if (line === undefined) return written; // boundaries and scales
    return optax.linearSchedule(line["init_value"], line["end_value"], line["transition_steps"]);
  };
  const { positional } = registered.get(op)!;
  const args = positional.flatMap((p) => (p.rest ? rest.map(value) : [value(named[p.name])]));
  const options = Object.entries(named).filter(([name]) => !positional.some((p) => p.name === name));
  const byName = Object.fromEntries(options.map(([name, written]) => [camelCase(name), value(written)]));
  const functions = optax as unknown as Readonly<Record<string, (...args: unknown[]) => unknown>>;
  return functions[camelCase(op.slice("optax.".length))]!(...args, ...(options.length ? [byName] : []));
}

/** The leaves of a tree in the order in which its fields are declared. */
const inOrder = (tree: unknown): unknown[] =>
  isLeaf(tree) ? [tree] : Object.values((tree ?? {}) as object).flatMap(inOrder);

const isClose = (x: number, y: number): boolean => Math.abs(x - y) <= 1e-6 + 1e-4 * Math.abs(y);

describe("optax", () => {
  test("every transformation and every schedule has an example", () => {
    const called = new Set([...golden.optimizers, ...golden.schedules].map(({ op }) => op));
    const byHand = [
      "join_schedules",
      "init",
      "update",
      "schedule",
      "apply_updates",
      "incremental_update",
      "global_norm",
    ];
    for (const name of byHand) called.add(`optax.${name}`);
    const losses = /_(loss|error|cosh|entropy|labels|similarity|distance|divergence)$/; // every-op.test.ts
    const all = [...registered.keys()].filter((name) => name.startsWith("optax.") && !losses.test(name));
    expect(all.filter((name) => !called.has(name))).toEqual([]);
  });

  test("updates and states are optax's", async () => {
    const params = tensors(golden.params);
    const gradients = golden.gradients.map(tensors);
    const results = golden.optimizers.map((call) => {
      const opt = made(call) as GradientTransformation;
      let state = opt.init(params);
      let updates = params;
      for (const each of gradients) [updates, state] = opt.update(each, state, params);
      return [updates.b, updates.w, ...inOrder(state)] as Tensor[];
    });
    const found = await session.get(results);
    const wrong = golden.optimizers.filter(({ leaves }, i) => {
      const received = found[i]!.map((leaf) => [leaf.array()].flat(Infinity).map(Number));
      return (
        received.length !== leaves.length ||
        !leaves.every((leaf, k) => leaf.length === received[k]!.length && leaf.every((x, j) => isClose(received[k]![j]!, Number(x)))) // prettier-ignore
      );
    });
    expect(wrong.map(({ op, named }) => `${op} ${JSON.stringify(named)}`)).toEqual([]);
  });

  test("schedules are optax's", async () => {
    const schedules = golden.schedules.map((call) => made(call) as Schedule);
    const joined = optax.joinSchedules([optax.constantSchedule(1), optax.linearSchedule(2, 0, 4)], [3]);
    const found = await session.get(
      [...schedules, joined].map((at) => golden.counts.map((count) => at(count))),
    );
    const values = found.map((row) => row.map((x) => x.item()));
    for (const [i, { op, values: expected }] of golden.schedules.entries())
      expect([op, values[i]!.every((x, k) => isClose(x, expected[k]!))]).toEqual([op, true]);
    expect(values.at(-1)).toEqual([1, 1, 2, 0]); // at 0, 1, 3, 10
  });

  const opt = optax.chain(optax.clipByGlobalNorm(1), optax.adam(optax.exponentialDecay(0.1, 1, 0.5)));
  const start = (): Params => ({ w: array([[1, 2], [3, 4]]), b: array([0.5, 0.25]) }); // prettier-ignore
  const x = array([[1, -1], [0.5, 2]]); // prettier-ignore
  const loss = (p: Params): Tensor<"float32"> =>
    np.square(np.matmul(x, p.w).add(p.b)).mean() as Tensor<"float32">;
  const stepped = (params: Params, state: OptState): [Params, OptState, Tensor<"float32">] => {
    const [value, grads] = valueAndGrad(loss)(params);
    const [updates, next] = opt.update(grads, state, params);
    return [optax.applyUpdates(params, updates), next, value];
  };

  test("a jitted step with a donated state, a scan and steps outside of any function agree", async () => {
    let [params, state] = [start(), opt.init(start())];
    for (let i = 0; i < 3; i++) [params, state] = stepped(params, state);
    const eager = params;

    const step = jit((p: Params, s: OptState) => stepped(p, s), { donateArgnums: [0, 1] });
    let [q, s] = [session.put(start()), session.put(opt.init(start()))] as [Params, OptState];
    const losses: Tensor<"float32">[] = [];
    for (let i = 0; i < 3; i++) {
      const [next, nextState, value] = step(q, s);
      losses.push(value);
      [q, s] = [next, nextState];
    }
    const jitted = q;

    const run = jit((p: Params) => {
      const turn = ([p, s]: [Params, OptState]): [[Params, OptState], Tensor<"float32">] => {
        const [next, nextState, value] = stepped(p, s);
        return [[next, nextState], value];
      };
      return scan(turn, [p, opt.init(p)] as [Params, OptState], undefined, { length: 3 });
    });
    const [[scanned], values] = run(start());
    const last = scanned;
    for (const name of ["w", "b"] as const) {
      const flat = async (of: Params): Promise<number[]> =>
        [await of[name].array()].flat(Infinity) as number[];
      const expected = await flat(eager);
      for (const other of [jitted, last])
        expect((await flat(other)).every((x, i) => isClose(x, expected[i]!))).toBe(true);
    }
    expect(await values.array()).toEqual(await np.stack(losses).array());
    expect((await losses[2]!.item()) < (await losses[0]!.item())).toBe(true);
  });

  test("a learning rate that is a tensor compiles once", async () => {
    const params = start();
    const step = jit((p: Params, rate: Tensor<"float32">) => {
      const sgd = optax.sgd(rate);
      return optax.applyUpdates(p, sgd.update(p, sgd.init(p))[0]);
    });
    expect(await step(params, 0.5).b.array()).toEqual([0.25, 0.125]);
    expect(await step(params, 1).b.array()).toEqual([0, 0]);
    expect(await optax.globalNorm({ a: [3], b: array([4]) }).item()).toBe(5);
    const averaged = optax.incrementalUpdate({ a: array([1]) }, { a: array([0]) }, 0.25);
    expect(await averaged.a.array()).toEqual([0.25]);
  });

  test("a gradient goes through an update", async () => {
    // d/dr of sum((p - r·p)²) = -2(1 - r)·sum(p²)
    const p = array([1, 2]);
    const after = (rate: Tensor<"float32">): Tensor => {
      const sgd = optax.sgd(rate);
      return np.sum(np.square(optax.applyUpdates(p, sgd.update(p, sgd.init(p))[0])));
    };
    const [, slope] = valueAndGrad(after)(array(0.5) as Tensor<"float32">);
    expect(await slope.item()).toBeCloseTo(-5, 5);
  });

  test("what does not fit is refused in the user's words", async () => {
    const params = start();
    const adam = optax.adam(0.1);
    expect(() => adam.update(params, optax.sgd(0.1).init(params), params)).toThrow(
      "`state[0]` is not of this optimizer: expected an object of count, mu, nu",
    );
    expect(() => adam.update(params, adam.init(params), { w: params.w } as Params)).toThrow(SynjaxError);
    expect(() => optax.applyUpdates(params, { w: params.w } as Params)).toThrow("another structure");
    expect(() => optax.chain(0.1 as never)).toThrow("expected a gradient transformation");
    expect(() => optax.adamw(0.1, { mask: { w: 1 } })).toThrow(
      "optax.adamw: `mask`: expected a tree of booleans",
    );
    const decayed = optax.adamw(0.1);
    const [updates] = decayed.update(params, decayed.init(params));
    await expect(session.get(updates)).rejects.toThrow(/optax\.update: .*params/);
  });
});
