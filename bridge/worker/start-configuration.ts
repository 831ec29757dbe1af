import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { compiledDirectory } from "../environment/home.ts";
import { packageRoot } from "../environment/package-root.ts";
import { pythonEnv } from "../environment/run-command.ts";
import type { ConfigurationField, Device } from "../wire/protocol.ts";
import type { WorkerSocket } from "./worker-socket.ts";

/** How a worker of this process is started. */
export interface WorkerOptions {
  /** The interpreter to run it with. */
  readonly python: string;
  readonly device?: Device | undefined;
  /** How it is reached: a socket file in a private directory, or the loopback interface. Default: `"ipc"` where it works. */
  readonly transport?: "ipc" | "tcp" | undefined;
  /** Other limits than the worker's own, by name. */
  readonly limits?: Readonly<Record<string, number>> | undefined;
  /** Packages that it imports, whose operations programs may use. */
  readonly plugins?: readonly string[] | undefined;
  /** Where compiled programs are kept between runs; `null` keeps none. Default: in the user's cache directory. */
  readonly compilationCache?: string | null | undefined;
  /** Environment variables of the worker, on top of this process's. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Milliseconds it may take until it is ready. Default 120,000. */
  readonly startTimeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The first line that a worker reads on its stdin, as an object. */
export function startConfiguration(
  options: WorkerOptions,
  device: Device,
  socket: WorkerSocket,
  token: string,
): Readonly<Record<ConfigurationField, unknown>> {
  return {
    address: socket.address,
    privateDirectory: socket.isPrivate, // the worker removes it too: this process may be killed
    token,
    device,
    limits: options.limits ?? {},
    compilationCache: cacheDirectory(options),
    parentWatch: true,
    maxBatch: 1, // of one client's own calls few are alike
    maxWait: 0,
    metricsAddress: null,
    python: true, // this process could start any Python itself
    plugins: options.plugins ?? [],
  };
}

/** Where compiled programs are kept; `null` where that directory cannot be made: they are then compiled each time. */
function cacheDirectory({ compilationCache, env }: WorkerOptions): string | null {
  if (compilationCache === null) return null;
  const directory = compilationCache ?? compiledDirectory({ ...process.env, ...env });
  try {
    mkdirSync(directory, { recursive: true });
    return directory;
  } catch {
    return null;
  }
}

/** Names modules whose distributions a worker knows besides its own: for tests and experiments. */
const FURTHER_MODULES = "SYNJAX_MODULES";

/** The environment variables that a worker runs with. */
export function workerEnv(device: Device, extra: NodeJS.ProcessEnv | undefined): NodeJS.ProcessEnv {
  const own = Object.entries({ ...process.env, ...extra }).filter(
    ([name]) => name === FURTHER_MODULES || !name.startsWith("SYNJAX_"),
  );
  return pythonEnv(Object.fromEntries(own), {
    PYTHONPATH: join(packageRoot(), "python"),
    // A file random.py in the user's directory must not hide Python's own module.
    PYTHONSAFEPATH: "1",
    PYTHONNOUSERSITE: "1",
    JAX_PLATFORMS: device,
  });
}
