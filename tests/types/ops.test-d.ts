/** What the generated types promise. Nothing here runs: `tsc` is the test, and an unused `@ts-expect-error` fails it. */
import type { ArgMax, Draws, SampleOptions, TopK } from "../../src/distributions/distribution.ts";
import type { SimpleDistribution } from "../../src/distributions/simple-distribution.ts";
import { HMM, type HMMCounts, type HMMOptions, type HMMParameters } from "../../src/distributions/hmm.ts";
import { LinearChainCRF } from "../../src/distributions/linear-chain-crf.ts";
import type { PCFG } from "../../src/distributions/pcfg.ts";
import { dist } from "../../src/ops/dist.ts";
import { lax } from "../../src/ops/lax.ts";
import { linalg } from "../../src/ops/linalg.ts";
import { nn } from "../../src/ops/nn.ts";
import { np } from "../../src/ops/np.ts";
import { tree } from "../../src/program/tree.ts";
import { array } from "../../src/tensor/array.ts";
import { padded } from "../../src/tensor/padded.ts";
import { jit } from "../../src/transforms/transforms.ts";
import { random } from "../../src/ops/random.ts";
import { special } from "../../src/ops/special.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import type { Complex, Dim, Size, Tensor } from "../../src/tensor/tensor.ts";
import { ToyLayers } from "../fixtures/toys/toy-layers.ts";
import { type ToyTaggedTree } from "../fixtures/toys/toy-tagged-tree.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** `is<Tensor<"bool">>()(value)` compiles where the value has exactly that type. */
declare function is<Expected>(): <Came>(
  value: Came,
  ...same: Same<Came, Expected> extends true ? [] : [never]
) => void;

declare const f: Tensor<"float32">;
declare const h: Tensor<"float16">;
declare const b: Tensor<"bfloat16">;
declare const d: Tensor<"float64">;
declare const i: Tensor<"int32">;
declare const l: Tensor<"int64">;
declare const u: Tensor<"uint8">;
declare const m: Tensor<"bool">;
declare const k: Tensor<"key">;
declare const n: Size;
declare const dim: Dim;
declare const number: number;

export function promotion(): void {
  is<Tensor<"float32">>()(np.add(f, i));
  is<Tensor<"float32">>()(np.add(f, 1));
  is<Tensor<"float16">>()(np.add(h, 1));
  is<Tensor<"float32">>()(np.add(h, b));
  is<Tensor<"float64">>()(np.multiply(d, f));
  is<Tensor<"float32">>()(np.add(l, f));
  is<Tensor<"int64">>()(np.add(l, i));
  is<Tensor<"int32">>()(np.add(u, i));
  is<Tensor<"float32">>()(np.add(f, n));
  // A number may be an int or a float; of a literal it is seen.
  is<Tensor<"int32" | "float32">>()(np.add(i, number));
  is<Tensor<"int32">>()(i.add(1));
  is<Tensor<"int32">>()(np.add(i, -3));
  is<Tensor<"float32">>()(i.mul(0.5));
  is<Tensor<"float32">>()(i.sub(1e21));
  is<Tensor<"uint8">>()(u.add(1));
  is<Tensor<"int64">>()(l.add(1));
  is<Tensor<"int32">>()(np.maximum(0, i));
  is<Tensor<"int32">>()(np.where(m, 1, 0));
  is<Tensor<"float32">>()(np.where(m, 1, 0.5));
  is<Tensor<"int32">>()(i.add(n));
  // Beyond 32 bits it depends on what it meets
  is<Tensor<"int64" | "float32">>()(l.add(1099511627776));
  is<Tensor<"float32">>()(l.add(0.5));
  is<Tensor<"int32" | "float32">>()(i.add(3000000000));
  is<Tensor<"float32">>()(np.add(f, [1, 2]));
  is<Tensor<"float64">>()(np.add(f, new Float64Array(2)));
}

export function hostData(rows: number[][], bigs: bigint[], flags: boolean[][], some?: number[]): void {
  is<Tensor<"float32">>()(array(rows));
  is<Tensor<"float32">>()(array(3));
  is<Tensor<"float32">>()(array([]));
  is<Tensor<"int64">>()(array(bigs));
  is<Tensor<"bool">>()(array(flags));
  is<Tensor<"uint8">>()(array(new Uint8Array(4), { shape: [2, 2] }));
  is<Tensor<"int32">>()(array(some ?? [1], { dtype: "int32" }));
}

