import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  array,
  associativeScan,
  checkpoint,
  cond,
  connect,
  grad,
  hessian,
  jit,
  jvp,
  linalg,
  LinearChainCRF,
  map,
  np,
  scan,
  type Session,
  switchCase,
  type Tensor,
  valueAndGrad,
  vjp,
  vmap,
  whileLoop,
} from "../../src/index.ts";
import { errorOf } from "../fixtures/errors.ts";

type T = Tensor<"float32">;

let session: Session | undefined;
beforeAll(async () => void (session = await connect()));
afterAll(() => session?.close());

const source = readFileSync(import.meta.filename, "utf8").split("\n");
/** The line of this file that ends with a mark. */
const lineOf = (mark: string): number => source.findIndex((line) => line.endsWith(`// ${mark}`)) + 1;

const x = array([1, 0, -1]);
const scalar = (value: number): T => array(value, { shape: [] });
const debug = <A extends readonly unknown[], R>(f: (...args: A) => R) => jit(f, { debugNans: true });

const tamed = (y: T): T => np.where(np.greater(y, 0), np.log(y), 0) as T; // NaNs of log that nobody sees

/** Functions of x that make a NaN at the line that has their name as its mark, with the op that makes it. */
const makers: Record<string, readonly [op: string, f: (y: T) => T]> = {
  "at the top": [
    "np.log",
    (y) => {
      const shifted = y.add(1);
      const logs = np.log(shifted.sub(2)); // at the top
      return logs.mul(2).sum() as T;
    },
  ],
  "after one that is left out": [
    "np.sqrt",
    (y) => {
      const fine = tamed(y);
      return np.sqrt(fine.sub(1)).sum() as T; // after one that is left out
    },
  ],
  "of infinities": [
    "np.subtract",
    (y) => {
      const large = np.exp(y.mul(1000));
      return large.sub(large).sum() as T; // of infinities
    },
  ],
  "in a loop": [
    "np.log",
    (y) =>
      scan(
        (carry: T, item: T) => {
          const next = np.log(carry.sub(item)) as T; // in a loop
          return [next, next] as const;
        },
        scalar(3),
        y.mul(2) as T,
      )[0],
  ],
  "in a map over a batch": [
    "np.sqrt",
    (y) => vmap((item: T) => tamed(item).add(np.sqrt(item)) as T)(y), // in a map over a batch
  ],
  "in a map": ["np.log1p", (y) => map((item: T) => np.log1p(item.mul(2)) as T, y)], // in a map
  "in a branch": [
    "np.arccos",
    (y) =>
      cond(
        np.greater(y.sum(), -1),
        (z: T) => np.arccos(z.mul(2)) as T, // in a branch
        (z: T) => np.log(z) as T,
        y,
      ),
  ],
  "in one of several": [
    "np.log",
    (y) =>
      switchCase(
        1,
        [
          (z: T) => z,
          (z: T) => np.log(z) as T, // in one of several
        ],
        y,
      ),
  ],
  "until it ends": [
    "np.sqrt",
    (y) =>
      whileLoop(
        (z: T) => np.greater(np.sum(z), 0),
        (z: T) => np.sqrt(z.sub(1)) as T, // until it ends
        y.add(2) as T,
      ),
  ],
  "in an associative scan": [
    "np.subtract",
    (y) => associativeScan((a: T, b: T) => a.sub(b) as T, np.abs(y).add(Infinity) as T), // in an associative scan
  ],
  "deep inside": [
    "np.log",
    (y) =>
      scan(
        (carry: T, item: T) => {
          const inner = vmap((z: T) => {
            const off = np.log(z.add(0.5)); // deep inside
            return off.add(item) as T;
          });
          return [carry.add(inner(y).sum()) as T, null] as const;
        },
        scalar(0),
        y,
      )[0],
  ],
  "in the value of a gradient": [
    "np.log",
    (y) =>
      valueAndGrad((z: T) => {
        const logs = np.log(z); // in the value of a gradient
        return logs.sum() as T;
      })(y)[0],
  ],
  "in a backward pass": [
    "np.sqrt",
    (y) =>
      grad((z: T) => {
        const roots = np.sqrt(z); // in a backward pass
        return np.where(np.greater(z, 0), roots, 0).sum() as T;
      })(y),
  ],
  "in the backward pass of a loop": [
    "np.sqrt",
    (y) =>
      grad(
        (z: T) =>
          scan(
            (carry: T, item: T) => {
              const moved = carry.mul(2).add(item);
              const root = np.sqrt(item); // in the backward pass of a loop
              return [moved.add(np.where(np.greater(item, 0), root, 0)) as T, null] as const;
            },
            scalar(0),
            z,
          )[0],
      )(y),
  ],
  "in the backward pass of a batch": [
    "linalg.norm",
    (y) =>
      grad(
        (z: T) => vmap((row: T) => linalg.norm(row) as T)(z.reshape([3, 1]) as T).sum() as T, // in the backward pass of a batch
      )(y),
  ],
  "in the pullback": [
    "np.sqrt",
    (y) => {
      const [, pull] = vjp(
        (z: T) => np.where(np.greater(z, 0), np.sqrt(z), 0) as T, // in the pullback
        [y],
      );
      return pull(np.onesLike(y) as T)[0];
    },
  ],
  "in a rematerialized pass": [
    "np.sqrt",
    (y) =>
      grad(
        (z: T) => checkpoint((u: T) => np.where(np.greater(u, 0), np.sqrt(u), 0).sum() as T)(z), // in a rematerialized pass
      )(y),
  ],
  "in a derivative forward": [
    "jvp",
    (y) => jvp((z: T) => np.sqrt(np.abs(z)).mul(z) as T, [y], [np.onesLike(y) as T])[1], // in a derivative forward
  ],
  "in a Hessian": [
    "hessian",
    (y) => hessian((z: T) => np.where(np.greater(z, 0), np.sqrt(z), 0).sum() as T)(y), // in a Hessian
  ],
};

