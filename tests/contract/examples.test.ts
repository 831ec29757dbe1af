/** The short examples, each run in a process of its own: what they print, and the picture that they draw. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { packageRoot } from "../../bridge/environment/package-root.ts";

const root = packageRoot();
const directory = mkdtempSync(join(tmpdir(), "synjax-examples-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function run(
  name: string,
  ...args: readonly string[]
): { readonly lines: readonly string[]; readonly picture: string } {
  const file = join(directory, `${name}.svg`);
  const lines = printed(name, file, ...args);
  const picture = readFileSync(file, "utf8");
  expect(picture).toMatch(/^<svg [^]*<\/svg>\n$/);
  return { lines, picture };
}

/** The lines that an example prints. */
function printed(name: string, ...args: readonly string[]): readonly string[] {
  const tsx = join(root, "node_modules", "tsx", "dist", "cli.mjs");
  const example = join(root, "examples", `${name}.ts`);
  const found = execFileSync(process.execPath, [tsx, example, ...args], { encoding: "utf8" });
  return found.trimEnd().split("\n");
}

/** The picture of the losses of an example that has run, or of another quantity. */
const curve = (name: string, of = "loss"): string =>
  readFileSync(join(directory, `${name}-${of}.svg`), "utf8");

test("two protein chains are aligned as Biopython 1.88 aligns them", () => {
  const [scores, above, below] = run("protein-alignment").lines;
  expect(scores).toBe("The best alignment scores 259, the next 258.");
  expect([above!.slice(0, 30), below!.slice(0, 30)]).toEqual([
    "V-LSPADKTNVKAAWGKVGAHAGEYGAEAL",
    "VHLTPEEKSAVTALWGKV--NVDEVGGEAL",
  ]);
  expect(above).toContain("FPHF-DLS--H---GSAQVKGHGKK");
});

test("words are aligned with those of a translation", () => {
  const { lines, picture } = run("sentence-alignment");
  expect(lines).toHaveLength(2);
  for (const line of lines) expect(line).toContain("the–der, old–alte, man–Mann, and–und, his–sein");
  expect(picture).toContain("Wasser");
});

test("a text without spaces falls into its words", () => {
  expect(run("word-segmentation").lines).toEqual([
    "it was the best of times it was the worst of times it was the age of wisdom it was the age of foolishness",
  ]);
});

test("frames of letter scores are read as a word", () => {
  const { lines, picture } = run("ctc-decoding");
  expect(lines[0]).toBe('"hello" costs 1.009 nats.');
  expect(lines[1]).toMatch(/^hello 0\.364/);
  expect(picture.match(/class="chosen"/g)).toHaveLength(18);
});

test("sentences are parsed with and without arcs that cross", () => {
  const { lines, picture } = run("dependency-parse");
  expect(lines[0]).toBe("projective: saw→John ROOT→saw saw→Mary (90 %)");
  expect(lines[2]).toContain("scheduled→on");
  expect(lines[3]).toContain("hearing→on");
  expect(picture).toContain("<title>hearing → on: ");
});

test("a sentence has the readings and the probability that NLTK finds", () => {
  const { lines, picture } = run("parse");
  expect(lines).toEqual([
    "p(sentence) = 6.5198e-6", // that of the best reading is 6.31607e-6
    "96.9 %: [S Jack [VP saw [NP Bob [PP with [NP my cookie]]]]]",
    "3.1 %: [S Jack [VP [VP saw Bob] [PP with [NP my cookie]]]]",
  ]);
  expect(picture).toContain("<title>NP, my … cookie: ");
});

test("a transfer RNA folds into the cloverleaf that crystals show", () => {
  const { lines } = run("rna-folding");
  expect(lines[1]).toBe("(((((((..((((........)))).(((((.......))))).....(((((.......))))))))))))....");
});

test("a network has as many spanning trees as Kirchhoff's theorem says", () => {
  const { lines, picture } = run("karate-club");
  expect(lines[0]).toBe("It has 5.09e+15 spanning trees."); // exp(36.16625), by a determinant in float64
  expect(lines[1]).toBe("In all of them: 1–12.");
  expect(picture.match(/<line/g)).toHaveLength(78);
});

