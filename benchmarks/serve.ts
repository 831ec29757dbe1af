/**
 * What a served worker does for many callers: calls a second of a small tagger with shared weights, from four processes,
 * over the same worker without batching and over what Python people would serve it with; tails, memory, and what keys,
 * a listener and a warm start cost.
 *
 * FASTAPI_PYTHON and RAY_PYTHON name Pythons that have `fastapi uvicorn` and `ray[serve]` beside jax; a row whose
 * Python is not named says so.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { build } from "esbuild";
import { resolvePython } from "../bridge/environment/resolve-python.ts";
import { workerEnv } from "../bridge/worker/start-configuration.ts";
import { helloOf } from "../bridge/transport/hello.ts";
import { dialZmtp } from "../bridge/transport/zmtp.ts";
import { decodeAnswer, expectedAnswer } from "../bridge/wire/answer.ts";
import { packHeader } from "../bridge/wire/codec.ts";
import { MESSAGE } from "../bridge/wire/protocol.ts";
import { registryHash } from "../src/ops/registry-hash.ts";
import { array, connect, jit, LinearChainCRF, nn, np, type Session, type Tensor } from "../src/index.ts";
import { slopeRows } from "./memory-slope.ts";
import { LENGTH, NAME, sentences, tag, TAGS, TOKEN, weightArrays, type Weights } from "./serve-tagger.ts";
import { median, quantile, report, row, type Row, timed } from "./table.ts";

/** What a call publishes: see `node:diagnostics_channel`, `tracingChannel("synjax:call")`. */
const CHANNELS = ["start", "end", "asyncStart", "asyncEnd", "error"].map(
  (each) => `tracing:synjax:call:${each}`,
);

const PROCESSES = 4;
const SECONDS = Number(process.env["SERVE_SECONDS"] ?? 3);
const ROUNDS = 5;
/** Runs that are not counted, of each place. */
const SETTLING = 4;

const root = new URL("../", import.meta.url).pathname;
const python = await resolvePython({ device: "cpu" });
const directory = mkdtempSync(join(tmpdir(), "synjax-serve-"));
const started: ChildProcess[] = [];
/** However this ends, what it has started ends too. */
process.once("exit", () => {
  for (const child of started) child.kill("SIGTERM");
  rmSync(directory, { recursive: true, force: true });
  rmSync(script, { force: true });
});
/** Compiled once, as the package is published. */
const script = join(root, "node_modules/.cache", `serve-caller-${process.pid}.mjs`);
await build({
  entryPoints: [join(root, "benchmarks/serve-caller.ts")],
  outfile: script,
  bundle: true,
  platform: "node",
  format: "esm",
  packages: "external",
  keepNames: true,
});
const rows: Row[] = [];
/** It takes minutes: rows are told as they come. */
function add(...found: readonly Row[]): void {
  rows.push(...found);
  for (const { name, ratio, note } of found) console.log(name, ratio.toPrecision(3), note ?? "");
}

// -- what is served -------------------------------------------------------------------------------------------------

interface Served {
  readonly address: string;
  readonly process: ChildProcess;
}

/** The first line that a process says. */
async function starts(child: ChildProcess): Promise<string> {
  started.push(child);
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout! }).once("line", resolve);
    child.once("exit", (code) => reject(new Error(`${child.spawnargs.join(" ")} ended with ${code}`)));
  });
}

