/**
 * A variational program, as in Figure 11 of Edward2's paper (Tran et al. 2018, "Simple, distributed, and accelerated
 * probabilistic programming"): how probable damage of a space shuttle's O-rings is at a temperature, by the 23 launches
 * before the Challenger's (Dalal, Fowlkes & Hoadley 1989, "Risk analysis of the space shuttle"). A guide of one's own, a
 * normal with a correlation, is fitted to the posterior, and importance sampling tells how near it comes.
 *
 *   npx tsx examples/variational-program.ts [variational-program.svg] [steps]
 */
import { writeFile } from "node:fs/promises";
import { drawCurves } from "../src/display/curve.ts";
import {
  array,
  deterministic,
  dist,
  elbo,
  importance,
  nn,
  np,
  optax,
  param,
  predictive,
  random,
  sample,
  svi,
  type Tensor,
} from "../src/index.ts";

type Floats = Tensor<"float32">;

// Degrees Fahrenheit at launch, and whether a joint was damaged
const temperatures = [66, 70, 69, 68, 67, 72, 73, 70, 57, 63, 70, 78, 67, 53, 67, 75, 70, 81, 76, 79, 75, 76, 58]; // prettier-ignore
const damaged = [0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1];
/** In tens of degrees from 70: both weights are then near 1 in size. */
const scaled = (degrees: readonly number[]): Floats => array(degrees.map((degree) => (degree - 70) / 10));

function launches(warmth: Floats, damage?: Tensor<"int32">) {
  const weights = sample("weights", dist.independent(dist.normal({ loc: [0, 0], scale: 3 })));
  const logits = weights.slice(0).add(weights.slice(1).mul(warmth)) as Floats;
  deterministic("risk", nn.sigmoid(logits));
  sample("damage", dist.bernoulli({ logits }), { value: damage });
}

/** Both weights at once: a point that is drawn from a standard normal, stretched and slanted. */
function guide() {
  const [first, slant, second] = [param("first", 0), param("slant", 0), param("second", 0)];
  const rows = [np.stack([np.exp(first), np.zeros([])]), np.stack([slant, np.exp(second)])];
  const scaleTril = np.stack(rows) as Floats;
  sample("weights", dist.multivariateNormal({ loc: param("center", [0, 0]), scaleTril }));
}

const steps = Number(process.argv[3] ?? 2_000);
const data = [scaled(temperatures), array(Int32Array.from(damaged))] as const;
const fit = svi(launches, guide, optax.adam(0.02), {
  loss: elbo.trace({ numParticles: 16 }),
  blockSize: Math.min(1_000, Math.ceil(steps / 4)),
  onProgress: ({ done, loss }) => console.log(`${done} steps: minus the bound ${loss.toFixed(3)} nats`),
});
const { params, losses } = await fit.run(random.key(0), steps, ...data);

const found = importance(launches, guide, { numSamples: 4_000, params })(random.key(1), ...data);
const [evidence, size] = [await found.logEvidence.item(), await found.effectiveSampleSize.item()].map(Number);
console.log(`log p(damage) by importance sampling ${evidence!.toFixed(3)} nats`);
console.log(`4000 draws of the guide are worth ${size!.toFixed(0)} of the posterior`);

/** Means of draws that are weighted, (sample …). */
const weighted = async (draws: Floats): Promise<number[]> =>
  (await np.einsum("s,s...->...", nn.softmax(found.logWeights), draws).array()) as number[];
const [level, slope] = await weighted(found.draws["weights"] as Floats);
console.log(
  `posterior means: log-odds ${level!.toFixed(2)} at 70 °F, ${slope!.toFixed(2)} for ten degrees more`,
);
const { risk } = predictive(launches, { draws: { weights: found.draws["weights"] } })(
  random.key(2),
  scaled([31, 70]),
);
const [cold, mild] = await weighted(risk as Floats);
console.log(`risk of damage: ${cold!.toFixed(2)} at 31 °F, ${mild!.toFixed(2)} at 70 °F`);

const points = ((await losses.array()) as number[]).map((loss, step) => [step, loss] as const);
await writeFile(
  process.argv[2] ?? "variational-program.svg",
  drawCurves({
    title: "A guide comes near the posterior",
    quantity: "minus the bound, nats",
    against: "step",
    curves: [{ name: "16 draws a step", points }],
  }),
);
