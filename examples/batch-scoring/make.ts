/**
 * A file of programs and a file of rows for it: a tagger that has learnt from the Brown corpus, and so many sentences of
 * the corpus as numbers. `npx tsx examples/batch-scoring/make.ts DIR [--sentences 100000] [--learn 10000] [--epochs 3]`
 */
import { spawnSync } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { resolvePython } from "../../bridge/environment/resolve-python.ts";
import { padded } from "../../src/index.ts";
import { ragged, toIpc } from "../../src/tables/index.ts";
import { readBrown } from "../brown.ts";
import { Tagger } from "../tagger-service/tagger.ts";

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sentences: { type: "string", default: "100000" },
    learn: { type: "string", default: "10000" },
    epochs: { type: "string", default: "3" },
  },
});
const directory = positionals[0] ?? "batch-data";
await mkdir(directory, { recursive: true });

const tagger = await Tagger.train(Number(given.learn), Number(given.epochs), (line) => console.log(line));
await tagger.saveProgram(join(directory, "tagger.synjax"));

// The corpus has 57,340 sentences: from there on it begins again
const corpus = (await readBrown()).map(({ words }) => tagger.numbersOf(words));
const rows = Array.from({ length: Number(given.sentences) }, (_, i) => corpus[i % corpus.length]!);
const column = (of: "known" | "ends") => ragged(padded(rows.map((row) => row[of]), { dtype: "int32" })); // prettier-ignore
const arrow = join(directory, "sentences.arrow");
await writeFile(arrow, await toIpc({ known: column("known"), ends: column("ends") }, { format: "file" }));

const parquet = join(directory, "sentences.parquet");
const script = fileURLToPath(new URL("to-parquet.py", import.meta.url));
const python = await resolvePython({ extra: "batch" });
const { status } = spawnSync(python, [script, arrow, parquet], { stdio: "inherit" });
if (status !== 0) throw new Error(`to-parquet.py ended with ${status}`);
await rm(arrow);
console.log(`${rows.length} sentences of ${corpus.length} in ${parquet}`);
