import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../../bridge/environment/package-root.ts";
import * as generated from "../../bridge/wire/generated-protocol.ts";
import { type Protocol, protocolFile } from "../../scripts/protocol-of-registry.ts";

const root = packageRoot();
const FILE = "bridge/wire/generated-protocol.ts";

const registry = JSON.parse(readFileSync(join(root, "bridge", "registry.json"), "utf8")) as {
  readonly protocol: Protocol;
  readonly ops: readonly { readonly name: string }[];
};
const { protocol } = registry;

/** The sources of both halves that people write, by path. */
function sources(): Map<string, string> {
  const paths = ["src", "bridge"].flatMap((directory) =>
    readdirSync(join(root, directory), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts"))
      .map((path) => join(directory, path)),
  );
  const written = paths.filter((path) => path !== join(FILE) && !path.startsWith(join("src", "ops")));
  return new Map(written.map((path) => [path, readFileSync(join(root, path), "utf8")]));
}

describe("the protocol", () => {
  test("is on this side what the registry says", async () => {
    const style = await resolveConfig(join(root, "package.json"));
    const expected = await format(protocolFile(protocol), { ...style, parser: "typescript" });
    expect(readFileSync(join(root, FILE), "utf8")).toBe(expected);
  });

  test("has every number and name of the registry", () => {
    expect(generated.PROTOCOL_VERSION).toBe(protocol.version);
    expect(generated.MESSAGE).toEqual(Object.fromEntries(protocol.messages.map((m) => [m.name, m.number])));
    expect(generated.STATUS).toEqual(protocol.statuses);
    expect(generated.FLAG).toEqual(protocol.flags);
    expect(generated.INPUT).toEqual(protocol.inputs);
    expect(generated.ARGUMENT).toEqual(protocol.arguments);
    expect(generated.DEFAULT_LIMITS).toEqual(
      Object.fromEntries(protocol.limits.map((limit) => [limit.name, limit.default])),
    );
    expect(generated.STRUCTURAL_OPS).toEqual(protocol.structuralOps);
    expect(generated.NESTED_OPS).toEqual(protocol.nestedOps);
  });

  test.each(protocol.dtypes)("$name fits the typed array that holds it", ({ name, bytes, stored }) => {
    const dtype = name as generated.DType;
    const words = /^(key|complex)/.test(name) ? 2 : 1;
    expect(generated.ITEM_BYTES[dtype]).toBe(bytes);
    expect(generated.ARRAY_OF[dtype].BYTES_PER_ELEMENT * words).toBe(bytes);
    const { name: className } = generated.ARRAY_OF[dtype] as unknown as { readonly name: string };
    expect(className.toLowerCase().replace("big", "")).toBe(`${stored}array`);
  });

  test("is declared in no other file", () => {
    const text = readFileSync(join(root, FILE), "utf8");
    const names = [...text.matchAll(/^export (?:const|type|interface) (\w+)/gm)].map((match) => match[1]!);
    expect(names).toContain("ErrorCode");
    const again = new RegExp(
      String.raw`^\s*(?:export )?(?:const|type|interface|enum) (?:${names.join("|")})\b[^,;]*?[:={]`,
      "m",
    );
    expect(text).toMatch(again);
    for (const [path, source] of sources())
      expect([path, again.exec(source)?.[0]]).toEqual([path, undefined]);
  });

  test("or the registry names every operation that is written by hand", () => {
    const known = new Set([
      ...registry.ops.map((op) => op.name),
      ...Object.keys(protocol.structuralOps),
      ...Object.keys(protocol.nestedOps),
    ]);
    const written = [...sources().values()].flatMap((source) =>
      [...source.matchAll(/\b#?emit(?:In)?\((?:[\w.]+, )?"([^"]+)"/g)].map((match) => match[1]!),
    );
    expect(written.length).toBeGreaterThan(40);
    expect(written.filter((name) => !known.has(name))).toEqual([]);
  });
});
