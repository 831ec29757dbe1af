/**
 * Bayesian logistic regression: which measures of its cells tell that a tumour is malignant, and how sure that is.
 * Coefficients of standardized measures have a normal prior; the No-U-Turn sampler draws from their posterior, and the
 * mean of its predictions judges tumours that it has not seen.
 *
 *   npx tsx examples/logistic-regression.ts [logistic-regression.svg] [--warmup 500] [--samples 1000] [--chains 4]
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import {
  array,
  dist,
  get,
  type HostTensor,
  jit,
  mcmc,
  nn,
  np,
  nuts,
  pictures,
  random,
  sample,
  summaryTable,
  type SummaryRow,
  type Tensor,
} from "../src/index.ts";
import { readBreastCancer } from "./breast-cancer.ts";
import { onProgress } from "./chain-progress.ts";

type Floats = Tensor<"float32">;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    warmup: { type: "string", default: "500" },
    samples: { type: "string", default: "1000" },
    chains: { type: "string", default: "4" },
  },
});
const { names, training, heldOut } = await readBreastCancer();

function model(x: Floats, isMalignant: Tensor<"int32">): void {
  const intercept = sample("intercept", dist.normal({ scale: 5 }));
  const coefficients = sample("coefficients", dist.normal(), { sampleShape: [names.length] });
  const logits = x.matmul(coefficients).add(intercept);
  sample("malignant", dist.bernoulli({ logits }), { value: isMalignant });
}

const began = performance.now();
const [warmup, samples, chains] = [options.warmup, options.samples, options.chains].map(Number);
const chainsOf = mcmc(nuts(model), { warmup: warmup!, samples: samples!, chains: chains!, onProgress });
const posterior = await chainsOf.run(
  random.key(0),
  array(training.x),
  array(training.isMalignant, { dtype: "int32" }),
);
const seconds = ((performance.now() - began) / 1000).toFixed(1);
console.log(
  `${training.x.length} tumours to learn from, ${heldOut.x.length} held out; ` +
    `${chains} chains of ${warmup} + ${samples} steps in ${seconds} s, ${await posterior.divergences()} divergences`,
);

// The largest coefficients, by the names of their measures
const { rows } = await posterior.summary();
type Columns = Record<keyof SummaryRow, number[]>;
const fromEach = <From, To>(row: object, take: (column: From) => To): Record<keyof SummaryRow, To> =>
  Object.fromEntries(Object.entries(row).map(([field, column]) => [field, take(column as From)])) as never;
const numbersOf = (name: string): Columns =>
  fromEach(rows[name]!, (column: HostTensor<"float32">) => [...column.data]);
const [intercept, coefficients] = [numbersOf("intercept"), numbersOf("coefficients")];
const largest = names
  .map((name, i) => ({ name, i, size: Math.abs(coefficients.mean[i]!) }))
  .sort((a, b) => b.size - a.size)
  .slice(0, 10);
const rowOf = (i: number): SummaryRow => fromEach(coefficients, (column: number[]) => column[i]!);
const shown = Object.fromEntries(largest.map(({ name, i }) => [name, rowOf(i)]));
console.log(summaryTable({ ...shown, intercept: rows["intercept"]! }));
const rHat = Math.max(...intercept.rHat, ...coefficients.rHat);
const nEff = Math.min(...intercept.nEff, ...coefficients.nEff);
console.log(
  `Of all ${names.length + 1} variables: R-hat at most ${rHat.toFixed(3)}, n_eff at least ${nEff.toFixed(0)}`,
);

/** How probable it is that each tumour is malignant: the mean of what all draws say, not what their mean says. */
const predict = jit((draws: { intercept: Floats; coefficients: Floats }, x: Floats) =>
  nn
    .sigmoid(np.einsum("cdk,nk->cdn", draws.coefficients, x).add(draws.intercept.slice("...", null)))
    .mean([0, 1]),
);
const probabilities = (await predict(posterior.draws as never, array(heldOut.x)).array()) as number[];
const isRight = probabilities.map((p, i) => p > 0.5 === (heldOut.isMalignant[i] === 1));
const right = isRight.filter(Boolean).length;
const sure = isRight.filter((_, i) => Math.abs(probabilities[i]! - 0.5) > 0.4);
const logLoss =
  probabilities.reduce((sum, p, i) => sum - Math.log(heldOut.isMalignant[i] === 1 ? p : 1 - p), 0) / probabilities.length; // prettier-ignore
console.log(
  `held out: ${((100 * right) / isRight.length).toFixed(1)} % right (${isRight.length - right} wrong), ` +
    `${logLoss.toFixed(4)} nats a tumour; of ${sure.length} with more than 90 %, ${sure.filter((r) => !r).length} wrong`,
);

const drawn = (await get(posterior.draws["coefficients"]!)).array() as number[][][]; // (chain draw measure)
const byName = largest.map(({ name, i }) => [name, drawn.map((chain) => chain.map((draw) => draw[i]!))]);
const picture = pictures.intervals(Object.fromEntries(byName), {
  prob: 0.9,
  combined: true,
  title: "Coefficients of standardized measures, in nats: above 0 for malignant",
});
await writeFile(positionals[0] ?? "logistic-regression.svg", picture);
