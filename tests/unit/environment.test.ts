import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync, mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, test, vi } from "vitest";
import { findEnvironment } from "../../bridge/environment/environment.ts";
import {
  environmentSpec,
  environmentName,
  type EnvironmentSpec,
} from "../../bridge/environment/environment-spec.ts";
import { synjaxHome } from "../../bridge/environment/home.ts";
import { packageRoot } from "../../bridge/environment/package-root.ts";
import { resolvePython } from "../../bridge/environment/resolve-python.ts";
import { inspectEnvironment } from "../../bridge/cli/doctor.ts";
import { SynjaxError } from "../../bridge/errors.ts";
import { setupEnvironment } from "../../bridge/environment/setup.ts";
import { StandIns } from "../fixtures/python-stand-ins.ts";

describe.skipIf(process.platform === "win32")("set-up", () => {
  test("makes an environment, says how far it is, and finds it the next time", async () => {
    using machine = new StandIns();
    machine.python("python3");
    const wanted = machine.spec();
    const messages: string[] = [];
    const onProgress = ({ message }: { message: string }): number => messages.push(message);
    const made = await setupEnvironment({ env: machine.env, spec: wanted, onProgress });
    expect(made).toMatchObject({ pythonVersion: "3.12.1", jax: "0.10.2", installer: "pip" });
    expect(made.python.startsWith(machine.home)).toBe(true);
    expect(messages[0]).toContain("Python 3.12.1");
    expect(messages.at(-1)).toBe("Checking that JAX runs");

    messages.length = 0;
    expect(await setupEnvironment({ env: machine.env, spec: wanted, onProgress })).toEqual(made);
    expect(messages).toEqual([]);
    expect(machine.count("pip")).toBe(1);
  });

  test("passes on what the installer says about its progress", async () => {
    using machine = new StandIns();
    machine.python("python3", {
      pip: "echo '  Downloading jaxlib-0.10.2-cp312-cp312-manylinux_2_27_x86_64.whl (85.4 MB)'; echo 'Installing collected packages: a, b'",
    });
    const messages: string[] = [];
    await setupEnvironment({
      env: machine.env,
      spec: machine.spec(),
      onProgress: ({ message }) => messages.push(message),
    });
    expect(messages).toContain("jaxlib 0.10.2 (85.4 MB)");
    expect(messages).toContain("Unpacking 2 packages");
  });

  test("uses uv where it is on PATH, and does not need ensurepip then", async () => {
    using machine = new StandIns();
    machine.python("python3", { ensurepip: false });
    machine.uv("uv 0.9.1 (x86_64-unknown-linux-gnu)");
    const made = await setupEnvironment({ env: machine.env, spec: machine.spec() });
    expect(made.installer).toBe("uv");
    expect(machine.steps()).toEqual(["uv venv", "uv pip", "probe"]);
  });

  test("takes another program called uv for none", async () => {
    using machine = new StandIns();
    machine.python("python3");
    machine.uv("1.0.0");
    expect((await setupEnvironment({ env: machine.env, spec: machine.spec() })).installer).toBe("pip");
  });

  test("passes over interpreters that do not run, are too old or lack a module", async () => {
    using machine = new StandIns();
    machine.executable("python3.14", "echo 'pyenv: python3.14: command not found' >&2; exit 127");
    machine.python("python3.13", { version: "3.13.0", ensurepip: false });
    machine.python("python3", { version: "3.9.2" });
    machine.python("python", { version: "3.11.4" });
    const made = await setupEnvironment({ env: machine.env, spec: machine.spec() });
    expect(made.pythonVersion).toBe("3.11.4");
  });

  test("SYNJAX_BASE_PYTHON chooses the interpreter, and each Python version has its own environment", async () => {
    using machine = new StandIns();
    machine.python("python3", { version: "3.12.1" });
    const other = machine.python("another", { version: "3.13.2" });
    const wanted = machine.spec();
    const first = await setupEnvironment({ env: machine.env, spec: wanted });
    const env = { ...machine.env, SYNJAX_BASE_PYTHON: other };
    const second = await setupEnvironment({ env, spec: wanted });
    expect([first.pythonVersion, second.pythonVersion]).toEqual(["3.12.1", "3.13.2"]);
    expect(second.directory).not.toBe(first.directory);
    expect(await setupEnvironment({ env, spec: wanted })).toEqual(second);
  });

  test("a SYNJAX_BASE_PYTHON that cannot be used is an error, though there is an environment", async () => {
    using machine = new StandIns();
    machine.python("python3");
    const old = machine.python("old", { version: "3.10.13" });
    const wanted = machine.spec();
    await setupEnvironment({ env: machine.env, spec: wanted });
    const env = { ...machine.env, SYNJAX_BASE_PYTHON: old };
    const error = await failure(setupEnvironment({ env, spec: wanted }));
    expect(error.message).toMatch(/old is Python 3\.10\.13; JAX needs 3\.11 or newer/);
  });

  test("makes an environment anew when JAX has stopped to run in it", async () => {
    using machine = new StandIns();
    machine.python("python3");
    const wanted = machine.spec();
    const first = await setupEnvironment({ env: machine.env, spec: wanted });
    writeFileSync(first.python, "#!/bin/sh\necho 'ImportError: libz.so.1' >&2; exit 1\n");
    const second = await setupEnvironment({ env: machine.env, spec: wanted });
    expect(second.directory).not.toBe(first.directory);
    expect(directories(machine)).toEqual([second.directory]);
  });

  test("can be aborted", async () => {
    using machine = new StandIns();
    machine.python("python3", { pip: machine.hang });
    const controller = new AbortController();
    const failing = setupEnvironment({
      env: machine.env,
      spec: machine.spec(),
      signal: controller.signal,
    });
    await vi.waitFor(() => expect(machine.count("pip")).toBe(1));
    controller.abort();
    await expect(failing).rejects.toMatchObject({ code: "ABORTED" });
    expect(directories(machine)).toEqual([]);
  });
});

