/**
 * Learning to learn: how fast a network learns, differentiated by what it starts from and by how large its steps are.
 * A task is a sinusoid of a random amplitude and phase, seen at ten places with noise; an inner loop fits a network to
 * it in ten steps of gradient descent. That loop is a `scan`, and what a new task's error is after it has a gradient
 * like any other function: the outer loop follows it to one start and one rate for each layer that suit all tasks.
 *
 * Figure 12 of Tran et al. (2018), "Simple, distributed, and accelerated probabilistic programming", learns such rates;
 * the tasks are those of Finn, Abbeel & Levine (2017), "Model-agnostic meta-learning".
 *
 *   npx tsx examples/learning-to-learn.ts [learning-to-learn.svg] [--steps 3000]
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { drawCurves } from "../src/display/curve.ts";
import {
  array,
  dense,
  dist,
  grad,
  jit,
  nn,
  np,
  optax,
  type OptState,
  random,
  sample,
  scan,
  seed,
  type Tensor,
  tree,
  valueAndGrad,
  vmap,
} from "../src/index.ts";
import { LossCurve } from "./loss-curve.ts";

type Floats = Tensor<"float32">;
type Key = Tensor<"key">;

const [TASKS, POINTS, HIDDEN, INNER_STEPS, NOISE] = [16, 10, 32, 10, 0.1] as const;

// -- tasks, and what is learnt of one -------------------------------------------------------------------------------

/** A random sinusoid: ten points to learn from, and ten to be judged by. */
function task() {
  const amplitude = sample("amplitude", dist.uniform({ low: 0.5, high: 3 }));
  const phase = sample("phase", dist.uniform({ low: 0, high: Math.PI }));
  const x = sample("x", dist.uniform({ low: -5, high: 5 }), { sampleShape: [2, POINTS] });
  const mean = amplitude.mul(np.sin(x.add(phase)));
  const y = sample("y", dist.normal({ loc: mean, scale: NOISE }));
  return { x: x.value, y: y.value };
}

function initWeights(key: Key) {
  const keys = random.split(key, { num: 3 });
  return {
    first: dense.init(keys.slice(0), 1, HIDDEN),
    second: dense.init(keys.slice(1), HIDDEN, HIDDEN),
    last: dense.init(keys.slice(2), HIDDEN, 1),
  };
}
type Weights = ReturnType<typeof initWeights>;

function network(weights: Weights, x: Floats): Floats {
  const inner = nn.tanh(dense.apply(weights.first, x.slice("...", null)));
  return dense.apply(weights.last, nn.tanh(dense.apply(weights.second, inner))).slice("...", 0);
}

const squaredError = (weights: Weights, x: Floats, y: Floats): Floats =>
  np.square(network(weights, x).sub(y)).mean();

// -- the inner loop -------------------------------------------------------------------------------------------------

/** What the outer loop learns: where the inner one starts, and the logarithm of the rate of each layer. */
interface Learner {
  readonly start: Weights;
  readonly logRates: Readonly<Record<keyof Weights, Floats>>;
}

/** The error on the points to be judged by, before each step of the inner loop and after the last: `(steps + 1)`. */
function errorsWhileLearning({ start, logRates }: Learner, x: Floats, y: Floats): Floats {
  const [known, judged] = [0, 1].map((i) => ({ x: x.slice(i), y: y.slice(i) }));
  const layers = Object.keys(start) as (keyof Weights)[];
  const step = (weights: Weights): [Weights, Floats] => {
    const slope = grad((w: Weights) => squaredError(w, known!.x, known!.y))(weights);
    const descended = layers.map((layer) => {
      const rate = np.exp(logRates[layer]);
      return [layer, tree.map((w: Floats, g: Floats) => w.sub(rate.mul(g)), weights[layer], slope[layer])];
    });
    return [Object.fromEntries(descended) as Weights, squaredError(weights, judged!.x, judged!.y)];
  };
  const [learnt, errors] = scan(step, start, undefined, { length: INNER_STEPS });
  return np.concatenate([errors, squaredError(learnt, judged!.x, judged!.y).reshape([1])]);
}

