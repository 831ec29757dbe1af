import type { SetupProgress } from "../environment/setup-progress.ts";
import { checkMilliseconds, checkSignal, invalid } from "../transport/call-options.ts";
import type { ClientKeys } from "../transport/client-keys.ts";
import { SOCKET_KINDS, type SocketKind } from "../transport/socket-kind.ts";
import { type Device, DEVICES } from "../wire/protocol.ts";

/** How a worker is started or reached. */
export interface ConnectionOptions {
  /** Where JAX computes. Default `"cpu"`. */
  readonly device?: Device | undefined;
  /** `tcp://host:port` of a worker that is served; without one the bundled worker is started. */
  readonly address?: string | undefined;
  /** The secret that the served worker asks for. */
  readonly token?: string | undefined;
  /**
   * The keys that the served worker knows this client by: the path of the file that `synjax keys` made, or what is in it.
   * All that is said is encrypted.
   */
  readonly keys?: string | ClientKeys | undefined;
  /** How the bundled worker is reached. Default: `"ipc"` where it works, otherwise `"tcp"` on the loopback interface. */
  readonly transport?: "ipc" | "tcp" | undefined;
  /**
   * What speaks ZeroMQ's protocol: the native package `zeromq`, or JavaScript. Default: `"zeromq"` in Node's main thread,
   * `"javascript"` in its worker threads, in Deno and in Bun.
   */
  readonly socket?: SocketKind | undefined;
  /** A Python interpreter to use instead of the environment that `synjax setup` made. */
  readonly python?: string | undefined;
  /** `"auto"` makes the Python environment where it is missing. Default `"never"`. */
  readonly setup?: "auto" | "never" | undefined;
  readonly onProgress?: ((progress: SetupProgress) => void) | undefined;
  /** Limits of the bundled worker, by name; see `info.limits`. */
  readonly limits?: Readonly<Record<string, number>> | undefined;
  /** Directory for compiled programs, kept between runs; `null` keeps none. Default: in the user's cache directory. */
  readonly compilationCache?: string | null | undefined;
  /**
   * Packages of Python whose operations programs may use: names of what is installed there, paths of folders and `.py`
   * files, and files of `jax.export`. The bundled worker imports them; one that is served must have been started with
   * them. `synjax types --plugin` makes the functions.
   */
  readonly plugins?: readonly string[] | undefined;
  /** Environment variables of the bundled worker, on top of this process's. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Milliseconds until the worker must be ready. Default 120,000; 10,000 for one that is served. */
  readonly startTimeout?: number | undefined;
  /** Milliseconds without a sign of life, while calls are unanswered, until the worker is given up. Default 30,000. */
  readonly hangAfter?: number | undefined;
  /** Milliseconds between pings while calls are unanswered; 0 sends none. Default 1,000. */
  readonly heartbeat?: number | undefined;
  /** Hash of the registry this side was generated from. */
  readonly registryHash: string;
  /** Gives up connecting. */
  readonly signal?: AbortSignal | undefined;
}

const CHOICES = {
  device: DEVICES,
  transport: ["ipc", "tcp"],
  socket: SOCKET_KINDS,
  setup: ["auto", "never"],
} as const;

/**
 * Checks the options of a connection, before anything is started.
 *
 * @throws SynjaxError INVALID_ARGUMENT naming the option, what was expected and what was given.
 */
export function checkConnectionOptions(options: ConnectionOptions): void {
  for (const [name, choices] of Object.entries(CHOICES))
    checkChoice(name, options[name as keyof typeof CHOICES], choices);
  for (const name of ["address", "token", "python"] as const) checkText(name, options[name]);
  if (options.compilationCache !== null) checkText("compilationCache", options.compilationCache);
  checkMilliseconds("startTimeout", options.startTimeout, "more than 0");
  checkMilliseconds("hangAfter", options.hangAfter, "more than 0");
  checkMilliseconds("heartbeat", options.heartbeat);
  if (options.keys !== undefined && options.address === undefined)
    throw invalid("keys", "none without an address: the bundled worker is this process's own", options.keys);
  checkPlugins(options.plugins);
  checkSignal(options.signal);
  checkLimits(options.limits);
}

function checkChoice(name: string, value: unknown, choices: readonly string[]): void {
  if (value === undefined || choices.includes(value as string)) return;
  const hint = name === "device" && value === "gpu" ? ': an NVIDIA GPU is "cuda"' : "";
  throw invalid(name, choices.map((choice) => JSON.stringify(choice)).join(" or "), value, hint);
}

function checkText(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "string") throw invalid(name, "a string", value);
}

function checkPlugins(plugins: unknown): void {
  if (plugins === undefined) return;
  if (!Array.isArray(plugins) || plugins.some((each) => typeof each !== "string" || each === ""))
    throw invalid("plugins", "an array of names of packages, or of paths", plugins);
}

/** Checks the values only: the worker knows the names, and refuses those it does not have. */
function checkLimits(limits: unknown): void {
  if (limits === undefined) return;
  if (typeof limits !== "object" || limits === null || Array.isArray(limits))
    throw invalid("limits", "an object of numbers", limits);
  for (const [name, value] of Object.entries(limits))
    if (!Number.isSafeInteger(value) || (value as number) < 1)
      throw invalid(`limits.${name}`, "a whole number above 0", value);
}