describe.skipIf(process.platform === "win32")("a set-up that cannot succeed says what to do", () => {
  const cases: [string, (machine: StandIns) => void, RegExp][] = [
    ["no Python", () => {}, /No Python 3\.11 or newer was found on PATH\.[^]*SYNJAX_BASE_PYTHON/],
    [
      "Python too old",
      (machine) => machine.python("python3", { version: "3.9.2" }),
      /python3 is Python 3\.9\.2; JAX needs 3\.11 or newer/,
    ],
    [
      "no ensurepip",
      (machine) => machine.python("python3", { ensurepip: false }),
      /cannot make virtual environments: its module ensurepip is missing\.[^]*(python3\.12-venv|ensurepip modules)/,
    ],
    [
      "venv without ensurepip",
      (machine) =>
        machine.python("python3", {
          venv: "echo 'ensurepip is not available. On Debian/Ubuntu systems …'; exit 1",
        }),
      /its module ensurepip is missing/,
    ],
    [
      "no disk space",
      (machine) => machine.python("python3", { pip: fails("OSError: [Errno 28] No space left on device") }),
      /No space left on the disk of .*home; the cpu environment needs about 1 GB[^]*SYNJAX_HOME/,
    ],
    [
      "offline",
      (machine) =>
        machine.python("python3", {
          pip: fails(
            "WARNING: Retrying after connection broken by NewConnectionError: Temporary failure in name resolution",
            "ERROR: Could not find a version that satisfies the requirement jax==0.10.2 (from versions: none)",
          ),
        }),
      /The Python package index cannot be reached\.[^]*HTTPS_PROXY[^]*PIP_INDEX_URL/,
    ],
    [
      "an index that has nothing",
      (machine) =>
        machine.python("python3", {
          pip: fails(
            "ERROR: Could not find a version that satisfies the requirement jax==0.10.2 (from versions: none)",
            "ERROR: No matching distribution found for jax==0.10.2",
          ),
        }),
      /cannot be reached, or has no build for this system/,
    ],
    [
      "no build for this system",
      (machine) =>
        machine.python("python3", { pip: fails("ERROR: No matching distribution found for jaxlib==0.10.2") }),
      /has no build for this system[^]*glibc/,
    ],
    [
      "a package that is not the pinned one",
      (machine) =>
        machine.python("python3", {
          pip: fails("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS"),
        }),
      /its hash differs/,
    ],
    [
      "a read-only disk",
      (machine) => machine.python("python3", { pip: fails("OSError: [Errno 30] Read-only file system") }),
      /Cannot write to .*: read-only file system\.[^]*SYNJAX_HOME/,
    ],
    [
      "JAX that does not run",
      (machine) => machine.python("python3", { probe: fails("ImportError: libstdc++.so.6") }),
      /JAX does not run:\nImportError: libstdc\+\+\.so\.6/,
    ],
    [
      "anything else",
      (machine) => machine.python("python3", { pip: fails("segmentation fault") }),
      /Making the Python environment failed:\nsegmentation fault/,
    ],
  ];

  test.each(cases)("%s", async (_name, prepare, message) => {
    using machine = new StandIns();
    prepare(machine);
    const error = await failure(setupEnvironment({ env: machine.env, spec: machine.spec() }));
    expect(error.code).toBe("SETUP_FAILED");
    expect(error.message).toMatch(message);
    expect(directories(machine)).toEqual([]);
  });

  test("a home that cannot be written", async () => {
    using machine = new StandIns();
    machine.python("python3");
    const file = join(machine.root, "file");
    writeFileSync(file, "");
    const env = { ...machine.env, SYNJAX_HOME: join(file, "home") };
    const error = await failure(setupEnvironment({ env, spec: machine.spec() }));
    expect(error.code).toBe("SETUP_FAILED");
    expect(error.message).toMatch(/Cannot write to .*home: .*\n.*SYNJAX_HOME/);
  });
});

