import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packageRoot } from "../../bridge/environment/package-root.ts";
import { resolvePython } from "../../bridge/environment/resolve-python.ts";
import { named, RUNTIMES, runtimes, runUnder } from "../fixtures/runtimes.ts";

const root = packageRoot();
const directory = mkdtempSync(join(tmpdir(), "synjax-package-"));
const staged = join(directory, "staged");
const project = join(directory, "project");
let tarball = "";
let contents: string[] = [];

/** Packs a copy of the sources, so that the checkout's own dist/ is not touched, and installs it into an empty project. */
beforeAll(() => {
  mkdirSync(staged);
  const sources = [
    "package.json",
    "tsconfig.json",
    "tsconfig.build.json",
    "LICENSE",
    "README.md",
    "scripts/build.mjs",
    "src",
    "bridge",
  ];
  for (const name of [...sources, "python"]) {
    cpSync(join(root, name), join(staged, name), {
      recursive: true,
      filter: (path) => !path.includes("__pycache__"),
    });
  }
  symlinkSync(join(root, "node_modules"), join(staged, "node_modules"));
  const packed = npm(staged, "pack", "--json", "--pack-destination", directory);
  // What the build prints stands before the JSON.
  const [entry] = JSON.parse(packed.slice(packed.search(/^\[/m))) as {
    filename: string;
    files: { path: string }[];
  }[];
  tarball = join(directory, entry!.filename);
  contents = entry!.files.map(({ path }) => path);

  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{ "name": "stranger", "private": true, "type": "module" }');
  npm(project, "install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error", tarball);
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe("the published package", () => {
  test("holds what is needed and nothing else", () => {
    const allowed =
      /^(package\.json|LICENSE|README\.md|dist\/(src|bridge)\/.+\.(js|d\.ts|json)|python\/(pyproject\.toml|requirements\/(batch|cpu|cuda|ray|tpu)\.txt|synjax_worker\/.+\.py|synjax_worker\/py\.typed))$/;
    expect(contents.filter((path) => !allowed.test(path))).toEqual([]);
    for (const needed of [
      "dist/src/index.js",
      "dist/src/index.d.ts",
      "dist/src/plugins/index.js",
      "dist/src/notebook.js",
      "dist/src/python.js",
      "dist/src/tables/index.js",
      "dist/src/tables/index.d.ts",
      "dist/bridge/cli/cli.js",
      "python/synjax_worker/__main__.py",
      "python/requirements/cpu.txt",
      "LICENSE",
    ]) {
      expect(contents).toContain(needed);
    }
  });

  test("is accepted by publint", () => {
    const { status, stdout } = run(
      staged,
      tool("publint/src/cli.js", "run", ".", "--strict", "--pack", "npm"),
    );
    expect([status, stdout]).toEqual([0, expect.stringContaining("All good!")]);
  });

  test("gives every kind of importer the right types", () => {
    const { status, stdout } = run(
      directory,
      tool("@arethetypeswrong/cli/dist/index.js", tarball, "--profile", "esm-only"),
    );
    expect([status, stdout]).toEqual([0, expect.stringMatching(/bundler: 🟢/)]);
    expect(stdout.match(/ESM\): 🟢/g)).toHaveLength(7); // the package, its five subpaths, its package.json
  });

  test("imports without starting a process or loading the wire's libraries", () => {
    const list = `console.log(process.moduleLoadList.filter((name) => /^NativeModule (child_process|net|worker_threads)$/.test(name)).join());`;
    const before = evaluate(list);
    const modules = join(project, "node_modules");
    renameSync(modules, `${modules}-away`);
    try {
      mkdirSync(modules);
      for (const name of readdirSync(`${modules}-away`)) {
        if (!["zeromq", "apache-arrow"].includes(name))
          symlinkSync(join(`${modules}-away`, name), join(modules, name));
      }
      expect(evaluate(`await import("synjax-ts"); ${list}`)).toEqual(before);
    } finally {
      rmSync(modules, { recursive: true });
      renameSync(`${modules}-away`, modules);
    }
  });

  test("its command finds its Python files", async () => {
    const python = await resolvePython();
    const { status, stdout } = npx({ SYNJAX_PYTHON: python }, "synjax", "doctor", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      package: { checkout: false },
      environment: { state: "given", python },
    });
    expect(status).toBe(0);
  });

  test("its command, without an environment, names itself", () => {
    const { status, stdout } = npx({ SYNJAX_HOME: join(directory, "home") }, "synjax", "doctor");
    expect(status).toBe(1);
    expect(stdout).toContain("Run `npx synjax setup`.");
    expect(readdirSync(directory)).not.toContain("home");
  });

  /** What a program prints that is bundled with this package into one file, far from the package's other files. */
  async function bundled(code: string, format: "esm" | "cjs", treeShaking: boolean): Promise<string> {
    const name = `${format}-${treeShaking ? "shaken" : "whole"}-${code.length}`;
    const entry = join(project, `${name}.mjs`);
    writeFileSync(entry, code);
    const outfile = join(directory, `${name}.${format === "esm" ? "mjs" : "cjs"}`);
    await build({
      entryPoints: [entry],
      outfile,
      format,
      treeShaking,
      bundle: true,
      platform: "node",
      external: ["zeromq", "apache-arrow", "msgpackr"],
      logLevel: "error",
      logOverride: { "empty-import-meta": "silent" },
    });
    const modules = join(directory, "node_modules");
    if (!existsSync(modules)) symlinkSync(join(project, "node_modules"), modules);
    return execFileSync(process.execPath, [outfile], { encoding: "utf8", cwd: tmpdir() }).trim();
  }

  const formats = ["esm", "cjs"] as const;
  const ways = formats.flatMap((format) => [true, false].map((shaken) => [format, shaken] as const));

  test.each(ways)("one name alone works in a bundle: %s, tree shaking %s", async (format, shaken) => {
    const array = `import { array } from "synjax-ts"; console.log(typeof array([1, 2]).add(1).sum);`;
    expect(await bundled(array, format, shaken)).toBe("function");
    const crf = `import { LinearChainCRF } from "synjax-ts";
      try { new LinearChainCRF({ logPotentials: [1] }); } catch (error) { console.log(error.code, error.argument); }`;
    expect(await bundled(crf, format, shaken)).toBe("INVALID_ARGUMENT logPotentials");
  });

  test.each(formats)("a bundle that holds it says how to keep it out: %s", async (format) => {
    const code = `import { connect } from "synjax-ts";
      connect().then(() => console.log("connected"), (error) => console.log(error.code, error.message));`;
    const said = await bundled(code, format, true);
    expect(said).toContain("SETUP_FAILED");
    expect(said).toContain("--external:synjax-ts");
  });

  test("connects, computes and ends", async () => {
    const script = `
      import { array, connect } from "synjax-ts";
      const session = await connect();
      console.log(await array([1, 2, 3]).mul(2).sum().item());
      await session.close();`;
    const env = { SYNJAX_PYTHON: await resolvePython() };
    expect(evaluate(script, env)).toEqual({ status: 0, stdout: "12\n", stderr: "" });
  });

  for (const runtime of RUNTIMES)
    test.skipIf(!runtimes[runtime])(`connects, computes and ends under ${named(runtime)}`, async () => {
      const script = join(project, "crf.ts");
      writeFileSync(
        script,
        `import { connect, LinearChainCRF } from "synjax-ts";
        const session = await connect();
        const crf = new LinearChainCRF({ initial: [0, 0], transition: [[0, 0], [0, 0]], emission: [[0, 0], [0, 0]] });
        console.log((await crf.logPartition().item()).toFixed(4));
        await session.close();`,
      );
      const env = { SYNJAX_PYTHON: await resolvePython() };
      expect(await runUnder(runtime, script, { cwd: project, env })).toBe(`${Math.log(4).toFixed(4)}\n`);
    });
});

interface Ran {
  status: number | null;
  stdout: string;
  stderr: string;
}

function run(cwd: string, command: string[], extra: NodeJS.ProcessEnv = {}): Ran {
  const [file = "", ...args] = command;
  const shell = process.platform === "win32" && !file.includes("node");
  const env = { ...outside(), ...extra };
  const { status, stdout, stderr } = spawnSync(file, args, { cwd, encoding: "utf8", env, shell });
  return { status, stdout, stderr };
}

/** The environment without what npm and vitest add for their own children. */
function outside(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_(?!config_)|VITEST|NODE_ENV$|NODE_OPTIONS$)/.test(name),
  );
  return Object.fromEntries(kept);
}

function npm(cwd: string, ...args: string[]): string {
  const { status, stdout, stderr } = run(cwd, ["npm", ...args]);
  if (status !== 0) throw new Error(`npm ${args[0]}: ${stdout}${stderr}`);
  return stdout;
}

function npx(env: NodeJS.ProcessEnv, ...args: string[]): Ran {
  return run(project, ["npx", "--no-install", ...args], env);
}

function evaluate(script: string, env: NodeJS.ProcessEnv = {}): Ran {
  return run(project, [process.execPath, "--input-type=module", "-e", script], env);
}

/** The command line of a development tool. */
function tool(path: string, ...args: string[]): string[] {
  return [process.execPath, join(root, "node_modules", path), ...args];
}
