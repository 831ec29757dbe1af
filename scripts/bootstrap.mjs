// What `npm run demo` and `npm test` need on a fresh clone: the npm packages, then the Python environment.
// Plain JavaScript with nothing but Node's own modules, because it runs before `npm ci` has.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lock = join(root, ".bootstrap.lock");

/** Makes the npm packages and the Python environment present. Does nothing when they are. */
export async function bootstrap({ dev = false, ray = false } = {}) {
  requireNode();
  try {
    if (!packagesInstalled()) await underLock(installPackages);
    const flags = [...(dev ? ["--dev"] : []), ...(ray ? ["--ray"] : [])];
    await run(process.execPath, ["--import", "tsx", "bridge/cli/cli.ts", "setup", ...flags]);
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    process.exit(error.status);
  }
}

/** A command failed; it has said why itself. */
class Stop extends Error {
  constructor(status) {
    super(`exit status ${status}`);
    this.status = status;
  }
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

async function installPackages() {
  if (packagesInstalled()) return;
  console.error("synjax: installing npm packages");
  // The lock names npm too: killed, this process leaves an npm behind that goes on writing.
  const hold = (npm) => writeFileSync(lock, `${process.pid} ${npm.pid}`);
  await run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], hold);
}

/** `npm ci` starts by deleting node_modules, so two at once would break each other. */
async function underLock(work) {
  for (let told = false; !take(); told = true) {
    if (!told) console.error("synjax: another process is installing npm packages; waiting for it");
    await sleep(200);
  }
  try {
    await work();
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
    const pids = readFileSync(lock, "utf8").split(" ").filter(Boolean).map(Number);
    // An empty file is a holder between its creation and its first write, or one killed there.
    return pids.length > 0 ? pids.some(isAlive) : Date.now() - statSync(lock).mtimeMs < 5000;
  } catch {
    return false;
  }
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
}

async function run(command, args, onStart) {
  const child = spawn(command, args, {
    cwd: root,
    stdio: "inherit",
    shell: process.platform === "win32" && command === "npm",
  });
  const ended = once(child, "exit");
  if (child.pid !== undefined) onStart?.(child);
  const [status] = await ended.catch((error) => {
    console.error(`synjax: cannot run ${command}: ${error.message}`);
    return [1];
  });
  if (status !== 0) throw new Stop(status ?? 1);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await bootstrap({ dev: process.argv.includes("--dev") });
}
