/**
 * What training a tagger costs, from TypeScript: the score of the right tags as an event beside a look-up, a whole step
 * beside the recursion that one writes first, and beside the same step in a loop in Python. What a thousand steps
 * leave behind. And a policy gradient beside what it is made of.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { resolvePython } from "../bridge/environment/resolve-python.ts";
import { collectGarbage } from "../bridge/transport/garbage.ts";
import {
  connect,
  grad,
  jit,
  LinearChainCRF,
  nn,
  np,
  random,
  scan,
  SpanningTreeCRF,
  tree,
  valueAndGrad,
  type Tensor,
} from "../src/index.ts";
import { slopeRows } from "./memory-slope.ts";
import { median, report, row, type Row, timed } from "./table.ts";

type Floats = Tensor<"float32">;
type Whole = Tensor<"int32">;
interface Params {
  readonly initial: Floats;
  readonly transition: Floats;
  readonly emission: Floats;
}

const [B, N, T] = [64, 64, 71] as const;
const session = await connect();
let seed = 1;
const uniform = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
const draw = (...shape: number[]): Floats => {
  const size = shape.reduce((product, dim) => product * dim, 1);
  return session.put(
    np.reshape(
      Float32Array.from({ length: size }, () => uniform() - 0.5),
      shape,
    ),
  ) as Floats;
};
const params: Params = { initial: draw(T), transition: draw(T, T), emission: draw(B, N, T) };
const tags = session.put(
  np.reshape(
    Int32Array.from({ length: B * N }, () => Math.floor(uniform() * T)),
    [B, N],
  ),
) as Whole;

/** The scores of the right tags, looked up. */
function gathered({ initial, transition, emission }: Params, y: Whole): Floats {
  const emitted = np.takeAlongAxis(emission, np.expandDims(y, -1), -1).sum([-1, -2]);
  const [before, after] = [y.slice([], [null, -1]), y.slice([], [1, null])];
  const flat = np.add(np.multiply(before, T), after);
  const moved = np.take(np.reshape(transition, [T * T]), flat).sum(-1);
  return np.add(np.add(emitted, moved), np.take(initial, y.slice([], 0))) as Floats;
}

/** The log-partition that one writes first: a scan of log-sum-exp. */
function plain({ initial, transition, emission }: Params): Floats {
  const steps = np.moveaxis(emission, 1, 0);
  const step = (alpha: Floats, scores: Floats): [Floats, null] => {
    const before = np.add(np.expandDims(alpha, -1), transition);
    return [np.add(nn.logsumexp(before, { axis: 1 }), scores) as Floats, null];
  };
  const first = np.add(initial, steps.slice(0)) as Floats;
  const [last] = scan(step as never, first, steps.slice([1, null]) as never) as unknown as [Floats];
  return nn.logsumexp(last, { axis: -1 }) as Floats;
}

const crf = (p: Params): LinearChainCRF => new LinearChainCRF({ ...p });
const losses = {
  event: (p: Params, y: Whole) => np.negative(crf(p).logProb(crf(p).encode(y))).mean(),
  lookedUp: (p: Params, y: Whole) => np.subtract(crf(p).logPartition(), gathered(p, y)).mean(),
  plain: (p: Params, y: Whole) => np.subtract(plain(p), gathered(p, y)).mean(),
} as const;

/** Median milliseconds of each, in turns. */
async function compare(...runs: readonly (() => Promise<unknown>)[]): Promise<number[]> {
  for (const run of runs) await run();
  const times = runs.map((): number[] => []);
  for (let i = 0; i < 60; i++) for (const [k, run] of runs.entries()) times[k]!.push(await timed(run));
  return times.map((each) => median(each));
}

