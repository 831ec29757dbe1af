import type { Readable } from "node:stream";

/** The logger of what programs show while they run: `python/synjax_worker/ops/debug.py`. */
const LOGGER = '"logger": "synjax_worker.print"';

/** Writes what a worker's programs show to this process's stderr. */
export function forwardPrints(stderr: Readable): void {
  let rest = "";
  stderr.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines.filter((each) => each.includes(LOGGER))) {
      const { message } = JSON.parse(line) as { readonly message: string };
      process.stderr.write(`${message}\n`);
    }
  });
}
