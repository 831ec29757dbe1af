/** Reads a word from frames of letter scores, as a recognizer of speech or handwriting gives them. */
import { writeFile } from "node:fs/promises";
import { CTC } from "../src/index.ts";

const letters = "-abcdefghijklmnopqrstuvwxyz"; // the first is the blank
const frames = "--hh-eee-ll-l-oo--";
const codes = (word: string): number[] => [...word].map((letter) => letters.indexOf(letter));
// Each frame is fairly sure of its letter, and less so of that of the frame after next.
const logPotentials = codes(frames).map((code, i, all) =>
  [...letters].map((_, other) => (other === code ? 7 : other === all[i + 2] ? 5 : 0)),
);

const ctc = new CTC({ logPotentials, labels: codes("hello") });
console.log(`"hello" costs ${(await ctc.loss().item()).toFixed(3)} nats.`);
const { labels, logProbs } = ctc.beamSearchLabels(8);
const [found, logs] = [(await labels.array()) as number[][], (await logProbs.array()) as number[]];
for (const [k, each] of found.slice(0, 3).entries())
  console.log(each.filter((code) => code > 0).map((code) => letters[code]).join(""), Math.exp(logs[k]!).toFixed(3)); // prettier-ignore
await writeFile(
  process.argv[2] ?? "ctc-decoding.svg",
  await ctc.toSVG({ rows: [..."-h-e-l-l-o-"], columns: [...frames] }),
);
