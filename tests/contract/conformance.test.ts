import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import * as synjax from "../../src/index.ts";
import { connect, get, jit, random, type Session } from "../../src/index.ts";
import {
  build,
  type Golden,
  type GoldenArray,
  goldens,
  type GoldenTree,
  isArray,
  numbers,
  registeredClasses,
  tensors,
} from "../fixtures/golden.ts";
import { ToyLayers } from "../fixtures/toys/toy-layers.ts";
import { ToyStaircase } from "../fixtures/toys/toy-staircase.ts";
import { ToyTaggedTree } from "../fixtures/toys/toy-tagged-tree.ts";
import { workerCpuSeconds } from "../fixtures/worker-cpu.ts";

// Classes of tests, each of which declares what no class before it did, stand before the same test.
const TOYS = "tests.conformance.toys";
const toys = { ToyLayers, ToyStaircase, ToyTaggedTree };
const classes: Readonly<Record<string, unknown>> = { ...synjax, ...toys };

let session: Session;
beforeAll(async () => {
  vi.stubEnv("SYNJAX_MODULES", TOYS);
  session = await connect();
});
afterAll(async () => {
  await session.close();
  vi.unstubAllEnvs();
});

test.each(registeredClasses())("%s has golden answers", (name) => {
  const found = goldens().map((golden) => golden.class);
  expect(
    found,
    `${name} has no file in tests/golden: write its enumerator (docs/adding-a-distribution.md), then npm run generate`,
  ).toContain(name);
});

const DRAWS = 2000;
const TOLERANCE = 1e-5;

/**
 * Every query, in four programs: most of what a class costs here is compiling. One program of all would share passes,
 * and take longer still.
 */
const programs = {
  sums(golden: Golden) {
    const [p, q] = [build(golden, golden.options, classes), build(golden, golden.other, classes)];
    const events = p.encode(tensors(golden.structures.compact)) as never;
    return {
      log_partition: p.logPartition(),
      log_count: p.logCount(),
      entropy: p.entropy(),
      kl_divergence: p.klDivergence(q as never),
      cross_entropy: p.crossEntropy(q as never),
      marginals: p.marginals(),
      log_marginals: p.logMarginals(),
      scores: p.unnormalizedLogProb(events),
      logProbs: p.logProb(events),
      decoded: p.decode(events),
    };
  },
  choices(golden: Golden) {
    const p = build(golden, golden.options, classes);
    const best = p.argmaxAndMax();
    const top = p.topK(mostOf(golden));
    return {
      max: best.score,
      best: p.decode(best.event),
      argmax: p.decode(p.argmax()),
      top: { compact: p.decode(top.events), scores: top.scores, count: top.count },
    };
  },
  draws(golden: Golden) {
    const p = build(golden, golden.options, classes);
    const distinct = p.sampleWithoutReplacement(random.key(3), mostOf(golden));
    const many = { sampleShape: [DRAWS] };
    return {
      samples: {
        one: p.decode(p.sample(random.key(1), many)),
        other: p.decode(p.sample(random.key(2), many)),
      },
      distinct: { compact: p.decode(distinct.events), logProbs: distinct.logProbs, count: distinct.count },
    };
  },
  /** Other versions of the same distribution, which without noise and at temperature 1 answer as it does. */
  versions(golden: Golden) {
    const p = build(golden, golden.options, classes);
    return {
      still: p.withPerturbation(random.key(4), still).logPartition(),
      tempered: p.withTemperature(1).logPartition(),
      first: p.at(0).logPartition(),
      relaxed: p.differentiableSample(random.key(5), { method: "Perturb-and-Marginals", ...still }),
      discrete: p.decode(
        p.differentiableSample(random.key(6), { method: "Perturb-and-MAP-Implicit-MLE", ...still }),
      ),
    };
  },
};
const still = { noise: "None" } as const;
const mostOf = (golden: Golden): number => Math.max(...golden.structures.count) + 1;

/** What shows that a further form of a class is made as it should be. What its queries answer the Python tests ask. */
function askLittle(golden: Golden) {
  const p = build(golden, golden.options, classes);
  const events = p.encode(tensors(golden.structures.compact)) as never;
  return { log_partition: p.logPartition(), logProbs: p.logProb(events), decoded: p.decode(events) };
}

interface Host {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}
type HostTree = Host | Readonly<Record<string, Host>>;
const leaves = (tree: HostTree): readonly Host[] =>
  "data" in tree && "shape" in tree ? [tree as Host] : Object.values(tree as Readonly<Record<string, Host>>);
