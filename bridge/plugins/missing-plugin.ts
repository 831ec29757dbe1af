/** Whether a served worker has the plugins that a client asks for. */
import { SynjaxError } from "../errors.ts";
import type { HelloInfo } from "../wire/protocol.ts";

/** The error of a plugin that the worker does not have; `undefined` where it has all. */
export function missingPlugin(
  wanted: readonly string[],
  { plugins }: HelloInfo,
  address: string,
): SynjaxError | undefined {
  const missing = wanted.map(nameOf).find((name) => !Object.hasOwn(plugins, name));
  if (missing === undefined) return undefined;
  const there = Object.keys(plugins).join(", ") || "none";
  return new SynjaxError(
    "INVALID_ARGUMENT",
    `The worker at ${address} does not have the plugin ${missing} (it has ${there}): start it with \`--plugin ${missing}\``,
    { argument: "plugins", expected: there, received: missing },
  );
}

/** The name of a plugin that is named by a path: that of the file or folder. */
function nameOf(plugin: string): string {
  const isPath = /[\\/]|\.(py|stablehlo)$/.test(plugin);
  if (!isPath) return plugin;
  const last = plugin.split(/[\\/]/).filter(Boolean).at(-1) ?? plugin;
  return last.replace(/(.)\.[^.]*$/, "$1");
}
