/** A large file of programs, and a module of Python: what is asked of a worker that runs. */
import { closeSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { collectGarbage } from "../bridge/transport/garbage.ts";
import { array, connect, jit, np, type Session, type Tensor } from "../src/index.ts";
import { load, save } from "../src/files/index.ts";
import { python } from "../src/python.ts";
import { median, row, type Row, timed } from "./table.ts";

const ROUNDS = 5;

export async function fileRows(megabytes: number): Promise<Row[]> {
  const session = await connect();
  try {
    return [await loadingRow(session, megabytes), await moduleRow(session)];
  } finally {
    await session.close();
  }
}

/** The weights are as many as there are bytes; the function reads one of them. */
async function loadingRow(session: Session, megabytes: number): Promise<Row> {
  const directory = mkdtempSync(join(tmpdir(), "synjax-files-"));
  const file = join(directory, "large.synjax");
  try {
    await session.run(async () => {
      const params = {
        large: array(new Float32Array(megabytes * 2 ** 18).fill(1), { shape: [megabytes, 2 ** 18] }),
      };
      const pick = jit(({ large }: typeof params, i: Tensor<"int32">) =>
        np.take(large, i, { axis: 0 }).sum(),
      );
      await save(file, { pick }, { params, examples: { pick: [{ dtype: "int32", shape: [] }] } });
    });
    const first = async (): Promise<void> => {
      const model = await load(file, { session });
      const found = await session.run(() => model.functions["pick"]!(array(3, { dtype: "int32" })));
      if ((found as { item(): number }).item() !== 2 ** 18) throw new Error("the result is another");
      model.dispose();
    };
    await first(); // compiled, and the file's pages are in memory: for both
    const [ours, bytes]: [number[], number[]] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      await collectGarbage(); // neither pays for the memory of the other
      bytes.push(await timed(() => readAll(file)));
      await collectGarbage();
      ours.push(await timed(first));
    }
    const note = `${median(ours).toFixed(0)} ms over ${median(bytes).toFixed(0)} ms, ${megabytes} MB`;
    return row("loading a file to the first result, over reading its bytes", median(ours) / median(bytes), "<=", 1.5, note); // prettier-ignore
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Every byte once, into memory of its own. */
function readAll(file: string): void {
  const descriptor = openSync(file, "r");
  const piece = 64 << 20;
  const kept: Uint8Array[] = [];
  for (;;) {
    const bytes = new Uint8Array(piece);
    const count = readSync(descriptor, bytes);
    if (count === 0) break;
    kept.push(bytes.subarray(0, count));
  }
  closeSync(descriptor);
}

async function moduleRow(session: Session): Promise<Row> {
  const math = await python(session, "math");
  const call = async (): Promise<void> => {
    if ((await math["sqrt"]!<number>(4)) !== 2) throw new Error("the result is another");
  };
  for (let i = 0; i < 500; i++) await call();
  const times: number[] = [];
  for (let i = 0; i < 2_000; i++) times.push(1000 * (await timed(call)));
  const micros = median(times);
  return row("a call of a Python module, microseconds", micros, "<=", 250, `math.sqrt, median of ${times.length}`); // prettier-ignore
}