const goldenLeaves = (tree: GoldenTree): readonly GoldenArray[] =>
  isArray(tree) ? [tree] : Object.values(tree);

function near(received: ArrayLike<number>, expected: readonly number[], what: string): void {
  expect(received.length, what).toBe(expected.length);
  expected.forEach((want, i) => {
    const got = received[i]!;
    if (!Number.isFinite(want)) expect(got, `${what}[${i}]`).toBe(want);
    else
      expect(Math.abs(got - want), `${what}[${i}]: ${got} for ${want}`).toBeLessThanOrEqual(
        TOLERANCE * Math.max(1, Math.abs(want)),
      );
  });
}

/** The compact structures (S B …) of one item, each as a key. */
function keys(compact: readonly Host[], item: number): string[] {
  const [structures, items] = compact[0]!.shape as [number, number];
  return Array.from({ length: structures }, (_, s) =>
    compact
      .map(({ shape, data }) => {
        const size = shape.slice(2).reduce((product, x) => product * x, 1);
        const start = (s * items + item) * size;
        return Array.prototype.slice.call(data, start, start + size).join();
      })
      .join(";"),
  );
}

const asHost = (golden: GoldenArray): Host => ({ shape: golden.shape, data: numbers(golden) });
const alone = (tree: HostTree): Host[] => leaves(tree).map((x) => ({ ...x, shape: [1, ...x.shape] }));

/** The structures of one item, and what each scores. */
function itemOf(golden: Golden, item: number) {
  const items = golden.structures.count.length;
  const count = golden.structures.count[item]!;
  const scores = numbers(golden.structures.scores).filter((_, i) => i % items === item);
  const logZ = numbers(golden.answers.log_partition as GoldenArray)[item]!;
  const names = keys(goldenLeaves(golden.structures.compact).map(asHost), item);
  const known = new Map(names.slice(0, count).map((key, i) => [key, scores[i]!]));
  const possible = [...known.values()].filter((score) => score > -Infinity);
  return { known, logZ, sorted: possible.sort((a, b) => b - a) };
}

const at = (values: Host, item: number): number[] =>
  Array.from(values.data).filter((_, i) => i % values.shape.at(-1)! === item);

const asked = [...goldens(), ...goldens("toys")];
const isFirst = ({ form, class: of }: Golden): boolean => form === of;
const asks = process.env.SYNJAX_TEST_FULL ? () => true : isFirst;

describe.each(asked.filter((golden) => !asks(golden)))("$form", (golden) => {
  test("is made as the Python class is", async ({ task }) => {
    const before = workerCpuSeconds(session);
    const said = await session.run(() => get(jit(() => askLittle(golden))()));
    Object.assign(task.meta, { of: golden.class, cpuSeconds: workerCpuSeconds(session) - before });
    const logZ = numbers(golden.answers.log_partition as GoldenArray);
    near((said.log_partition as unknown as Host).data, logZ, "log_partition");
    const decoded = leaves(said.decoded as unknown as HostTree);
    goldenLeaves(golden.structures.compact).forEach((leaf, i) =>
      expect([...Array.from(decoded[i]!.data)]).toEqual(numbers(leaf)),
    );
    golden.structures.count.forEach((_, item) => {
      const { known, logZ } = itemOf(golden, item);
      const logs = [...known.values()].map((score) => (score === -Infinity ? score : score - logZ));
      near(at(said.logProbs as unknown as Host, item).slice(0, logs.length), logs, `item ${item}: logProbs`);
    });
  });
});

