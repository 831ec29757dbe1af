/** Python's names as TypeScript spells them. */

/** A name, or a path of names and positions: `log_potentials[1]`, `event.chart`. */
export const camelCase = (name: string): string =>
  name.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());

/** The other way: `covarianceMatrix` is `covariance_matrix`. */
export const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);

/** An operation as it is called here. */
export function calledAs(op: string): string {
  if (op === "getitem") return "slice";
  if (op === "get") return "parameter";
  return op.startsWith("at.") ? op.replace("at.", "at(…).") : camelCase(op);
}

const QUOTED = /`([a-z]\w*(?:\.[a-z]\w*|\[\d+(?:, \d+)*\])*)`/g;

/** A worker's message about an operation with the names that it quotes, and that it begins with, spelled as here. */
export function spelled(message: string, op: string | undefined): string {
  const text = message.replace(QUOTED, (_, name: string) => `\`${camelCase(name)}\``);
  return op !== undefined && text.startsWith(`${op}:`) ? calledAs(op) + text.slice(op.length) : text;
}
