// Makes bridge/registry.json from the Python registry, and from it src/ops and bridge/wire/generated-protocol.ts.
// `npm run generate` writes the files; `npm run generate -- --check` fails where one is not what it would write.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import { packageRoot } from "../bridge/environment/package-root.ts";
import { resolvePython } from "../bridge/environment/resolve-python.ts";
import { classesPage, errorsPage } from "./docs-of-registry.ts";
import { type Protocol, protocolFile } from "./protocol-of-registry.ts";
import {
  distributionsFile,
  dtypesFile,
  hashFile,
  namespaceFile,
  NAMESPACES,
} from "./typescript-of-registry.ts";
import type { Registry } from "./typescript-of-registry.ts";

const root = packageRoot();

async function printRegistry(): Promise<string> {
  const python = await resolvePython({ dev: true });
  return execFileSync(python, ["-m", "synjax_worker.registry"], {
    encoding: "utf8",
    env: { ...process.env, PYTHONPATH: join(root, "python"), JAX_PLATFORMS: "cpu" },
    maxBuffer: 64 << 20,
  });
}

/** Every generated file, by its path from the root. */
async function generate(): Promise<Map<string, string>> {
  const json = await printRegistry();
  const registry = JSON.parse(json) as Registry & { readonly protocol: Protocol };
  const sources = {
    "dtypes.ts": dtypesFile(registry),
    "registry-hash.ts": hashFile(registry),
    "distributions.ts": distributionsFile(registry),
    ...Object.fromEntries(Object.keys(NAMESPACES).map((n) => [`${n}.ts`, namespaceFile(registry, n)])),
  };
  const style = await resolveConfig(join(root, "package.json"));
  const files = new Map([[join("bridge", "registry.json"), json]]);
  const formatted = (source: string): Promise<string> => format(source, { ...style, parser: "typescript" });
  files.set(
    join("bridge", "wire", "generated-protocol.ts"),
    await formatted(protocolFile(registry.protocol)),
  );
  for (const [name, source] of Object.entries(sources))
    files.set(join("src", "ops", name), await formatted(source));
  const page = (source: string): Promise<string> => format(source, { ...style, parser: "markdown" });
  files.set(join("docs", "errors.md"), await page(errorsPage(registry.protocol.errors)));
  files.set(join("docs", "classes.md"), await page(classesPage(registry)));
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
mkdirSync(join(root, "src", "ops"), { recursive: true });
const stale = readdirSync(join(root, "src", "ops"))
  .map((name) => join("src", "ops", name))
  .filter((path) => !files.has(path));
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
