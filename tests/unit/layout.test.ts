import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../../bridge/environment/package-root.ts";
import { importCircles, sourcesIn } from "../../scripts/import-circles.ts";

const root = packageRoot();

/** Every file below a directory with one of the extensions, relative to the repository. */
function files(directory: string, ...extensions: string[]): string[] {
  if (!existsSync(join(root, directory))) return [];
  return readdirSync(join(root, directory), { recursive: true, encoding: "utf8" })
    .filter((file) => extensions.some((extension) => file.endsWith(extension)))
    .map((file) => join(directory, file))
    .sort();
}

function text(file: string): string {
  return readFileSync(join(root, file), "utf8");
}

/** The classes marked `@distribution`, by the stem of their Python file, in kebab-case. */
function marked(): Map<string, string> {
  const found = files("python/synjax_worker/distributions", ".py").flatMap((file) => {
    const [, name] = /^@distribution\nclass (\w+)/m.exec(text(file)) ?? [];
    return name === undefined ? [] : [[basename(file, ".py").replaceAll("_", "-"), name] as const];
  });
  return new Map(found);
}

const isGenerated = (file: string): boolean => text(file).startsWith("// Generated from the Python registry");

describe("layout", () => {
  test("every distribution has its file on both sides, under the same name, and it is generated", () => {
    const classes = files("src/distributions", ".ts")
      .filter(isGenerated)
      .map((file) => basename(file, ".ts"));
    const shared = ["distribution", "index"];
    expect(classes.sort()).toEqual([...marked().keys(), ...shared].sort());
    expect(classes).toContain("linear-chain-crf");
  });

  test("no class of distributions is written by hand", () => {
    const byHand = files("src/distributions", ".ts").filter((file) => !isGenerated(file));
    for (const file of byHand.filter((file) => !file.endsWith(".extra.ts")))
      expect([file, text(file)]).toEqual([
        file,
        expect.not.stringMatching(/class \w+.* extends Distribution\b/),
      ]);
    // What TypeScript alone has stands between the base and a class that there is
    for (const file of files("src/distributions", ".extra.ts"))
      expect([...marked().keys()]).toContain(basename(file, ".extra.ts"));
  });

  test("every distribution is a public name, by a list that is generated", () => {
    expect(text("src/index.ts")).toContain('export * from "./distributions/index.ts";');
    const index = text("src/distributions/index.ts");
    for (const [stem, name] of marked())
      expect(index).toMatch(
        new RegExp(`export \\{\\s*${name},[^}]*\\btype ${name}Options\\b[^}]*\\} from "./${stem}.ts"`),
      );
  });

  test("generated files say that they are", () => {
    const generated = [...files("src/ops", ".ts"), ...files("bridge", ".ts").filter(isGenerated)];
    expect(generated).toContain(join("bridge", "wire", "generated-protocol.ts"));
    for (const file of generated)
      expect([file, text(file).slice(0, 300)]).toEqual([file, expect.stringMatching(/generated/i)]);
  });

  test("no file imports itself by way of others, type imports included", () => {
    const sources = sourcesIn(root, ["src", "bridge"]);
    expect(importCircles(sources)).toEqual([]);
    // The same tree with one type import from below to above
    const handle = join("src", "program", "handle.ts");
    const closing = `import type { Session } from "../session/session.ts";\n`;
    const circles = importCircles(new Map([...sources, [handle, closing + sources.get(handle)!]]));
    expect(circles[0]).toEqual(expect.arrayContaining([handle, join("src", "session", "session.ts")]));
  });

  test("Python stands alone", () => {
    for (const file of files("python/synjax_worker", ".py")) {
      expect([file, text(file)]).toEqual([
        file,
        expect.not.stringMatching(/\b(src|bridge)\/[\w-]+(\/|\.ts)|node_modules/),
      ]);
    }
  });

  test("file names are kebab-case in TypeScript and snake_case in Python", () => {
    for (const file of ["src", "bridge", "tests", "scripts", "benchmarks", "examples"].flatMap((d) =>
      files(d, ".ts"),
    )) {
      expect(basename(file)).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.test-d|\.bench|\.d|\.extra)?\.ts$/);
    }
    for (const file of files("python", ".py"))
      expect(basename(file)).toMatch(/^_{0,2}[a-z0-9]+(_[a-z0-9]+)*(__)?\.py$/);
  });

  test("no file is a bag of leftovers", () => {
    const everything = [
      ...files("src", ".ts"),
      ...files("bridge", ".ts"),
      ...files("python/synjax_worker", ".py"),
    ];
    for (const file of everything) expect(basename(file)).not.toMatch(/util|helper|manager|common|misc/);
  });

  test("the versions of the two halves agree", () => {
    const { version } = JSON.parse(text("package.json")) as { version: string };
    expect(text("python/pyproject.toml")).toContain(`\nversion = "${version}"\n`);
  });

  test("the declared Python dependencies are the pinned ones", () => {
    const block = /^dependencies = \[\n([^\]]*)\]/m.exec(text("python/pyproject.toml"))?.[1] ?? "";
    const declared = [...block.matchAll(/"([\w-]+)>=/g)].map((match) => match[1]);
    const pinned = [...text("python/requirements/cpu.in").matchAll(/^([\w-]+)==/gm)].map((match) => match[1]);
    expect(declared.sort()).toEqual(pinned.sort());
  });
});