async function serve(listen: string, ...more: readonly string[]): Promise<Served> {
  const child = spawn(python, ["-m", "synjax_worker", "serve", "--listen", listen, ...more], {
    env: {
      ...workerEnv("cpu", undefined),
      ...(listen.startsWith("tcp:") && !more.includes("--keys") ? { SYNJAX_TOKEN: TOKEN } : {}),
    },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const { address } = JSON.parse(await starts(child)) as { address: string };
  return { address, process: child };
}

async function share(session: Session): Promise<void> {
  const leaves = Object.entries(weightArrays()).map(([name, { data, shape }]) => [
    name,
    array(data, { shape }),
  ]);
  await session.share(NAME, Object.fromEntries(leaves) as Weights);
}

// -- who calls ------------------------------------------------------------------------------------------------------

type Ask = (where: number, callers: number, seconds: number, rate?: number) => Promise<number[]>;

/** A process of callers of these addresses. */
async function callerOf(addresses: readonly string[]): Promise<Ask> {
  const child = spawn(process.execPath, [script, ...addresses], { stdio: ["pipe", "pipe", "inherit"] });
  started.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done) throw new Error("a process of callers ended");
    return String(value);
  };
  await next();
  return async (...question) => {
    child.stdin.write(`${question.filter((word) => word !== undefined).join(" ")}\n`);
    return (await next()).split(" ").filter(Boolean).map(Number);
  };
}

/** Milliseconds of each call of so many callers. */
async function callTimes(processes: readonly Ask[], where: number, callers: number): Promise<number[]> {
  const used = processes.slice(0, Math.min(callers, processes.length));
  return (await Promise.all(used.map((ask) => ask(where, callers / used.length, SECONDS)))).flat();
}

const perSecond = (times: readonly number[]): number => times.length / SECONDS;
const ms = (value: number): string => value.toFixed(2);

/** Calls a second of each of the addresses, measured in turn. */
async function rates(
  processes: readonly Ask[],
  places: readonly number[],
  callers: number,
): Promise<number[]> {
  const found: number[][] = places.map(() => []);
  for (let round = 0; round < ROUNDS; round++)
    for (const [i, where] of places.entries())
      found[i]!.push(perSecond(await callTimes(processes, where, callers)));
  return found.map(median);
}

/** Until nothing more is compiled: the sizes of batches are, while others run. The smallest last: only they need it. */
async function warm(processes: readonly Ask[], where: number, session: Session): Promise<void> {
  for (let before = -1; ;) {
    for (const callers of [128, 64, 32, 16, 8, 4, 2]) await callTimes(processes, where, callers);
    const { compiles } = await session.counters();
    if (compiles === before) return;
    before = compiles;
  }
}

/** Until Node has compiled what each call runs: that takes seconds of many calls. */
async function settle(processes: readonly Ask[], places: readonly number[]): Promise<void> {
  for (const where of places) for (let i = 0; i < SETTLING; i++) await callTimes(processes, where, 128);
}

/** The services of Python whose interpreters are named. */
async function startPeers(): Promise<{ readonly name: string; readonly address: string }[]> {
  const named = [
    ["FastAPI", process.env["FASTAPI_PYTHON"], "serve_fastapi.py"],
    ["Ray Serve", process.env["RAY_PYTHON"], "serve_ray.py"],
  ] as const;
  const found = [];
  for (const [name, interpreter, script] of named) {
    if (!interpreter) continue;
    const child = spawn(interpreter, [join(root, "benchmarks", script)], {
      env: { ...process.env, PYTHONPATH: join(root, "python"), JAX_PLATFORMS: "cpu" },
      stdio: ["ignore", "pipe", "ignore"],
    });
    found.push({ name, address: await starts(child) });
  }
  return found;
}

// -- batches --------------------------------------------------------------------------------------------------------

const batched = await serve(`ipc://${directory}/batched`);
const alone = await serve(`ipc://${directory}/alone`, "--max-batch", "1");
const peers = await startPeers();
const session = await connect(batched.address);
await share(session);
const plain = await connect(alone.address);
await share(plain);
const addresses = [batched.address, alone.address, ...peers.map(({ address }) => address)];
const processes = await Promise.all(Array.from({ length: PROCESSES }, () => callerOf(addresses)));
await warm(processes, 0, session);
await settle(processes, [0, 1]);

