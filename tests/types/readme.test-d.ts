/** What README and design show compiles as it stands, with the types it promises. Checked by tsc, never run. */
import {
  array,
  connect,
  dist,
  grad,
  HMM,
  jit,
  LinearChainCRF,
  np,
  random,
  type Session,
  SynjaxError,
  type Tensor,
  tree,
  valueAndGrad,
  vmap,
} from "../../src/index.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** `is<Tensor<"bool">>()(value)` compiles where the value has exactly that type. */
declare function is<Expected>(): <Came>(
  value: Came,
  ...same: Same<Came, Expected> extends true ? [] : [never]
) => void;
type T = Tensor<"float32">;

// -- README: ten lines -------------------------------------------------------------------------------------------
{
  const emission = [[2, 0], [0.5, 0], [0, 1], [0, 3], [0, 0.2]]; // prettier-ignore
  const crf = new LinearChainCRF({ initial: [0, 0], transition: [[0.5, -1], [-1, 0.5]], emission }); // prettier-ignore
  console.log(await crf.decode(crf.argmax()).array());
  const logZ = await crf.logPartition().item();
  is<number>()(logZ);
  console.log(await crf.marginals().sum(-2).array());
  console.log(await crf.decode(crf.sample(random.key(0), { sampleShape: [3] })).array());
  const coin = { initLogits: [0, 0], transitionLogits: [[2, 0], [0, 2]], emissionDist: [[0, 0], [1, -1]] }; // prettier-ignore
  console.log(await new HMM({ ...coin, observations: [0, 0, 1, 0, 1, 1, 1] }).logPartition().item());
}

// -- README: a recorded step -------------------------------------------------------------------------------------
type Params = { initial: T; transition: T };
declare const given: Params;
const step = jit((params: Params, emission: T, gold: Tensor<"int32">) => {
  const loss = (p: Params) => {
    const crf = new LinearChainCRF({ ...p, emission });
    return np.negative(crf.logProb(crf.encode(gold))).mean();
  };
  const [value, grads] = valueAndGrad(loss)(params);
  return { value, params: tree.map((p: T, g: T) => p.sub(g.mul(0.1)), params, grads) };
});
{
  let params: Params = { initial: array([0, 0]), transition: array([[0, 0], [0, 0]]) }; // prettier-ignore
  const result = step(params, new Float32Array(4), Int32Array.of(0, 1));
  params = result.params; // chains
  is<T>()(result.value);
  step(result.params, array([[1, 2]]), array([0, 1], { dtype: "int32" }));
  // @ts-expect-error a whole argument is missing
  step(params, array([[1, 2]]));
  // @ts-expect-error strings are no tensors
  step(params, "emission", Int32Array.of(0));
}

// -- README: a session -------------------------------------------------------------------------------------------
{
  await using session = await connect({ device: "cpu" });
  using weights = session.put(array([[1, 2], [3, 4]])); // prettier-ignore
  console.log(await weights.sum().item());
  is<Session>()(session);
}

// -- How it should feel ------------------------------------------------------------------------------------------
{
  const scores = [[1, 2]]; // prettier-ignore
  const crf = new LinearChainCRF({ initial: [0, 0], transition: [[0.5, -1], [-1, 0.5]], emission: scores }); // prettier-ignore
  const { events, scores: best, count } = crf.topK(5);
  is<T>()(events);
  is<T>()(best);
  is<Tensor<"int32">>()(count);

  const [initial, transition] = [array([0, 0]), array([[0, 0], [0, 0]])]; // prettier-ignore
  const tag = jit((emission: Tensor<"float32">, lengths: Tensor<"int32">) => {
    const inner = new LinearChainCRF({ initial, transition, emission, lengths });
    return inner.decode(inner.argmax());
  });
  const batches: AsyncIterable<{ emission: Float32Array; lengths: Int32Array }> = (async function* () {})();
  const write = (tags: unknown): Promise<void> => Promise.resolve(void tags);
  for await (const batch of batches) await write(await tag(batch.emission, batch.lengths).array());

  const model = (p: Params, emission: T) => new LinearChainCRF({ ...p, emission });
  const learn = jit(
    (params: Params, x: Tensor<"float32">, gold: T) => {
      const [loss, grads] = valueAndGrad((p: Params) => np.negative(model(p, x).logProb(gold)).mean())(
        params,
      );
      return { loss, params: tree.map((p: T, g: T) => p.sub(g.mul(0.1)), params, grads) };
    },
    { donateArgnums: [0] },
  );
  is<{ loss: T; params: Params }>()(learn(given, array([[1, 2]]), crf.argmax()));
}

// -- Numbers of the types are numbers of the programs --------------------------------------------------------------
{
  const x = array([1, 2]);
  const [n] = x.shape;
  // @ts-expect-error a Size is no number
  void (n! * 2);
  // @ts-expect-error nor is it compared with one
  void (n! === 3);
  // @ts-expect-error a tensor is no condition's operand
  void (x > 0);
  is<Float32Array>()(await x.add(1).data());
  is<bigint>()(await array(BigInt64Array.of(1n)).item());
  const g = grad((p: Params, y: T) => p.initial.sum().add(y.sum()), { argnums: [0, 1] });
  is<readonly [Params, T]>()(g(given, x));
  is<T>()(vmap((row: T) => row.sum())(x));
  new HMM({
    initLogits: [0],
    transitionLogits: [[0]],
    emissionDist: dist.normal({ loc: [0], scale: [1] }),
    observations: [0.5],
  });
  // @ts-expect-error a parameter that does not exist
  new LinearChainCRF({ initial: [0], transition: [[0]], emissions: [[0]] });
}

// -- Every code is known -------------------------------------------------------------------------------------------
{
  const error: unknown = undefined;
  if (error instanceof SynjaxError && error.code === "CHECK_FAILED") console.log(error.argument, error.line);
  // @ts-expect-error the set of codes is closed
  if (error instanceof SynjaxError && error.code === "CHEKC_FAILED") console.log();
}

// -- compile: an aval in the place of a tensor, with the tensor's dtype -------------------------------------------------
{
  const f = jit((p: { readonly w: T; readonly ids: Tensor<"int32"> }, n: number) => p.w.mul(n), {
    staticArgnums: 1,
  });
  is<Promise<void>>()(f.compile({ w: { dtype: "float32", shape: [2] }, ids: array(Int32Array.of(1)) }, 3));
  // @ts-expect-error ids are int32
  void f.compile({ w: { dtype: "float32", shape: [2] }, ids: { dtype: "float32", shape: [2] } }, 3);
  // @ts-expect-error an aval is for compile, not for the call
  f({ w: { dtype: "float32", shape: [2] }, ids: array(Int32Array.of(1)) }, 3);
}
