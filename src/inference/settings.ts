/** Options as settings of NumPyro's. */
import { isPlainObject } from "../program/plain-object.ts";
import { snakeCase } from "../program/python-names.ts";

/** Options by NumPyro's names, without those that were left out; where to begin is a name and its own settings. */
export function asSettings(options: object): Readonly<Record<string, unknown>> {
  const settings: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    if (value === undefined) continue;
    settings[snakeCase(name)] = isPlainObject(value) && "to" in value ? beginning(value) : value;
  }
  return settings;
}

function beginning({ to, ...own }: Readonly<Record<string, unknown>>): readonly unknown[] {
  return [to, asSettings(own)];
}
