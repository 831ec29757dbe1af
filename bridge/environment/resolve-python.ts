import { existsSync } from "node:fs";
import { SynjaxError } from "../errors.ts";
import type { Device } from "../wire/protocol.ts";
import { type EnvironmentOptions, findUsableEnvironment } from "./environment.ts";
import type { Extra } from "./environment-spec.ts";
import { setupCommand } from "./setup-command.ts";
import type { SetupProgress } from "./setup-progress.ts";

export interface ResolveOptions extends EnvironmentOptions {
  /** An interpreter to use as it is, instead of an environment made by `synjax setup`. */
  readonly python?: string | undefined;
  /** `"auto"` makes the environment where it is missing. Default: `"never"`. */
  readonly setup?: "auto" | "never" | undefined;
  readonly onProgress?: ((progress: SetupProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The path of a Python interpreter that has JAX and what else the worker needs: `python`, else `SYNJAX_PYTHON`, else the
 * environment that `synjax setup` made. Downloads nothing unless `setup` is `"auto"`.
 *
 * @throws SynjaxError SETUP_REQUIRED when there is none, SETUP_FAILED when making one failed.
 */
export async function resolvePython(options: ResolveOptions = {}): Promise<string> {
  const env = options.env ?? process.env;
  const given = options.python ?? env["SYNJAX_PYTHON"];
  if (given) return checkedInterpreter(given, options.python === undefined ? "SYNJAX_PYTHON" : "python");
  const device = options.device ?? "cpu";
  const found = findUsableEnvironment(device, options.dev ?? false, env, options.extra);
  if (found) return found.python;
  if (options.setup === "auto") {
    const { setupEnvironment } = await import("./setup.ts");
    return (await setupEnvironment(options)).python;
  }
  throw new SynjaxError("SETUP_REQUIRED", setupRequired(device, options.dev, options.extra));
}

function checkedInterpreter(given: string, argument: string): string {
  // A bare name is looked up on PATH when it is started.
  if (!/[\\/]/.test(given) || existsSync(given)) return given;
  throw new SynjaxError(
    "SETUP_REQUIRED",
    `\`${argument}\` names the interpreter ${given}, which does not exist. Correct it, or leave it out and run \`${setupCommand()}\`.`,
    { argument, received: given },
  );
}

function setupRequired(device: Device, dev = false, extra?: Extra): string {
  const cost: Record<Device, string> = {
    cpu: "about 2 minutes, 600 MB",
    cuda: "several GB",
    tpu: "about 1 GB",
  };
  const command = `\`${setupCommand(device, dev, extra)}\` (${cost[device]})`;
  if (extra) return `No Python environment with ${HAS[extra]} yet. Run ${command}.`;
  return `No Python environment yet. Run ${command}, or connect({ setup: "auto" }).`;
}

const HAS: Record<Extra, string> = { batch: "what reads tables", ray: "Ray" };
