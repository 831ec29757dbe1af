import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { SynjaxError } from "../errors.ts";

const NAME = "synjax-ts";

/** Empty where this is bundled into CommonJS. */
const here = (import.meta.url as string | undefined) ?? "";

interface Manifest {
  readonly name: string;
  readonly version: string;
}

/** The directory of this package, installed or checked out; it holds `python/`. */
export function packageRoot(): string {
  return found().root;
}

export function packageVersion(): string {
  return found().manifest.version;
}

/** True in a checkout of the repository, where the TypeScript sources run without being compiled first. */
export function inCheckout(): boolean {
  return here.endsWith(".ts");
}

/** Upwards from this module: how deep it stands depends on how the package was built. */
function found(): { root: string; manifest: Manifest } {
  const start = here.startsWith("file:") ? dirname(fileURLToPath(here)) : "/";
  for (let root = start; ; root = dirname(root)) {
    const file = join(root, "package.json");
    if (existsSync(file)) {
      const manifest = JSON.parse(readFileSync(file, "utf8")) as Manifest;
      if (manifest.name === NAME) return { root, manifest };
    }
    if (dirname(root) === root) break;
  }
  throw new SynjaxError(
    "SETUP_FAILED",
    `the files of ${NAME} are not beside its code, which is bundled into another file: keep ${NAME} external to the ` +
      `bundle (esbuild: --external:${NAME}; webpack: externals; Next.js: serverExternalPackages).`,
  );
}
