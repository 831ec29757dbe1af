/**
 * The spanning trees of a real network: who met whom in a karate club (Zachary 1977, "An information flow model for
 * conflict and fission in small groups"). How probable an edge is in a tree drawn at random is its effective resistance.
 */
import { writeFile } from "node:fs/promises";
import { SpanningTreeCRF } from "../src/index.ts";

/** The friends of each of the 34 members that have a higher number, from 0. */
const friends = [
  [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 17, 19, 21, 31], [2, 3, 7, 13, 17, 19, 21, 30],
  [3, 7, 8, 9, 13, 27, 28, 32], [7, 12, 13], [6, 10], [6, 10, 16], [16], [], [30, 32, 33], [33], [], [], [], [33],
  [32, 33], [32, 33], [], [], [32, 33], [33], [32, 33], [], [32, 33], [25, 27, 29, 32, 33], [25, 27, 31], [31],
  [29, 33], [33], [31, 33], [32, 33], [32, 33], [32, 33], [33], [],
]; // prettier-ignore

const logPotentials = friends.map((of, a) =>
  friends.map((others, b) => (of.includes(b) || others.includes(a) ? 0 : -Infinity)),
);
const trees = new SpanningTreeCRF({
  logPotentials,
  directed: false,
  projective: false,
  singleRootEdge: false,
});
console.log(`It has ${Math.exp(await trees.logCount().item()).toPrecision(3)} spanning trees.`);
const marginals = (await trees.marginals().array()) as number[][];

const edges = friends.flatMap((of, a) => of.map((b) => ({ a, b, p: marginals[a]![b]! })));
const bridges = edges.filter(({ p }) => p > 0.999).map(({ a, b }) => `${a + 1}–${b + 1}`);
const least = edges.reduce((least, edge) => (edge.p < least.p ? edge : least));
console.log(`In all of them: ${bridges.join(", ")}.`);
console.log(
  `Most easily left out: ${least.a + 1}–${least.b + 1}, in ${(100 * least.p).toFixed(0)} % of them.`,
);
const positions = friends.map((_, i) => String(i + 1));
await writeFile(
  process.argv[2] ?? "karate-club.svg",
  await trees.toSVG({ positions, title: "Zachary's karate club" }),
);