let peak = 0;
for (const [callers, bound] of [
  [1, 0.9],
  [32, 4],
  [128, 8],
] as const) {
  const [together, apart] = (await rates(processes, [0, 1], callers)) as [number, number];
  peak = Math.max(peak, together);
  const note = `${together.toFixed(0)} against ${apart.toFixed(0)} calls a second`;
  add(row(`${callers} callers, calls a second over those without batching`, together / apart, ">=", bound, note)); // prettier-ignore
}

{
  const seconds = 10;
  const ask = async (ask: Ask): Promise<number[]> => ask(0, 0, seconds, peak / 2 / PROCESSES);
  const times = (await Promise.all(processes.map(ask))).flat();
  const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)];
  const note = `${ms(p50)} and ${ms(p99)} ms at ${(peak / 2).toFixed(0)} calls a second, ${times.length} calls`;
  add(row("p99 at half the peak rate, over p50", p99 / p50, "<=", 5, note));
}

{
  const theirs: [string, number][] = [];
  for (const [i, { name }] of peers.entries()) {
    const found = await rates(processes, [2 + i], 32);
    const more = await rates(processes, [2 + i], 128);
    theirs.push([name, Math.max(...found, ...more)]);
  }
  const best = Math.max(...theirs.map(([, rate]) => rate));
  if (theirs.length > 0) {
    const note = `${peak.toFixed(0)} against ${theirs.map(([name, rate]) => `${rate.toFixed(0)} of ${name}`).join(", ")}`;
    add(row("calls a second at the peak, over the faster of FastAPI and Ray Serve", peak / best, ">=", 10, note)); // prettier-ignore
  } else console.log("FASTAPI_PYTHON and RAY_PYTHON are not set: no peer was measured");
}

// -- memory ---------------------------------------------------------------------------------------------------------

{
  const weights = await session.shared<Weights>(NAME);
  const [sentence] = sentences(1) as [Int32Array];
  const both = { Node: process.pid, "the worker": batched.process.pid! };
  /** Twenty at a time: a worker lets go of the oldest of many connections without a hello. */
  const many = async (steps: number, each: () => Promise<unknown>): Promise<void> => {
    for (let done = 0; done < steps; done += 20) await Promise.all(Array.from({ length: 20 }, each));
  };
  const call = (): Promise<unknown> => session.run(() => tag(weights, array(sentence)).data());
  const handle = async (): Promise<void> => {
    const kept = session.run(() => tag(weights, array(sentence)));
    await kept.aval();
    kept.dispose();
  };
  /** Says hello, and is gone without a goodbye. */
  const visit = async (): Promise<void> => {
    const transport = await dialZmtp(batched.address); // of JavaScript alone: a native socket leaves a kilobyte behind
    transport.send([packHeader([MESSAGE.hello, 1, helloOf({ registry: registryHash })])]);
    for await (const frames of transport) {
      if ("error" in decodeAnswer(frames, () => expectedAnswer([MESSAGE.hello])))
        throw new Error("no session");
      break;
    }
    transport.close();
  };
  for (const [title, each, of] of [
    ["10 calls", call, 10],
    ["10 handles made and dropped", handle, 10],
    ["a session opened and killed", visit, 1],
  ] as const) {
    await many(2_000, each);
    add(...(await slopeRows(title, both, (steps) => many(of * steps, each))));
  }
}

// -- what a listener and keys cost ----------------------------------------------------------------------------------

{
  const weights = await session.shared<Weights>(NAME);
  const [sentence] = sentences(1) as [Int32Array];
  const call = (): Promise<unknown> => session.run(() => tag(weights, array(sentence)).data());
  const [silent, heard]: [number[], number[]] = [[], []];
  const listener = (): void => undefined;
  /** A hundred at a time: Node gives a channel another prototype where somebody begins to listen, and compiles anew. */
  for (let block = 0; block < 80; block++) {
    const listens = block % 2 === 1;
    for (const name of CHANNELS) if (listens) subscribe(name, listener);
    for (let i = 0; i < 100; i++) {
      const taken = await timed(call);
      if (block >= 4 && i >= 20) (listens ? heard : silent).push(taken);
    }
    for (const name of CHANNELS) if (listens) unsubscribe(name, listener);
  }
  const [a, b] = [median(heard), median(silent)];
  add(row("a call with a diagnostics listener, over one without", a / b, "<=", 1.05, `${ms(a)} against ${ms(b)} ms`)); // prettier-ignore
}

