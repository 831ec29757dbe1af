import { expect, test } from "vitest";
import { mcmcProgressBar } from "../../src/index.ts";
import { errorOf } from "../fixtures/errors.ts";

const told = {
  phase: "sampling",
  done: 750,
  total: 1500,
  divergences: 0,
  acceptProb: 0.8632,
  stepSize: 0.3071,
  leapfrogSteps: 7.38,
  millisecondsPerStep: 2.12,
} as const;

test("what chains tell is a line", () => {
  expect(mcmcProgressBar(told)).toBe(
    "██████████░░░░░░░░░░ 750/1500  sampling  2.1 ms a step  7.4 leapfrog steps of 0.31  accepted 0.86",
  );
  expect(mcmcProgressBar({ ...told, divergences: 1 })).toMatch(/ {2}1 divergence$/);
  expect(mcmcProgressBar({ ...told, divergences: 12, millisecondsPerStep: 1500 })).toMatch(
    / 1\.5 s a step .* {2}12 divergences$/,
  );
});

test.each([undefined, {}, { ...told, done: "750" }, { ...told, phase: undefined }])(
  "%o is refused",
  async (other) => {
    const error = await errorOf(() => mcmcProgressBar(other as never));
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", argument: "told" });
    expect(error.line).toMatch(/mcmc-progress-bar\.test\.ts/);
  },
);
