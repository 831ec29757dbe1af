/** Summaries of draws as a table for a terminal. */
import { expect, test } from "vitest";
import { HostTensor, summaryTable } from "../../src/index.ts";
import { errorOf } from "../fixtures/errors.ts";

const one = { mean: 4.386, std: 3.31, median: 4.37, lower: -0.88, upper: 10.02, nEff: 2134.224, rHat: 1 };

test("is what NumPyro prints", () => {
  const column = (...values: number[]) =>
    new HostTensor({ dtype: "float64", shape: [2, 1], data: Float64Array.from(values) });
  const theta = {
    mean: column(0.5, -1.25),
    std: column(1, 0),
    median: [[0.25], [NaN]],
    lower: [Float32Array.of(-1), Float32Array.of(-Infinity)],
    upper: [[2], [Infinity]],
    nEff: column(12, NaN),
    rHat: column(1.005, NaN),
  };
  // >>> numpyro.diagnostics.print_summary, of these statistics
  expect(summaryTable({ mu: one, theta })).toBe(`\
                mean       std    median      5.0%     95.0%     n_eff     r_hat
        mu      4.39      3.31      4.37     -0.88     10.02   2134.22      1.00
theta[0,0]      0.50      1.00      0.25     -1.00      2.00     12.00      1.00
theta[1,0]     -1.25      0.00       nan      -inf       inf       nan       nan
`);
});

test("stays aligned where names and numbers are long", () => {
  const lines = summaryTable({ a: { ...one, std: 1e12 }, "a name that is long": one })
    .trimEnd()
    .split("\n");
  expect(new Set(lines.map((line) => line.length)).size).toBe(1);
  expect(lines[1]).toMatch(/^ {18}a {6}4\.39 1000000000000\.00 /);
});

test("names the interval, and may be empty", () => {
  expect(summaryTable({}, { prob: 0.5 })).toMatch(/^ +mean +std +median +25\.0% +75\.0% +n_eff +r_hat\n$/);
});

test("says what is wrong with a summary", async () => {
  const of = (rows: unknown, options?: object) => errorOf(() => summaryTable(rows as never, options));
  const { argument, expected, received } = await of({ mu: { ...one, rHat: [1, 2] } });
  expect([argument, expected, received]).toEqual(["rows.mu.rHat", "(), as its mean", "(2)"]);
  const missing = await of({ mu: { mean: 1 } });
  expect([missing.argument, missing.received]).toEqual(["rows.mu.std", "undefined"]);
  expect(missing.line).toMatch(/summary-table\.test\.ts/);
  expect((await of({ mu: 3 })).argument).toBe("rows.mu");
  expect((await of([])).argument).toBe("rows");
  expect((await of({ mu: one }, { prob: 1 })).argument).toBe("prob");
});
