import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resolvePython } from "../../bridge/environment/resolve-python.ts";
import { workerEnv } from "../../bridge/worker/start-configuration.ts";
import { array, connect, jit, LinearChainCRF, type Session, type Tensor } from "../../src/index.ts";
import { load, save } from "../../src/files/index.ts";
import { errorOf } from "../fixtures/errors.ts";

type T = Tensor<"float32">;

const TOKEN = "secret";
const CALLERS = 6;

const emission = (n: number): number[][] => Array.from({ length: 3 }, (_, i) => [i + n, 1]);
const crf = (scores: T, lengths: Tensor<"int32">): LinearChainCRF =>
  new LinearChainCRF({ initial: [0, 0], transition: [[0.5, -1], [-1, 0.5]], emission: scores, lengths }); // prettier-ignore
const score = (scores: T, lengths: Tensor<"int32">): T => crf(scores, lengths).logPartition() as T;

/** Calls of two sessions, all of which are in the worker's queue while it compiles something else. */
class Service {
  readonly sessions: Session[] = [];
  #child: ChildProcess | undefined;

  async start(): Promise<void> {
    const child = spawn(await resolvePython(), ["-m", "synjax_worker"], {
      env: workerEnv("cpu", {}),
      stdio: ["pipe", "pipe", "ignore"],
    });
    this.#child = child;
    child.stdin.write(`${JSON.stringify({ address: "tcp://127.0.0.1:*", token: TOKEN, maxBatch: 64 })}\n`);
    const ready = await new Promise<string>((resolve) =>
      createInterface({ input: child.stdout }).once("line", resolve),
    );
    const { address } = JSON.parse(ready) as { address: string };
    const options = { token: TOKEN, startTimeout: 60_000 };
    this.sessions.push(await connect(address, options), await connect(address, options));
  }

  /** The results, and how many programs were compiled for them. `salt` makes what it compiles meanwhile a new program. */
  async whileItCompiles<R>(
    salt: number,
    calls: () => Promise<R>[],
  ): Promise<{ results: R[]; executables: number }> {
    const [first] = this.sessions as [Session];
    const before = (await first.counters()).executables;
    const slow = jit((scores: T, lengths: Tensor<"int32">) =>
      crf(scores.mul(salt) as T, lengths).marginals(),
    );
    const compiled = first.run(() => slow(array(emission(0)), array(2, { dtype: "int32" })).data());
    while (!(await first.counters()).compiling);
    const results = await Promise.all(calls());
    await compiled;
    return { results, executables: (await first.counters()).executables - before - 1 };
  }

  async stop(): Promise<void> {
    await Promise.all(this.sessions.map((session) => session.close()));
    this.#child?.kill("SIGKILL");
  }
}

describe("a worker that batches", () => {
  const service = new Service();
  beforeAll(() => service.start());
  afterAll(() => service.stop());

  test("runs calls of two sessions together, and each has its own result or error", async () => {
    const f = jit(score);
    const call = (k: number): Promise<number | string> =>
      service.sessions[k % 2]!.run(async () => {
        const value = (): T => f(array(emission(k)), array(k === 3 ? 9 : 2, { dtype: "int32" }));
        return k === 3
          ? (await errorOf(() => value().item())).message
          : ((await value().item()) as unknown as number);
      });
    const { results, executables } = await service.whileItCompiles(2, () =>
      Array.from({ length: CALLERS }, (_, k) => call(k)),
    );
    expect(executables).toBe(1); // of eight: none has run alone
    const alone: unknown[] = [];
    for (let k = 0; k < CALLERS; k++) alone.push(await call(k));
    expect(alone[3]).toMatch("`lengths` must be between");
    expect(results[3]).toBe(alone[3]);
    for (const k of [0, 1, 2, 4, 5]) expect(results[k]).toBeCloseTo(alone[k] as number, 5);
  });

  test("leaves alone what does not want to be run with others", async () => {
    const never = jit(score, { batchable: false });
    const { executables } = await service.whileItCompiles(3, () =>
      service.sessions.map((session) =>
        session.run(() => never(array(emission(1)), array(2, { dtype: "int32" })).data()),
      ),
    );
    expect(executables).toBe(0); // the one that ran alone before serves them
  });

  test("holds one copy of a file's weights, and runs together what two sessions ask of them", async () => {
    const folder = mkdtempSync(join(tmpdir(), "synjax-batching-"));
    try {
      const path = join(folder, "score.synjax");
      const scored = jit((p: { edges: T }, scores: T) =>
        new LinearChainCRF({ initial: [0, 0], transition: p.edges, emission: scores }).logPartition(),
      );
      const saved = async (edges: number[][]): Promise<void> =>
        save(path, { scored }, { params: { edges: array(edges) }, examples: { scored: [{ dtype: "float32", shape: [3, 2] }] } }); // prettier-ignore
      await saved([[0.5, -1], [-1, 0.5]]); // prettier-ignore
      const [first, second] = service.sessions as [Session, Session];
      const loaded = (session: Session): ReturnType<typeof load<{ scored: typeof scored }>> =>
        load<{ scored: typeof scored }>(path, { session, shared: true });
      const models = await Promise.all([first, second, second].map(loaded));
      const sharedAs = models[0]!.sharedAs!;
      expect(models.map((model) => model.sharedAs)).toEqual([sharedAs, sharedAs, sharedAs]);
      expect(Object.keys(await first.shared<object>(sharedAs))).toContain("params.edges");

      const call = async (k: number): Promise<number> =>
        (await models[k % 2]!.functions.scored(emission(k))).item() as number;
      const { results, executables } = await service.whileItCompiles(4, () =>
        Array.from({ length: CALLERS }, (_, k) => call(k)),
      );
      expect(executables).toBe(1); // of eight: none has run alone
      const own = await load<{ scored: typeof scored }>(path, { session: first });
      expect(own.sharedAs).toBeUndefined();
      for (const [k, result] of results.entries())
        expect(result).toBeCloseTo((await own.functions.scored(emission(k))).item() as number, 5);

      await second.unshare(sharedAs); // by whom does not matter: these clients have no names
      expect(await call(1)).toBeCloseTo(results[1]!, 5);
      models[0]!.dispose();
      expect(await call(0)).toBeCloseTo(results[0]!, 5); // with a copy of its own
      expect((await loaded(first)).sharedAs).toBe(sharedAs);
      await saved([[0.5, -1], [-1, 0.25]]); // prettier-ignore
      expect((await loaded(first)).sharedAs).not.toBe(sharedAs);

      await saved([[0.5, -1], [-1, 0.5]]); // prettier-ignore
      for (const lie of [null, [], {}, { "params.edges": array([1]) }]) {
        await first.share(sharedAs, lie, { replace: true });
        const lied = await errorOf(() => loaded(second));
        expect([lied.code, lied.argument]).toEqual(["INVALID_ARGUMENT", "shared"]);
      }
      const refusal = await errorOf(() => load(path, { shared: true }));
      expect([refusal.code, refusal.argument]).toEqual(["INVALID_ARGUMENT", "session"]);
      // @ts-expect-error no name: it says what the weights are
      const named = await errorOf(() => load(path, { session: first, shared: "mine" }));
      expect([named.code, named.argument]).toEqual(["INVALID_ARGUMENT", "shared"]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
