/** Files of programs that are cut, changed or contradictory, those of every version so far, and the commands. */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { packageRoot } from "../../bridge/environment/package-root.ts";
import { load } from "../../src/files/index.ts";
import type { SynjaxError } from "../../src/index.ts";
import { errorOf } from "../fixtures/errors.ts";

const golden = join(packageRoot(), "tests", "golden", "files");
const bytes = readFileSync(join(golden, "tagger-1.synjax"));
const directory = mkdtempSync(join(tmpdir(), "synjax-damaged-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const start = 8 + Number(bytes.readBigUint64LE(0));
type Texts = Record<string, string>;
type Function = Record<string, unknown[]>;
interface Said {
  readonly functions: Record<string, Function>;
  readonly weights: Record<string, object>;
}
type Fields = Record<string, unknown> & { __metadata__: Texts };
const fields = (): Fields => JSON.parse(bytes.toString("utf8", 8, start)) as Fields;

/** The golden file with another header, whose hash is right. */
function withHeader(header: Fields): Buffer {
  header.__metadata__["sha256"] = "0".repeat(64);
  const json = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUint64LE(BigInt(json.length));
  const whole = Buffer.concat([prefix, json]);
  const digest = createHash("sha256").update(whole).digest("hex");
  whole.write(digest, whole.indexOf(`"sha256":"${"0".repeat(64)}"`) + 10);
  return Buffer.concat([whole, bytes.subarray(start)]);
}

function withMetadata(changes: Texts): Buffer {
  const header = fields();
  Object.assign(header.__metadata__, changes);
  return withHeader(header);
}

function withSchema(change: (schema: Said) => void): Buffer {
  const schema = JSON.parse(fields().__metadata__["schema"]!) as Said;
  change(schema);
  return withMetadata({ schema: JSON.stringify(schema) });
}

function refusal(file: Buffer): Promise<SynjaxError> {
  const path = join(directory, "file.synjax");
  writeFileSync(path, file);
  return errorOf(() => load(path));
}

test("a change in any byte is found", async () => {
  const changed = Buffer.from(bytes);
  for (let at = 0; at < bytes.length; at++) {
    changed[at]! ^= 1 << (at % 8);
    expect([at, (await refusal(changed)).code]).toEqual([at, "INVALID_ARGUMENT"]);
    changed[at] = bytes[at]!;
  }
});

test("a file that is cut is found, and one that goes on", async () => {
  for (let length = 0; length < bytes.length; length += length < 16 || length > bytes.length - 16 ? 1 : 97)
    expect([length, (await refusal(bytes.subarray(0, length))).code]).toEqual([length, "INVALID_ARGUMENT"]);
  expect((await refusal(Buffer.concat([bytes, Buffer.alloc(1)]))).expected).toMatch(/bytes of elements/);
});

test("a newer format is refused by its name", async () => {
  const { received } = await refusal(withMetadata({ synjax: "3", writer: "7.1.0" }));
  expect(received).toBe("the format 3: synjax-ts 7.1.0, which wrote it, or a later one reads it");
  const header = fields();
  delete (header as { __metadata__?: Texts }).__metadata__;
  const json = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUint64LE(BigInt(json.length));
  const plain = await refusal(Buffer.concat([prefix, json, bytes.subarray(start)]));
  expect(plain.received).toBe("a safetensors file without programs");
});

test("operations and classes that are missing, or are others, are named", async () => {
  const hash = "0123456789abcdef";
  const used = fields().__metadata__;
  const withName = (key: "ops" | "classes", name: string): Buffer =>
    withMetadata({ [key]: JSON.stringify({ ...(JSON.parse(used[key]!) as Texts), [name]: hash }) });
  const cases = [
    [withName("ops", "np.frobnicate"), "it needs operations that are not here: np.frobnicate"],
    [withName("classes", "LinearChainCrf2"), "it needs classes that are not here: LinearChainCrf2"],
    [
      withName("classes", "LinearChainCRF"),
      "it needs classes that have other signatures here: LinearChainCRF",
    ],
  ] as const;
  for (const [file, message] of cases) {
    const error = await refusal(file);
    expect([error.code, error.message]).toEqual(["UNKNOWN_OP", expect.stringContaining(message)]);
  }
  expect((await refusal(withMetadata({ ops: "{}" }))).expected).toBe(
    "each operation that is used among `ops`",
  );
});

test("a schema that contradicts the programs or the tensors is found", async () => {
  const ofTag = (change: (tag: Function) => void): Buffer =>
    withSchema(({ functions }) => change(functions["tag"]!));
  const cases = [
    [ofTag((tag) => tag["inputs"]!.shift()), /^arguments of `tag`/],
    [ofTag((tag) => tag["inputs"]!.unshift({ weight: "params.initial" })), /^arguments of `tag`/],
    [ofTag((tag) => tag["inputs"]!.push({ weight: "params.initial" })), /^a program of 5 inputs and 1 results/],
    [ofTag((tag) => Object.assign(tag, { results: { list: [0, 1] }, outputs: [{}, {}] })), /and 2 results for `tag`/],
    [ofTag((tag) => Object.assign(tag, { program: 7 })), /^a program of `tag` among 2/],
    [ofTag((tag) => Object.assign(tag, { results: { list: 0 } })), /^the results of `tag` as a tree/],
    [ofTag((tag) => Object.assign(tag, { flags: { batchable: 1 } })), /^flags of `tag`/],
    [withSchema((schema) => Object.assign(schema, { weights: {} })), /among the weights$/],
    [withSchema((schema) => Object.assign(schema, { weightsFile: "/w" })), /in its own directory$/],
    [withSchema((schema) => Object.assign(schema, { programs: ["0", "1"] })), /^program 0 with the hash/],
    [withSchema(({ weights }) => Object.assign(weights["params.initial"]!, { shape: [3] })), /as its schema says$/],
    [withMetadata({ schema: "{" }), /^`schema` as JSON$/],
    [withMetadata({ tensors: "{}" }), /^a hash of each tensor$/],
  ] as const; // prettier-ignore
  for (const [file, expected] of cases) expect((await refusal(file)).expected).toMatch(expected);
});

test("sizes are checked before anything is allocated", async () => {
  for (const entry of [
    { data_offsets: [0, 2 ** 50] },
    { data_offsets: [-8, 0] },
    { shape: [2 ** 40, 2 ** 40] },
    { shape: [0.5] },
    { dtype: "F8_E4M3" },
  ]) {
    const header = fields();
    Object.assign(header["params.initial"] as object, entry);
    expect((await refusal(withHeader(header))).code).toBe("INVALID_ARGUMENT");
  }
  const long = Buffer.alloc(64);
  long.writeBigUint64LE(100_000_001n);
  expect((await refusal(long)).received).toBe("a header of 100000001 bytes in a file of 64");
  expect((await errorOf(() => load(directory))).expected).toBe("a file that can be read");
});

test.each(readdirSync(golden).filter((name) => name.startsWith("tagger-")))(
  "%s, which an earlier version saved, does what it did",
  async (name) => {
    const { functions, metadata } = await load(join(golden, name));
    const emission = [[[2, 0], [0, 3], [1, 1.5]], [[0, 1], [0, 0], [0, 0]]]; // prettier-ignore
    const tags = (await functions["tag"]!(emission, [3, 1])) as { array(): unknown };
    expect(tags.array()).toEqual([[0, 1, 1], [1, -1, -1]]); // prettier-ignore
    const { logZ, marginals } = (await functions["score"]!(emission, [3, 1])) as Record<
      string,
      { array(): unknown }
    >;
    const expected = JSON.parse(metadata["expected"]!) as { logZ: number[]; marginals: number[][][] };
    for (const [i, each] of (logZ!.array() as number[]).entries())
      expect(each).toBeCloseTo(expected.logZ[i]!, 5);
    const [came, right] = [marginals!.array() as number[][][], expected.marginals].map((of) => of.flat(2));
    for (const [i, each] of came!.entries()) expect(each).toBeCloseTo(right![i]!, 5);
  },
);

const cli = (...args: readonly string[]): readonly string[] => [
  join(packageRoot(), "node_modules", "tsx", "dist", "cli.mjs"),
  join(packageRoot(), "bridge", "cli", "cli.ts"),
  ...args,
];

test("`synjax inspect` says what a file holds", () => {
  const path = join(golden, "tagger-1.synjax");
  const printed = execFileSync(process.execPath, cli("inspect", path), { encoding: "utf8" });
  expect(printed).toContain(
    `${path}: format 1, 2,${bytes.length % 1000} bytes, written by synjax-ts 0.1.0\n`,
  );
  expect(printed).toContain(
    "  tag(emission: float32[?, ?, ?], lengths: int32[?]) -> int32[?, ?]  program 0\n",
  );
  expect(printed).toMatch(/ {2}params\.transition {2}float32\[2, 2\] {2}sha256 8b105790/);
  writeFileSync(join(directory, "cut.synjax"), bytes.subarray(0, -1));
  const { status, stderr } = spawnSync(process.execPath, cli("inspect", join(directory, "cut.synjax")), { encoding: "utf8" }); // prettier-ignore
  expect([status, stderr]).toEqual([2, expect.stringMatching(/^synjax: \[INVALID_ARGUMENT\] `FILE`: /)]);
});

test("`synjax types` writes the types of its functions", () => {
  const output = join(directory, "tagger.d.ts");
  execFileSync(process.execPath, cli("types", join(golden, "tagger-1.synjax"), "-o", output));
  expect(readFileSync(output, "utf8")).toContain(`import type { Tensor } from "synjax-ts";

/** The functions of the file without their weights: \`load<Functions, false>(path)\`. */
export type Functions = {
  /** emission: float32[?, ?, ?]; lengths: int32[?]. Results: int32[?, ?] */
  readonly tag: (emission: Tensor<"float32">, lengths: Tensor<"int32">) => Tensor<"int32">;
  /** emission: float32[b, n, t]; lengths: int32[b]. Results: float32[?], float32[?, ?, ?] */
  readonly score: (emission: Tensor<"float32">, lengths: Tensor<"int32">) => { readonly logZ: Tensor<"float32">; readonly marginals: Tensor<"float32"> };
};
`);
});
