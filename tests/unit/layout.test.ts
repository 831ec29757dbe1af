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

function stems(directory: string, extension: string, ...shared: string[]): string[] {
  return files(directory, extension)
    .map((file) => basename(file, extension).replaceAll("_", "-"))
    .filter((stem) => !stem.startsWith("-") && !shared.includes(stem))
    .sort();
}

/** By its name. */
function isGenerated(file: string): boolean {
  return basename(file).startsWith("generated-");
}

/** What is no distribution of its own there. */
const SHARED = ["distribution", "emissions", "named-dims", "semirings"];

describe("layout", () => {
  test("every distribution has its file on both sides, under the same name", () => {
    const typescript = stems("src/distributions", ".ts", ...SHARED);
    // What distributions share is a module of that folder too; a distribution is marked as one.
    const marked = files("python/synjax_worker/distributions", ".py").filter((file) =>
      /^@distribution\b/m.test(text(file)),
    );
    const python = marked.map((file) => basename(file, ".py").replaceAll("_", "-")).sort();
    expect(typescript).toEqual(python);
    expect(typescript).toContain("linear-chain-crf");
  });

  test("every distribution is exported where the public names are listed", () => {
    const index = text("src/index.ts");
    for (const stem of stems("src/distributions", ".ts", ...SHARED)) {
      expect(index).toContain(`"./distributions/${stem}.ts"`);
    }
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
      expect(basename(file)).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.test-d|\.bench|\.d)?\.ts$/);
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
