/** Programs whose shape depends on what they draw: run statement by statement, with values to wait for. */
import { emitIn } from "../program/emit.ts";
import { encode } from "../program/encode.ts";
import { RootFrame } from "../program/frame.ts";
import { type Answers, notingReads, replayingReads } from "../program/noted-reads.ts";
import { Program } from "../program/program.ts";
import { recordedAsync, within } from "../program/recording.ts";
import { checkCall } from "../program/signatures.ts";
import { adopt } from "../program/traced.ts";
import { currentSession, sessionOf } from "../session/current-session.ts";
import { Tensor } from "../tensor/tensor.ts";
import { constantOf } from "../transforms/jit.ts";
import { stopGradient } from "../transforms/stop-gradient.ts";
import { components, fill, treeDefOf } from "../transforms/trees.ts";
import { draw, logDensity } from "./draw.ts";
import { type ScopeTracer, traced } from "./scopes.ts";
import { type Run, seed, total, type TraceOf, tracing } from "./tracers.ts";

/** A run of a program that waited for values. */
export interface EagerRun<R, P> extends TraceOf<R> {
  /**
   * The gradient of the log-density of what was drawn (not of what was observed) by the parameters: a tree like them.
   * Times a cost less a baseline it is the score-function estimate of the gradient of the expected cost (REINFORCE).
   *
   * The program runs a second time for it, with the draws and the reads of the first run.
   */
  score(): Promise<P>;
}

/**
 * Runs a program whose shape depends on what it draws. It may wait for values and go on by them: `if (await x.item() > 0)`.
 * Its draws are those of `seed(program, key)`.
 *
 * ```ts
 * const run = await eager(random.key(0), async () => {
 *   let n = 0;
 *   while (await sample(`toss ${n}`, dist.bernoulli({ probs: 0.5 })).item()) n++;
 *   return n;
 * });
 * console.log(run.result, await run.logJoint.item());
 * ```
 * @param params what it is called with: `score()` differentiates by them
 * @throws {SynjaxError} as what it states and reads
 */
export async function eager<R, P = undefined>(
  key: Tensor<"key">,
  program: (params: P) => R | Promise<R>,
  params?: P,
): Promise<EagerRun<R, P>> {
  checkCall("eager", { takes: { key: "key", program: "function", params: "any?" }, isAsync: true }, [
    key,
    program,
    params,
  ]);
  const given = params as P;
  const { result: run, answers } = notingReads(() => tracing(seed(program, key))(given));
  const result = await run.result;
  return {
    result,
    sites: run.sites,
    logJoint: total(run.logs),
    score: () => score(program, given, run, answers),
  };
}

/** Runs a program again while it is recorded, and differentiates the log-density of its draws. */
async function score<P>(
  program: (params: P) => unknown,
  params: P,
  run: Run<unknown>,
  answers: Answers,
): Promise<P> {
  const { treeDef, leaves } = treeDefOf(params, "params");
  const root = new RootFrame(leaves.length);
  const logs: Tensor<"float32">[] = [];
  const nested = await recordedAsync(root, treeDef.classes, async (inputs) => {
    const again = (): unknown => program(fill(treeDef, inputs) as P);
    await replayingReads(answers, () =>
      traced(replayed(run, logs), again, { collects: true, outer: undefined }),
    );
    return [total(logs)];
  });
  const gradient = within(root, () => {
    const operands = treeDef.classes.map((Result, k) =>
      adopt(Result, { kind: "equation", frame: root, index: -1 - k }),
    );
    const argnums = leaves.map((_, k) => k);
    const parts = components(root, emitIn(root, "grad", [nested, ...operands], { argnums }), treeDef.classes);
    return new Program(root, parts.map((part) => encode(part, root, false))); // prettier-ignore
  });
  const session = sessionOf(leaves) ?? currentSession();
  const inputs = leaves.map((leaf, i) => constantOf(leaf, `params, leaf ${i}`, session));
  session.flush();
  const handles = session.launch(gradient, inputs, { source: { name: "score" } });
  return fill(treeDef, handles.map((handle) => adopt(Tensor, { kind: "handle", handle }))) as P; // prettier-ignore
}

/** Answers with the values of a run before; what was drawn is a constant to derivatives. */
function replayed({ sites, plates }: Run<unknown>, logs: Tensor<"float32">[]): ScopeTracer {
  return (statement) => {
    const { type, name, isObserved, marginalize } = statement;
    if (type === "plate") return { statement, value: plates.get(name) };
    if (type !== "sample" || isObserved || marginalize) return { statement, value: draw(statement) };
    const value = stopGradient(sites[name]!.value);
    logs.push(logDensity(statement, value));
    return { statement, value };
  };
}
