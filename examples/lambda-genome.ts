/**
 * Segments the genome of bacteriophage λ by its composition, as G. A. Churchill did: "Stochastic models for
 * heterogeneous DNA sequences", Bulletin of Mathematical Biology 51 (1989), 79–94. Hidden Markov models of 2 and of 4
 * states are fitted by Baum–Welch; the segments are printed and drawn.
 */
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { get, HMM, type HMMParameters, jit, nn, np, put, random, type Tensor } from "../src/index.ts";
import { BASES, gcContent, readGenome, type Segment, segmentsOf } from "./genome.ts";
import { drawGenome, type Segmentation } from "./genome-picture.ts";
import { lambdaRegions } from "./lambda-regions.ts";

const STARTS = 8;
const SHORT_RUN = 20;
const LONG_RUN = 60;
/** Nats. A float32 near 66,000 is known to 0.004. */
const TOLERANCE = 0.01;

/** One iteration of Baum–Welch: the likelihood of the parameters, and the parameters that fit its expected counts. */
const step = jit((parameters: HMMParameters, observations: Tensor<"int32">) => {
  const hmm = new HMM({ ...parameters, observations });
  return { logLikelihood: hmm.logPartition(), next: hmm.maximize(hmm.expectedCounts()) };
});

/** The most probable path (Viterbi), the probability of each state at each base, and what each state emits. */
const segment = jit((parameters: HMMParameters, observations: Tensor<"int32">) => {
  const hmm = new HMM({ ...parameters, observations });
  return {
    tags: hmm.decode(hmm.argmax()),
    posterior: hmm.smooth(),
    emission: nn.softmax(parameters.emissionDist),
  };
});

/** States that last 1,000 bases on average and differ a little, at random, in what they emit. */
function randomStart(states: number, seed: number): HMMParameters {
  const stay = 0.999;
  const leave = (1 - stay) / (states - 1);
  const rows = Array.from({ length: states }, (_, from) =>
    Array.from({ length: states }, (_, to) => Math.log(from === to ? stay : leave)),
  );
  return {
    initLogits: np.zeros([states]),
    transitionLogits: np.array(rows),
    emissionDist: random.normal(random.key(seed), { shape: [states, BASES.length] }).mul(0.3),
  };
}

interface Run {
  readonly parameters: HMMParameters;
  readonly logLikelihoods: readonly number[];
}

/** Iterates `iterations` times, or until an iteration gains less than `TOLERANCE`. */
async function baumWelch({ parameters, logLikelihoods }: Run, genome: Tensor<"int32">, iterations: number) {
  const history = [...logLikelihoods];
  for (let i = 0; i < iterations; i++) {
    const { logLikelihood, next } = step(parameters, genome);
    const value = await logLikelihood.item();
    const gain = value - (history.at(-1) ?? -Infinity);
    history.push(value);
    parameters = next;
    if (gain < TOLERANCE) break;
  }
  return { parameters, logLikelihoods: history };
}

/** Short runs from several starts, then a long one from the best of them. */
async function fit(states: number, genome: Tensor<"int32">): Promise<Run> {
  const starts = Array.from({ length: STARTS }, (_, seed) => randomStart(states, seed));
  const runs = await Promise.all(
    starts.map((parameters) => baumWelch({ parameters, logLikelihoods: [] }, genome, SHORT_RUN)),
  );
  const reached = runs.map(({ logLikelihoods }) => logLikelihoods.at(-1)!);
  const best = runs[reached.indexOf(Math.max(...reached))]!;
  console.log(
    `\n${states} states: log-likelihood, nats, after ${SHORT_RUN} iterations from ${STARTS} starts`,
  );
  console.log(inRows(reached));
  const run = await baumWelch(best, genome, LONG_RUN);
  console.log("and iteration by iteration from the best of them");
  console.log(inRows(run.logLikelihoods));
  return run;
}

/** Brings a segmentation to the host, its states in order of rising GC content. */
async function segmentation(
  { parameters, logLikelihoods }: Run,
  genome: Tensor<"int32">,
): Promise<Segmentation> {
  const { tags, posterior, emission } = await get(segment(parameters, genome));
  const probabilities = emission.array() as number[][];
  const states = probabilities.length;
  const gc = probabilities.map(([, c, g]) => c! + g!);
  const order = gc.map((_, state) => state).sort((a, b) => gc[a]! - gc[b]!);
  return {
    logLikelihoods,
    emission: order.map((state) => probabilities[state]!),
    tags: tags.data.map((state) => order.indexOf(state)),
    posterior: posterior.data.map((_, i, all) => all[i - (i % states) + order[i % states]!]!),
  };
}

function inRows(values: readonly number[]): string {
  const cells = values.map((value) => value.toFixed(2).padStart(12));
  return cells
    .map((cell, i) => (i % 8 === 7 ? `${cell}\n` : cell))
    .join("")
    .trimEnd();
}

function table(segments: readonly Segment[]): string {
  const rows = segments.map(({ start, end, state, gc }) =>
    [start, end, end - start + 1, state + 1, (100 * gc).toFixed(1)].map((cell) => String(cell).padStart(8)),
  );
  const heads = ["start", "end", "length", "state", "GC %"].map((head) => head.padStart(8));
  return [heads, ...rows].map((row) => row.join("")).join("\n");
}

const began = performance.now();
const bases = await readGenome(new URL("data/lambda_virus.fa.gz", import.meta.url));
const size = bases.length.toLocaleString("en-US");
console.log(
  `Bacteriophage λ, GenBank J02459: ${size} bases, ${(100 * gcContent(bases)).toFixed(1)} % G or C`,
);

const genome = put(bases);
const segmentations: Segmentation[] = [];
for (const states of [2, 4]) {
  const found = await segmentation(await fit(states, genome), genome);
  console.log(`\n${table(segmentsOf(found.tags, bases))}`);
  segmentations.push(found);
}

const picture = drawGenome({
  title: "The genome of bacteriophage λ, segmented by hidden Markov models",
  subtitle: `${size} bases, GenBank J02459. Fitted by Baum–Welch, decoded by Viterbi: a TypeScript program, run by JAX.`,
  bases,
  regions: lambdaRegions,
  segmentations,
});
const file = resolve(process.argv[2] ?? "lambda-genome.svg");
await writeFile(file, picture);
console.log(`\nDrawn to ${file}; ${((performance.now() - began) / 1000).toFixed(1)} s in all.`);
