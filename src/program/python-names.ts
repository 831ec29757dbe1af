/** Python's names as TypeScript spells them. */

/** Arguments that have another name here, by operation: a chain of Python has states, a tagger's are tags. */
const RENAMED: Readonly<Record<string, Readonly<Record<string, string>>>> = {};

export const camelCase = (name: string): string =>
  name.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());

/** An argument of an operation, as the caller knows it. */
export const argumentName = (name: string, op: string | undefined): string =>
  (op === undefined ? undefined : RENAMED[op]?.[name]) ?? camelCase(name);

/** A worker's message about an operation with the names that it quotes, and that it begins with, spelled as here. */
export function spelled(message: string, op: string | undefined): string {
  const text = message.replace(/`([a-z]\w*)`/g, (_, name: string) => `\`${argumentName(name, op)}\``);
  return op !== undefined && text.startsWith(`${op}:`) ? camelCase(op) + text.slice(op.length) : text;
}
