import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packageRoot } from "../../bridge/environment/package-root.ts";
import { resolvePython } from "../../bridge/environment/resolve-python.ts";
import { load, save } from "../../src/files/index.ts";
import {
  array,
  connect,
  HMM,
  HostTensor,
  jit,
  LinearChainCRF,
  np,
  padded,
  put,
  random,
  safetensors,
  type Session,
  type Tensor,
} from "../../src/index.ts";
import { errorOf } from "../fixtures/errors.ts";

const root = packageRoot();
const directory = mkdtempSync(join(tmpdir(), "synjax-files-"));
const inside = (name: string): string => join(directory, name);
let session: Session;
beforeAll(async () => void (session = await connect()));
afterAll(async () => {
  await session.close();
  rmSync(directory, { recursive: true, force: true });
});

type Weights = { initial: Tensor<"float32">; transition: Tensor<"float32"> };
type Floats = Tensor<"float32">;
type Ints = Tensor<"int32">;

const crfOf = (params: Weights, emission: Floats, lengths: Ints): LinearChainCRF =>
  new LinearChainCRF({ ...params, emission, lengths });
const tag = jit((params: Weights, emission: Floats, lengths: Ints) => {
  const crf = crfOf(params, emission, lengths);
  return crf.decode(crf.argmax());
});
const score = jit((params: Weights, emission: Floats, lengths: Ints) => {
  const crf = crfOf(params, emission, lengths);
  return { logZ: crf.logPartition(), parts: [crf.marginals().sum(-2), null] as const };
});
const params = (): Weights => ({
  initial: array([0.25, -0.5]),
  transition: array([[0.5, -1], [-1, 0.5]]), // prettier-ignore
});
const [sentences, further] = [[[[2, 0], [0, 3], [1, 1.5]], [[0, 1]]], [[[1, 0], [0.5, 0.75]]]]; // prettier-ignore

/** The elements of a tree of results. */
function elements(tree: unknown): unknown {
  if (tree instanceof HostTensor) return [tree.dtype, tree.shape, tree.data];
  if (Array.isArray(tree)) return tree.map(elements);
  if (typeof tree !== "object" || tree === null) return tree;
  return Object.fromEntries(Object.entries(tree).map(([key, value]) => [key, elements(value)]));
}

