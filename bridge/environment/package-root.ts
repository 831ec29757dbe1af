import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The directory of this package, installed or checked out; it holds `python/`. */
export function packageRoot(): string {
  // bridge/environment/ in a checkout, dist/bridge/environment/ when published.
  const parent = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  return inCheckout() ? parent : dirname(parent);
}

/** True in a checkout of the repository, where the TypeScript sources run without being compiled first. */
export function inCheckout(): boolean {
  return import.meta.url.endsWith(".ts");
}

export async function packageVersion(): Promise<string> {
  const manifest = JSON.parse(await readFile(join(packageRoot(), "package.json"), "utf8")) as {
    version: string;
  };
  return manifest.version;
}
