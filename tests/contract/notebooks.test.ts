/**
 * The notebooks, all cells of each as one program, under Deno or, where it is not there, under Node. What takes long runs in
 * `npm run test:full` only.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { packageRoot } from "../../bridge/environment/package-root.ts";
import { resolvePython } from "../../bridge/environment/resolve-python.ts";
import { programOf, savedOutputs, type Shown } from "../fixtures/notebook-cells.ts";
import { commandOf, runtimes } from "../fixtures/runtimes.ts";

const directory = join(packageRoot(), "notebooks");
const notebooks = readdirSync(directory).filter((name) => name.endsWith(".ipynb"));
const scratch = mkdtempSync(join(tmpdir(), "synjax-notebooks-"));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Compile dozens of programs, or samplers, which takes a minute of CPU. */
const LONG = ["introduction.ipynb", "random-variables.ipynb"];
const isLeftOut = (name: string): boolean => LONG.includes(name) && !process.env["SYNJAX_TEST_FULL"];

const sources = join(packageRoot(), "src");

test("there are notebooks", () => expect(notebooks).toContain("introduction.ipynb"));

describe.each(notebooks)("%s", (name) => {
  test.skipIf(isLeftOut(name))("runs, and shows what was saved with it", async () => {
    const path = join(directory, name);
    const script = join(scratch, name.replace(".ipynb", ".mts"));
    writeFileSync(script, programOf(path, sources));
    const [file, ...args] = runtimes.deno ? commandOf("deno", script) : [process.execPath, "--import", "tsx", script]; // prettier-ignore
    const env = { ...process.env, SYNJAX_PYTHON: await resolvePython(), NO_COLOR: "1" };
    const { status, stdout, stderr } = spawnSync(file!, args, { env, cwd: directory, encoding: "utf8" });
    expect([status, stderr.trim()]).toEqual([0, ""]);
    const shown = [...stdout.matchAll(/^shown (.*)$/gm)].map(([, json]) => JSON.parse(json!) as Shown);
    expect(shown.length).toBeGreaterThan(5);
    expect(shown).toEqual(savedOutputs(path));
  });
});