export function rows(sentences: number[][], bytes: Uint8Array[]): void {
  is<Tensor<"float32">>()(padded(sentences).values);
  is<Tensor<"float32">>()(padded([[1, 2], [3]]).values); // prettier-ignore
  is<Tensor<"int32">>()(padded(sentences, { dtype: "int32", multipleOf: 16 }).values);
  is<Tensor<"uint8">>()(padded(bytes, { width: 3 }).values);
  is<Tensor<"int32">>()(padded(bytes).lengths);
}

export function patterns(): Size[] {
  const [rows, columns] = f.shape;
  is<Size>()(rows);
  is<Size>()(f.shape[1]);
  const [, last] = f.shape;
  // @ts-expect-error -- a shape is no array
  f.shape.map((size) => size);
  return [rows, columns, last];
}

interface Layer {
  readonly weights: Tensor<"float32">;
  readonly counts: readonly Tensor<"int32">[];
  rate: number;
}
export function trees(layer: Layer, pair: readonly [Tensor<"float32">, Layer]): void {
  const doubled = tree.map((leaf) => np.multiply(leaf, 2), layer);
  is<Tensor<"float32">>()(doubled.weights);
  is<readonly Tensor<"int32">[]>()(doubled.counts);
  is<Tensor<"bool">>()(tree.map((leaf) => np.greater(leaf, 0), layer).weights);
  is<number>()(tree.map(() => 1, pair)[1].weights);
  is<{ a: Tensor<"float32"> }>()(tree.map((x, y) => x.sub(y.mul(0.1)), { a: f }, { a: f }));
  // @ts-expect-error -- the leaf of the other tree is an int32
  tree.map((x: Tensor<"float32">, y: Tensor<"float32">) => x.sub(y), { a: f }, { a: i });
}

export function argumentsOfJit(step: ReturnType<typeof jit<[Tensor<"float32">], Tensor>>): void {
  step(array([[1, 2]]));
  step(new Float32Array(2));
  step(1);
  // @ts-expect-error -- nested arrays are trees: array() makes a tensor of them
  step([[1, 2]]);
  jit((xs: readonly Tensor<"float32">[]) => np.stack(xs))([1, 2]);
}

export function lists(): void {
  is<Tensor<"float32">[]>()(np.split(f, 3, { axis: -1 }));
  is<Tensor<"int32">[]>()(np.meshgrid([i, i]));
  is<Tensor<"float32">>()(lax.dynamicSlice(f, [i, 0], [1, n]));
}

export function resultDtypes(): void {
  is<Tensor<"float32">>()(np.exp(i));
  is<Tensor<"float64">>()(np.exp(l));
  is<Tensor<"bfloat16">>()(np.exp(b));
  is<Tensor<"float32">>()(np.divide(i, i));
  is<Tensor<"int32">>()(np.sum(m));
  is<Tensor<"uint32">>()(np.sum(u));
  is<Tensor<"int64">>()(np.sum(l));
  is<Tensor<"float16">>()(np.mean(h));
  is<Tensor<"int32">>()(np.power(m, m));
  is<Tensor<"bool">>()(np.greater(f, 0));
  is<Tensor<"int32">>()(np.argmax(d));
  is<Tensor<"int32">>()(np.take(i, 0));
  is<Tensor<"float32">>()(np.where(m, f, 0));
  is<Tensor<"float32">>()(np.concatenate([f, f], { axis: 1 }));
  is<Tensor<"float32">>()(np.einsum("ij,jk->ik", f, f));
  is<Tensor<"float32">>()(np.sum([1, 2, 3]));
  is<Tensor<"float32">>()(nn.softmax(f, { axis: -1 }));
  is<Tensor<"float64">>()(special.betaln(d, f));
}

export function defaultDtypes(): void {
  is<Tensor<"float32">>()(np.zeros([n, 3]));
  is<Tensor<"int32">>()(np.zeros([2], { dtype: "int32" }));
  is<Tensor<"float32">>()(np.full([3], 0));
  is<Tensor<"int32">>()(np.arange(dim));
  is<Tensor<"float32">>()(np.linspace(0, 1));
  is<Tensor<"float16">>()(np.zerosLike(h));
  is<Tensor<"bool">>()(np.zerosLike(h, { dtype: "bool" }));
  is<Tensor<"int8">>()(np.astype(f, "int8"));
  is<Tensor<"float32">>()(nn.oneHot([0, 1], 3));
  is<Tensor<"float32">>()(random.normal(k, { shape: [n] }));
  is<Tensor<"uint32">>()(random.bits(k));
}