describe("a file of programs", () => {
  const path = inside("tagger.synjax");
  const { values, lengths } = padded(sentences);
  beforeAll(async () => {
    await session.get([tag(params(), values, lengths), score(params(), values, lengths)]);
    await save(path, { tag, score }, { params: put(params()), metadata: { language: "en" } });
  });

  test("gives back what the functions give, to the bit, in this session and in another", async () => {
    const model = await load<{ tag: typeof tag; score: typeof score }>(path);
    for (const batch of [sentences, further]) {
      const { values, lengths } = padded(batch);
      const expected = await session.get([tag(params(), values, lengths), score(params(), values, lengths)]);
      const came = [await model.functions.tag(values, lengths), await model.functions.score(values, lengths)];
      expect(elements(came)).toEqual(elements(expected));
    }
    expect(model.metadata).toEqual({ language: "en" });
    // Nested arrays too: the file says what is a tensor. And a chain of calls does not wait
    const nested = await model.functions.tag([[[2, 0], [0, 3]]], [2]); // prettier-ignore
    expect(nested.array()).toEqual([[0, 1]]);
    const chained = model.functions.score.launch(
      values,
      model.functions.tag.launch(values, lengths).max(-1).add(1),
    );
    expect((await chained.logZ.aval()).shape).toEqual([2]);
    await using other = await connect();
    const there = await load<{ tag: typeof tag }>(path, { session: other });
    const tags = await there.functions.tag(values, lengths);
    expect(elements(tags)).toEqual(elements(await session.get(tag(params(), values, lengths))));
    model.dispose();
    expect((await model.functions.tag(values, lengths)).shape).toEqual([2, 3]);
  });

  test("has its weights on the worker that follows one that has ended", async () => {
    await using other = await connect();
    const { functions } = await load<{ tag: typeof tag }>(path, { session: other });
    const before = await functions.tag(values, lengths);
    const lost = (async () => {
      for await (const { type } of other.status()) if (type === "lost") return;
    })();
    process.kill(other.workerPid!, "SIGKILL");
    await lost;
    expect(elements(await functions.tag(values, lengths))).toEqual(elements(before));
  });

  test("is the same to Python without a worker", async () => {
    const model = await load<{ score: typeof score }>(path);
    const found = await model.functions.score(values, lengths);
    const code = `
import sys, numpy as np
from synjax_worker import files
model = files.load(sys.argv[1])
emission = np.frombuffer(bytes.fromhex(sys.argv[2]), np.float32).reshape(2, 3, 2)
found = model.functions["score"](emission, lengths=[3, 1])
print(np.asarray(found["logZ"]).tobytes().hex(), np.asarray(found["parts"][0]).tobytes().hex(), found["parts"][1])
print(model.functions["tag"](emission, [3, 1]).tolist(), model.metadata)`;
    const python = await resolvePython({});
    const emission = Buffer.from((await values.data()).buffer).toString("hex");
    const printed = execFileSync(python, ["-c", code, path, emission], {
      encoding: "utf8",
      env: { ...process.env, PYTHONPATH: join(root, "python"), JAX_PLATFORMS: "cpu" },
    });
    const hex = (of: HostTensor<"float32">): string => Buffer.from(of.data.buffer).toString("hex");
    expect(printed.trim().split("\n")).toEqual([
      `${hex(found.logZ)} ${hex(found.parts[0])} None`,
      "[[0, 1, 1], [1, -1, -1]] {'language': 'en'}",
    ]);
  });

  test("is a safetensors file, which other readers read", async () => {
    const held = safetensors.load(readFileSync(path)) as { params: { transition: Tensor } };
    expect(await held.params.transition.array()).toEqual([[0.5, -1], [-1, 0.5]]); // prettier-ignore
  });

  test("says what it takes", async () => {
    const { schema } = await load(path);
    const free = { dtype: "float32", shape: [null, null, null], example: [2, 3, 2] };
    expect(schema.functions["tag"]).toEqual({
      program: 0,
      arguments: [{ name: "emission", tree: 2 }, { name: "lengths", tree: 3 }], // prettier-ignore
      inputs: [{ weight: "params.initial" }, { weight: "params.transition" }, free, { dtype: "int32", shape: [null], example: [2] }], // prettier-ignore
      results: 0,
      outputs: [{ dtype: "int32", shape: [null, null], example: [2, 3] }],
      flags: {},
    });
    expect(schema.functions["score"]!.results).toEqual({ dict: { logZ: 0, parts: { list: [1, null] } } });
  });

  test("names the argument that is not what it says", async () => {
    const { functions } = await load(path);
    const cases: readonly (readonly [readonly unknown[], string])[] = [
      [[array([[1, 2]]), lengths], "emission"],
      [[new Float64Array(2), lengths], "emission"],
      [[values, [1.5, 1]], "lengths"],
      [[values, { a: 1 }], "lengths"],
      [[values], "lengths"],
      [[values, lengths, lengths], "arguments"],
    ];
    for (const [args, argument] of cases) expect((await errorOf(() => functions["tag"]!(...args))).argument).toBe(argument); // prettier-ignore
    const error = await errorOf(() => functions["tag"]!(values, [4, 1]));
    expect([error.code, error.argument]).toEqual(["CHECK_FAILED", "lengths"]);
  });

  test("is left as it was where a new one cannot be written, and nothing stays behind", async () => {
    const before = readFileSync(path);
    const script = inside("large.mts");
    const [index, files] = ["index.ts", join("files", "index.ts")].map((file) =>
      JSON.stringify(join(root, "src", file)),
    );
    writeFileSync(
      script,
      `import { jit, array } from ${index!};
       import { save } from ${files!};
       const f = jit((p, x) => x.add(p));
       const x = { dtype: "float32", shape: [null] };
       await save(${JSON.stringify(path)}, { f }, { params: array(new Float32Array(1e6)), examples: { f: [x] } })
         .catch((error) => console.log(error.code, error.argument));`,
    );
    const tsx = join(root, "node_modules", "tsx", "dist", "cli.mjs");
    const command = `ulimit -f 1000; exec ${JSON.stringify(process.execPath)} ${JSON.stringify(tsx)} ${JSON.stringify(script)}`;
    expect(spawnSync("bash", ["-c", command], { encoding: "utf8" }).stdout).toBe("INVALID_ARGUMENT path\n");
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(directory).filter((name) => name.startsWith("."))).toEqual([]);
    const x = { dtype: "float32", shape: [2] } as const;
    const nowhere = await errorOf(() => save(inside("no/where.synjax"), { f: jit((p: Floats, y: Floats) => p.add(y)) }, { params: array([1]), examples: { f: [x] } })); // prettier-ignore
    expect([nowhere.code, nowhere.argument]).toEqual(["INVALID_ARGUMENT", "path"]);
  });
});

