/** `synjax types --plugin`: a module with the functions of a plugin. Python is asked for them. */
import { moduleOf } from "../plugins/module-of-plugin.ts";
import { readPlugin } from "../plugins/plugin-document.ts";

/** The text of the module. @throws SynjaxError INVALID_ARGUMENT where the plugin cannot be imported. */
export async function pluginTypes(plugin: string): Promise<string> {
  return moduleOf(await readPlugin(plugin));
}
