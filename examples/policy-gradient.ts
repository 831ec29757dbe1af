/**
 * A parser that is told only how many heads it got right. It draws trees from its own distribution, makes those likelier
 * that do better than its best guess, and less likely those that do worse: a policy gradient with a self-critical
 * baseline (Rennie et al. 2017), as in the example of Stanojević & Sartran (2023), "SynJax".
 *
 *   npx tsx examples/policy-gradient.ts [policy-gradient.svg] [--steps 150] [--projective]
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { drawCurves } from "../src/display/curve.ts";
import { drawDependencies } from "../src/display/dependencies.ts";
import { stacked } from "../src/display/stacked.ts";
import {
  array,
  jit,
  nn,
  np,
  optax,
  type OptState,
  padded,
  random,
  SpanningTreeCRF,
  stopGradient,
  tree,
  valueAndGrad,
  type Tensor,
} from "../src/index.ts";

type Floats = Tensor<"float32">;

const { values: options, positionals } = parseArgs({
  options: { steps: { type: "string", default: "150" }, projective: { type: "boolean", default: false } },
  allowPositionals: true,
});

/** Each word with its part of speech and its head, the sentence's verb with head 0. In four of them arcs cross. */
const sentences = [
  "the/det/2 dog/noun/3 saw/verb/0 a/det/6 small/adj/6 cat/noun/3",
  "she/pron/2 reads/verb/0 old/adj/4 books/noun/2 about/prep/6 trees/noun/4",
  "a/det/2 hearing/noun/4 is/aux/4 scheduled/verb/0 on/prep/7 the/det/7 issue/noun/2 today/adv/4",
  "he/pron/2 slept/verb/0 in/prep/5 the/det/5 garden/noun/2 yesterday/adv/2",
  "the/det/2 teacher/noun/4 has/aux/4 given/verb/0 her/pron/4 a/det/7 book/noun/4",
  "a/det/2 man/noun/4 has/aux/4 come/verb/0 with/prep/7 a/det/7 hat/noun/2 today/adv/4",
  "they/pron/3 will/aux/3 find/verb/0 the/det/6 old/adj/6 house/noun/3 near/prep/9 the/det/9 river/noun/6",
  "old/adj/2 friends/noun/3 met/verb/0 in/prep/7 a/det/7 small/adj/7 town/noun/3",
  "a/det/2 letter/noun/4 was/aux/4 sent/verb/0 about/prep/7 the/det/7 house/noun/2 yesterday/adv/4",
  "the/det/3 small/adj/3 child/noun/4 eats/verb/0 bread/noun/4 with/prep/7 butter/noun/5",
  "a/det/2 book/noun/4 is/aux/4 written/verb/0 about/prep/7 his/det/7 life/noun/2 now/adv/4",
  "now/adv/3 we/pron/3 sing/verb/0 songs/noun/3",
].map((line) => line.split(" ").map((word) => word.split("/")));
const heads = padded(
  sentences.map((words) => [-1, ...words.map((word) => Number(word[2]))]),
  { dtype: "int32" },
);
const tags = ["root", ...new Set(sentences.flatMap((words) => words.map((word) => word[1]!)))];

// An arc is scored by what its two words are, and by where the dependent stands: next to its head or farther, left or right.
const places = 4;
const longest = Math.max(...sentences.map((words) => words.length)) + 1;
const kindOf = (a: string, b: string, distance: number): number =>
  (tags.indexOf(a) * tags.length + tags.indexOf(b)) * places +
  (distance > 0 ? 2 : 0) +
  (Math.abs(distance) > 1 ? 1 : 0);
const kinds = array(
  sentences.map((words) => {
    const tagged = Array.from({ length: longest }, (_, i) =>
      i === 0 ? "root" : (words[i - 1]?.[1] ?? "root"),
    );
    return tagged.map((a, i) => tagged.map((b, j) => kindOf(a, b, j - i)));
  }),
  { dtype: "int32" },
);

const policyOf = (scores: Floats): SpanningTreeCRF =>
  new SpanningTreeCRF({
    logPotentials: np.take(scores, kinds),
    lengths: heads.lengths,
    directed: true,
    projective: options.projective, // the one flag
    singleRootEdge: true,
  });

function loss(scores: Floats, key: Tensor<"key">): [Floats, { best: Floats; drawn: Floats }] {
  const policy = policyOf(scores);
  const right = np.swapaxes(nn.oneHot(heads.values, longest), -1, -2); // [head, dependent], like a tree
  const reward = (event: Floats): Floats => event.mul(right).sum([-1, -2]).div(heads.lengths.sub(1)); // right heads of all
  const drawing = policy.sample(key);
  const [drawn, best] = [reward(drawing), reward(policy.argmax())];
  const gain = policy
    .logProb(drawing)
    .mul(stopGradient(drawn.sub(best)))
    .add(policy.entropy().mul(0.02));
  return [np.negative(gain).mean(), { best: best.mean(), drawn: drawn.mean() }];
}

const optimizer = optax.adam(0.1);
const step = jit((scores: Floats, state: OptState, key: Tensor<"key">) => {
  const [[, rewards], gradient] = valueAndGrad(loss, { hasAux: true })(scores, key);
  const [updates, next] = optimizer.update(gradient, state);
  return { scores: optax.applyUpdates(scores, updates), state: next, rewards };
});

let scores: Floats = np.zeros([tags.length * tags.length * places]);
let state = optimizer.init(scores);
const steps = Number(options.steps);
const best: [number, number][] = [];
const drawn: [number, number][] = [];
for (let i = 0; i <= steps; i++) {
  const next = step(scores, state, random.foldIn(random.key(0), i));
  ({ scores, state } = next); // they stay on the device
  const rewards = tree.map((x) => x.item(), next.rewards);
  best.push([i, await rewards.best]);
  drawn.push([i, await rewards.drawn]);
}
const percent = (x: number): string => `${(100 * x).toFixed(0)} %`;
console.log(
  `Right heads before: ${percent(best[0]![1])} in the best trees, ${percent(drawn[0]![1])} in those drawn.`,
);
console.log(`After ${steps} steps: ${percent(best.at(-1)![1])} and ${percent(drawn.at(-1)![1])}.`);

const policy = policyOf(scores);
const trees = (await policy.decode(policy.argmax()).array()) as number[][];
const pictures = [2, 5, 7].map((i) => {
  const words = sentences[i]!;
  return drawDependencies({
    title: words.map(([word]) => word).join(" "),
    words: words.map(([word]) => word!),
    found: { heads: trees[i]!.slice(1, words.length + 1) },
    gold: { heads: words.map(([, , head]) => Number(head)) },
  });
});
const file = positionals[0] ?? "policy-gradient.svg";
await writeFile(file, stacked({ title: "Trees that were learnt, above, and the right ones", pictures }));
const curves = [
  { name: "best trees", points: best },
  { name: "drawn trees", points: drawn },
];
const drawnCurves = drawCurves({
  title: options.projective ? "Learning projective trees from a reward" : "Learning trees from a reward",
  quantity: "share of right heads",
  against: "step",
  curves,
});
await writeFile(file.replace(/(\.svg)?$/, "-reward.svg"), drawnCurves);
