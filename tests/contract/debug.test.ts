import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import {
  array,
  connect,
  debug,
  grad,
  jit,
  np,
  scan,
  type Session,
  type Tensor,
  vmap,
} from "../../src/index.ts";

type T = Tensor<"float32">;

let session: Session;
beforeAll(async () => {
  session = await connect();
});
afterAll(() => session.close());

const written: string[] = [];
beforeEach(() => {
  written.length = 0;
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

/** What was shown, in any order: neither JAX nor this says which of two comes first. */
const shown = (...lines: string[]): Promise<void> =>
  vi.waitFor(() => expect([...written].sort()).toEqual(lines.map((line) => `${line}\n`).sort()), 10_000);

test("values are shown at every run of a recorded function, inside loops, and twice where it is said twice", async () => {
  const total = jit((x: T) => {
    debug.print("x {} of {}", x, x.sum());
    for (let i = 0; i < 2; i++) debug.print("again");
    return scan((c: T, y: T): [T, T] => (debug.print("{} + {}", c, y), [c.add(y), c]), array(0), x)[0];
  });
  for (const [given, lines] of [
    [
      [1, 2],
      ["x [1. 2.] of 3.", "0. + 1.", "1. + 2."],
    ],
    [
      [5, 6],
      ["x [5. 6.] of 11.", "0. + 5.", "5. + 6."],
    ],
  ] as const) {
    written.length = 0;
    await total(Float32Array.from(given)).item();
    await shown(...lines, "again", "again");
  }
});

test("outside, under vmap and under grad; text is text", async () => {
  debug.print("outside {0.__class__} {}", array([1]).add(1));
  await session.idle();
  await vmap((x: T) => (debug.print("row", x, 7), x))(array([[1, 2], [3, 4]])).data(); // prettier-ignore
  await grad((x: T) => (debug.print("at {}", x), np.square(x)))(array(3)).data();
  await shown("outside {0.__class__} [2.]", "row [1. 2.] 7", "row [3. 4.] 7", "at 3.");
});
