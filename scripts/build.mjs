// `npm run build`: the package as it is published. Declarations file by file, code in few files: Node loads each of many
// small modules in about a third of a millisecond, and there are more than a hundred.
import { rmSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
rmSync(join(root, "dist"), { recursive: true, force: true });
const tsc = join(root, "node_modules/typescript/bin/tsc");
execFileSync(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json")], { stdio: "inherit" });
await build({
  absWorkingDir: root,
  entryPoints: [
    "src/index.ts",
    "src/files/index.ts",
    "src/notebook.ts",
    "src/plugins/index.ts",
    "src/python.ts",
    "src/tables/index.ts",
    "bridge/cli/cli.ts",
  ],
  outdir: "dist",
  outbase: ".",
  chunkNames: "src/chunks/[name]-[hash]",
  bundle: true,
  // What is imported when it is needed stays a file of its own: the bridge, and what sets up an environment.
  splitting: true,
  packages: "external",
  platform: "node",
  format: "esm",
  target: "node20.19",
  keepNames: true,
  logLevel: "warning",
});
