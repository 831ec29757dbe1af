/** `npm run bench -- <suite>`: one suite, its table printed and written to `benchmarks/results/<suite>.json`. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { resolvePython } from "../bridge/environment/resolve-python.ts";

const suite = process.argv[2] ?? "";
const here = new URL("./", import.meta.url);
if (existsSync(new URL(`${suite}.ts`, here)) && /^[a-z]+$/.test(suite) && !["run", "table"].includes(suite)) {
  execFileSync("npm", ["run", "--silent", "build"], { stdio: "inherit" });
  await import(new URL(`${suite}.ts`, here).href);
} else if (existsSync(new URL(`${suite}.py`, here)) && /^[a-z]+$/.test(suite)) {
  // A Python with the peers to compare with may be named; ours is then on its path
  const python = process.env["PEER_PYTHON"] ?? (await resolvePython({ device: "cpu" }));
  // SynJax checks its own types while it runs, and refuses its own methods where jaxtyping is newer than it
  const path = fileURLToPath(new URL("../python", here));
  const env = { ...process.env, PYTHONPATH: path, JAXTYPING_DISABLE: "1", OPENBLAS_NUM_THREADS: "1" }; // as a worker has it
  const script = fileURLToPath(new URL(`${suite}.py`, here));
  const { status, error } = spawnSync(python, [script, ...process.argv.slice(3)], { stdio: "inherit", env });
  if (error) throw error;
  process.exitCode = status ?? 1;
} else {
  console.error(
    "usage: npm run bench -- bridge | chains | compile | everyday | inference | lines | memory | serve | training | trees",
  );
  process.exitCode = 2;
}
