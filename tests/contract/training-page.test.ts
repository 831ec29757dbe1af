/** The code of docs/training.md, as it stands there, in one process: its parts build on each other. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { packageRoot } from "../../bridge/environment/package-root.ts";

const root = packageRoot();
const directory = mkdtempSync(join(tmpdir(), "synjax-training-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test("the page trains a tagger, saves it and reads it again", () => {
  const page = readFileSync(join(root, "docs", "training.md"), "utf8");
  const blocks = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code!);
  expect(blocks).toHaveLength(4);
  const file = join(directory, "page.mts");
  writeFileSync(
    file,
    blocks.join("\n").replaceAll('"synjax-ts"', JSON.stringify(join(root, "src", "index.ts"))),
  );
  const tsx = join(root, "node_modules", "tsx", "dist", "cli.mjs");
  const printed = execFileSync(process.execPath, [tsx, file], {
    encoding: "utf8",
    cwd: directory,
    stdio: "pipe",
  });
  const [first, second, tags] = printed.trim().split("\n");
  expect([first, second].sort()).toEqual([
    expect.stringMatching(/^4 \[ [01], [01] \] \[ (3, 2|2, 3) \]$/),
    "8 [ 2 ] [ 5, 0 ]",
  ]);
  expect(tags).toBe("[ [ 0, 1, 0 ] ]");
});
