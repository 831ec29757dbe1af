import { mkdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds between the signs of life of a lock's holder. */
const BEAT = 2_000;
/** Milliseconds of silence after which a holder counts as dead, on whichever host it runs. */
const SILENCE = 30_000;

interface Holder {
  readonly pid: number;
  readonly host: string;
}

export interface LockOptions {
  /** Called once if another process holds the lock. */
  readonly onWait?: ((pid: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs `work` while holding a lock file. A lock whose holder died is taken over.
 * The lock only saves work from being done twice. `work` must be right without it too: a frozen holder may wake up.
 */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  let told = false;
  while (!(await take(path))) {
    const holder = await liveHolder(path);
    if (holder === undefined) {
      await rm(path, { force: true });
      continue;
    }
    if (!told) options.onWait?.(holder.pid);
    told = true;
    await sleep(200, undefined, options.signal ? { signal: options.signal } : {});
  }
  const beat = setInterval(() => void touch(path), BEAT);
  beat.unref();
  try {
    return await work();
  } finally {
    clearInterval(beat);
    if (await isOurs(path)) await rm(path, { force: true });
  }
}

async function take(path: string): Promise<boolean> {
  const holder: Holder = { pid: process.pid, host: hostname() };
  try {
    await writeFile(path, JSON.stringify(holder), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function liveHolder(path: string): Promise<Holder | undefined> {
  try {
    const silence = Date.now() - (await stat(path)).mtimeMs;
    const holder = parseHolder(await readFile(path, "utf8"));
    // The file is unreadable while its holder has created but not written it, or if the holder died in between.
    if (holder === undefined) return silence < BEAT ? { pid: 0, host: "" } : undefined;
    if (silence > SILENCE) return undefined;
    return holder.host === hostname() && !isAlive(holder.pid) ? undefined : holder;
  } catch {
    return undefined;
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    return JSON.parse(text) as Holder;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function isOurs(path: string): Promise<boolean> {
  try {
    const holder = parseHolder(await readFile(path, "utf8"));
    return holder?.pid === process.pid && holder.host === hostname();
  } catch {
    return false;
  }
}

async function touch(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => {});
}
