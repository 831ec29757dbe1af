/**
 * The genome of bacteriophage λ, segmented by a Bayesian hidden Markov model (R. J. Boys and
 * D. A. Henderson, "A Bayesian approach to DNA sequence segmentation", Biometrics 2004): two states that differ in what
 * they emit, both unknown. The sum over all paths of states enters the joint density, so that the No-U-Turn
 * sampler moves probabilities only; the paths are drawn afterwards, each from its exact posterior given one draw of those.
 *
 * Nothing tells one state from the other but a name, and chains that give the names differently cannot be averaged. So
 * the states are in order of their GC content.
 *
 *   npx tsx examples/bayesian-genome.ts [bayesian-genome.svg] [--from 1] [--bases 48502] [--warmup 200] [--samples 200]
 *     [--chains 2]
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import {
  array,
  customDistribution,
  deterministic,
  dist,
  get,
  HMM,
  jit,
  mcmc,
  nn,
  np,
  nuts,
  random,
  sample,
  special,
  type HostTensor,
  type SummaryRow,
  type Tensor,
} from "../src/index.ts";
import { drawBayesianGenome } from "./bayesian-genome-picture.ts";
import { onProgress } from "./chain-progress.ts";
import { readGenome } from "./genome.ts";

type Floats = Tensor<"float32">;
type Ints = Tensor<"int32">;

/** Paths that are drawn into the picture. */
const SHOWN = 8;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    from: { type: "string", default: "1" },
    bases: { type: "string", default: "48502" },
    warmup: { type: "string", default: "200" },
    samples: { type: "string", default: "200" },
    chains: { type: "string", default: "2" },
  },
});

/**
 * The logits of the GC content of both states, in rising order. Of a Dirichlet(1, 1, 1, 1) over A, C, G and T the share of
 * C and G is Beta(2, 2), and independent of it each base has a uniform share of its pair: `pairs` below.
 */
const orderedContents = customDistribution({
  sample: (key) => np.sort(special.logit(random.beta(key, 2, 2, { shape: [2] }))),
  // The logit of a Beta(2, 2), for each state, and the two orders that are one
  logProb: (x: Floats) =>
    nn.logSigmoid(x).add(nn.logSigmoid(x.neg())).mul(2).add(Math.log(6)).sum().add(Math.log(2)),
  like: dist.improperUniform({ support: "orderedVector", eventShape: [2] }),
});

function model(bases: Ints): void {
  // A state lasts: before anything is seen, a thousand bases
  const transition = sample("transition", dist.dirichlet({ concentration: [[1000, 1], [1, 1000]] })); // prettier-ignore
  const contents = sample("contents", orderedContents);
  const pairs = sample("pairs", dist.dirichlet({ concentration: [1, 1] }), { sampleShape: [2, 2] }); // (state pair base)
  const gc = deterministic("gc", nn.sigmoid(contents));
  const shares = np
    .stack([np.subtract(1, gc), gc], { axis: -1 })
    .slice("...", null)
    .mul(pairs);
  const emission = np.take(shares.reshape([2, 4]), [0, 2, 3, 1], { axis: -1 }); // A, T and C, G as A, C, G, T
  const hmm = new HMM({
    initLogits: [0, 0],
    transitionLogits: transition.log(),
    emissionDist: emission.log(),
    observations: bases,
  });
  sample("states", hmm, { marginalize: true });
}

const genome = await readGenome(new URL("data/lambda_virus.fa.gz", import.meta.url));
const [from, count] = [Number(options.from), Number(options.bases)];
const [warmup, samples, chains] = [Number(options.warmup), Number(options.samples), Number(options.chains)];
const bases = genome.slice(from - 1, from - 1 + count);

const began = performance.now();
const sampler = mcmc(nuts(model), { warmup, samples, chains, onProgress });
const posterior = await sampler.run(random.key(0), array(bases));
const { rows } = await posterior.summary();
const seconds = ((performance.now() - began) / 1000).toFixed(0);
console.log(
  `bases ${from} to ${from + bases.length - 1}: ${chains} chains of ${warmup} + ${samples} steps in ${seconds} s, ` +
    `${await posterior.divergences()} divergences`,
);
const column = (name: string, field: keyof SummaryRow): readonly number[] => [
  ...(rows[name]![field] as HostTensor<"float32">).data,
];
const everyVariable = (field: keyof SummaryRow): number[] =>
  Object.keys(rows).flatMap((name) => column(name, field));
console.log(
  `R-hat at most ${Math.max(...everyVariable("rHat")).toFixed(3)}, ` +
    `n_eff at least ${Math.min(...everyVariable("nEff")).toFixed(0)}`,
);
for (const [state, name] of ["AT-rich", "GC-rich"].entries()) {
  const [mean, lower, upper] = (["mean", "lower", "upper"] as const).map((field) =>
    (100 * column("gc", field)[state]!).toFixed(1),
  );
  console.log(`${name} state: GC content ${mean} %, with 90 % from ${lower} to ${upper} %`);
}

/**
 * How often drawn paths are in the GC-rich state at each base, `(n)`; how many segments each has, `(chain draw)`; and
 * where a few of them are in that state, `(path n)`.
 */
const look = jit((paths: Floats) => {
  const inRich = paths.sum(-2).slice("...", 1);
  const moves = paths.slice([], [], [1]); // the first base is in row 0, whatever its state
  return {
    isRich: inRich.mean([0, 1]),
    segments: np
      .add(moves.slice("...", 0, 1), moves.slice("...", 1, 0))
      .sum(-1)
      .add(1),
    drawn: inRich.slice(0, [0, SHOWN]),
  };
});
const { states: paths } = posterior.structures(random.key(1)) as { states: Floats };
const { isRich, segments, drawn } = await get(look(paths));
const counts = [...segments.data].sort((a, b) => a - b);
const [least, median, most] = [0.05, 0.5, 0.95].map((q) => counts[Math.floor(q * counts.length)]!);
console.log(`segments of a drawn path: ${median}, with 90 % from ${least} to ${most}`);

await writeFile(
  positionals[0] ?? "bayesian-genome.svg",
  drawBayesianGenome({
    title: "Where the genome of bacteriophage λ is rich in G and C",
    bases,
    from,
    isRich: isRich.data,
    drawn: drawn.array() as number[][],
  }),
);
