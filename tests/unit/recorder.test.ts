import { describe, expect, test } from "vitest";
import { SynjaxError } from "../../bridge/errors.ts";
import { np } from "../../src/ops/np.ts";
import { encode } from "../../src/program/encode.ts";
import { RootFrame } from "../../src/program/frame.ts";
import { Program } from "../../src/program/program.ts";
import { within } from "../../src/program/recording.ts";
import { adopt } from "../../src/program/traced.ts";
import { array } from "../../src/tensor/array.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { cond, grad, jit, scan, vmap } from "../../src/transforms/transforms.ts";

type T = Tensor<"float32">;

/** Records a function of `n` tensors without a session. */
function record(f: (...args: T[]) => T | readonly T[], n: number): Program {
  const root = new RootFrame(n);
  return within(root, () => {
    const inputs = Array.from({ length: n }, (_, k) =>
      adopt(Tensor, { kind: "equation", frame: root, index: -1 - k }),
    ) as T[];
    const results = [f(...inputs)].flat();
    return new Program(
      root,
      results.map((r) => encode(r, root, false)),
    );
  });
}

const codeOf = (f: () => unknown): string => {
  try {
    f();
  } catch (error) {
    return error instanceof SynjaxError ? error.code : String(error);
  }
  return "no error";
};

describe("sizes are symbolic", () => {
  const misuse = (f: (x: T) => unknown): string => codeOf(() => record((x) => (f(x), x), 1));
  test("arithmetic, comparison and concatenation with a Size throw SIZE_UNKNOWN", () => {
    expect(misuse((x) => (x.shape.at(0) as unknown as number) * 2)).toBe("SIZE_UNKNOWN");
    expect(misuse((x) => (x.shape.at(0) as unknown as number) < 3)).toBe("SIZE_UNKNOWN");
    expect(misuse((x) => `${x.shape.at(0) as unknown as string}`)).toBe("SIZE_UNKNOWN");
  });
  test("the rank is not known: spread, rest pattern and length throw SIZE_UNKNOWN", () => {
    expect(misuse((x) => np.zeros([...x.shape]))).toBe("SIZE_UNKNOWN");
    expect(misuse((x) => x.shape.length)).toBe("SIZE_UNKNOWN");
    expect(
      misuse((x) => {
        const [, ...rest] = x.shape;
        return rest;
      }),
    ).toBe("SIZE_UNKNOWN");
  });
  test("a pattern of fixed length works", () => {
    const program = record((x) => {
      const [n, t] = x.shape;
      return np.zeros([n!.mul(t!)]);
    }, 1);
    expect(program.equations).toBe(4);
  });
  test("a comparison of tensors in JavaScript throws TRACED_AS_NUMBER and says what to use", () => {
    try {
      record((x) => ((x as unknown as number) > 0 ? x : x), 1);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(SynjaxError);
      expect((error as SynjaxError).code).toBe("TRACED_AS_NUMBER");
      expect((error as SynjaxError).message).toMatch(/np\.where|cond/);
      expect((error as SynjaxError).line).toMatch(/recorder\.test\.ts:\d+/);
    }
  });
});