export function structs(): void {
  const { values, indices } = lax.topK(h, 3);
  is<Tensor<"float16">>()(values);
  is<Tensor<"int32">>()(indices);
  is<Tensor<"float32">>()(linalg.slogdet(f).logabsdet);
  is<Tensor<"key">>()(random.split(random.key(0), { num: 3 }));
}

export function refused(): void {
  // @ts-expect-error -- an unknown option
  np.sum(f, { axes: 1 });
  // @ts-expect-error -- positions are integers
  np.take(f, f);
  // @ts-expect-error -- a condition is boolean
  np.where(f, 1, 2);
  // @ts-expect-error -- not a key
  random.normal(f);
  // @ts-expect-error -- no such dtype
  np.astype(f, "string");
  // @ts-expect-error -- a shape is a list
  np.zeros(3);
  // @ts-expect-error -- one of the padding modes
  np.pad(f, 1, { mode: "zero" });
  // @ts-expect-error -- text is no tensor
  np.exp("1");
  // @ts-expect-error -- a length is a number or a Size
  np.reshape(f, ["2"]);
}

export function sizesAreNoNumbers(either: number | Size): readonly unknown[] {
  return [
    // @ts-expect-error -- arithmetic
    n * 2,
    // @ts-expect-error -- addition
    n + 1,
    // @ts-expect-error -- comparison
    n < 3,
    // @ts-expect-error -- equality
    n === 3,
    // @ts-expect-error -- arithmetic on either
    either * 2,
    // @ts-expect-error -- a number has no methods
    either.add(1),
  ];
}

export function complexNumbers(z: Tensor<"complex64">): void {
  is<Tensor<"complex64">>()(np.fft.fft(f, { n: dim, norm: "ortho" }));
  is<Tensor<"complex128">>()(np.fft.rfft2(d));
  is<Tensor<"complex64">>()(np.fft.fft(i));
  is<Tensor<"float32">>()(np.fft.irfft(z));
  is<Tensor<"float32">>()(np.abs(z));
  is<Tensor<"int32">>()(np.real(i));
  is<Tensor<"float32">>()(np.angle(z, { deg: true }));
  is<Tensor<"complex64">>()(np.multiply(z, f));
  is<Tensor<"complex128">>()(np.add(z, d));
  is<Tensor<"complex64">>()(np.exp(z));
  is<Tensor<"complex64">>()(array([{ real: 1, imag: 2 }]));
  is<Tensor<"float32">>()(np.std(z));
  is<Promise<Complex>>()(z.item());
  is<Promise<Float32Array>>()(z.data());
  // @ts-expect-error -- potentials are real
  new LinearChainCRF({ logPotentials: z });
}

