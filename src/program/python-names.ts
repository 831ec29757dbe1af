/** Python's names as TypeScript spells them. */

/** A name, or a path of names and positions: `log_potentials[1]`, `event.chart`. */
export const camelCase = (name: string): string =>
  name.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());

/** The other way: `covarianceMatrix` is `covariance_matrix`. */
export const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);

/** An operation of a plugin has the hash of its signature beside its name, in programs. */
const WITH_HASH = /@[0-9a-f]{16}$/;

/** An operation as it is called here. */
export function calledAs(named: string): string {
  const op = named.replace(WITH_HASH, "");
  if (op === "getitem") return "slice";
  if (op === "get") return "parameter";
  return op.startsWith("at.") ? op.replace("at.", "at(…).") : camelCase(op);
}

const QUOTED = /`([a-z]\w*(?:\.[a-z]\w*|\[\d+(?:, \d+)*\])*)`/g;

const VALUE = /(?<= is | to | expected |, | or |` )(True|False|None|nan|-?inf)(?=[,.;:]? |[.,;]?$)/g;
const VALUES: Readonly<Record<string, string>> = {
  True: "true",
  False: "false",
  None: "null",
  nan: "NaN",
  inf: "Infinity",
  "-inf": "-Infinity",
};

/** A value as the worker writes it. */
export const spelledValue = (written: string): string => VALUES[written] ?? written;

/** Names that a worker's words quote, and values that Python writes in its way, spelled as here. */
export const spelledWords = (words: string): string =>
  words
    .replace(QUOTED, (_, name: string) => `\`${camelCase(name)}\``)
    .replace(VALUE, (value) => VALUES[value]!);

/** A worker's message about an operation, which may begin with its name. */
export function spelled(message: string, op: string | undefined): string {
  const text = spelledWords(message);
  return op !== undefined && text.startsWith(`${op}:`) ? calledAs(op) + text.slice(op.length) : text;
}