test("eight schools tell of one another as quadrature says", () => {
  const { lines, picture } = run("eight-schools", "500");
  // Mean and standard deviation of the posterior, by quadrature over tau; 4 errors of a mean of 1,000 draws and more
  const wanted = { mu: 4.397, tau: 3.598, "theta[0]": 6.212, "theta[2]": 3.927, "theta[6]": 6.297 };
  for (const [name, mean] of Object.entries(wanted)) {
    const row = lines.find((line) => line.trim().startsWith(`${name} `))!;
    const [came, std, , , , draws, rHat] = row.trim().split(/ +/).slice(1).map(Number) as number[];
    expect(Math.abs(came! - mean), row).toBeLessThan((4 * std!) / Math.sqrt(draws!));
    expect(rHat, row).toBeLessThan(1.05);
  }
  expect(picture).toContain("theta[7]");
  expect(curve("eight-schools", "graph")).toContain("tau");
});

test("a coin is known by its tosses, as in Edward2's paper", () => {
  const { lines, picture } = run("beta-bernoulli", "500");
  expect(lines[2]).toBe("log p(probs = 0.3, two heads) = -5.261 nats"); // 2 log 0.3 + 8 log 0.7
  expect(numberAfter(lines, "Posterior mean")).toBeCloseTo(0.25, 1);
  expect(picture).toContain("probs");
});

test("a guide comes near the posterior of damaged O-rings as quadrature has it", () => {
  const { lines, picture } = run("variational-program", "600");
  const [first, last] = [150, 600].map((steps) => numberAfter(lines, `${steps} steps: minus the bound`));
  expect(last).toBeLessThan(first!);
  // Quadrature over both weights, on a grid of 1,201 by 1,201 points
  expect(numberAfter(lines, "importance sampling")).toBeCloseTo(-13.342, 1);
  expect(numberAfter(lines, "are worth")).toBeGreaterThan(2_000);
  expect(Math.abs(numberAfter(lines, "log-odds") - -1.231)).toBeLessThan(0.1);
  expect(Math.abs(numberAfter(lines, "risk of damage:") - 0.984)).toBeLessThan(0.02);
  expect(picture).toContain("<path");
});

/** The number after the words, which a line has: `chain: 96.4 % of words`. */
function numberAfter(lines: readonly string[], words: string): number {
  const line = lines.find((each) => each.includes(words))!;
  return Number(/^-?[\d.]+/.exec(line.slice(line.indexOf(words) + words.length).trimStart())![0]);
}

test("a tagger learns from few short sentences, with a chain and without", () => {
  const { lines, picture } = run("tagger", "--sentences", "400", "--epochs", "6", "--longest", "16");
  expect(lines[0]).toBe("400 sentences to learn from, 400 held out; 72 tags");
  for (const head of ["softmax", "chain"]) {
    // As nouns, the most frequent, 13 % of these words would be right
    expect(numberAfter(lines, `${head}:`)).toBeGreaterThan(35);
    const [first, last] = [1, 6].map((epoch) => numberAfter(lines, `${head}, epoch ${epoch}: loss`));
    expect(last).toBeLessThan(0.7 * first!);
  }
  expect(picture).toContain("<title>nn, nn: ");
  expect(curve("tagger")).toContain("nats a word");
});

test("a network that attends through a chain finds the segment that decides", () => {
  const { lines, picture } = run("structured-attention", "--steps", "200");
  expect(lines).toHaveLength(2);
  // By guessing 25 % of labels are right, and a fifth of an even attention lies inside
  ["softmax", "chain"].forEach((attention, i) => {
    expect(numberAfter([lines[i]!], `${attention}:`)).toBeGreaterThan(45);
    expect(numberAfter([lines[i]!], "labels right,")).toBeGreaterThan(35);
  });
  expect(picture).toContain("<title>chain, 0: ");
  expect(curve("structured-attention")).toContain("softmax");
});

test("states are found by an autoencoder whose bound is the likelihood less a divergence", () => {
  const { lines, picture } = run("structured-vae", "--sentences", "300", "--epochs", "3", "--longest", "16");
  const [first, last] = [1, 3].map((epoch) => numberAfter(lines, `epoch ${epoch}: minus the bound`));
  expect(last).toBeLessThan(first!);
  const [bound, exact, lacking] = ["bound", "= log-likelihood", "less"].map((words) =>
    numberAfter(
      lines.filter((line) => line.startsWith("held out")),
      words,
    ),
  );
  expect(lacking).toBeGreaterThan(0);
  expect(bound).toBeCloseTo(exact! - lacking!, 3);
  expect(numberAfter(lines, "most often:")).toBeGreaterThan(numberAfter(lines, "every word as nn:"));
  expect(picture).toMatch(/<title>\d+, nn: /);
  expect(curve("structured-vae")).toContain("<path");
});