describe("debugNans names the operation that made the first NaN, and its line", () => {
  test.each(Object.keys(makers))("%s", async (name) => {
    const [op, f] = makers[name]!;
    const error = await errorOf(() => debug(f)(x).data());
    expect(error.code, error.message).toBe("NAN_FOUND");
    expect(error.op).toBe(op);
    expect(error.line).toMatch(new RegExp(`nans\\.test\\.ts:${lineOf(name)}:`));
    expect(await debug((y: T) => np.where(np.greater(y, 5), f(y).sum(), y) as T)(x).data()).toEqual(
      Float32Array.of(1, 0, -1),
    );
  });
});

const chain = (y: T): LinearChainCRF =>
  new LinearChainCRF({ initial: [0, 0, 0], transition: np.zeros([3, 3]), emission: y.reshape([1, 3]) as T });

describe("debugNans", () => {
  test("lets pass what has no NaN, and gives the same numbers", async () => {
    const f = (y: T): T =>
      valueAndGrad((z: T) => chain(np.log(z.add(2)) as T).logPartition() as T)(tamed(y))[1];
    expect(await debug(f)(x).array()).toEqual(await jit(f)(x).array());
  });

  test("names an argument that has one already", async () => {
    const f = debug(({ scale, shift }: { scale: T; shift: T }, y: T) => y.mul(scale).add(shift));
    const error = await errorOf(() => f({ scale: scalar(1), shift: array([0, NaN, 0]) }, x).data());
    expect(error.message).toMatch(/^an input has a NaN already \(argument 0\.shift\)/);
    expect(error.code).toBe("NAN_FOUND");
  });

  test("looks through distributions, and names the query where a derivative is lost", async () => {
    const f = debug((y: T) => {
      const of = chain(y);
      return grad(
        (z: T) =>
          chain(np.sqrt(z.sub(z)).mul(0) as T)
            .logPartition()
            .add(of.logPartition()) as T,
      )(y);
    });
    const error = await errorOf(() => f(array([1, 2, 3])).data());
    expect([error.code, error.op]).toEqual(["NAN_FOUND", "np.sqrt"]);
  });

  test("keeps what is donated until it is known", async () => {
    const step = jit((y: T) => np.log(y.sub(1)) as T, { donateArgnums: 0, debugNans: true });
    const good = session!.put(array([2, 3]));
    expect(await step(good).array()).toEqual([0, Math.fround(Math.LN2)]);
    expect((await errorOf(() => step(session!.put(array([0, 3]))).data())).op).toBe("np.log");
  });

  test("ends what uses a result with a NaN, and nothing else", async () => {
    const f = debug((y: T) => np.log(y) as T);
    const [bad, good] = [f(array([-1])), f(array([1]))];
    expect((await errorOf(() => np.add(bad, good).data())).code).toBe("POISONED");
    expect(await good.array()).toEqual([0]);
  });

  test("of a session looks at everything, one result at a time", async () => {
    await using own = await connect({ debugNans: true });
    const y = own.put(array([4, -4, NaN])); // data may have NaNs
    expect(await y.array()).toEqual([4, -4, NaN]);
    const root = np.sqrt(y.slice([0, 2]));
    const large = np.abs(y.slice([0, 2]));
    const error = await errorOf(() => root.data());
    expect([error.code, error.op]).toEqual(["NAN_FOUND", "np.sqrt"]);
    expect(error.line).toMatch(/nans\.test\.ts/);
    expect(await large.array()).toEqual([4, 4]);
    const plain = jit((z: T) => np.sqrt(z) as T, { debugNans: false });
    expect(await plain(y).array()).toEqual([2, NaN, NaN]);
  });
});
