/** Finds the words in a text without spaces: segments of letters, each as likely as its word is in the rest of the book. */
import { writeFile } from "node:fs/promises";
import { SemiMarkovCRF } from "../src/index.ts";

const text = "itwasthebestoftimesitwastheworstoftimesitwastheageofwisdomitwastheageoffoolishness";
// How often in a million words of English, about; what is no word is as rare as its letters are many.
const counts: Record<string, number> = {
  ...{ it: 9000, was: 9800, the: 62000, best: 350, of: 35000, times: 290, worst: 30, age: 200, wisdom: 40 },
  ...{
    foolishness: 3,
    as: 7000,
    he: 9500,
    be: 6500,
    so: 2000,
    time: 1600,
    to: 26000,
    a: 23000,
    i: 9000,
    is: 10000,
  },
  ...{
    dom: 1,
    fool: 30,
    foolish: 15,
    theme: 40,
    her: 3700,
    we: 2700,
    sit: 60,
    or: 4200,
    mess: 20,
    wise: 40,
    ness: 1,
  },
};
const longest = 12;
const segment = [...text].map((_, end) =>
  Array.from({ length: longest }, (_, more) => {
    const word = text.slice(Math.max(0, end - more), end + 1);
    return [Math.log(counts[word] ?? 0.1 ** word.length) - Math.log(1e6)];
  }),
);
const words = new SemiMarkovCRF({ segment, transition: [[0]] });
const segments = (await words.decode(words.argmax()).array()) as [number, number, number][];
console.log(segments.filter(([start]) => start >= 0).map(([start, end]) => text.slice(start, end + 1)).join(" ")); // prettier-ignore
await writeFile(
  process.argv[2] ?? "word-segmentation.svg",
  await words.toSVG({ positions: [...text], labels: ["word"] }),
);
