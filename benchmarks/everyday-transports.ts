/** The transport in JavaScript beside the native one: an echo of what is small and of what is large. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { resolvePython } from "../bridge/environment/resolve-python.ts";
import type { Transport } from "../bridge/transport/transport.ts";
import { dialZeromq } from "../bridge/transport/zeromq.ts";
import { dialZmtp } from "../bridge/transport/zmtp.ts";
import { median, row, type Row, timed } from "./table.ts";

const SIZES = [
  { name: "100 B", bytes: 100, times: 4000, warm: 1000 },
  { name: "64 MB", bytes: 64 << 20, times: 24, warm: 4 },
];

export async function transportRows(): Promise<Row[]> {
  const python = await resolvePython({ device: "cpu" });
  const directory = mkdtempSync(join(tmpdir(), "synjax-bench-"));
  const address = `ipc://${directory}/echo`;
  const script = fileURLToPath(new URL("echo_loop.py", import.meta.url));
  const peer = spawn(python, [script, address], { stdio: ["pipe", "pipe", "inherit"] });
  await new Promise((resolve) => peer.stdout.once("data", resolve));
  const [ours, theirs] = [await dialZmtp(address), await dialZeromq(address)];
  try {
    const rows: Row[] = [];
    for (const size of SIZES) rows.push(await echoRow(size, ours, theirs));
    return rows;
  } finally {
    ours.close();
    theirs.close();
    peer.stdin.end();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function echoRow(
  { name, bytes, times, warm }: (typeof SIZES)[number],
  ours: Transport,
  theirs: Transport,
): Promise<Row> {
  const payload = new Uint8Array(bytes).fill(7);
  const header = new Uint8Array(30);
  const echo = async (by: Transport): Promise<void> => {
    by.send([header, payload]);
    const { value } = await by[Symbol.asyncIterator]().next();
    if ((value as Uint8Array[])[1]?.at(-1) !== 7) throw new Error("the echo is another");
  };
  const [mine, native]: [number[], number[]] = [[], []];
  for (let i = 0; i < times; i++) {
    mine.push(await timed(() => echo(ours)));
    native.push(await timed(() => echo(theirs)));
  }
  const [a, b] = [median(mine.slice(warm)), median(native.slice(warm))];
  const shown = (ms: number): string => (ms < 1 ? `${(1e3 * ms).toFixed(0)} µs` : `${ms.toFixed(0)} ms`);
  return row(`ZMTP transport's echo over zeromq.js', ${name}, p50`, a / b, "<=", 1.1, `${shown(a)} against ${shown(b)}`); // prettier-ignore
}