{
  const keys = join(directory, "keys");
  execFileSync(python, ["-m", "synjax_worker", "keys", keys, "--client", "bench"], { env: workerEnv("cpu", undefined) as NodeJS.ProcessEnv }); // prettier-ignore
  const key = join(keys, "bench.json");
  const secret = await serve("tcp://127.0.0.1:*", "--keys", keys);
  const open = await serve("tcp://127.0.0.1:*");
  await share(await connect(secret.address, { keys: key }));
  await share(await connect(open.address, { token: TOKEN }));
  const over = await Promise.all(
    [0, 1, 2, 3].map(() => callerOf([`${secret.address}#${key}`, `${open.address}#`])),
  );
  for (const where of [0, 1]) for (let i = 0; i < 6; i++) await callTimes(over, where, 32);
  const [encrypted, clear]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    encrypted.push(median(await callTimes(over, 0, 1)));
    clear.push(median(await callTimes(over, 1, 1)));
  }
  const [a, b] = [median(encrypted), median(clear)];
  add(row("a call over tcp with keys, over one without", a / b, "<=", 1.3, `${ms(a)} against ${ms(b)} ms`)); // prettier-ignore
}

// -- starting -------------------------------------------------------------------------------------------------------

{
  const [list, cache] = [join(directory, "programs"), join(directory, "cache")];
  const kept = ["--compilation-cache", cache];
  const learning = await serve(`ipc://${directory}/learning`, "--record", list, ...kept);
  const learner = await connect(learning.address);
  await share(learner);
  const weights = await learner.shared<Weights>(NAME);
  const emission = (words: Int32Array): Tensor<"float32"> =>
    np.matmul(np.tanh(np.take(weights.embedding, array(words), { axis: 0 })), weights.projection);
  const chain = (scores: Tensor<"float32">) =>
    new LinearChainCRF({ initial: weights.initial, transition: weights.transition, emission: scores });
  const programs = [
    jit((scores: Tensor<"float32">) => chain(scores).logPartition()),
    jit((scores: Tensor<"float32">) => chain(scores).marginals()),
    jit((scores: Tensor<"float32">) => chain(scores).decode(chain(scores).argmax())),
    jit((scores: Tensor<"float32">) => chain(scores).entropy()),
    jit((scores: Tensor<"float32">) => chain(scores).klDivergence(chain(np.multiply(scores, 2)))),
    jit((scores: Tensor<"float32">) => chain(scores).logProb(chain(scores).argmax())),
    jit((scores: Tensor<"float32">) => chain(scores).logMarginals()),
    jit((scores: Tensor<"float32">) => nn.softmax(scores)),
  ];
  await learner.run(async () => {
    const scores = await emission(sentences(1)[0]!).data();
    for (const program of programs) await program(array(scores, { shape: [LENGTH, TAGS] })).data();
  });
  await learner.close();
  const ended = new Promise((resolve) => learning.process.once("exit", resolve));
  learning.process.kill("SIGTERM");
  await ended;
  const [ready, jax]: [number[], number[]] = [[], []];
  for (let i = 0; i < 7; i++) {
    let again: Served | undefined;
    ready.push(
      await timed(async () => {
        again = await serve(`ipc://${directory}/again${i}`, "--warm", list, ...kept);
      }),
    );
    again!.process.kill("SIGKILL");
    jax.push(await timed(() => execFileSync(python, ["-c", "import jax"])));
  }
  const [a, b] = [median(ready), median(jax)];
  const note = `${a.toFixed(0)} against ${b.toFixed(0)} ms`;
  add(row("start to ready, 8 programs and a warm cache, over `import jax`", a / b, "<=", 3, note));
}

report("serve", rows);
process.exit(0);
