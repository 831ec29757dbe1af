/** A process that answers lines with lines: what is measured beside us. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface AskedProcess {
  /** The numbers of the answer. */
  readonly ask: (...words: readonly (string | number)[]) => Promise<readonly number[]>;
  readonly end: () => void;
}

export function askedProcess(command: string, args: readonly string[]): AskedProcess {
  const process = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  const answers = createInterface({ input: process.stdout })[Symbol.asyncIterator]();
  const ask = async (...words: readonly (string | number)[]): Promise<readonly number[]> => {
    process.stdin.write(`${words.join(" ")}\n`);
    const { value, done } = await answers.next();
    if (done) throw new Error(`${command} ${args.join(" ")} ended without an answer to "${words.join(" ")}"`);
    return String(value).split(" ").map(Number);
  };
  return { ask, end: () => process.stdin.end() };
}