test("a policy learns trees from how many heads are right", () => {
  const { lines, picture } = run("policy-gradient", "--steps", "40");
  expect(numberAfter(lines, "in the best trees,")).toBeLessThan(30); // of trees drawn before it has learnt
  expect(numberAfter(lines, "After 40 steps:")).toBeGreaterThan(60);
  expect(picture).toContain("<title>scheduled → hearing: ");
  expect(curve("policy-gradient", "reward")).toContain("share of right heads");
});

test("a parser learns from few short sentences", () => {
  const data = ["--sentences", "300", "--longest", "23", "--dev", "24", "--test", "50"];
  const settings = ["--epochs", "4", "--rate", "0.01", "--variants", "single-root"];
  const { lines, picture } = run("dependency-parser", ...data, ...settings);
  expect(lines[0]).toBe("300 sentences to learn from, 24 to choose by, 50 to be tested on");
  const [first, last] = [1, 4].map((epoch) => numberAfter(lines, `single-root, epoch ${epoch}: loss`));
  expect(last).toBeLessThan(0.7 * first!);
  // A head at random is right in one of some twenty words
  expect(numberAfter(lines, "single-root:")).toBeGreaterThan(25);
  expect(numberAfter(lines.slice(-1), "heads right,")).toBeGreaterThan(15);
  expect(picture).toContain("<title>single-root above the words, the treebank below</title>");
  expect(curve("dependency-parser")).toContain("nats a word");
});

test("a grammar and a hidden Markov model learn to predict short sentences, and trees are drawn", () => {
  const few = ["--sentences", "320", "--dev", "64", "--test", "64"];
  const small = ["--epochs", "2", "--symbols", "4", "--longest", "8"];
  const { lines, picture } = run("grammar-induction", ...few, ...small);
  for (const model of ["grammar", "hidden Markov model"]) {
    const line = lines.find((each) => each.startsWith(`${model}, dev:`))!;
    const [before, , after] = line
      .slice(line.indexOf(":") + 1)
      .split("→")
      .map(parseFloat);
    expect(after).toBeLessThan(before! - 0.5);
    expect(numberAfter(lines, `${model}, test:`)).toBeLessThan(before!);
  }
  expect(lines[5]).toMatch(/^\[.*both.*figures.*\]$/);
  expect(picture).toContain("figures");
  expect(picture.match(/<svg /g)).toHaveLength(4); // three trees in one picture
  expect(curve("grammar-induction")).toContain("bits a word");
});

test("a logistic regression has a posterior, and its mean prediction judges tumours it has not seen", () => {
  const { lines, picture } = run("logistic-regression", "--warmup", "80", "--samples", "80", "--chains", "2");
  expect(lines[0]).toMatch(/^427 tumours to learn from, 142 held out; 2 chains of 80 \+ 80 steps/);
  expect(numberAfter(lines, " s,")).toBe(0); // divergences
  expect(lines[2]).toMatch(/error of radius +1\.\d+/);
  expect(numberAfter(lines, "R-hat at most")).toBeLessThan(1.15);
  expect(numberAfter(lines, "held out:")).toBeGreaterThan(95); // 65 % of them are benign
  expect(numberAfter(lines, "right (")).toBeLessThan(7);
  expect(numberAfter(lines, "wrong),")).toBeLessThan(0.1); // nats a tumour; by the likeliest coefficients 1.6
  expect(picture).toContain("<title>error of radius: ");
});

test("new tasks are learnt faster after learning to learn", () => {
  const { lines, picture } = run("learning-to-learn", "--steps", "120");
  const [before, after] = [lines[1]!, lines[2]!].map((line) =>
    line.slice(line.lastIndexOf(":") + 1).trim().split(" ").map(Number),
  ); // prettier-ignore
  expect([before!.length, after!.length]).toEqual([11, 11]);
  expect(after!.at(-1)).toBeLessThan(0.75 * before!.at(-1)!);
  expect(after!.at(-1)).toBeLessThan(after![0]!);
  expect(lines[3]).toMatch(/^rates of the layers: first 0\.\d+, second 0\.\d+, last 0\.\d+$/);
  expect(picture).toContain("start and rates that were learnt");
  expect(curve("learning-to-learn")).toContain("step of the outer loop");
});

