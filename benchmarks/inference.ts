/**
 * What inference costs from TypeScript, over the same model in Python, both compiled in the time that is measured:
 * Bayesian logistic regression on synthetic data of Covertype's 55 columns, its 581,012 rows shrunk so that a run takes
 * well over ten seconds. Beside Stan too, if STAN_PYTHON names a Python that has PyStan. And the gradient of a joint
 * density that is made of statements, over one written by hand.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { resolvePython } from "../bridge/environment/resolve-python.ts";
import { array, connect, diagnostics, dist, grad, jit, makeLogJoint, mcmc, nn, np, nuts, random, sample, scan, type Tensor } from "../src/index.ts"; // prettier-ignore
import { askedProcess } from "./asked-process.ts";
import { median, report, row, type Row } from "./table.ts";

const COLUMNS = 55;
const [ROWS, WARMUP, SAMPLES, ROUNDS] = [20_000, 300, 700, 3] as const;
type Floats = Tensor<"float32">;

const script = (name: string): string => fileURLToPath(new URL(`./${name}`, import.meta.url));
const numpyro = askedProcess(await resolvePython({ device: "cpu" }), [script("numpyro_runs.py")]);
const stanPython = process.env["STAN_PYTHON"];
const stan = stanPython ? askedProcess(stanPython, [script("stan_runs.py")]) : undefined;
const folder = mkdtempSync(join(tmpdir(), "synjax-inference-"));

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

/** Seconds of sampling in Stan, its compilation left out, for an effective sample of the weight that has the fewest. */
async function effectiveSampleInStan(
  round: number,
  data: Record<string, Tensor>,
): Promise<number | undefined> {
  if (!stan) return undefined;
  for (const [name, values] of Object.entries(data))
    writeFileSync(join(folder, name), (await values.data()) as Uint8Array);
  const [time] = await stan.ask("nuts", folder, ROWS, WARMUP, SAMPLES, round);
  const drawn = new Float32Array(Uint8Array.from(readFileSync(join(folder, "draws"))).buffer);
  const sizes = diagnostics.effectiveSampleSize(array(drawn).reshape([1, SAMPLES, COLUMNS]) as Floats);
  return time! / Number(await sizes.min().item());
}

const rows: Row[] = [];
const ratios = {
  whole: [] as number[],
  step: [] as number[],
  effective: [] as number[],
  stan: [] as number[],
};
const seconds: [number, number][] = [];
for (let round = 0; round < ROUNDS; round++) {
  const theirs = (await numpyro.ask("nuts", ROWS, WARMUP, SAMPLES, round)) as [number, number, number];
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
    return { time, steps, least, inStan: await effectiveSampleInStan(round, { features, labels }) };
  });
  await session.close();
  seconds.push([ours.time, theirs[0]]);
  ratios.whole.push(ours.time / theirs[0]);
  ratios.step.push(ours.time / ours.steps / (theirs[0] / theirs[1]));
  ratios.effective.push(ours.time / ours.least / (theirs[0] / theirs[2]));
  if (ours.inStan) ratios.stan.push(ours.time / ours.least / ours.inStan);
}
const middle = (k: 0 | 1): string => `${median(seconds.map((pair) => pair[k])).toPrecision(3)}`;
const note = `${middle(0)} against ${middle(1)} s, with compilation; ${ROWS} x ${COLUMNS}`;
rows.push(row("NUTS over NumPyro in Python", median(ratios.whole), "<=", 1.05, note));
rows.push(row("  a leapfrog step", median(ratios.step), "<=", 1.05));
rows.push(row("  an effective sample", median(ratios.effective), "<=", 1.05));
if (stan)
  rows.push(
    row("an effective sample over Stan's", median(ratios.stan), "<=", 0.5, "Stan without compilation"),
  );

{
  const session = await connect({});
  // So many gradients a call that what a call costs (`bench -- bridge`) does not count
  const [repeats, here]: [number, number[]] = [400, []];
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
      const [theirs] = await numpyro.ask("gradient", ROWS, repeats);
      if (i === 0) continue; // compiles
      here.push(mine);
      there.push(theirs!);
    }
  });
  await session.close();
  const [a, b] = [median(here), median(there)];
  rows.push(row("the joint density's gradient over one by hand", a / b, "<=", 1.1, `${a.toPrecision(3)} against ${b.toPrecision(3)} ms`)); // prettier-ignore
}
numpyro.end();
stan?.end();
rmSync(folder, { recursive: true });
report("inference", rows);
