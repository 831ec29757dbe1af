/**
 * What inference costs from TypeScript, over the same model in Python, both compiled in the time that is measured:
 * Bayesian logistic regression on synthetic data of Covertype's 55 columns, its 581,012 rows shrunk so that a run takes
 * well over ten seconds. And the gradient of a joint density that is made of statements, over one written by hand.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { resolvePython } from "../bridge/environment/resolve-python.ts";
import { connect, diagnostics, dist, grad, jit, makeLogJoint, mcmc, nn, np, nuts, random, sample, scan, type Tensor } from "../src/index.ts"; // prettier-ignore
import { median, report, row, type Row } from "./table.ts";

const COLUMNS = 55;
const [ROWS, WARMUP, SAMPLES, ROUNDS] = [20_000, 300, 700, 3] as const;
type Floats = Tensor<"float32">;

const python = await resolvePython({ device: "cpu" });
const script = fileURLToPath(new URL("./numpyro_runs.py", import.meta.url));
const runs = spawn(python, [script], { stdio: ["pipe", "pipe", "inherit"] });
const answers = createInterface({ input: runs.stdout })[Symbol.asyncIterator]();
const inPython = async (...line: (string | number)[]): Promise<number[]> => {
  runs.stdin.write(`${line.join(" ")}\n`);
  return String((await answers.next()).value).split(" ").map(Number); // prettier-ignore
};

function model(features: Floats, labels: Tensor<"int32">): void {
  const weights = sample("weights", dist.normal({ loc: np.zeros([COLUMNS]), scale: 1 }).toEvent(1));
  sample("label", dist.bernoulli({ logits: np.matmul(features, weights) as Floats }), { value: labels });
}

const made = jit(() => {
  const keys = random.split(random.key(0), { num: 3 });
  const features = random.normal(keys.slice(0) as never, { shape: [ROWS, COLUMNS] });
  const weights = random.normal(keys.slice(1) as never, { shape: [COLUMNS] });
  const uniform = random.uniform(keys.slice(2) as never, { shape: [ROWS] });
  return { features, labels: uniform.less(nn.sigmoid(np.matmul(features, weights))).astype("int32") };
});

const rows: Row[] = [];
const ratios: Record<"whole" | "step" | "effective", number[]> = { whole: [], step: [], effective: [] };
const seconds: [number, number][] = [];
for (let round = 0; round < ROUNDS; round++) {
  const theirs = await inPython("nuts", ROWS, WARMUP, SAMPLES, round);
  const session = await connect({ compilationCache: null });
  const ours = await session.run(async () => {
    const { features, labels } = made();
    await labels.slice(0).item();
    const start = performance.now();
    const posterior = await mcmc(nuts(model), { warmup: WARMUP, samples: SAMPLES }).run(random.key(round), features, labels); // prettier-ignore
    await posterior.draws["weights"]!.slice(0, 0, 0).item();
    const time = (performance.now() - start) / 1_000;
    const steps = Number(await posterior.statistics.numSteps.sum().item());
    const least = Number(await diagnostics.effectiveSampleSize(posterior.draws["weights"]!).min().item());
    return [time, steps, least];
  });
  await session.close();
  seconds.push([ours[0]!, theirs[0]!]);
  ratios.whole.push(ours[0]! / theirs[0]!);
  ratios.step.push(ours[0]! / ours[1]! / (theirs[0]! / theirs[1]!));
  ratios.effective.push(ours[0]! / ours[2]! / (theirs[0]! / theirs[2]!));
}
const middle = (k: 0 | 1): string => `${median(seconds.map((pair) => pair[k])).toPrecision(3)}`;
const note = `${middle(0)} against ${middle(1)} s, with compilation; ${ROWS} x ${COLUMNS}`;
rows.push(row("NUTS over NumPyro in Python", median(ratios.whole), "<=", 1.05, note));
rows.push(row("  a leapfrog step", median(ratios.step), "<=", 1.05));
rows.push(row("  an effective sample", median(ratios.effective), "<=", 1.05));

{
  const session = await connect({});
  const [repeats, here]: [number, number[]] = [40, []];
  const there: number[] = [];
  await session.run(async () => {
    const { features, labels } = made();
    const logJoint = makeLogJoint(model);
    const climb = jit((weights: Floats, x: Floats, y: Tensor<"int32">) => {
      const slope = grad((w: Floats) => logJoint({ weights: w }, x, y));
      const step = (w: Floats): [Floats, null] => [w.add(slope(w).mul(1e-6)), null];
      return (scan(step as never, weights, undefined as never, { length: repeats } as never) as unknown as [Floats])[0]; // prettier-ignore
    });
    const start = session.put(np.zeros([COLUMNS]) as Floats) as Floats;
    for (let i = 0; i < 12; i++) {
      const before = performance.now();
      await climb(start, features, labels).slice(0).item();
      const mine = (performance.now() - before) / repeats;
      const [theirs] = await inPython("gradient", ROWS, repeats);
      if (i === 0) continue; // compiles
      here.push(mine);
      there.push(theirs!);
    }
  });
  await session.close();
  const [a, b] = [median(here), median(there)];
  rows.push(row("the joint density's gradient over one by hand", a / b, "<=", 1.1, `${a.toPrecision(3)} against ${b.toPrecision(3)} ms`)); // prettier-ignore
}
runs.stdin.end();
report("inference", rows);
