/** What the generated types promise. Nothing here runs: `tsc` is the test, and an unused `@ts-expect-error` fails it. */
import type { ArgMax, Draws, SampleOptions, TopK } from "../../src/distributions/distribution.ts";
import type { HMM, HMMCounts, HMMOptions, HMMParameters } from "../../src/distributions/hmm.ts";
import { LinearChainCRF } from "../../src/distributions/linear-chain-crf.ts";
import { dist } from "../../src/ops/dist.ts";
import { lax } from "../../src/ops/lax.ts";
import { linalg } from "../../src/ops/linalg.ts";
import { nn } from "../../src/ops/nn.ts";
import { np } from "../../src/ops/np.ts";
import { random } from "../../src/ops/random.ts";
import { special } from "../../src/ops/special.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import type { Dim, Size, Tensor } from "../../src/tensor/tensor.ts";
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
  // A number may be an int or a float.
  is<Tensor<"int32" | "float32">>()(np.add(i, 1));
  is<Tensor<"float32">>()(np.add(f, [1, 2]));
  is<Tensor<"float64">>()(np.add(f, new Float64Array(2)));
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