const rows: Row[] = [];
const note = (ours: number, theirs: number): string =>
  `${ours.toPrecision(3)} against ${theirs.toPrecision(3)} ms`;
{
  const [event, lookedUp] = [jit(losses.event), jit(losses.lookedUp)];
  const [a, b] = await compare(
    () => event(params, tags).item(),
    () => lookedUp(params, tags).item(),
  );
  const name = `b${B} n${N} t${T}: logProb(encode(tags)) over scores that are looked up`;
  rows.push(row(name, a! / b!, "<=", 1.2, note(a!, b!)));
}
{
  const ready = async (gradients: Params): Promise<unknown> => gradients.transition.slice(0, 0).item();
  const [event, lookedUp] = [jit(grad(losses.event)), jit(grad(losses.lookedUp))];
  const [a, b] = await compare(
    () => ready(event(params, tags) as Params),
    () => ready(lookedUp(params, tags) as Params),
  );
  rows.push(row("  gradient", a! / b!, "<=", 1.2, note(a!, b!)));
}
{
  const step = (loss: (typeof losses)[keyof typeof losses]) =>
    jit((p: Params, y: Whole) => {
      const [value, gradients] = valueAndGrad(loss)(p, y);
      return { value, params: tree.map((x, g) => x.sub(g.mul(0.1)), p, gradients as Params) };
    });
  const [ours, theirs] = [step(losses.event), step(losses.plain)];
  const [a, b] = await compare(
    () => ours(params, tags).value.item(),
    () => theirs(params, tags).value.item(),
  );
  rows.push(row("  a training step over one with the plain scan", b! / a!, ">=", 3, note(a!, b!)));
  const [x, y] = [await ours(params, tags).value.item(), await theirs(params, tags).value.item()];
  if (Math.abs(x - y) > 1e-4 * Math.abs(y)) throw new Error(`the two disagree: ${x} and ${y}`);
}
// ---- steps driven from here, over a loop in Python
const words = (shape: number[], below: number): Whole => {
  const size = shape.reduce((product, dim) => product * dim, 1);
  const drawn = Int32Array.from({ length: size }, () => Math.floor(uniform() * below));
  return session.put(np.reshape(drawn, shape)) as Whole;
};
type Tagger = Record<"embedding" | "output" | "initial" | "transition", Floats>;
const taggerStep = jit(
  (p: Tagger, x: Whole, y: Whole) => {
    const loss = ({ embedding, output, initial, transition }: Tagger): Floats => {
      const emission = np.matmul(np.tanh(np.take(embedding, x, { axis: 0 })), output) as Floats;
      const crf = new LinearChainCRF({ initial, transition, emission });
      return np.negative(crf.logProb(crf.encode(y))).mean() as Floats;
    };
    const [value, slopes] = valueAndGrad(loss)(p);
    return { value, params: tree.map((w, g) => w.sub(g.mul(0.1)), p, slopes as Tagger) };
  },
  { donateArgnums: 0 },
);

const taggerOf = (vocabulary: number, labels: number): Tagger => ({
  embedding: draw(vocabulary, 64),
  output: draw(64, labels),
  initial: draw(labels),
  transition: draw(labels, labels),
});

{
  const python = await resolvePython({ device: "cpu" });
  const script = fileURLToPath(new URL("./python_steps.py", import.meta.url));
  const path = fileURLToPath(new URL("../python", import.meta.url));
  const loop = spawn(python, [script], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, PYTHONPATH: path },
  });
  const answers = createInterface({ input: loop.stdout })[Symbol.asyncIterator]();
  const inPython = async (...line: number[]): Promise<number> => {
    loop.stdin.write(`${line.join(" ")}\n`);
    return Number((await answers.next()).value);
  };

  const vocabulary = 5_000;
  for (const [labels, items, length, bound] of [
    [48, 32, 48, 1.25],
    [64, 64, 96, 1.05],
  ] as const) {
    const [x, y] = [words([items, length], vocabulary), words([items, length], labels)];
    let p = taggerOf(vocabulary, labels);
    const here = async (steps: number, fetchEvery: number): Promise<number> => {
      const start = performance.now();
      for (let i = 1; i <= steps; i++) {
        const { value, params: next } = taggerStep(p, x, y);
        p = next;
        if (i % fetchEvery === 0) await value.item();
      }
      await p.transition.slice(0, 0).item();
      return (performance.now() - start) / steps;
    };
    for (const [fetchEvery, most] of [
      [1, bound],
      [50, 1.02],
    ] as const) {
      const [ours, theirs]: [number[], number[]] = [[], []];
      for (let i = 0; i < 12; i++) {
        const a = await here(50, fetchEvery);
        const b = await inPython(vocabulary, labels, items, length, 50, fetchEvery);
        if (i === 0) continue; // compiles
        ours.push(a);
        theirs.push(b);
      }
      const [a, b] = [median(ours), median(theirs)];
      const often = fetchEvery === 1 ? "every loss" : `every ${fetchEvery}th loss`;
      const name = `steps of a tagger, b${items} n${length} t${labels}, fetching ${often}, over Python's loop`;
      rows.push(row(name, a / b, "<=", most, note(a, b)));
    }
  }
  loop.stdin.end();
}