test("programs inside programs believe what rational speech acts say, and the rationality is found", () => {
  const { lines, picture } = run("nested-inference", "200");
  // Each agent's choice, given what it is asked about, by arithmetic: rows of a table to be normalized
  const normalized = (rows: number[][]) => rows.map((row) => row.map((x) => x / row.reduce((a, b) => a + b)));
  const turned = (rows: number[][]) => rows[0]!.map((_, i) => rows.map((row) => row[i]!));
  const isTrue = [[1, 0, 0, 0], [0, 1, 1, 1], [0, 0, 0, 1]].map((row) => row.map((x) => (x ? 0.99 : 0.01))); // prettier-ignore
  const believed = (rationality: number): number[][] => {
    const literal = normalized(isTrue);
    const speaker = normalized(turned(literal).map((row) => row.map((p) => p ** rationality)));
    return normalized(turned(speaker));
  };
  ["none", "some", "all"].forEach((words, i) => {
    const row = lines.find((line) => line.startsWith(`${words}: `))!.split(" ").slice(1).map(Number); // prettier-ignore
    row.forEach((p, red) => expect(Math.abs(p - believed(1)[i]![red]!), words).toBeLessThan(1e-5));
  });
  const slope = (believed(1 + 1e-5)[1]![3]! - believed(1 - 1e-5)[1]![3]!) / 2e-5;
  expect(Math.abs(numberAfter(lines, "changes by") - slope)).toBeLessThan(1e-5);
  // The posterior mean of the rationality, by quadrature: a prior of Gamma(2, 1), and the choices of the example
  const chosen = [[19, 1, 0, 0], [0, 27, 26, 7], [0, 0, 1, 19]]; // prettier-ignore
  let [mass, first] = [0, 0];
  for (let at = 0.001; at < 6; at += 0.001) {
    const table = believed(at);
    const log = chosen.flatMap((row, i) => row.map((count, red) => count * Math.log(table[i]![red]!)));
    const density = at * Math.exp(-at + log.reduce((a, b) => a + b) + 70);
    [mass, first] = [mass + density, first + at * density];
  }
  const row = lines.find((line) => line.startsWith("rationality "))!;
  const [mean, std, , , , draws, rHat] = row.trim().split(/ +/).slice(1).map(Number) as number[];
  expect(Math.abs(mean! - first / mass), row).toBeLessThan(0.005 + (4 * std!) / Math.sqrt(draws!));
  expect(rHat, row).toBeLessThan(1.05);
  expect(picture).toContain("pragmatic listener");
  expect(curve("nested-inference", "posterior")).toContain("rationality");
});

test("a genome is segmented by a hidden Markov model whose probabilities are unknown", () => {
  const part = ["--from", "23861", "--bases", "500"]; // 27 % of the first 250 are G or C, 50 % of the others
  const steps = ["--warmup", "100", "--samples", "96", "--chains", "1"];
  const { lines, picture } = run("bayesian-genome", ...part, ...steps);
  expect(lines[0]).toMatch(/^bases 23861 to 24360: 1 chains of 100 \+ 96 steps/);
  expect(numberAfter(lines, "R-hat at most")).toBeLessThan(1.1);
  const [poor, rich] = ["AT-rich", "GC-rich"].map((state) =>
    numberAfter(lines, `${state} state: GC content`),
  );
  expect(Math.abs(poor! - 27)).toBeLessThan(6);
  expect(Math.abs(rich! - 50)).toBeLessThan(6);
  expect(numberAfter(lines, "segments of a drawn path:")).toBeLessThan(5);
  expect(picture).toContain("P(GC-rich)");
});

test("an autoencoder as a probabilistic program has a bound that rises", () => {
  // Batches of 32, all of one shape
  const few = ["--sentences", "384", "--epochs", "4", "--longest", "16", "--draws", "1"];
  const { lines, picture } = run("structured-vae-program", ...few);
  const [before, after] = ["before", "after"].map((when) => {
    const [bound, exact, lacking] = ["bound", "= log-likelihood", "less"].map((words) =>
      numberAfter(
        lines.filter((line) => line.startsWith(`${when}, held out`)),
        words,
      ),
    );
    expect(lacking).toBeGreaterThan(0);
    expect(bound).toBeCloseTo(exact! - lacking!, 3);
    return bound!;
  });
  expect(after! - before!).toBeGreaterThan(0.02);
  expect(picture).toMatch(/<title>\d+, nn: /);
  expect(curve("structured-vae-program")).toContain("<path");
});

test("calls are spans, within the requests that make them", () => {
  const lines = printed("opentelemetry");
  const spans = lines.filter((line) => line.includes(" in "));
  expect(spans).toEqual([
    "launch tag in POST /tag: ok",
    "POST /tag in nothing: ok",
    expect.stringMatching(/^launch tag in POST \/tag: LinearChainCRF: `emission` must be a number/),
    "POST /tag in nothing: ok",
  ]);
  expect(lines.join("\n")).toMatch(/bytesOut: \d+,\s+queueSeconds: [\d.e-]+,\s+compileSeconds: [\d.e-]+/);
});