describe.skipIf(process.platform === "win32")("interrupted and concurrent set-ups", () => {
  test.each(["venv", "pip", "probe"] as const)(
    "SIGKILL during %s leaves nothing in the way",
    async (step) => {
      using machine = new StandIns();
      machine.python("python3", { [step]: machine.hang });
      const wanted = machine.spec();
      const killed = setupProcess(machine, wanted);
      await vi.waitFor(() => expect(machine.count(step)).toBe(1), { timeout: 20_000 });
      killed.kill("SIGKILL");
      await ended(killed);
      expect(findEnvironment(wanted, machine.env)).toBeUndefined();

      machine.python("python3");
      const made = await setupEnvironment({ env: machine.env, spec: wanted });
      expect(findEnvironment(wanted, machine.env)).toEqual(made);
      expect(directories(machine)).toEqual([made.directory]);
    },
  );

  test("two processes at once make one environment", async () => {
    using machine = new StandIns();
    machine.python("python3", { pip: "/bin/sleep 1" });
    const wanted = machine.spec();
    const both = await Promise.all([0, 1].map(() => ended(setupProcess(machine, wanted))));
    expect(both.map(({ status }) => status)).toEqual([0, 0]);
    expect(both[0]?.stdout).toBe(both[1]?.stdout);
    expect(machine.count("pip")).toBe(1);
    expect(both.some(({ stderr }) => /waiting for it/.test(stderr))).toBe(true);
  });

  test("two calls at once in one process make one environment", async () => {
    using machine = new StandIns();
    machine.python("python3", { pip: "/bin/sleep 0.2" });
    const options = { env: machine.env, spec: machine.spec() };
    const [first, second] = await Promise.all([setupEnvironment(options), setupEnvironment(options)]);
    expect(second).toEqual(first);
    expect(machine.count("pip")).toBe(1);
  });

  test.each([
    ["of a process that is gone", 2 ** 22 + 1, 0],
    ["whose holder has been silent for long", process.pid, 120],
  ])("a lock %s is taken over", async (_name, pid, age) => {
    using machine = new StandIns();
    machine.python("python3");
    const wanted = machine.spec();
    const directory = join(machine.home, "environments");
    mkdirSync(directory, { recursive: true });
    const lock = join(directory, `${wanted.name}-py3.12.lock`);
    writeFileSync(lock, JSON.stringify({ pid, host: hostname() }));
    const then = new Date(Date.now() - age * 1000);
    utimesSync(lock, then, then);
    await setupEnvironment({ env: machine.env, spec: wanted });
    expect(readdirSync(directory).filter((file) => file.endsWith(".lock"))).toEqual([]);
  });
});

