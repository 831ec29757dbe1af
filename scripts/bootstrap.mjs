// What `npm run demo` and `npm test` need on a fresh clone: the npm packages, then the Python environment.
// Plain JavaScript with nothing but Node's own modules, because it runs before `npm ci` has.
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lock = join(root, ".bootstrap.lock");

/** Makes the npm packages and the Python environment present. Does nothing when they are. */
export async function bootstrap({ dev = false } = {}) {
  requireNode();
  if (!packagesInstalled()) await underLock(installPackages);
  run(process.execPath, ["--import", "tsx", "bridge/cli.ts", "setup", ...(dev ? ["--dev"] : [])]);
}

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(`synjax: Node ${process.versions.node} is too old; this needs Node 20.19 or newer.`);
  process.exit(1);
}

/** True when every package of the lock file is in node_modules at its version. `npm ci` writes its own record last. */
function packagesInstalled() {
  try {
    const wanted = readJson("package-lock.json").packages;
    const present = readJson("node_modules/.package-lock.json").packages;
    return Object.entries(wanted).every(
      ([path, entry]) =>
        path === "" || (entry.optional && !present[path]) || present[path]?.version === entry.version,
    );
  } catch {
    return false;
  }
}

function readJson(path) {
  return JSON.parse(readFileSync(join(root, path), "utf8"));
}

function installPackages() {
  if (packagesInstalled()) return;
  console.error("synjax: installing npm packages");
  run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
}

/** `npm ci` starts by deleting node_modules, so two at once would break each other. */
async function underLock(work) {
  while (!take()) await sleep(200);
  try {
    work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function take() {
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    if (!holderLives()) rmSync(lock, { force: true });
    return false;
  }
}

function holderLives() {
  try {
    const pid = Number(readFileSync(lock, "utf8"));
    // An empty file is a holder between its creation and its first write, or one killed there.
    return pid > 0 ? process.kill(pid, 0) : Date.now() - statSync(lock).mtimeMs < 5000;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: "inherit",
    shell: process.platform === "win32" && command === "npm",
  });
  if (error) console.error(`synjax: cannot run ${command}: ${error.message}`);
  if (error || status !== 0) {
    rmSync(lock, { force: true });
    process.exit(status || 1);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await bootstrap({ dev: process.argv.includes("--dev") });
}
