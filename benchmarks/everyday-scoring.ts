/** Scoring a file of ragged rows: beside the same function on arrays that are padded already, in memory, and on Ray. */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { resolvePython } from "../bridge/environment/resolve-python.ts";
import { workerEnv } from "../bridge/worker/start-configuration.ts";
import { array, jit, LinearChainCRF, np, random, type Tensor } from "../src/index.ts";
import { save } from "../src/files/index.ts";
import { median, row, type Row } from "./table.ts";

const [VOCABULARY, TAGS] = [5_000, 16];

type Ints = Tensor<"int32">;

/** Each is one table of weights for a word and a chain over them. */
async function saveTagger(file: string): Promise<void> {
  const keys = random.split(random.key(0), { num: 2 });
  const params = {
    words: random.normal(keys.slice(0), { shape: [VOCABULARY, TAGS] }),
    transition: random.normal(keys.slice(1), { shape: [TAGS, TAGS] }),
    initial: array(new Float32Array(TAGS)),
  };
  const tag = jit(({ words, ...edges }: typeof params, sentence: Ints, lengths: Ints) => {
    const crf = new LinearChainCRF({ ...edges, emission: np.take(words, sentence, { axis: 0 }), lengths });
    return crf.decode(crf.argmax());
  });
  const rows = { dtype: "int32", shape: ["b", "n"] } as const;
  const examples = { tag: [rows, { dtype: "int32", shape: ["b"] }] } as const;
  await save(file, { tag }, { params, examples, names: { tag: ["sentence", "lengths"] } });
}

interface Line {
  readonly at: number; // milliseconds
  readonly rows: number;
  readonly megabytes: number; // resident
}

/** Scores the file in a process: what it said, when, and how large it was then. */
async function scored(python: string, args: readonly string[]): Promise<Line[]> {
  const env = workerEnv("cpu", undefined);
  const child = spawn(python, ["-m", "synjax_worker", "score", ...args], {
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const lines: Line[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    if (!line.startsWith("{")) continue;
    const { rows } = JSON.parse(line) as { rows: number };
    lines.push({ at: performance.now(), rows, megabytes: residentOf(child.pid!) });
  }
  const status = await ended;
  if (status !== 0) throw new Error(`score ended with ${String(status)}`);
  return lines.filter(({ rows }) => rows > 0);
}

function residentOf(process: number): number {
  const file = `/proc/${process}/status`;
  return existsSync(file)
    ? Number(/VmRSS:\s+(\d+)/.exec(readFileSync(file, "utf8"))?.[1] ?? NaN) / 1024
    : NaN;
}

/** Rows a second from the first line to the last: a start, and what is compiled first, stand apart. */
function rateOf(lines: readonly Line[]): number {
  const [first, last] = [lines[0]!, lines.at(-1)!];
  return (1000 * (last.rows - first.rows)) / (last.at - first.at);
}

const shown = (rate: number): string => `${Math.round(rate)} rows/s`;

export async function scoringRows(count: number, rounds: number): Promise<Row[]> {
  const python = await resolvePython({ extra: "batch" });
  const directory = mkdtempSync(join(tmpdir(), "synjax-scoring-"));
  try {
    const [model, source] = [join(directory, "tagger.synjax"), join(directory, "in.parquet")];
    await saveTagger(model);
    const script = fileURLToPath(new URL("score_bare.py", import.meta.url));
    const bare = (...args: string[]): string =>
      execFileSync(python, [script, ...args], { encoding: "utf8", env: workerEnv("cpu", undefined) });
    bare("make", source, String(count), String(VOCABULARY));
    let runs = 0;
    const score = (by: string, ...more: string[]): Promise<Line[]> =>
      scored(by, [model, source, join(directory, `out-${runs++}.parquet`), "--longest", "64", ...more]);

    const ratios: number[] = [];
    let lines: Line[] = [];
    let note = "";
    for (let round = 0; round < rounds; round++) {
      const least = Number(bare("run", model, source));
      lines = await score(python);
      ratios.push(rateOf(lines) / least);
      note = `${shown(rateOf(lines))} over ${shown(least)}, ${count} rows`;
    }
    const rows = [row("scoring a file, over the jitted function on padded arrays", median(ratios), ">=", 0.8, note)]; // prettier-ignore
    const sizes = lines.map(({ megabytes }) => megabytes).filter(Number.isFinite);
    const early = Math.max(...sizes.slice(0, Math.ceil(sizes.length / 4)));
    const late = Math.max(...sizes.slice(-Math.ceil(sizes.length / 4)));
    if (sizes.length >= 8)
      rows.push(row("resident memory, the last quarter over the first", late / early, "<=", 1.05, `${late.toFixed(0)} MB over ${early.toFixed(0)} MB`)); // prettier-ignore
    else console.log("resident memory: too few rows to tell");
    return [...rows, ...(await rayRows(score, lines, rounds))];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function rayRows(
  score: (by: string, ...more: string[]) => Promise<Line[]>,
  plain: readonly Line[],
  rounds: number,
): Promise<Row[]> {
  const python = await resolvePython({ extra: "ray" }).catch(() => undefined);
  if (python === undefined) {
    console.log("scoring on Ray: not measured, `synjax setup --ray` makes the environment for it");
    return [];
  }
  const ratios: number[] = [];
  let rate = rateOf(plain);
  for (let round = 0; round < rounds; round++) {
    const many = rateOf(await score(python, "--ray", "--ray-workers", "2"));
    rate = rateOf(await score(python));
    ratios.push(many / rate);
  }
  return [row("scoring with 2 actors of Ray, over without", median(ratios), ">=", 0.8, `${shown(rate)} without, the start apart`)]; // prettier-ignore
}
