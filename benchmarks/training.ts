/**
 * What training a tagger costs, from TypeScript: the score of the right tags as an event beside a look-up, and a whole
 * step beside the recursion that one writes first.
 */
import {
  connect,
  grad,
  jit,
  LinearChainCRF,
  nn,
  np,
  scan,
  tree,
  valueAndGrad,
  type Tensor,
} from "../src/index.ts";
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
report("training", rows);
await session.close();
