/** What a plugin declares, as `python -m synjax_worker plugins` prints it. */
import { type RemoteError, SynjaxError } from "../errors.ts";
import { resolvePython } from "../environment/resolve-python.ts";
import { runCommand } from "../environment/run-command.ts";
import type { Op } from "../signatures/registry-document.ts";
import { workerEnv } from "../worker/start-configuration.ts";

export interface PluginOp extends Op {
  /** Of its name, version and signature. */
  readonly hash: string;
}

export interface PluginDocument {
  readonly name: string;
  readonly ops: readonly PluginOp[];
}

/**
 * What a plugin declares. It is imported for it, in a Python of its own.
 * @throws {SynjaxError} `INVALID_ARGUMENT` where it cannot be imported or declares nothing; `SETUP_REQUIRED`
 */
export async function readPlugin(plugin: string): Promise<PluginDocument> {
  const python = await resolvePython({});
  const env = workerEnv("cpu", undefined);
  const { stdout, output } = await runCommand(python, ["-m", "synjax_worker", "plugins", plugin], { env });
  const found = parsed(stdout);
  if (found?.error) {
    const { code, message, argument, expected, received } = found.error;
    throw new SynjaxError(code, message, { argument, expected, received });
  }
  const document = found?.plugins?.[0];
  if (document) return document;
  throw new SynjaxError(
    "WORKER_START",
    `Python did not say what ${plugin} declares: ${output.slice(-2_000)}`,
  );
}

function parsed(
  text: string,
): { readonly error?: RemoteError; readonly plugins?: readonly PluginDocument[] } | undefined {
  try {
    return JSON.parse(text) as ReturnType<typeof parsed>;
  } catch {
    return undefined;
  }
}
