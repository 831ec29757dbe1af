/** What the bridge costs: each figure against the barest loop that does the same work. */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Dealer } from "zeromq";
import { resolvePython } from "../bridge/environment/resolve-python.ts";
import { array, connect, jit, np, SynjaxError, type Tensor } from "../src/index.ts";
import { encode } from "../src/program/encode.ts";
import { RootFrame } from "../src/program/frame.ts";
import { Program } from "../src/program/program.ts";
import { within } from "../src/program/recording.ts";
import { adopt } from "../src/program/traced.ts";
import { Tensor as TensorClass } from "../src/tensor/tensor.ts";
import { median, quantile, report, row, type Row, timed } from "./table.ts";

type T = Tensor<"float32">;
const python = await resolvePython({ device: "cpu" });
const root = new URL("../", import.meta.url).pathname;

// ---- the barest loop
const directory = mkdtempSync(join(tmpdir(), "synjax-bench-"));
const address = `ipc://${directory}/barest`;
const barest = spawn(python, [join(root, "benchmarks/barest_loop.py"), address], {
  stdio: ["pipe", "pipe", "inherit"],
});
await new Promise((resolve) => barest.stdout.once("data", resolve));
const socket = new Dealer({ linger: 0, sendHighWaterMark: 0, receiveHighWaterMark: 0 });
socket.connect(address);
/** A REP socket wants an empty delimiter frame before the request. */
async function ask(letter: string, buffer?: Uint8Array): Promise<Uint8Array> {
  await socket.send(buffer ? ["", letter, buffer] : ["", letter]);
  return (await socket.receive())[1]!;
}
const askText = async (letter: string): Promise<string> => Buffer.from(await ask(letter)).toString();

const session = await connect();
const rows: Row[] = [];
const inc = jit((x: T) => np.add(x, 1));
const hundred = new Float32Array(100).fill(1);
const call = (): Promise<unknown> => inc(hundred).data();

// ---- one small call
{
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let i = 0; i < 3000; i++) {
    ours.push(await timed(call));
    theirs.push(await timed(() => ask("x", new Uint8Array(hundred.buffer))));
  }
  const [a, b] = [ours.slice(500), theirs.slice(500)];
  const us = (ms: number): string => (1e3 * ms).toFixed(0);
  const note = `${us(median(a))} against ${us(median(b))} µs; p99 ${us(quantile(a, 0.99))} against ${us(quantile(b, 0.99))}; aim 2.0`;
  rows.push(row("x + 1 on 100 floats, p50, over the barest loop", median(a) / median(b), "<=", 2.5, note));
}

// ---- pipelined
{
  const [awaited, deep, chained]: [number[], number[], number[]] = [[], [], []];
  for (let i = 0; i < 25; i++) {
    awaited.push(
      await timed(async () => {
        for (let k = 0; k < 100; k++) await call();
      }),
    );
    deep.push(await timed(() => Promise.all(Array.from({ length: 100 }, call))));
    chained.push(
      await timed(() => {
        let y = inc(hundred);
        for (let k = 1; k < 100; k++) y = inc(y);
        return y.data();
      }),
    );
  }
  const us = (ms: readonly number[]): string => (10 * median(ms)).toFixed(0);
  rows.push(
    row(
      "100 launched deep, each fetched, per call over awaited",
      median(deep) / median(awaited),
      "<=",
      0.6,
      `${us(deep)} against ${us(awaited)} µs`,
    ),
  );
  rows.push(
    row(
      "100 chained by handles, last fetched, per call over awaited",
      median(chained) / median(awaited),
      "<=",
      0.4,
      `${us(chained)} µs`,
    ),
  );
}

// ---- 64 MB there and back
{
  const double = jit((x: T) => np.multiply(x, 2));
  const big = new Float32Array(16 << 20).fill(1);
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let i = 0; i < 13; i++) {
    theirs.push(await timed(() => ask("e", new Uint8Array(big.buffer))));
    let last = 0;
    ours.push(
      await timed(async () => {
        const result = await double(array(big, { transfer: true })).data();
        last = result[result.length - 1]!;
      }),
    );
    if (last !== 2) throw new Error(`x * 2 gave ${last}`);
  }
  const [a, b] = [ours.slice(3), theirs.slice(3)];
  rows.push(
    row(
      "64 MB up, x * 2, back, over a bare echo",
      median(a) / median(b),
      "<=",
      1.7,
      `${median(a).toFixed(0)} against ${median(b).toFixed(0)} ms; aim 1.4`,
    ),
  );
}

