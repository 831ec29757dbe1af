/** The notebooks by Jupyter and Deno's kernel, as a user runs them: in `npm run test:full` only. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packageRoot } from "../../bridge/environment/package-root.ts";
import { execute, type Jupyter, jupyter } from "../fixtures/jupyter.ts";
import { savedOutputs } from "../fixtures/notebook-cells.ts";
import { runtimes } from "../fixtures/runtimes.ts";

const isFull = Boolean(process.env["SYNJAX_TEST_FULL"]) && runtimes.deno !== undefined;
const directory = join(packageRoot(), "notebooks");
const notebooks = readdirSync(directory).filter((name) => name.endsWith(".ipynb"));
const scratch = mkdtempSync(join(tmpdir(), "synjax-jupyter-"));
afterAll(() => rmSync(scratch, { recursive: true }));

/**
 * Deno 2.9's kernel sometimes says that it is idle before it sends what a cell ends in, which nbconvert then leaves out;
 * and where V8 collects garbage at the wrong moment it says "Promise was collected" instead.
 */
const ATTEMPTS = 4;

let found: Jupyter;
beforeAll(async () => {
  if (isFull) found = await jupyter(scratch);
});

describe.skipIf(!isFull).each(notebooks)("%s", (name) => {
  test("is executed by nbconvert, and shows what was saved with it", { timeout: 1_800_000 }, () => {
    const saved = savedOutputs(join(directory, name));
    const written = join(scratch, name);
    const shown = new Set<string>();
    let said = "";
    for (let attempt = 0; attempt < ATTEMPTS && shown.size < saved.length; attempt++) {
      rmSync(written, { force: true });
      said = execute(found, join(directory, name), scratch);
      if (!existsSync(written)) continue;
      for (const each of savedOutputs(written)) shown.add(JSON.stringify(each));
    }
    expect([said, shown]).toEqual([said, new Set(saved.map((each) => JSON.stringify(each)))]);
  });
});

describe.each(notebooks)("%s as it is saved", (name) => {
  const text = readFileSync(join(directory, name), "utf8");
  test("is small, and tells nothing of the machine", () => {
    expect(text.length).toBeLessThan(200_000);
    expect(text).not.toMatch(/file:\/\/|\/home\/|\/root\/|\/work\/|\/tmp\/|\/Users\//);
  });
  test("has no error, and something below each cell that ends in a value", () => {
    expect(text).not.toContain('"output_type": "error"');
    expect(savedOutputs(join(directory, name)).length).toBeGreaterThan(5);
  });
});

test.skipIf(!isFull)(
  "a cell is interrupted, and one has lost its worker: the next goes on",
  { timeout: 600_000 },
  () => {
    const script = join(packageRoot(), "tests", "fixtures", "interrupted_cells.py");
    const { stdout, stderr } = spawnSync(found.python, [script], { cwd: directory, env: { ...found.env, NO_COLOR: "1" }, encoding: "utf8" }); // prettier-ignore
    expect([stderr, stdout]).toEqual([expect.anything(), expect.stringMatching(/^\[/)]);
    const [start, endless, again, lost, anew] = JSON.parse(stdout) as { status: string; traceback: string[]; result: string; shown: number; places: number }[]; // prettier-ignore
    expect(start).toMatchObject({ status: "ok", result: expect.stringContaining("4") as string });
    expect(endless).toMatchObject({ status: "error", traceback: ["SynjaxError [ABORTED]: the cell was interrupted"], places: 1 }); // prettier-ignore
    expect(endless!.shown).toBeGreaterThan(1);
    expect(again).toMatchObject({ status: "ok", result: expect.stringContaining("4") as string });
    expect(lost!.status).toBe("error");
    expect(lost!.traceback[0]).toMatch(/^SynjaxError \[(HANDLE_LOST|WORKER_LOST)\]: /);
    expect(lost!.traceback.join("\n")).not.toMatch(/\n +at /);
    expect(anew).toMatchObject({ status: "ok", result: expect.stringContaining("3") as string });
  },
);
