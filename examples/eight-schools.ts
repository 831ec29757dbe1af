/**
 * The eight schools: what coaching did in each, where the schools tell of one another (Rubin 1981, "Estimation in parallel
 * randomized experiments"; Gelman et al., "Bayesian data analysis", section 5.5). Drawn by NUTS.
 */
import { writeFile } from "node:fs/promises";
import {
  array,
  dependencies,
  deterministic,
  dist,
  get,
  mcmc,
  nuts,
  pictures,
  plate,
  random,
  sample,
  type Tensor,
} from "../src/index.ts";

const effects = array([28, 8, -3, 7, -1, 1, 18, 12]);
const errors = [15, 10, 16, 11, 9, 11, 10, 18];

function schools(effects: Tensor<"float32">) {
  const mu = sample("mu", dist.normal({ loc: 0, scale: 5 }));
  const tau = sample("tau", dist.halfCauchy({ scale: 5 }));
  plate("schools", 8, () => {
    const z = sample("z", dist.normal());
    const theta = deterministic("theta", mu.add(tau.mul(z)));
    sample("effect", dist.normal({ loc: theta, scale: errors }), { value: effects });
  });
}

const [file = "eight-schools.svg", samples = "1000"] = process.argv.slice(2);
const posterior = await mcmc(nuts(schools, { targetAcceptProb: 0.95 }), {
  warmup: Number(samples) / 2,
  samples: Number(samples),
  chains: 4,
}).run(random.key(0), effects);

console.log(String(await posterior.summary()));
const options = { title: "Eight schools", variables: ["mu", "tau", "theta"] };
await writeFile(file, pictures.intervals(await get(posterior.draws), options));
const graph = await dependencies(schools)(effects).toSVG({ title: "Eight schools" });
await writeFile(file.replace(".svg", "-graph.svg"), graph);
