/**
 * Programs inside programs (Edward2's paper, Tran et al. 2018, section 3): why "some of the apples are red" is heard as
 * "not all". A literal listener believes what is said; a speaker chooses words by what a literal listener would make of
 * them; a pragmatic listener knows that speakers do so (rational speech acts: M. C. Frank and N. D. Goodman, "Predicting
 * pragmatic reasoning in language games", Science 336 (2012), 998; Goodman and Tenenbaum, "Probabilistic models of
 * cognition", probmods.org). Each is a program, whose posterior is the distribution of a random variable of the next.
 *
 * How closely speakers go by that, their rationality, is a variable, too: NUTS finds it from what listeners chose,
 * through all three. The choices are made up.
 *
 *   npx tsx examples/nested-inference.ts [nested-inference.svg] [samples]
 */
import { writeFile } from "node:fs/promises";
import {
  array,
  block,
  dist,
  get,
  intercept,
  jit,
  jvp,
  makeLogJoint,
  mcmc,
  type Model,
  np,
  nuts,
  pictures,
  plate,
  random,
  sample,
  scale,
  type SimpleDistribution,
  type Tensor,
  vmap,
} from "../src/index.ts";
import { drawCurves } from "../src/display/curve.ts";
import { onProgress } from "./chain-progress.ts";

type Floats = Tensor<"float32">;
type Ints = Tensor<"int32">;

/** So many of three apples are red, each number equally probable; and what may be said of it. */
const RED = [0, 1, 2, 3];
const WORDS = ["none", "some", "all"];
/** How probable it is that the words are true, (words red): a listener may mishear, and so is never quite sure. */
const TRUE = 0.99;
const meaning = array(
  [(red: number) => red === 0, (red: number) => red > 0, (red: number) => red === 3].map((holds) =>
    RED.map((red) => (holds(red) ? TRUE : 1 - TRUE)),
  ),
);

/** The posterior of a discrete variable, the only one of a program that is not observed, by looking at all its values. */
function posteriorOf<A extends readonly unknown[]>(program: Model<A>, name: string, ...args: A): Categorical {
  let values: Tensor | undefined;
  const look = intercept(program, (statement) => {
    if (statement.name !== name) return statement.value;
    values = (statement.distribution as Categorical).enumerateSupport();
    return values.slice(0);
  });
  block(look)(...args); // what is stated in there is no part of the program that asks
  const logJoint = makeLogJoint(program);
  const logits = vmap((value: Tensor) => logJoint({ [name]: value }, ...args))(values!);
  return dist.categorical({ logits });
}
type Categorical = SimpleDistribution<"float32", "int32">;

const anyOf = (values: readonly unknown[]): Categorical =>
  dist.categorical({ logits: np.zeros([values.length]) });

function literalListener(words: Ints): void {
  const red = sample("red", anyOf(RED));
  sample("isTrue", dist.bernoulli({ probs: meaning.slice(words, red) as Floats }), { value: 1 });
}

/** Speaks so that a literal listener understands: with a rationality of 0 at random, without end the best words only. */
function speaker(red: Ints, rationality: Floats): void {
  const words = sample("words", anyOf(WORDS));
  const understood = (): unknown =>
    sample("understood", posteriorOf(literalListener, "red", words), { value: red });
  scale(understood, rationality)();
}

function pragmaticListener(words: Ints, rationality: Floats): void {
  const red = sample("red", anyOf(RED));
  sample("heard", posteriorOf(speaker, "words", red, rationality), { value: words });
}

/** What a listener makes of all words, `(words red)`, nats. */
const beliefs = (rationality: Floats): Floats =>
  vmap((words: Ints) => posteriorOf(pragmaticListener, "red", words, rationality).logProb(RED))(
    array(Int32Array.from(WORDS.keys())),
  );

// -- what listeners believe, and how that depends on the rationality of speakers ----------------------------------------

/** Beliefs and how they change with the rationality of speakers, at each of several, `(at words red)`. */
const look = jit((at: Floats) =>
  vmap((rationality: Floats) => {
    const probabilities = (r: Floats): Floats => np.exp(beliefs(r));
    return jvp(probabilities, [rationality], [np.onesLike(rationality)]);
  })(at),
);
const across = Array.from({ length: 51 }, (_, i) => i / 10);
const [believed, slopes] = (await get(look(array(across)))).map((each) => each.array() as number[][][]);
const [one, some] = [across.indexOf(1), WORDS.indexOf("some")];
console.log("what listeners believe, 0 to 3 red apples, where the rationality is 1:");
for (const [i, row] of believed![one]!.entries())
  console.log(`${WORDS[i]}: ${row.map((p) => p.toFixed(6)).join(" ")}`);
const slope = slopes![one]![some]![3]!;
console.log(`P(all are red | "some") changes by ${slope.toFixed(6)} for each unit of rationality`);

// -- how rational speakers are, by what listeners chose ------------------------------------------------------------------

/** Made up: of so many who heard the words of a row, each number of red apples was chosen so often. */
const chosen = [
  [19, 1, 0, 0],
  [0, 27, 26, 7],
  [0, 0, 1, 19],
];
const trials = chosen.flatMap((row, words) =>
  row.flatMap((count, red) => Array.from({ length: count }, () => ({ words, red }))),
);

function experiment(heard: Ints, choices: Ints): void {
  const rationality = sample("rationality", dist.gamma({ concentration: 2, rate: 1 }));
  const logits = np.take(beliefs(rationality), heard, { axis: 0 });
  plate("trials", trials.length, () => sample("choice", dist.categorical({ logits }), { value: choices }));
}

const samples = Number(process.argv[3] ?? 1000);
const sampler = mcmc(nuts(experiment), { warmup: samples / 2, samples, chains: 2, onProgress });
const posterior = await sampler.run(
  random.key(0),
  array(Int32Array.from(trials, ({ words }) => words)),
  array(Int32Array.from(trials, ({ red }) => red)),
);
console.log(String(await posterior.summary()));

const file = process.argv[2] ?? "nested-inference.svg";
await writeFile(
  file,
  drawCurves({
    title: "Hearing that some of three apples are red",
    quantity: "how probable it is that all are",
    against: "rationality of the speaker",
    curves: [
      { name: "pragmatic listener", points: across.map((at, i) => [at, believed![i]![some]![3]!] as const) },
    ],
  }),
);
const density = pictures.densities(await get(posterior.draws), { title: "Rationality, by choices" });
await writeFile(file.replace(/(\.svg)?$/, "-posterior.svg"), density);