describe("what can be saved", () => {
  const free = { dtype: "float32", shape: ["n", 2] } as const;

  test("dtypes, trees and keys; examples name dims; what a function is closed over", async () => {
    const offset = array([10, 20], { dtype: "int32" });
    type Given = { counts: Ints; rest: [Tensor<"bool">, Tensor<"key">]; wide: Tensor<"int64"> };
    const f = jit((x: Given, y: Floats) => [
      x.counts.add(offset),
      { not: np.logicalNot(x.rest[0]), normal: random.normal(x.rest[1], { shape: [2] }) },
      x.wide.add(x.wide),
      y.sum(),
    ]);
    const path = inside("trees.synjax");
    const x = {
      counts: { dtype: "int32", shape: ["n"] },
      rest: [{ dtype: "bool", shape: ["n"] }, { dtype: "key", shape: [] }], // prettier-ignore
      wide: { dtype: "int64", shape: [null] },
    } as const;
    await save(path, { f }, { examples: { f: [x, free] }, names: { f: ["x", "y"] } });
    const { functions, schema } = await load<{ f: typeof f }, false>(path);
    expect(schema.functions["f"]!.inputs.at(-1)).toEqual({ constant: "constant.0" });
    const given = {
      counts: array([1, 2], { dtype: "int32" }),
      rest: [array([true, false]), random.key(3)] as [Tensor<"bool">, Tensor<"key">],
      wide: array([2n ** 40n]),
    };
    const y = array([[1, 2], [3, 4]]); // prettier-ignore
    const [came, expected] = [await functions.f(given, y), await session.get(f(given, y))];
    expect(elements(came)).toEqual(elements(expected));
    const unequal = await errorOf(() => functions.f(given, array([[1, 2]])));
    expect([unequal.argument, unequal.expected]).toEqual(["y", "n = 2, as in `x.counts`"]);
  });

  test("the log-partition of an HMM", async () => {
    type Coin = { initLogits: Floats; transitionLogits: Floats; emissionDist: Floats };
    const logZ = jit((coin: Coin, observations: Ints) => new HMM({ ...coin, observations }).logPartition());
    const coin = { initLogits: array([0, 0]), transitionLogits: array([[2, 0], [0, 2]]), emissionDist: array([[0, 0], [1, -1]]) }; // prettier-ignore
    const tosses = array([0, 0, 1, 0, 1], { dtype: "int32" });
    const expected = await logZ(coin, tosses).data();
    await save(inside("hmm.synjax"), { logZ }, { params: coin });
    const { functions } = await load<{ logZ: typeof logZ }>(inside("hmm.synjax"));
    expect((await functions.logZ(tosses)).data).toEqual(expected);
  });

  test("weights that live apart", async () => {
    const f = jit((p: { w: Floats }, x: Floats) => x.add(p.w));
    const path = inside("apart.synjax");
    const options = {
      examples: { f: [{ dtype: "float32", shape: [2] }] },
      weights: "w.safetensors",
    } as const;
    await save(path, { f }, { params: { w: array([1, 2]) }, ...options });
    const added = async (weights?: string): Promise<unknown> =>
      (await (await load<{ f: typeof f }>(path, weights ? { weights } : {})).functions.f([10, 10])).array();
    expect((await errorOf(() => added())).argument).toBe("weights");
    const write = async (name: string, tree: unknown): Promise<void> =>
      writeFileSync(inside(name), await safetensors.save(tree));
    await write("w.safetensors", { w: array([3, 4]) });
    expect(await added()).toEqual([13, 14]);
    await write("b.safetensors", { params: { w: array([5, 6]) } });
    expect(await added(inside("b.safetensors"))).toEqual([15, 16]);
    await write("a.safetensors", { v: array([0]) });
    const index = inside("model.safetensors.index.json");
    writeFileSync(index, JSON.stringify({ weight_map: { v: "a.safetensors", w: "w.safetensors" } }));
    expect(await added(index)).toEqual([13, 14]);
    for (const [tree, expected] of [
      [{ v: array([1, 2]) }, "a tensor `w`"],
      [{ w: array([1, 2], { dtype: "int32" }) }, "`w` of float32[2]"],
      [{ w: array([1, 2, 3]) }, "`w` of float32[2]"],
    ] as const) {
      await write("other.safetensors", tree);
      const error = await errorOf(() => added(inside("other.safetensors")));
      expect([error.argument, error.expected]).toEqual(["weights", expected]);
    }
    writeFileSync(index, JSON.stringify({ weight_map: { w: "../w.safetensors" } }));
    expect((await errorOf(() => added(index))).expected).toBe("names of files beside it");
    expect((await errorOf(() => save(path, { f }, { params: { w: array([1, 2]) }, ...options, weights: "../w" }))).argument).toBe("weights"); // prettier-ignore
  });

  test("what cannot is refused, and named", async () => {
    const p = array([1, 2]);
    const add = jit((a: Floats, b: Floats) => a.add(b));
    const made = jit(
      (a: Floats, b: Floats) => new LinearChainCRF({ initial: a, transition: b, emission: b }),
    );
    const fixed = jit((a: Floats, n: number) => a.mul(n), { staticArgnums: 1 });
    const twice = jit((a: Floats, b: Floats | Floats[]) => a.add(Array.isArray(b) ? b[0]! : b));
    const called = jit((a: Floats | { w: Floats }) => ("w" in a ? a.w : a).add(1));
    void [twice(p, p), twice(p, [p]), called(p)];
    const path = inside("refused.synjax");
    const example = { add: [free], made: [free] };
    const cases: readonly (readonly [() => unknown, string, string])[] = [
      [() => save(path, { add }, { params: p }), "add", "a function that was called, or an example of its arguments: `examples`"],
      [() => save(path, { made }, { params: p, examples: { made: [free] } }), "made", "tensors as result: take or return what is asked of a distribution"],
      [() => save(path, { fixed }, { params: p }), "fixed", "a function without staticArgnums: jit one that has them inside"],
      [() => save(path, { twice }, { params: p }), "twice", "`examples` of one structure of its arguments"],
      [() => save(path, { add: (() => p) as never }, { params: p }), "add", "a function that jit made"],
      [() => save(path, { called }, { params: { w: p } }), "called", "a function whose first argument has the structure of `params`, { w: Tensor }"],
      [() => save(path, { add }, { params: p, examples: example }), "examples.made", "a function of add"],
      [() => save(path, { add }, { params: p, examples: { add: [free] }, metadata: { synjax: "9" } }), "metadata.synjax", "a name that the format does not use itself"],
      [() => save(path, { add }, { params: random.key(0), examples: { add: [free] } }), "params", "a tensor of numbers"],
    ]; // prettier-ignore
    for (const [run, argument, expected] of cases) {
      const error = await errorOf(run);
      expect([error.code, error.argument]).toEqual(["INVALID_ARGUMENT", argument]);
      expect(error.expected).toBe(expected);
    }
    expect(readdirSync(directory)).not.toContain("refused.synjax");
  });
});