// ---- a computation of 5 ms
{
  const size = Number(await askText("n"));
  const compute = jit((x: T) => {
    let y = x;
    for (let i = 0; i < 10; i++) y = np.tanh(np.matmul(y, y)) as T;
    return np.sum(y);
  });
  const matrix = session.put(array(new Float32Array(size * size), { shape: [size, size] }));
  const [ours, theirs, inside]: [number[], number[], number[]] = [[], [], []];
  for (let i = 0; i < 300; i++) {
    ours.push(await timed(() => compute(matrix).data()));
    theirs.push(await timed(() => ask("t")));
    inside.push(Number(await askText("p")));
  }
  const [a, b, c] = [ours.slice(50), theirs.slice(50), inside.slice(50)];
  const note = `${median(a).toFixed(2)} against ${median(b).toFixed(2)} ms; ${(median(a) / median(c)).toFixed(3)} over the same called in Python, ${median(c).toFixed(2)} ms; aim 1.05`;
  rows.push(row("a 5 ms computation, p50, over the barest loop", median(a) / median(b), "<=", 1.1, note));
}

// ---- recording
{
  const record = (): Program => {
    const frame = new RootFrame(1);
    return within(frame, () => {
      let y: T = adopt(TensorClass, { kind: "equation", frame, index: -1 }) as T;
      for (let i = 0; i < 500; i++) y = np.tanh(np.add(y, i));
      return new Program(frame, [encode(y, frame, false)]);
    });
  };
  const times: number[] = [];
  for (let i = 0; i < 60; i++) times.push(await timed(() => void record()));
  const { equations, bytes } = record();
  if (equations !== 1000) throw new Error(`recorded ${equations} equations`);
  rows.push(
    row(
      "recording 1,000 equations, ms (absolute)",
      median(times.slice(20)),
      "<=",
      5,
      `${bytes.length} bytes; first ${times[0]!.toFixed(1)} ms`,
    ),
  );
  const failing = jit((x: T) => {
    let y = x;
    for (let i = 0; i < 499; i++) y = np.tanh(np.add(y, i));
    return np.matmul(y, np.zeros([7]));
  });
  const error = await failing(hundred)
    .data()
    .then(
      () => undefined,
      (e: unknown) => e,
    );
  if (!(error instanceof SynjaxError) || !error.line?.includes("benchmarks/bridge.ts"))
    throw new Error("a failing program of 1,000 equations did not name the user's line", { cause: error });
  console.log(`a failing 1,000-equation program names ${error.line}`);
}
await session.close().catch(() => undefined);
socket.close();
barest.stdin.end();
rmSync(directory, { recursive: true, force: true });

// ---- importing, starting
{
  const built = join(root, "dist/src/index.js");
  const node = (code: string): number => {
    const start = performance.now();
    execFileSync(process.execPath, ["--input-type=module", "-e", code], { cwd: root });
    return performance.now() - start;
  };
  const [imports, bare]: [number[], number[]] = [[], []];
  for (let i = 0; i < 15; i++) {
    bare.push(node("0"));
    imports.push(node(`await import(${JSON.stringify(built)})`));
  }
  rows.push(
    row(
      "importing the package over node -e 0, ms more (absolute)",
      median(imports) - median(bare),
      "<=",
      60,
      `${median(imports).toFixed(0)} against ${median(bare).toFixed(0)} ms`,
    ),
  );
  const first = `import { array, connect } from ${JSON.stringify(built)}; const s = await connect(); await array([1]).add(1).data(); await s.close();`;
  const [starts, jax]: [number[], number[]] = [[], []];
  for (let i = 0; i < 7; i++) {
    starts.push(node(first));
    const start = performance.now();
    execFileSync(python, ["-c", "import jax"]);
    jax.push(performance.now() - start);
  }
  console.log(
    `start to first result and end, warm cache: ${median(starts).toFixed(0)} ms; bare \`import jax\`: ${median(jax).toFixed(0)} ms`,
  );
  rows.push(
    row(
      "whole process: connect, first result, close, over `import jax`",
      median(starts) / median(jax),
      "<=",
      3,
      `${median(starts).toFixed(0)} against ${median(jax).toFixed(0)} ms; no bound was set for it`,
    ),
  );
}

report("bridge", rows);
