/**
 * Structured attention: a network that must look at one part of a sequence, and may look through a chain. Somewhere in
 * 30 symbols lies a segment, half of whose symbols are the label; all others are noise, and each position has only a
 * noisy hint of whether it lies inside. A softmax weighs positions one by one. The marginals of a chain of
 * two states, outside and inside, weigh them together: what stands between two likely positions is likely itself.
 * (Kim, Denton, Hoang & Rush 2017, "Structured attention networks".)
 *
 *   npx tsx examples/structured-attention.ts [structured-attention.svg] [--steps 1000]
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import {
  get,
  jit,
  LinearChainCRF,
  nn,
  np,
  optax,
  type OptState,
  random,
  type Tensor,
  valueAndGrad,
} from "../src/index.ts";
import { drawCurves } from "../src/display/curve.ts";
import { drawTable } from "../src/display/table.ts";
import { LossCurve } from "./loss-curve.ts";

type T = Tensor<"float32">;
type Key = Tensor<"key">;
type Attention = "softmax" | "chain";

const [BATCH, LENGTH, LABELS, HIDDEN] = [64, 30, 4, 16] as const;

// -- the task, drawn on the device ----------------------------------------------------------------------------------

/** Sequences: a hint and a symbol at each position, which of them lie inside, and the labels. */
function draw(key: Key) {
  const keys = random.split(key, { num: 6 });
  const between = (i: number, low: number, high: number, shape: number[]) =>
    random.randint(keys.slice(i), shape, low, high);
  const position = np.arange(LENGTH);
  const start = between(0, 0, LENGTH - 8, [BATCH, 1]);
  const end = start.add(between(1, 5, 9, [BATCH, 1]));
  const inside = np.logicalAnd(np.greaterEqual(position, start), np.less(position, end)); // (b n)
  const label = between(2, 0, LABELS, [BATCH]);
  const isTold = random.bernoulli(keys.slice(3), { p: 0.5, shape: [BATCH, LENGTH] });
  const told = np.logicalAnd(inside, isTold);
  const symbol = np.where(told, label.slice([], null), between(4, 0, LABELS, [BATCH, LENGTH]));
  const hint = random
    .normal(keys.slice(5), { shape: [BATCH, LENGTH] })
    .add(inside.astype("float32").mul(1.5));
  return {
    x: np.concatenate([hint.slice("...", null), nn.oneHot(symbol, LABELS)], { axis: -1 }),
    inside,
    label,
  };
}

// -- the network ----------------------------------------------------------------------------------------------------

function initParams(key: Key) {
  const keys = random.split(key, { num: 3 });
  const normal = (i: number, shape: [number, number]): T => random.normal(keys.slice(i), { shape }).mul(0.3);
  return {
    hidden: normal(0, [1 + LABELS, HIDDEN]),
    score: normal(1, [HIDDEN, 2]), // how well each state suits a position; a softmax takes the second column
    transition: np.zeros([2, 2]),
    output: normal(2, [1 + LABELS, LABELS]),
  };
}
type Params = ReturnType<typeof initParams>;

/** How much each position counts, `(b n)`, in all 1. */
function attend(p: Params, attention: Attention, x: T): T {
  const emission = nn.tanh(x.matmul(p.hidden)).matmul(p.score); // (b n 2)
  if (attention === "softmax") return nn.softmax(emission.slice("...", 1));
  const chain = new LinearChainCRF({ initial: [0, 0], transition: p.transition, emission });
  const isInside = chain.marginals().sum(-2).slice("...", 1); // the probability of state 1
  return isInside.div(isInside.sum(-1, { keepdims: true }));
}

/** The log-probability of each label, `(b labels)`, from the mean of what is attended to. */
function classify(p: Params, attention: Attention, x: T): T {
  const context = np.einsum("bn,bnd->bd", attend(p, attention, x), x);
  return nn.logSoftmax(context.matmul(p.output));
}

const optimizer = optax.adam(1e-2);

const step = jit(
  (p: Params, state: OptState, attention: Attention, key: Key) => {
    const { x, label } = draw(key);
    const loss = (q: Params): T =>
      np
        .takeAlongAxis(classify(q, attention, x), label.slice([], null), -1)
        .mean()
        .neg() as T;
    const [value, grads] = valueAndGrad(loss)(p);
    const [updates, next] = optimizer.update(grads, state, p);
    return { value, params: optax.applyUpdates(p, updates), state: next };
  },
  { staticArgnums: 2, donateArgnums: [0, 1] },
);

/** New sequences: how many labels are right, and how much of the attention lies inside the segment. */
const look = jit(
  (p: Params, attention: Attention, key: Key) => {
    const { x, inside, label } = draw(key);
    const weights = attend(p, attention, x);
    const right = np
      .equal(classify(p, attention, x).argmax(-1), label)
      .astype("float32")
      .mean();
    return { right, within: np.where(inside, weights, 0).sum(-1).mean(), weights, inside };
  },
  { staticArgnums: 1 },
);

// -- training both, and looking at one sequence ---------------------------------------------------------------------

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { steps: { type: "string", default: "1000" } },
});

async function fit(attention: Attention): Promise<{ readonly params: Params; readonly curve: LossCurve }> {
  let params = initParams(random.key(0));
  let state = optimizer.init(params);
  const curve = new LossCurve(attention);
  for (let i = 0; i < Number(values.steps); i++) {
    const done = step(params, state, attention, random.key(i));
    ({ params, state } = done);
    await curve.add(done.value);
  }
  return { params, curve };
}

const mean = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0) / numbers.length;

/** The first of the new sequences. */
const first = (rows: unknown): number[] => (rows as unknown[][])[0]!.map(Number);

const curves: LossCurve[] = [];
const rows: { name: string; weights: number[]; inside: number[] }[] = [];
for (const attention of ["softmax", "chain"] as const) {
  const { params, curve } = await fit(attention);
  const tests = await Promise.all(
    Array.from({ length: 30 }, (_, i) => get(look(params, attention, random.key(1_000_000 + i)))),
  );
  const percent = (numbers: number[]): string => `${(100 * mean(numbers)).toFixed(1)} %`;
  const right = percent(tests.map((test) => test.right.item()));
  const within = percent(tests.map((test) => test.within.item()));
  console.log(`${attention}: ${right} of labels right, ${within} of the attention inside the segment`);
  curves.push(curve);
  rows.push({
    name: attention,
    weights: first(tests[0]!.weights.array()),
    inside: first(tests[0]!.inside.array()),
  });
}

const file = positionals[0] ?? "structured-attention.svg";
const most = Math.max(...rows.flatMap(({ weights }) => weights));
const table = drawTable({
  title: "What the networks look at in one sequence; the segment that decides is framed",
  marginals: rows.map(({ weights }) => weights.map((weight) => weight / most)),
  best: rows.map(({ inside }) => inside.map(Boolean)),
  rows: rows.map(({ name }) => name),
  description: "How much each position counts, as a share of the most that any has.",
});
await writeFile(file, table);
const loss = drawCurves({
  title: "Softmax and structured attention",
  quantity: "loss, nats",
  against: "step",
  curves,
});
await writeFile(file.replace(/(\.svg)?$/, "-loss.svg"), loss);
