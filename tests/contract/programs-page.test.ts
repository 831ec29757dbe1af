/** The code of docs/programs.md, as it stands there, in one process: its parts build on each other. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { packageRoot } from "../../bridge/environment/package-root.ts";

const root = packageRoot();
const directory = mkdtempSync(join(tmpdir(), "synjax-programs-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test("the page states programs, and draws from their posteriors", () => {
  const page = readFileSync(join(root, "docs", "programs.md"), "utf8");
  const blocks = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code!);
  expect(blocks).toHaveLength(4);
  const file = join(directory, "page.mts");
  writeFileSync(
    file,
    blocks.join("\n").replaceAll('"synjax-ts"', JSON.stringify(join(root, "src", "index.ts"))),
  );
  const tsx = join(root, "node_modules", "tsx", "dist", "cli.mjs");
  const options = { encoding: "utf8", cwd: directory, stdio: "pipe" } as const;
  const printed = execFileSync(process.execPath, [tsx, file], options);
  expect(printed.trimEnd().split("\n")).toEqual([
    "[ 'mu', 'tau', 'z', 'theta', 'effect' ] [ 8 ]",
    expect.stringMatching(/^ +mean +std +median +5.0% +95.0% +n_eff +r_hat$/),
    "true [ 100, 8 ]",
    "[ 8, 2, 2 ]",
  ]);
});
