import type { ConnectionOptions } from "./connection.ts";
import { DEVICES } from "../environment/environment.ts";
import { SynjaxError } from "../errors.ts";
import { checkMilliseconds, checkSignal, invalid } from "../transport/call-options.ts";

const CHOICES = { device: DEVICES, transport: ["ipc", "tcp"], setup: ["auto", "never"] } as const;

/**
 * Checks what a connection is asked for, before anything is started.
 *
 * @throws SynjaxError INVALID_ARGUMENT naming the option, what was expected and what came.
 */
export function checkConnectionOptions(options: ConnectionOptions): void {
  for (const [name, choices] of Object.entries(CHOICES))
    checkChoice(name, options[name as keyof typeof CHOICES], choices);
  for (const name of ["address", "token", "python"] as const) checkText(name, options[name]);
  if (options.compilationCache !== null) checkText("compilationCache", options.compilationCache);
  checkMilliseconds("startTimeout", options.startTimeout, "more than 0");
  checkMilliseconds("hangAfter", options.hangAfter, "more than 0");
  checkMilliseconds("heartbeat", options.heartbeat);
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

/** Their names are the worker's affair. */
function checkLimits(limits: unknown): void {
  if (limits === undefined) return;
  if (typeof limits !== "object" || limits === null || Array.isArray(limits))
    throw invalid("limits", "an object of numbers", limits);
  for (const [name, value] of Object.entries(limits))
    if (!Number.isSafeInteger(value) || (value as number) < 1)
      throw invalid(`limits.${name}`, "a whole number above 0", value);
}

/** Why a worker refuses its configuration, in the caller's words. `undefined` where it failed for another reason. */
export function refusedConfiguration(said: unknown): SynjaxError | undefined {
  const { code, message, argument, expected, came } = said as Partial<Record<string, string>>;
  if (code !== "INVALID_ARGUMENT" || message === undefined) return undefined;
  return new SynjaxError("INVALID_ARGUMENT", message, { argument, expected, came });
}