export function distributions(crf: LinearChainCRF, crf64: LinearChainCRF<"float64">, hmm: HMM): void {
  is<Tensor<"float32">>()(crf.logPartition());
  is<Tensor<"float64">>()(crf64.marginals());
  is<LinearChainCRF>()(new LinearChainCRF({ logPotentials: f }));
  is<LinearChainCRF<"float64">>()(new LinearChainCRF({ logPotentials: d, lengths: [3] }));
  is<LinearChainCRF>()(new LinearChainCRF({ initial: [0, 0], transition: [[0, 0], [0, 0]], emission: f })); // prettier-ignore
  // @ts-expect-error -- an unknown parameter
  new LinearChainCRF({ potentials: f });
  // @ts-expect-error -- lengths are integers
  new LinearChainCRF({ logPotentials: f, lengths: f });
  // @ts-expect-error -- potentials are floats
  new LinearChainCRF({ logPotentials: i });
  is<LinearChainCRF>()(crf.at(0).withTemperature(2).marginalsForTemplateVariables());
  is<Tensor<"float64">>()(crf64.klDivergence(crf64));
  is<Tensor<"float32">>()(crf.klDivergence(hmm));
  is<Tensor<"float32">>()(hmm.crossEntropy(crf));
  is<Tensor<"float32">>()(crf.crossEntropy({} as HMM<"float32", SimpleDistribution>));
  // @ts-expect-error -- of other structures
  hmm.klDivergence({} as PCFG);
  // @ts-expect-error -- of another dtype
  crf64.klDivergence(hmm);
  is<Shape>()(crf.eventShape);
  is<ArgMax<"float64">>()(crf64.argmaxAndMax());
  is<TopK>()(crf.topK(dim));
  is<Draws>()(crf.sampleWithoutReplacement(k, 2));
  is<Tensor<"int32">>()(crf.decode(crf.argmax()));
  is<Tensor<"float64">>()(crf64.encode([0, 1]));
  const options: SampleOptions = { sampleShape: [n, 2], temperature: 0.5 };
  is<Tensor<"float64">>()(crf64.sample(k, options));
  is<Tensor<"float32">>()(crf.differentiableSample(k, { method: "Gumbel-CRF", straightThrough: true }));
  // @ts-expect-error -- the method must be said
  crf.differentiableSample(k);
  // @ts-expect-error -- tags are integers
  crf.encode(f);
  const given: HMMOptions = { initLogits: f, transitionLogits: f, emissionDist: dist.poisson({ rate: f }) };
  is<HMMParameters>()(hmm.maximize(hmm.expectedCounts(), { pseudocount: 1 }));
  is<HMMCounts>()(hmm.expectedCounts());
  const seen = new HMM({
    initLogits: f,
    transitionLogits: f,
    emissionDist: dist.normal({ loc: f, scale: f }),
  });
  is<SimpleDistribution<"float32", "float32">>()(seen.maximize(seen.expectedCounts()).emissionDist);
  is<SimpleDistribution<"float32", "float32">>()(seen.parameter("emissionDist"));
  is<Tensor<"float32">>()(seen.parameter("initLogits"));
  is<Tensor<"float64">>()(dist.poisson({ rate: d }).parameter("rate"));
  is<SimpleDistribution<"float64", "int32">>()(dist.poisson({ rate: d }));
  is<SimpleDistribution<"float32", "float32">>()(dist.normal());
  is<Tensor<"float64">>()(dist.normal({ loc: d }).sample(k));
  is<Tensor<"int32">>()(dist.bernoulli({ probs: d }).toEvent(1).expand([n]).sample(k));
  is<Tensor<"float64">>()(dist.bernoulli({ probs: d }).logProb(0));
  is<SimpleDistribution<"float32", "int32">>()(dist.delta({ v: i }));
  is<SimpleDistribution<"float32", "int32">>()(dist.discreteUniform({ high: 3 }));
  is<SimpleDistribution<"float32", "float32">>()(dist.transformed(dist.normal(), [dist.transforms.exp()]));
  const weights = dist.categorical({ logits: f });
  is<SimpleDistribution<"float32", "int32">>()(
    dist.mixture({
      mixingDistribution: weights,
      componentDistributions: [weights, dist.poisson({ rate: f })],
    }),
  );
  // @ts-expect-error -- chosen by a categorical distribution, whose values are integers
  dist.mixture({ mixingDistribution: dist.normal(), componentDistributions: weights });
  // @ts-expect-error -- a scale is needed
  dist.pareto({ alpha: f });
  const symbols = new HMM({ initLogits: f, transitionLogits: f, emissionDist: [[0]], observations: [0] });
  is<Tensor<"float32">>()(symbols.maximize(symbols.expectedCounts()).emissionDist);
  // @ts-expect-error -- counts are all three of them
  hmm.maximize({ initial: f, transition: f });
  return void given;
}

export function eventsOfSeveralArrays(tree: ToyTaggedTree, tree64: ToyTaggedTree<"float64">): void {
  const event = tree.argmax();
  is<{ readonly chart: Tensor<"float32">; readonly tags: Tensor<"float32"> }>()(event);
  is<Tensor<"float64">>()(tree64.topK(2).events.chart);
  is<Tensor<"int32">>()(tree.decode(event).tags);
  is<Tensor<"float32">>()(tree.logProb({ chart: [[0]], tags: f }));
  is<Shape>()(tree.eventShape.chart);
  // @ts-expect-error -- an array is missing
  tree.logProb({ chart: f });
  // @ts-expect-error -- an event of several arrays is none
  tree.decode(f);
  is<ToyLayers>()(new ToyLayers({ layers: [f, [[0, 1]]] })); // prettier-ignore
  // @ts-expect-error -- a list of tensors
  new ToyLayers({ layers: f });
}
