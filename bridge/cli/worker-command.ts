/** The commands that Python itself has: `serve`, `keys` and `score`. */
import { spawn } from "node:child_process";
import type { Extra } from "../environment/environment-spec.ts";
import { resolvePython } from "../environment/resolve-python.ts";
import { SynjaxError } from "../errors.ts";
import { workerEnv } from "../worker/start-configuration.ts";
import { type Device, DEVICES } from "../wire/protocol.ts";

export const WORKER_COMMANDS = ["serve", "keys", "score"];

const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

/** The exit status of a command that cannot run as it was given: 1 is taken, where rows fail. */
const CANNOT_BE = 2;

/**
 * Runs one, in the environment of its device; its exit status. Signals are handed on. Where this process is killed it
 * ends like by SIGTERM.
 */
export async function runWorkerCommand(args: readonly string[]): Promise<number> {
  const device = deviceOf(args);
  const extra = extraOf(args);
  const python = await resolvePython({ device, extra }).catch((error: unknown) => {
    if (!extra || !(error instanceof SynjaxError)) throw error;
    process.stderr.write(`synjax: [${error.code}] ${error.message}\n`);
    return undefined;
  });
  if (python === undefined) return CANNOT_BE;
  const env = {
    ...workerEnv(device, undefined),
    SYNJAX_TOKEN: process.env["SYNJAX_TOKEN"],
    SYNJAX_COMMAND: String(process.pid),
  };
  // In a group of its own: Ctrl-C in a terminal would reach it twice, and a second signal ends it at once
  const child = spawn(python, ["-m", "synjax_worker", ...args], { stdio: "inherit", env, detached: true });
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(code ?? (signal ? 128 : 1)));
  });
}

/** What the environment must have for it. To say how it is used needs none of that. */
function extraOf([command, ...args]: readonly string[]): Extra | undefined {
  if (command !== "score" || args.includes("--help") || args.includes("-h")) return undefined;
  return args.some((each) => each === "--ray" || each.startsWith("--ray=")) ? "ray" : "batch";
}

/** Which environment is needed; what is wrong with the arguments the worker says. */
function deviceOf(args: readonly string[]): Device {
  const at = args.findIndex((each) => each === "--device" || each.startsWith("--device="));
  const named = at < 0 ? undefined : (args[at]!.split("=")[1] ?? args[at + 1]);
  return DEVICES.find((known) => known === named) ?? "cpu";
}
