import { homedir } from "node:os";
import { join } from "node:path";

/** Where this package keeps what it stores for the user: `SYNJAX_HOME`, else `synjax` in the user's cache directory. */
export function synjaxHome(env: NodeJS.ProcessEnv = process.env): string {
  return env["SYNJAX_HOME"] || join(userCache(env), "synjax");
}

export function environmentsDirectory(env: NodeJS.ProcessEnv = process.env): string {
  return join(synjaxHome(env), "environments");
}

/** Where compiled programs are kept: the worker makes it, private to the user, and keeps it small. */
export function compiledDirectory(env: NodeJS.ProcessEnv = process.env): string {
  return join(synjaxHome(env), "compiled");
}

function userCache(env: NodeJS.ProcessEnv): string {
  const home = env["HOME"] || homedir();
  if (process.platform === "win32") return env["LOCALAPPDATA"] || join(home, "AppData", "Local");
  if (process.platform === "darwin") return join(home, "Library", "Caches");
  return env["XDG_CACHE_HOME"] || join(home, ".cache");
}
