/** Dependency trees of two sentences: who depends on whom, with and without arcs that cross. */
import { writeFile } from "node:fs/promises";
import { SpanningTreeCRF } from "../src/index.ts";

/** Scores of arcs as a parser gives them, "head dependent score"; what is not named scores 0. */
function scored(words: string[], scores: string): number[][] {
  const table = words.map(() => words.map(() => 0));
  for (const arc of scores.split(","))
    table[words.indexOf(arc.trim().split(" ")[0]!)]![words.indexOf(arc.trim().split(" ")[1]!)] = Number(arc.trim().split(" ")[2]); // prettier-ignore
  return table;
}

// The example of McDonald, Pereira, Ribarov & Hajič (2005), "Non-projective dependency parsing using spanning tree
// algorithms", figure 3, a fifth of its scores; and one of theirs whose tree has arcs that cross.
const john = ["ROOT", "John", "saw", "Mary"];
const hearing = ["ROOT", "A", "hearing", "is", "scheduled", "on", "the", "issue", "today"];
const sentences = [
  { words: john, scores: "ROOT saw 2, ROOT John 1.8, ROOT Mary 1.8, John saw 4, saw John 6, saw Mary 6, John Mary 0.6, Mary John 2.2" }, // prettier-ignore
  { words: hearing, scores: "ROOT is 5, is hearing 4, hearing A 5, is scheduled 4, hearing on 4, scheduled on 3, on issue 5, issue the 5, scheduled today 4" }, // prettier-ignore
];
for (const { words, scores } of sentences)
  for (const projective of [true, false]) {
    const logPotentials = scored(words, scores);
    const trees = new SpanningTreeCRF({ logPotentials, directed: true, projective, singleRootEdge: true });
    const heads = (await trees.decode(trees.argmax()).array()) as number[];
    const probability = Math.exp(await trees.logProb(trees.argmax()).item());
    const arcs = heads.slice(1).map((head, i) => `${words[head]!}→${words[i + 1]!}`);
    console.log(
      `${projective ? "projective" : "any"}: ${arcs.join(" ")} (${(100 * probability).toFixed(0)} %)`,
    );
    if (words === hearing && !projective)
      await writeFile(process.argv[2] ?? "dependency-parse.svg", await trees.toSVG({ positions: words }));
  }
