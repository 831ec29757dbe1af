/** Python's names as TypeScript spells them. */

/** A name, or a path of names and positions: `log_potentials[1]`, `event.chart`. */
export const camelCase = (name: string): string =>
  name.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());

const QUOTED = /`([a-z]\w*(?:\.[a-z]\w*|\[\d+(?:, \d+)*\])*)`/g;

/** A worker's message about an operation with the names that it quotes, and that it begins with, spelled as here. */
export function spelled(message: string, op: string | undefined): string {
  const text = message.replace(QUOTED, (_, name: string) => `\`${camelCase(name)}\``);
  return op !== undefined && text.startsWith(`${op}:`) ? camelCase(op) + text.slice(op.length) : text;
}