describe.skipIf(process.platform === "win32")("resolvePython", () => {
  test("without an environment names the command and downloads nothing", async () => {
    using machine = new StandIns();
    machine.python("python3");
    const error = await failure(resolvePython({ env: machine.env }));
    expect(error.code).toBe("SETUP_REQUIRED");
    expect(error.message).toMatch(
      /^No Python environment yet\. Run `.* setup` \(about 2 minutes, 600 MB\), or connect\(\{ setup: "auto" \}\)\.$/,
    );
    expect(machine.steps()).toEqual([]);
  });

  test("names the device in the command", async () => {
    using machine = new StandIns();
    const error = await failure(resolvePython({ env: machine.env, device: "cuda" }));
    expect(error.message).toMatch(/setup --device cuda`/);
  });

  test('makes the environment with setup: "auto", and finds it without a process afterwards', async () => {
    using machine = new StandIns();
    machine.python("python3");
    const made = await resolvePython({ env: machine.env, setup: "auto" });
    const steps = machine.steps().length;
    expect(await resolvePython({ env: machine.env })).toBe(made);
    expect(machine.steps()).toHaveLength(steps);
  });

  test("takes the tests' environment where there is no other", async () => {
    using machine = new StandIns();
    machine.python("python3");
    const made = await setupEnvironment({ env: machine.env, dev: true });
    expect(await resolvePython({ env: machine.env })).toBe(made.python);
  });

  test("does not take an environment whose interpreter is gone", async () => {
    using machine = new StandIns();
    machine.python("python3");
    rmSync(await resolvePython({ env: machine.env, setup: "auto" }));
    expect((await failure(resolvePython({ env: machine.env }))).code).toBe("SETUP_REQUIRED");
  });

  test("prefers the argument, then SYNJAX_PYTHON, and says when they do not exist", async () => {
    using machine = new StandIns();
    const given = machine.python("given");
    const env = { ...machine.env, SYNJAX_PYTHON: given };
    expect(await resolvePython({ env })).toBe(given);
    expect(await resolvePython({ env, python: "python3" })).toBe("python3");
    const missing = { ...env, SYNJAX_PYTHON: join(machine.root, "nowhere", "python") };
    const error = await failure(resolvePython({ env: missing }));
    expect(error.code).toBe("SETUP_REQUIRED");
    expect(error.message).toMatch(
      /`SYNJAX_PYTHON` names the interpreter .*nowhere.python, which does not exist/,
    );
  });
});

describe.skipIf(process.platform === "win32")("doctor", () => {
  test("finds nothing on an empty machine, and says what to type", async () => {
    using machine = new StandIns();
    const report = await inspectEnvironment({ env: machine.env });
    expect(report.ok).toBe(false);
    expect(report.environment.state).toBe("missing");
    expect(report.problems.map(({ kind }) => kind)).toEqual(["no-environment", "no-python"]);
    expect(report.problems[0]?.remedy).toMatch(/setup/);
  });

  test("notices that the index is out of reach", async () => {
    using machine = new StandIns();
    machine.python("python3", { pip: fails("Temporary failure in name resolution") });
    const report = await inspectEnvironment({ env: machine.env });
    expect(report.problems.map(({ kind }) => kind)).toEqual(["no-environment", "offline"]);
  });

  test("is content with an environment, whatever else is missing", async () => {
    using machine = new StandIns();
    machine.python("python3");
    const python = await resolvePython({ env: machine.env, setup: "auto" });
    rmSync(join(machine.root, "bin", "python3"));
    const report = await inspectEnvironment({ env: machine.env });
    expect(report.problems).toEqual([]);
    expect(report.environment).toMatchObject({ state: "ready", python, jax: "0.10.2", devices: ["cpu:0"] });
    expect(report.base.python).toBeNull();
  });

  test("tells a broken environment from a missing one", async () => {
    using machine = new StandIns();
    machine.python("python3");
    const python = await resolvePython({ env: machine.env, setup: "auto" });
    writeFileSync(python, "#!/bin/sh\necho 'ModuleNotFoundError: jax' >&2; exit 1\n");
    const report = await inspectEnvironment({ env: machine.env });
    expect(report.environment.state).toBe("broken");
    expect(report.problems[0]?.problem).toContain("ModuleNotFoundError: jax");
  });
});

describe("names and places", () => {
  test("an environment's name changes with the requirements, the device and the tools", () => {
    using machine = new StandIns();
    const { name, requirements } = machine.spec("tiny==1.0\n");
    expect(machine.spec("tiny==1.1\n").name).not.toBe(name);
    expect(machine.spec("tiny==1.0\n").name).toBe(name);
    expect(environmentName("cuda", false, requirements)).toMatch(/^cuda-[0-9a-f]{12}$/);
    expect(environmentName("cpu", true, requirements)).toMatch(/^cpu-dev-[0-9a-f]{12}$/);
    expect(environmentName("cpu", true, requirements, "ray")).toMatch(/^cpu-ray-dev-[0-9a-f]{12}$/);
  });

  test("every device has pinned and hashed requirements that name no index", () => {
    const devices = (["cpu", "cuda", "tpu"] as const).map(
      (device) => environmentSpec(device).requirements[0]!,
    );
    for (const file of [...devices, ...environmentSpec("cpu", false, "ray").requirements.slice(1)]) {
      const lines = readFileSync(file, "utf8").split("\n");
      const pins = lines.filter((line) => /^[a-z]/i.test(line));
      expect(pins.length).toBeGreaterThan(file.endsWith("batch.txt") ? 0 : 10);
      for (const pin of pins) expect(pin).toMatch(/^[\w.-]+(\[[\w,]+\])?==\S+ .*\\$/);
      expect(lines.join("\n")).not.toMatch(/https?:|index-url|find-links/);
    }
  });

  test("SYNJAX_HOME comes before the user's cache directory", () => {
    expect(synjaxHome({ SYNJAX_HOME: "/elsewhere" })).toBe("/elsewhere");
    expect(synjaxHome({ HOME: "/home/ada" })).toMatch(/ada.*synjax$/);
  });

  test("the package's Python lies in its root", () => {
    expect(readdirSync(join(packageRoot(), "python"))).toContain("synjax_worker");
  });
});

function fails(...lines: string[]): string {
  return `${lines.map((line) => `echo '${line}' >&2`).join("; ")}; exit 1`;
}

async function failure(promise: Promise<unknown>): Promise<SynjaxError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SynjaxError);
  return error as SynjaxError;
}

function setupProcess(machine: StandIns, wanted: EnvironmentSpec): ChildProcess {
  const script = join(packageRoot(), "tests", "fixtures", "run-setup.ts");
  return spawn(process.execPath, ["--import", "tsx", script, JSON.stringify(wanted)], {
    cwd: packageRoot(),
    env: machine.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

async function ended(
  child: ChildProcess,
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const status = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout!), text(child.stderr!)]);
  return { status: await status, stdout, stderr };
}

/** The environments and attempts that lie in the home. */
function directories(machine: StandIns): string[] {
  const environments = join(machine.home, "environments");
  if (!existsSync(environments)) return [];
  return readdirSync(environments, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) =>
      readdirSync(join(environments, name)).map((attempt) => join(environments, name, attempt)),
    );
}
