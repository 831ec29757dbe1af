/** What README and design show compiles as it stands, with the types it promises. Checked by tsc, never run. */
import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import {
  array,
  connect,
  dist,
  grad,
  HMM,
  jit,
  LinearChainCRF,
  mcmc,
  np,
  nuts,
  padded,
  random,
  type RandomVariable,
  sample,
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

// -- README: a training loop -------------------------------------------------------------------------------------
type Params = { initial: T; transition: T };
declare const given: Params;
{
  let params = {
    initial: array([0, 0]),
    transition: array([
      [0, 0],
      [0, 0],
    ]),
  };
  const step = jit(
    (p: typeof params, emission: Tensor<"float32">, tags: Tensor<"int32">, lengths: Tensor<"int32">) => {
      const loss = (q: typeof params) => {
        const crf = new LinearChainCRF({ ...q, emission, lengths });
        return np.negative(crf.logProb(crf.encode(tags))).mean();
      };
      const [value, grads] = valueAndGrad(loss)(p);
      return { value, params: tree.map((x, g) => x.sub(g.mul(0.1)), p, grads) };
    },
    { donateArgnums: 0 }, // the call may take the memory of the old parameters
  );

  const [scores, gold] = [
    [
      [
        [1, 0],
        [0, 2],
      ],
      [[0, 1]],
    ],
    [[0, 1], [1]],
  ]; // two sentences, of two words and of one
  for (let epoch = 0; epoch < 3; epoch++) {
    const { values, lengths } = padded(scores, { multipleOf: 16 }); // each shape is compiled once: keep them few
    const tags = padded(gold, { dtype: "int32", multipleOf: 16 }).values;
    if (epoch === 0) await step.compile(params, values, tags, lengths); // or leave it to the first step
    const { value, params: next } = step(params, values, tags, lengths);
    params = next;
    if (epoch % 2 === 0) console.log(epoch, await value.item()); // not at every step: a step need not wait
  }
  is<Params>()(params);
  // @ts-expect-error a whole argument is missing
  step(params, array([[1, 2]]));
  // @ts-expect-error strings are no tensors
  step(params, "emission", Int32Array.of(0), Int32Array.of(1));
}

// -- README: a probabilistic program ------------------------------------------------------------------------------

export async function probabilisticProgram(): Promise<void> {
  function coin(tosses: Tensor): void {
    const probs = sample("probs", dist.beta({ concentration1: 1, concentration0: 1 }));
    sample("x", dist.bernoulli({ probs }), { value: tosses });
  }
  const tosses = array([0, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
  const posterior = await mcmc(nuts(coin), { warmup: 200, samples: 500, chains: 2 }).run(random.key(0), tosses); // prettier-ignore
  const table: string = String(await posterior.summary());
  const draws: Tensor | undefined = posterior.draws["probs"];
  void [table, draws];
  // @ts-expect-error the model takes a tensor
  await mcmc(nuts(coin), { warmup: 200, samples: 500 }).run(random.key(0), "tosses");
  const count: RandomVariable<"int32"> = sample("count", dist.poisson({ rate: 3 }));
  // @ts-expect-error only a structure can be summed over
  sample("count", dist.poisson({ rate: 3 }), { marginalize: true });
  void count;
}

// -- README: a service -------------------------------------------------------------------------------------------
{
  const session = await connect();
  const load = () =>
    session.put({
      initial: array([0, 0]),
      transition: array([
        [0.5, -1],
        [-1, 0.5],
      ]),
    });
  let weights = load(); // on the device once, for all requests
  void (async () => {
    for await (const { type } of session.status()) if (type === "lost") weights = load(); // the next worker has none
  })();

  const tag = jit((w: typeof weights, emission: Tensor<"float32">, lengths: Tensor<"int32">) => {
    const crf = new LinearChainCRF({ ...w, emission, lengths });
    return crf.decode(crf.argmax());
  });
  const server = createServer((request, response) => {
    void (async () => {
      const sentences = padded((await json(request)) as number[][][], { multipleOf: 16 });
      const tags = await tag(weights, sentences.values, sentences.lengths).array({ deadline: 10_000 });
      response.end(JSON.stringify(tags));
    })().catch((error: unknown) => {
      const isMine = error instanceof SynjaxError && error.code === "INVALID_ARGUMENT";
      response.writeHead(isMine ? 400 : 503).end(String(error));
    });
  });
  server.listen(8080);
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
