/** The code of docs/files.md, as it stands there: first the TypeScript, then the Python, of the file that was saved. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { packageRoot } from "../../bridge/environment/package-root.ts";
import { resolvePython } from "../../bridge/environment/resolve-python.ts";

const root = packageRoot();
const directory = mkdtempSync(join(tmpdir(), "synjax-files-page-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test("the page saves a tagger, loads it, and loads it in Python", async () => {
  const page = readFileSync(join(root, "docs", "files.md"), "utf8");
  const [, typescript] = /^```ts\n(.*?)^```$/ms.exec(page)!;
  const [, code] = /^```python\n(.*?)^```$/ms.exec(page)!;
  const script = join(directory, "page.mts");
  writeFileSync(
    script,
    typescript!
      .replace('"synjax-ts"', JSON.stringify(join(root, "src", "index.ts")))
      .replace('"synjax-ts/files"', JSON.stringify(join(root, "src", "files", "index.ts"))),
  );
  const tsx = join(root, "node_modules", "tsx", "dist", "cli.mjs");
  const printed = execFileSync(process.execPath, [tsx, script], { encoding: "utf8", cwd: directory });
  expect(printed).toBe("[ [ 0, 1 ] ]\n");
  const env = { ...process.env, PYTHONPATH: join(root, "python"), JAX_PLATFORMS: "cpu" };
  const python = await resolvePython({});
  const tags = execFileSync(python, ["-c", `${code}\nprint(tags.tolist())`], { encoding: "utf8", cwd: directory, env }); // prettier-ignore
  expect(tags).toBe("[[0, 1]]\n");
});
