/** How the generated TypeScript spells what the registry says: names, doc comments, import lines. */

export const HEADER = "// Generated from the Python registry by `npm run generate`; do not edit.\n";

const COMMENT_WIDTH = 100;

export function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** A sentence that says what an argument is. */
export const sentence = (text: string): string => text.replace(/^[a-z]/, (letter) => letter.toUpperCase());

export function pascalCase(name: string): string {
  return camelCase(name).replace(/^[a-z]/, (letter) => letter.toUpperCase());
}

/** `LinearChainCRF` → `linear-chain-crf`, `HMM` → `hmm`. */
export function kebabCase(name: string): string {
  const words = name.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+/g) ?? [name];
  return words.join("-").toLowerCase();
}

/** A text of Python's with the names in it as TypeScript spells them. */
export const inCamelCase = (text: string): string =>
  text.replaceAll(/`(\w+_\w+)`|\*(\w+_\w+)/g, (match: string) => camelCase(match));

/** A doc comment; names in it are spelled as TypeScript spells them. */
export function docComment(text: string): string {
  const spelled = inCamelCase(text.replaceAll("*/", "*\\/"));
  const lines = paragraphs(spelled).flatMap((line) => wrap(line, COMMENT_WIDTH));
  if (lines.length === 1) return `/** ${lines[0]!} */`;
  return `/**\n${lines.map((line) => ` * ${line}`.trimEnd()).join("\n")}\n */`;
}

/** Lines that continue a paragraph are joined to it; indented ones stand alone. */
function paragraphs(text: string): string[] {
  const joined: string[] = [];
  for (const line of text.split("\n")) {
    const last = joined.at(-1);
    const continues = line !== "" && !/^[\s@]/.test(line);
    if (last && continues && !/^\s/.test(last)) joined[joined.length - 1] = `${last} ${line}`;
    else joined.push(line);
  }
  return joined;
}

function wrap(line: string, width: number): string[] {
  if (/^\s/.test(line)) return [line];
  const lines = [""];
  // Dims and costs stay together: (*batch n t), O(n t^2)
  for (const word of line.match(/(?:[^ (]*\([^()]{1,40}\)[^ ]*|[^ ]+)/g) ?? []) {
    const last = lines[lines.length - 1]!;
    if (last && last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last ? `${last} ${word}` : word;
  }
  return lines;
}

export const record = (fields: readonly string[]): string => `{ ${fields.join("; ")} }`;
export const shorthand = (name: string, value: string): string =>
  name === value ? name : `${name}: ${value}`;
export const union = (dtypes: readonly string[]): string => dtypes.map((d) => `"${d}"`).join(" | ");

/** The import lines that a source needs, from what it mentions. */
export function imports(source: string, from: Readonly<Record<string, readonly string[]>>): string {
  const code = source.replaceAll(/\/\*\*.*?\*\/|"[^"\n]*"/gs, "");
  const lines = Object.entries(from).flatMap(([path, names]) => {
    const used = names.filter((n) => new RegExp(`\\b${n.replace("type ", "")}\\b`).test(code));
    if (used.length === 0) return [];
    const typeOnly = used.every((n) => n.startsWith("type "));
    const list = used.map((n) => (typeOnly ? n.slice(5) : n)).join(", ");
    return [`import ${typeOnly ? "type " : ""}{ ${list} } from "${path}";`];
  });
  return lines.join("\n");
}
