/**
 * A coin of which ten tosses are known: Figure 1 of Edward2's paper (Tran et al. 2018, "Simple, distributed, and
 * accelerated probabilistic programming"), its joint density (Figure 7) and an intervention (Figure 8), beside the
 * posterior in closed form.
 */
import { writeFile } from "node:fs/promises";
import {
  array,
  condition,
  dist,
  get,
  intervene,
  makeLogJoint,
  mcmc,
  nuts,
  pictures,
  random,
  sample,
  seed,
} from "../src/index.ts";

function betaBernoulli() {
  const probs = sample("probs", dist.beta({ concentration1: 1, concentration0: 1 }));
  return sample("x", dist.bernoulli({ probs }), { sampleShape: [10] });
}

const x = seed(betaBernoulli, random.key(0))();
console.log(`Ten tosses of a coin that nobody knows: ${String(await x.array())}`);
const loaded = seed(intervene(betaBernoulli, { probs: 0.9 }), random.key(0))();
console.log(`Ten tosses of one that is loaded:       ${String(await loaded.array())}`);

const tosses = array(Int32Array.of(0, 1, 0, 0, 0, 0, 0, 0, 0, 1));
const logJoint = makeLogJoint(betaBernoulli);
const density = (await logJoint({ probs: 0.3, x: tosses }).item()).toFixed(3);
console.log(`log p(probs = 0.3, two heads) = ${density} nats`);

const samples = Number(process.argv[3] ?? 2_000);
const posterior = await mcmc(nuts(condition(betaBernoulli, { x: tosses })), {
  warmup: 200,
  samples,
  chains: 2,
}).run(random.key(1));
const mean = await posterior.draws["probs"]!.mean().item();
console.log(`Posterior mean ${Number(mean).toFixed(3)}; in closed form ${(3 / 12).toFixed(3)}.`);
await writeFile(
  process.argv[2] ?? "beta-bernoulli.svg",
  pictures.densities(await get(posterior.draws), { title: "The coin after ten tosses" }),
);
