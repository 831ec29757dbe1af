/** Markov chains in the last line of a terminal, as they go. */
import { type McmcProgress, mcmcProgressBar } from "../src/index.ts";

/** What `mcmc` tells, written over what it told before; nothing where nobody looks. */
export function onProgress(told: McmcProgress): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`\r\x1b[K${told.done < told.total ? mcmcProgressBar(told) : ""}`);
}
