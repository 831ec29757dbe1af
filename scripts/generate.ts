// Makes bridge/registry.json from the Python registry, and from it src/ops, src/distributions, the wire's protocol and
// tables of docs/. Of the distributions in FIXTURES, which are for tests only, it writes the TypeScript classes too.
// `npm run generate` writes the files; `npm run generate -- --check` fails where one is not what it would write.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { format, resolveConfig } from "prettier";
import { packageRoot } from "../bridge/environment/package-root.ts";
import { resolvePython } from "../bridge/environment/resolve-python.ts";
import { baseFile, classFile, fileOf, indexFile, sharedQueries } from "./distributions-of-registry.ts";
import { classesPage, type Coverage, errorsPage, opsPage } from "./docs-of-registry.ts";
import { dtypesFile, hashFile } from "./dtypes-of-registry.ts";
import { fileOfNamespace, namespaceFile, NAMESPACES, optimizerStatesFile } from "./ops-of-registry.ts";
import { type Protocol, protocolFile } from "./protocol-of-registry.ts";
import type { Registry } from "../bridge/signatures/registry-document.ts";
import { type Signatures, signaturesFile } from "./signatures-of-registry.ts";
import { HEADER } from "../bridge/signatures/typescript-spelling.ts";

const root = packageRoot();

/** Modules with distributions for tests, and where their classes are written. */
const FIXTURES: Readonly<Record<string, string>> = {
  "tests.conformance.toys": join("tests", "fixtures", "toys"),
};
/** Folders in which every file that says that it is generated must still be one. */
const FOLDERS = [
  join("src", "ops"),
  join("src", "training"),
  join("src", "distributions"),
  ...Object.values(FIXTURES),
];
/** Folders of answers by enumeration, and of JAX called in Python; every file there is generated. */
const GOLDEN = ["", "toys", "ops", "optax", "dist"].map((folder) => join("tests", "golden", folder));

const python = await resolvePython({ dev: true });

/** The registry, or what it says of the distributions of a module. */
function printRegistry(...modules: readonly string[]): string {
  return print("synjax_worker.registry", ...modules);
}

function print(...moduleAndArguments: readonly string[]): string {
  return execFileSync(python, ["-m", ...moduleAndArguments], {
    encoding: "utf8",
    env: { ...process.env, PYTHONPATH: join(root, "python"), JAX_PLATFORMS: "cpu" },
    maxBuffer: 64 << 20,
  });
}

/** Every generated file, by its path from the root. */
async function generate(): Promise<Map<string, string>> {
  const json = printRegistry();
  const registry = JSON.parse(json) as Registry & { readonly protocol: Protocol };
  const shared = sharedQueries(registry.distributions);
  const distributions = join("src", "distributions");
  const sources: Record<string, string> = {
    [join("bridge", "wire", "generated-protocol.ts")]: protocolFile(registry.protocol),
    [join("src", "ops", "dtypes.ts")]: dtypesFile(registry),
    [join("src", "ops", "registry-hash.ts")]: hashFile(registry),
    [join(distributions, "distribution.ts")]: baseFile(shared),
    [join(distributions, "index.ts")]: indexFile(registry.distributions, shared),
  };
  for (const namespace of Object.keys(NAMESPACES))
    sources[fileOfNamespace(namespace)] = namespaceFile(registry, namespace);
  const signatures = JSON.parse(print("synjax_worker.registry.signatures")) as Signatures;
  sources[join("bridge", "files", "generated-signatures.ts")] = signaturesFile(signatures);
  const states = print("synjax_worker.registry.optimizer_states");
  sources[join("src", "training", "optimizer-states.ts")] = optimizerStatesFile(states.trim());
  for (const cls of registry.distributions) {
    const path = join(distributions, fileOf(cls));
    const hasExtra = existsSync(join(root, path.replace(/\.ts$/, ".extra.ts")));
    sources[path] = classFile(cls, { shared, hasExtra });
  }
  for (const [module, folder] of Object.entries(FIXTURES)) {
    const { distributions } = JSON.parse(printRegistry(module)) as Pick<Registry, "distributions">;
    const src = `${"../".repeat(folder.split(sep).length)}src/`;
    for (const cls of distributions) sources[join(folder, fileOf(cls))] = classFile(cls, { shared, src });
  }
  const style = await resolveConfig(join(root, "package.json"));
  const files = new Map([[join("bridge", "registry.json"), json]]);
  for (const [path, source] of Object.entries(sources))
    files.set(path, await format(source, { ...style, parser: "typescript" }));
  const page = (source: string): Promise<string> => format(source, { ...style, parser: "markdown" });
  files.set(join("docs", "errors.md"), await page(errorsPage(registry.protocol.errors)));
  files.set(join("docs", "classes.md"), await page(classesPage(registry)));
  const coverage = JSON.parse(print("tests.ops.coverage")) as Coverage;
  files.set(join("docs", "ops.md"), await page(opsPage(registry, coverage)));
  const modules = ["tests.conformance.golden", "tests.ops.golden", "tests.ops.golden_optimizers"];
  for (const module of [...modules, "tests.simple.golden"]) {
    const golden = JSON.parse(print(module)) as Record<string, string>;
    for (const [name, text] of Object.entries(golden)) files.set(join("tests", "golden", name), text);
  }
  return files;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

const files = await generate();
for (const path of files.keys()) mkdirSync(dirname(join(root, path)), { recursive: true });
const inFolders = (folders: readonly string[]): string[] =>
  folders.flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(folder, name)));
const stale = [
  ...inFolders(FOLDERS).filter((path) => read(join(root, path))?.startsWith(HEADER)),
  ...inFolders(GOLDEN).filter((path) => path.endsWith(".json")),
].filter((path) => !files.has(path));
const different = [...files].filter(([path, text]) => read(join(root, path)) !== text).map(([path]) => path);

if (process.argv.includes("--check")) {
  for (const path of [...different, ...stale]) console.error(`${path} is not what the registry says`);
  if (different.length + stale.length > 0) {
    console.error("Run `npm run generate` and commit what it writes.");
    process.exitCode = 1;
  }
} else {
  for (const path of different) writeFileSync(join(root, path), files.get(path)!);
  for (const path of stale) rmSync(join(root, path));
  for (const path of different) console.log(`wrote ${path}`);
  for (const path of stale) console.log(`removed ${path}`);
}