// ---- what a thousand steps leave behind
if (process.platform === "linux") {
  const [vocabulary, labels, items, length] = [1_000, 12, 16, 24];
  const [x, y] = [words([items, length], vocabulary), words([items, length], labels)];
  let p = taggerOf(vocabulary, labels);
  const run = async (steps: number): Promise<void> => {
    for (let i = 1; i <= steps; i++) {
      const { value, params: next } = taggerStep(p, x, y);
      p = next;
      if (i % 10 === 0) await value.item();
    }
    await collectGarbage();
    await p.initial.data(); // what was found rides on it
    await session.idle();
  };
  await run(5_000); // tables find their sizes, and Node compiles what is often run
  const processes = { "the worker": session.workerPid!, Node: process.pid };
  rows.push(...(await slopeRows("1,000 steps of a small tagger", processes, run)));
}

// ---- the loss of a policy gradient, over what it asks for, each jitted apart
{
  const nodes = 24;
  const scores = draw(8, nodes, nodes);
  const gold = draw(8, nodes, nodes);
  const trees = (logPotentials: Floats): SpanningTreeCRF =>
    new SpanningTreeCRF({ logPotentials, directed: true, projective: false, singleRootEdge: true });
  const reward = (event: Floats): Floats => np.multiply(event, gold).sum([-1, -2]) as Floats;
  const key = random.key(0);
  const whole = jit((table: Floats, key: ReturnType<typeof random.key>) =>
    valueAndGrad((table: Floats) => {
      const policy = trees(table);
      const drawn = policy.sample(key) as Floats;
      const advantage = np.subtract(reward(drawn), reward(policy.argmax() as Floats));
      const loss = np.multiply(advantage, policy.logProb(drawn)).mean();
      return np.negative(np.add(loss, np.multiply(0.1, policy.entropy().mean()))) as Floats;
    })(table),
  );
  const drawn = session.put(jit((table: Floats) => trees(table).sample(key))(scores) as Floats) as Floats;
  const parts = [
    jit((table: Floats) => trees(table).sample(key)),
    jit((table: Floats) => trees(table).argmax()),
    jit((table: Floats) => valueAndGrad((t: Floats) => trees(t).logProb(drawn).mean() as Floats)(table)),
    jit((table: Floats) => valueAndGrad((t: Floats) => trees(t).entropy().mean() as Floats)(table)),
  ];
  const ready = async (result: unknown): Promise<unknown> => {
    const leaf = tree.leaves(result as never)[0] as Floats;
    return leaf.sum().item();
  };
  const [together, ...apart] = await compare(
    () => ready(whole(scores, key)),
    ...parts.map((part) => () => ready(part(scores))),
  );
  const sum = apart.reduce((total, each) => total + each, 0);
  const name = `policy gradient, spanning trees b8 n${nodes}, over its parts`;
  rows.push(row(name, together! / sum, "<=", 0.8, note(together!, sum)));
}
report("training", rows);
await session.close();
