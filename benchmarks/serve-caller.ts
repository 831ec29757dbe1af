/**
 * A process of callers: `serve.ts` starts several of them. Each line on stdin asks for one run; its answer is a line of
 * milliseconds, one of each call.
 *
 *   WHERE CALLERS SECONDS [CALLS-A-SECOND]    WHERE: a number, of the addresses on the command line
 *
 * Callers call again when they are answered; at a rate, calls are made at random times (a Poisson process) whether or not
 * those before are answered, and a call waits for a free caller as in a queue: its time begins where it should have been
 * made.
 */
import { createInterface } from "node:readline";
import { array, connect, type Session } from "../src/index.ts";
import { NAME, sentences, tag, TOKEN, type Weights } from "./serve-tagger.ts";

type Call = (words: Int32Array) => Promise<unknown>;

const words = sentences(64);
const calls = await Promise.all(process.argv.slice(2).map(callTo));
process.stdout.write("ready\n");

for await (const line of createInterface({ input: process.stdin })) {
  const [where, callers, seconds, rate] = line.split(" ").map(Number) as [number, number, number, number?];
  const run =
    rate === undefined ? closed(calls[where]!, callers, seconds) : open(calls[where]!, rate, seconds);
  const times = await run;
  process.stdout.write(`${times.map((ms) => ms.toFixed(3)).join(" ")}\n`);
}
process.exit(0);

/** Of the worker with the shared tagger, or of an HTTP service that answers with one byte a tag. */
async function callTo(address: string): Promise<Call> {
  if (address.startsWith("http:")) return (sentence) => post(address, sentence);
  const [at, keys] = address.split("#") as [string, string?];
  const session: Session = await connect(at, keys ? { keys } : at.startsWith("tcp:") ? { token: TOKEN } : {});
  const weights = await session.shared<Weights>(NAME);
  return (sentence) => session.run(() => tag(weights, array(sentence)).data());
}

async function post(address: string, sentence: Int32Array): Promise<Uint8Array> {
  const answer = await fetch(address, { method: "POST", body: Buffer.from(sentence.buffer) });
  if (!answer.ok) throw new Error(`${address} answered ${answer.status}: ${await answer.text()}`);
  return new Uint8Array(await answer.arrayBuffer());
}

/** Calls of callers who each wait for their answers. */
async function closed(call: Call, callers: number, seconds: number): Promise<number[]> {
  const ends = performance.now() + 1_000 * seconds;
  const times: number[] = [];
  const caller = async (first: number): Promise<void> => {
    for (let i = first; performance.now() < ends; i++) {
      const start = performance.now();
      await call(words[i % words.length]!);
      times.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, i) => caller(17 * i)));
  return times;
}

/** Calls at random times, so many a second. */
async function open(call: Call, rate: number, seconds: number): Promise<number[]> {
  const start = performance.now();
  const times: number[] = [];
  const flying: Promise<void>[] = [];
  for (let at = 0, i = 0; at < 1_000 * seconds; at += (-1_000 * Math.log1p(-Math.random())) / rate, i++) {
    // Timers, which come a millisecond late at most: who waits must not take the processor from who works.
    while (performance.now() - start < at) await new Promise((resolve) => setTimeout(resolve, 0));
    flying.push(
      call(words[i % words.length]!).then(() => {
        times.push(performance.now() - start - at);
      }),
    );
  }
  await Promise.all(flying);
  return times;
}