describe.each(asked.filter(asks))("$form", (golden) => {
  const items = golden.structures.count.map((_, item) => itemOf(golden, item));

  test("every query answers as enumeration does", async ({ task }) => {
    const before = workerCpuSeconds(session);
    const draws = jit(() => programs.draws(golden));
    const said = await session.run(() =>
      get({
        ...jit(() => programs.sums(golden))(),
        ...jit(() => programs.choices(golden))(),
        ...jit(() => programs.versions(golden))(),
        ...draws(),
      }),
    );
    const again = await session.run(() => get(draws().samples.one));
    Object.assign(task.meta, { of: golden.class, cpuSeconds: workerCpuSeconds(session) - before });

    for (const [name, tree] of Object.entries(golden.answers)) {
      const received = leaves(said[name as keyof typeof said] as unknown as HostTree);
      goldenLeaves(tree).forEach((leaf, i) => near(received[i]!.data, numbers(leaf), name));
    }
    const [decoded, best, argmax] = [said.decoded, said.best, said.argmax].map((x) =>
      leaves(x as unknown as HostTree),
    ) as [Host[], Host[], Host[]];
    goldenLeaves(golden.structures.compact).forEach((leaf, i) =>
      expect([...Array.from(decoded[i]!.data)]).toEqual(numbers(leaf)),
    );
    expect(best.map((x) => x.data)).toEqual(argmax.map((x) => x.data));
    const answers = golden.answers as Readonly<Record<string, GoldenTree>>;
    const logZ = numbers(answers.log_partition as GoldenArray);
    for (const name of ["still", "tempered"] as const) near((said[name] as unknown as Host).data, logZ, name);
    near((said.first as unknown as Host).data, logZ.slice(0, 1), "at(0)");
    const relaxed = leaves(said.relaxed as unknown as HostTree);
    goldenLeaves(answers.marginals!).forEach((leaf, i) => near(relaxed[i]!.data, numbers(leaf), "relaxed"));
    expect(leaves(said.discrete as unknown as HostTree).map((x) => x.data)).toEqual(
      argmax.map((x) => x.data),
    );
    const [top, distinct] = [said.top, said.distinct];
    const samples = [said.samples.one, again, said.samples.other].map((x) =>
      leaves(x as unknown as HostTree),
    ) as Host[][];
    expect(samples[0]!.map((x) => x.data)).toEqual(samples[1]!.map((x) => x.data));
    expect(samples[0]!.map((x) => x.data)).not.toEqual(samples[2]!.map((x) => x.data));

    items.forEach(({ known, logZ, sorted }, item) => {
      const what = `item ${item}`;
      const scores = [...known.values()];
      near(at(said.scores as unknown as Host, item).slice(0, scores.length), scores, `${what}: scores`);
      const logs = scores.map((score) => (score === -Infinity ? score : score - logZ));
      near(at(said.logProbs as unknown as Host, item).slice(0, scores.length), logs, `${what}: logProbs`);
      if (sorted.length === 0) return;
      near([known.get(keys(alone(best as never), item)[0]!)!], [sorted[0]!], `${what}: argmax`);

      const k = (top.scores as unknown as Host).shape[0]!;
      const padded = [...sorted, ...Array<number>(k - sorted.length).fill(-Infinity)];
      near(at(top.scores as unknown as Host, item), padded, `${what}: topK`);
      expect(at(top.count as unknown as Host, item)).toEqual([sorted.length]);
      const ranked = keys(leaves(top.compact as unknown as HostTree) as Host[], item).slice(0, sorted.length);
      expect(new Set(ranked).size).toBe(sorted.length);
      near(
        ranked.map((key) => known.get(key)!),
        sorted,
        `${what}: structures of topK`,
      );

      expect(at(distinct.count as unknown as Host, item)).toEqual([sorted.length]);
      const drawn = keys(leaves(distinct.compact as unknown as HostTree) as Host[], item).slice(
        0,
        sorted.length,
      );
      expect(new Set(drawn).size).toBe(sorted.length);
      near(
        at(distinct.logProbs as unknown as Host, item).slice(0, sorted.length),
        drawn.map((key) => known.get(key)! - logZ),
        `${what}: draws without replacement`,
      );
      drawsFollow(keys(samples[0]!, item), known, logZ, what);
    });
  });
});

/** A band of 5 standard deviations for each structure: a false alarm about once in a million runs. */
function drawsFollow(
  drawn: readonly string[],
  known: ReadonlyMap<string, number>,
  logZ: number,
  what: string,
): void {
  const counts = new Map<string, number>();
  for (const key of drawn) counts.set(key, (counts.get(key) ?? 0) + 1);
  expect(
    [...counts.keys()].filter((key) => !known.has(key)),
    `${what}: drew what is no structure`,
  ).toEqual([]);
  for (const [key, score] of known) {
    const chance = Math.exp(score - logZ);
    const spread = Math.sqrt(drawn.length * chance * (1 - chance));
    const off = Math.abs((counts.get(key) ?? 0) - drawn.length * chance);
    expect(off, `${what}: draws of ${key}`).toBeLessThanOrEqual(chance === 0 ? 0 : 5 * spread + 1);
  }
}
