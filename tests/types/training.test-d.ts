/** What layers, batches and files make of types. Checked by tsc, never run. */
import {
  batches,
  bucket,
  dense,
  type DenseParams,
  get,
  grad,
  gru,
  type HostTensor,
  lstm,
  safetensors,
  type Tensor,
  type TensorTree,
  tree,
} from "../../src/index.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function is<Expected>(): <Came>(
  value: Came,
  ...same: Same<Came, Expected> extends true ? [] : [never]
) => void;

type T = Tensor<"float32">;
type I = Tensor<"int32">;
declare const key: Tensor<"key">;
declare const x: T;
declare const bytes: Uint8Array;
declare function stream(): AsyncGenerator<{ words: number[]; score: number }>;

export async function layers(): Promise<void> {
  const params = { encoder: lstm.init(key, 2, 3), out: [dense.init(key, 3, 1)] };
  is<typeof params>()(grad((p: typeof params) => dense.apply(p.out[0]!, lstm.apply(p.encoder, x).outputs).sum())(params)); // prettier-ignore
  tree.map((p, g) => p.sub(g), params, params); // a bias that may be left out is no undefined leaf
  is<T>()(gru.apply(gru.init(key, 2, 3), x, { reverse: true }).carry);
  is<HostTensor<"float32">>()((await get(params)).encoder.if.kernel);
  is<TensorTree>()(safetensors.load(bytes));
  is<DenseParams["kernel"]>()(safetensors.load(bytes, params).out[0]!.kernel);
  // @ts-expect-error -- sizes are numbers
  dense.init(key, x, 3);
  // @ts-expect-error -- a state of an LSTM has two parts
  lstm.apply(params.encoder, x, { initialCarry: x });
}

export async function data(): Promise<void> {
  for (const { values, real, indices } of batches(
    { x: new Float64Array(2), y: [[1], [2]] },
    { batchSize: 1, dtype: { y: "int32" } },
  )) {
    // prettier-ignore
    is<{ readonly x: Tensor<"float64">; readonly y: I }>()(values);
    is<Tensor<"bool">>()(real);
    is<readonly number[]>()(indices);
  }
  for (const { values } of batches([[1, 2]], { batchSize: 1 })) is<T>()(values);
  for (const { values, lengths } of bucket([{ words: [1], tags: Int32Array.of(1) }], {
    batchSize: 1,
    widths: [2],
  })) {
    is<{ readonly words: T; readonly tags: I }>()(values);
    is<I>()(lengths);
  }
  for await (const { values } of bucket(stream(), { batchSize: 1, widths: [2], dtype: "int32" }))
    is<{ readonly words: I; readonly score: I }>()(values);
  // @ts-expect-error -- the widths are missing
  bucket([[1]], { batchSize: 1 });
  // @ts-expect-error -- a stream is asynchronous
  for (const { values } of bucket(stream(), { batchSize: 1, widths: [2] })) void values;
}
