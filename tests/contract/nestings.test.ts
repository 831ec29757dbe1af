import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { resolvePython } from "../../bridge/environment/resolve-python.ts";
import { array, connect, get, grad, jit, np, type Session, type Tensor } from "../../src/index.ts";
import { functionOf, KINDS, nestings } from "../fixtures/nestings.ts";

type T = Tensor<"float32">;

const isFull = Boolean(process.env["SYNJAX_TEST_FULL"]);
const seed = 10;
const cases = nestings(isFull ? 100 : 7, seed);
const x = [0.3, -0.2, 0.7];
const env = [
  [1.1, -0.4, 0.8],
  [0.6, 0.9, -1.2],
];

let session: Session;
let expected: readonly { readonly value: number[]; readonly gradient: number[][] }[];
beforeAll(async () => {
  session = await connect();
  const directory = fileURLToPath(new URL("../../python", import.meta.url));
  const python = spawn(await resolvePython({ dev: true }), ["-m", "tests.nestings"], {
    cwd: directory,
    stdio: ["pipe", "pipe", "inherit"],
  });
  python.stdin.end(JSON.stringify({ nestings: cases, x, env }));
  expected = JSON.parse(await text(python.stdout)) as typeof expected;
});
afterAll(() => session.close());

test("all transforms occur", () => {
  const kinds = new Set(JSON.stringify(cases).match(/(?<="kind":")\w+/g));
  for (const kind of KINDS) expect(kinds).toContain(kind);
});

const shape = (nesting: (typeof cases)[number]): string =>
  nesting.of.length ? `${nesting.kind}(${shape(nesting.of[0]!)})` : nesting.kind;

test.for(cases.map((nesting, i) => [i, shape(nesting)] as const))(
  `seed ${seed}, %i: %s is what JAX says, and its gradient`,
  async ([i]) => {
    const f = functionOf(cases[i]!);
    const both = jit((y: T, all: readonly T[]) => ({
      value: f(y, all),
      gradient: grad((z: T, each: readonly T[]) => np.sum(f(z, each)), { argnums: [0, 1] })(y, all),
    }));
    const { value, gradient } = await get(both(array(x), env.map((each) => array(each)))); // prettier-ignore
    const came = [value, gradient[0], ...gradient[1]].map((each) => each.array() as number[]);
    const { value: wanted, gradient: slopes } = expected[i]!;
    for (const [row, numbers] of [wanted, ...slopes].entries())
      for (const [k, number] of numbers.entries()) {
        const got = came[row]![k]!;
        expect(Math.abs(got - number), `row ${row}, ${k}: ${got}, not ${number}`).toBeLessThanOrEqual(
          2e-4 * Math.max(1, Math.abs(number)),
        );
      }
  },
);
