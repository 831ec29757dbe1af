import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../../bridge/environment/package-root.ts";
import { StandIns } from "../fixtures/python-stand-ins.ts";

function synjax(
  env: NodeJS.ProcessEnv,
  ...args: string[]
): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ["--import", "tsx", "bridge/cli/cli.ts", ...args], {
    cwd: packageRoot(),
    env,
    encoding: "utf8",
  });
}

describe.skipIf(process.platform === "win32")("synjax", () => {
  test("--help and --version answer on stdout", () => {
    expect(synjax({}, "--help")).toMatchObject({ status: 0, stderr: "" });
    expect(synjax({}, "--help").stdout).toMatch(/^Usage: synjax <command>/);
    expect(synjax({}, "--version").stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test.each([
    [[], "Say what to do"],
    [["install"], "Unknown command 'install'"],
    [["setup", "--fast"], "Unknown option '--fast'"],
    [["setup", "--device", "npu"], "Unknown device 'npu'; one of cpu, cuda, tpu"],
    [["setup", "--device"], "'--device <value>' argument missing"],
    [["setup", "cuda"], "Unexpected argument 'cuda'"],
    [["setup", "--json"], "'--json' belongs to doctor"],
  ])("%j is wrong usage", (args, message) => {
    const { status, stdout, stderr } = synjax({}, ...args);
    expect(status).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(message);
    expect(stderr).toContain("Usage: synjax <command>");
  });

  test("setup prints progress on stderr and the interpreter last on stdout; again it only finds it", () => {
    using machine = new StandIns();
    machine.python("python3");
    const first = synjax(machine.env, "setup");
    expect(first.status).toBe(0);
    expect(first.stderr).toContain("synjax: Downloading and installing the pinned packages");
    expect(first.stdout).toMatch(/^Ready \(\d+ s\): JAX 0\.10\.2 for cpu on Python 3\.12\.1\n\/.*python\n$/);
    const second = synjax(machine.env, "setup");
    expect(second.stderr).toBe("");
    expect(second.stdout.split("\n")[1]).toBe(first.stdout.split("\n")[1]);
  });

  test("score runs in an environment that has what reads tables, or says how to make one", () => {
    using machine = new StandIns();
    machine.python("python3", {
      pip: `for each in "$@"; do case "$each" in *.txt) echo "\${each##*/}" >> "${machine.root}/files" ;; esac; done`,
      probe: `case "$*" in *"synjax_worker score"*) echo "scored in $0"; exit 0 ;; esac`,
    });
    const installed = (): string => readFileSync(join(machine.root, "files"), "utf8").replaceAll("\n", " ");
    const score = (...more: string[]) => synjax(machine.env, "score", "a.synjax", "a.arrow", "b.arrow", ...more); // prettier-ignore

    synjax(machine.env, "setup");
    expect(installed()).toBe("cpu.txt ");
    const plain = score();
    expect([plain.status, plain.stdout]).toEqual([2, ""]);
    expect(plain.stderr).toMatch(
      /^synjax: \[SETUP_REQUIRED\] No Python .* tables yet\. Run `.*setup --batch`/,
    );

    const made = synjax(machine.env, "setup", "--batch").stdout;
    expect(installed()).toBe("cpu.txt cpu.txt batch.txt ");
    expect(made).toContain("/cpu-batch-");
    expect(score()).toMatchObject({ status: 0, stdout: `scored in ${made.trim().split("\n")[1]}\n` });
    expect(score("--ray").stderr).toMatch(/with Ray yet\. Run `.*setup --ray`/);

    const withRay = synjax(machine.env, "setup", "--ray").stdout;
    expect(installed()).toMatch(/cpu\.txt batch\.txt ray\.txt $/);
    for (const flag of ["--ray", "--ray=auto"])
      expect(score(flag).stdout).toBe(`scored in ${withRay.trim().split("\n")[1]}\n`);
  });

  test("doctor says what is missing for tables", () => {
    using machine = new StandIns();
    machine.python("python3");
    synjax(machine.env, "setup");
    const { status, stdout } = synjax(machine.env, "doctor", "--batch");
    expect([status, stdout]).toEqual([1, expect.stringMatching(/for cpu with --batch yet\.\n {2}Run `.*setup --batch`/)]); // prettier-ignore
  });

  test("setup that fails says why and what to do, and exits 1", () => {
    using machine = new StandIns();
    machine.python("python3", { version: "3.8.10" });
    const { status, stderr } = synjax(machine.env, "setup");
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^synjax: \[SETUP_FAILED\] .* is Python 3\.8\.10; JAX needs 3\.11 or newer\.\n {2}\S/,
    );
  });

  test("doctor exits 1 until everything is in place, and says so", () => {
    using machine = new StandIns();
    machine.python("python3");
    const before = synjax(machine.env, "doctor");
    expect(before.status).toBe(1);
    expect(before.stdout).toMatch(
      /environment +missing[^]*✗ No Python environment for cpu yet\.\n {2}Run `.*setup`/,
    );
    synjax(machine.env, "setup");
    const after = synjax(machine.env, "doctor");
    expect(after.status).toBe(0);
    expect(after.stdout).toMatch(/environment +ready[^]*Everything is in place\.\n$/);
  });

  test("doctor --json is one JSON document", () => {
    using machine = new StandIns();
    machine.python("python3");
    synjax(machine.env, "setup");
    rmSync(join(machine.root, "bin", "python3"));
    const { status, stdout } = synjax(machine.env, "doctor", "--json");
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      device: "cpu",
      package: { root: packageRoot(), checkout: true },
      home: { path: machine.home, writable: true },
      compiled: { path: join(machine.home, "compiled"), programs: 0, bytes: 0 },
      environment: { state: "ready", pythonVersion: "3.12.1", jax: "0.10.2" },
      base: { python: null, uv: null },
      problems: [],
    });
  });
});
