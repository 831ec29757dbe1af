/** The code of docs/plugins.md, as it stands there: the package, its types, and the program that uses them. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { packageRoot } from "../../bridge/environment/package-root.ts";

const root = packageRoot();
const directory = mkdtempSync(join(tmpdir(), "synjax-plugins-page-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test("the page declares an operation, has its types written, and runs it", () => {
  const page = readFileSync(join(root, "docs", "plugins.md"), "utf8");
  const block = (language: string): string => new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "ms").exec(page)![1]!; // prettier-ignore
  const source = (code: string): string =>
    code
      .replace('"synjax-ts"', JSON.stringify(join(root, "src", "index.ts")))
      .replace('"synjax-ts/plugins"', JSON.stringify(join(root, "src", "plugins", "index.ts")))
      .replace('"./my-pkg.ts"', '"./my-pkg.mts"');
  writeFileSync(join(directory, "my_pkg.py"), block("python"));
  const [, command] = /^npx synjax (.*?) +#/m.exec(block("sh"))!;
  const tsx = ["--import", import.meta.resolve("tsx")];
  const cli = join(root, "bridge", "cli", "cli.ts");
  execFileSync(process.execPath, [...tsx, cli, ...command!.split(" ")], { cwd: directory });
  writeFileSync(join(directory, "my-pkg.mts"), source(readFileSync(join(directory, "my-pkg.ts"), "utf8")));
  writeFileSync(join(directory, "page.mts"), source(block("ts")));
  const printed = execFileSync(process.execPath, [...tsx, "page.mts"], { encoding: "utf8", cwd: directory });
  expect(printed).toBe("6\n[ 0, 1, -0.5 ]\n");
});