/** The same in the mean of tasks that are drawn. */
const errorsOf = (learner: Learner, key: Key, tasks: number): Floats =>
  vmap((one: Key) => {
    const { x, y } = seed(task, one)();
    return errorsWhileLearning(learner, x, y);
  })(random.split(key, { num: tasks })).mean(0);

// -- the outer loop -------------------------------------------------------------------------------------------------

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { steps: { type: "string", default: "3000" } },
});
const steps = Number(options.steps);
// Through ten steps a gradient can be very large, where one of them overshoots
const optimizer = optax.chain(optax.clipByGlobalNorm(1), optax.adam(optax.cosineDecaySchedule(5e-3, steps)));

const step = jit(
  (learner: Learner, state: OptState, key: Key) => {
    const loss = (l: Learner): Floats => errorsOf(l, key, TASKS).slice(INNER_STEPS);
    const [value, slope] = valueAndGrad(loss)(learner);
    const [updates, next] = optimizer.update(slope, state, learner);
    return { value, learner: optax.applyUpdates(learner, updates), state: next };
  },
  { donateArgnums: [0, 1] },
);
const NEW_TASKS = 200;
const look = jit((learner: Learner) => errorsOf(learner, random.key(1_000_000), NEW_TASKS));

const begin = jit((rate: Floats): Learner => {
  const logRate = np.log(rate);
  return { start: initWeights(random.key(0)), logRates: { first: logRate, second: logRate, last: logRate } };
});

// What there is without learning to learn: the same start, and the one rate that is best for it on these very tasks
const tried: { readonly rate: number; readonly errors: number[] }[] = [];
for (const rate of [0.01, 0.02, 0.05, 0.1, 0.2])
  tried.push({ rate, errors: (await look(begin(array(rate))).array()) as number[] });
const last = (errors: readonly number[]): number => errors.at(-1)!;
const before = tried.reduce((a, b) => (last(b.errors) < last(a.errors) ? b : a)); // NaN is never less

let learner = begin(array(before.rate));
let state = optimizer.init(learner);
const curve = new LossCurve("error after the inner loop");
for (let i = 0; i < steps; i++) {
  const done = step(learner, state, random.key(i));
  ({ learner, state } = done);
  await curve.add(done.value);
}
await curve.latest();
const after = (await look(learner).array()) as number[];

const list = (errors: readonly number[]): string => errors.map((error) => error.toFixed(3)).join(" ");
console.log(
  `mean squared error on ${NEW_TASKS} new tasks, before the inner loop and after each of its steps`,
);
console.log(`before, the best rate, ${before.rate}: ${list(before.errors)}`);
console.log(`after ${steps} steps of the outer loop: ${list(after)}`);
const layers = ["first", "second", "last"] as const;
const rates = layers.map(
  async (layer) => `${layer} ${(await np.exp(learner.logRates[layer]).item()).toFixed(3)}`,
);
console.log(`rates of the layers: ${(await Promise.all(rates)).join(", ")}`);

const file = positionals[0] ?? "learning-to-learn.svg";
const inner = [
  {
    name: `a random start, rate ${before.rate}`,
    points: before.errors.map((error, i) => [i, error] as const),
  },
  { name: "start and rates that were learnt", points: after.map((error, i) => [i, error] as const) },
];
const picture = drawCurves({
  title: "New tasks: how a network learns them, before and after learning to learn",
  quantity: "mean squared error",
  against: "step of the inner loop",
  curves: inner,
});
await writeFile(file, picture);
const loss = drawCurves({
  title: "Learning to learn",
  quantity: "mean squared error after the inner loop",
  against: "step of the outer loop",
  curves: [curve],
});
await writeFile(file.replace(/(\.svg)?$/, "-loss.svg"), loss);