describe("programs", () => {
  const square = (x: T): T => np.multiply(x, x);
  test("equal expressions are one equation", () => {
    expect(record((x) => np.add(np.tanh(np.add(x, 1)), np.tanh(np.add(x, 1))), 1).equations).toBe(3);
  });
  test("the hash ignores names and sees structure", () => {
    const gradient = (f: (x: T) => T): ((x: T) => T) => grad(f) as (x: T) => T;
    const a = record((x) => gradient((y) => np.sum(square(y)))(square(x)), 1);
    const b = record((z) => {
      const s = np.multiply(z, z);
      return gradient((q) => {
        const r = np.multiply(q, q);
        return np.sum(r);
      })(s);
    }, 1);
    const c = record((x) => gradient((y) => np.sum(square(y)))(x), 1);
    expect(a.key).toBe(b.key);
    expect(a.key).not.toBe(c.key);
  });
  test("one nested body used at two positions is stored once", () => {
    const double = (x: T): T => vmap((r: T) => np.multiply(r, 2) as T)(x);
    const program = record((x) => np.add(np.sum(double(x)), np.sum(double(np.tanh(x)))), 1);
    expect(program.nestedBodies).toBe(1);
  });
  test("host arrays are hoisted once per identity, at any depth", () => {
    const w = array([1, 2, 3]);
    const program = record((x) => np.add(w, vmap((r: T) => np.add(r, w) as T)(x)), 1);
    expect(program.constants).toHaveLength(1);
  });
  test("numbers that msgpack would not keep apart stay apart", () => {
    const keys = [0, -0, Number.NaN, Infinity, -Infinity, 2 ** 31, 0.5].map(
      (v) => record((x) => np.add(x, v) as T, 1).key,
    );
    expect(new Set(keys).size).toBe(keys.length);
  });
  test("a tensor kept after its function has ended is a LEAKED_TRACER where it is used", () => {
    let leaked: T | undefined;
    record((x) => {
      leaked = np.tanh(x);
      return x;
    }, 1);
    expect(codeOf(() => record((x) => np.add(x, leaked!), 1))).toBe("LEAKED_TRACER");
  });
  test("what is no tensor is named", () => {
    expect(codeOf(() => record((x) => np.add(x, "3" as unknown as number) as T, 1))).toBe("NOT_A_TENSOR");
    expect(codeOf(() => record((x) => np.add(x, (() => 1) as unknown as number) as T, 1))).toBe(
      "NOT_A_TENSOR",
    );
    expect(codeOf(() => record((x) => np.add(x, new Map() as unknown as number) as T, 1))).toBe(
      "NOT_A_TENSOR",
    );
  });
  test("nesting has a limit", () => {
    const nest = (depth: number, x: T): T => (depth === 0 ? x : vmap((r: T) => nest(depth - 1, r))(x));
    expect(codeOf(() => record((x) => nest(63, x), 1))).toBe("no error");
    expect(codeOf(() => record((x) => nest(64, x), 1))).toBe("LIMIT_NESTING");
  });
});

describe("thousands of tensors", () => {
  test("are differentiated by in time proportional to their number", () => {
    // CPU time, so that a busy machine changes little; the least of three runs.
    const took = (count: number): number => {
      const { user, system } = process.cpuUsage();
      const program = record((x) => {
        const leaves = Array.from({ length: count }, (_, i) => np.add(x, i) as T);
        return grad((all: readonly T[]) => np.sum(all[0]!.mul(all[count - 1]!)))(leaves)[count - 1]!;
      }, 1);
      expect(program.equations).toBe(2 * count + 1); // and `count` gradients
      const used = process.cpuUsage({ user, system });
      return used.user + used.system;
    };
    const least = (count: number): number => Math.min(took(count), took(count), took(count));
    least(1_000); // compiles the code
    expect(least(16_000)).toBeLessThan(64 * least(1_000)); // 16 times where it is proportional, 256 where quadratic
  });
});

describe("transforms check their functions", () => {
  test("scan's carry keeps its structure", () => {
    const bad = (): unknown => record((x) => scan((c: T, r: T) => [[c, r] as unknown as T, r], x, x)[0], 1);
    expect(codeOf(bad)).toBe("INVALID_ARGUMENT");
  });
  test("both branches of cond have one structure", () => {
    const bad = (): unknown =>
      record(
        (x) =>
          cond(
            np.greater(x, 0),
            (a: T) => [a, a],
            (a: T) => [a] as never,
            x,
          )[0]!,
        1,
      );
    expect(codeOf(bad)).toBe("INVALID_ARGUMENT");
  });
  test("grad refuses a function of several results, and argnums out of range", () => {
    expect(codeOf(() => record((x) => grad((y: T) => [y, y])(x), 1))).toBe("INVALID_ARGUMENT");
    expect(
      codeOf(() => record((x) => grad((y: T) => np.sum(y), { argnums: [1] })(x)[0] as unknown as T, 1)),
    ).toBe("INVALID_ARGUMENT");
  });
});

test("jit records once for each structure and static argument", () => {
  expect(jit((x: T) => x).recordings()).toBe(0);
});
