/** Operations of plugins in the programs of files: which package has them, only the programs say. */
import { SynjaxError } from "../errors.ts";
import type { HelloInfo } from "../wire/protocol.ts";

/** An operation of a plugin. */
export interface OpOfPlugin {
  readonly plugin: string;
  /** With the name of its plugin. */
  readonly name: string;
  /** Of its signature. */
  readonly hash: string;
}

/** As programs name it: `my_pkg.smooth@0123456789abcdef`. */
const NAMED = /^((.+)\.\w+)@([0-9a-f]{16})$/;

/** The operation of a plugin that a program names; `undefined` for one of this package. */
export function opOfPlugin(named: string): OpOfPlugin | undefined {
  const [, name, plugin, hash] = NAMED.exec(named) ?? [];
  return name === undefined ? undefined : { plugin: plugin!, name, hash: hash! };
}

/**
 * Whether a worker has what programs use of plugins.
 * @throws {SynjaxError} `UNKNOWN_OP` with the name of the plugin
 */
export function checkPlugins(path: string, ops: readonly OpOfPlugin[], { plugins }: HelloInfo): void {
  for (const { plugin, name, hash } of ops) {
    const found = plugins[plugin]?.[name.slice(plugin.length + 1)];
    if (found === hash) continue;
    const why = plugins[plugin] === undefined ? `is of the plugin ${plugin}, which is not here` : `is another in the plugin ${plugin} as it is here`; // prettier-ignore
    throw new SynjaxError(
      "UNKNOWN_OP",
      `${path}: ${name.slice(0, 100)} ${why}: its worker needs \`plugins: ["${plugin}"]\`, or \`--plugin ${plugin}\``,
      { op: name.slice(0, 100) },
    );
  }
}
