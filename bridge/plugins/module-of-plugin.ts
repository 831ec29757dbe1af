/** The TypeScript of a plugin: the types of its functions, and what they are recorded by. */
import type { Op, Parameter, Result } from "../signatures/registry-document.ts";
import {
  type Names,
  optionField,
  parameterType,
  resultType,
  typeParameters,
} from "../signatures/typescript-signatures.ts";
import { camelCase, docComment, imports, pascalCase, record } from "../signatures/typescript-spelling.ts";
import type { PluginDocument, PluginOp } from "./plugin-document.ts";

/** A plugin's operations have nothing to do with distributions. */
const NAMES: Names = {
  dist: () => "never",
  other: "never",
  comparable: [],
  event: "never",
  eventLike: "never",
  compact: "never",
  compactLike: "never",
  struct: (name) => name,
};

const FROM = [
  ...["type Dim", "type DType", "type Float", "type FloatDType", "type IntDType", "type Numeric", "type Of"],
  ...["plugin", "type Promote", "type Real", "type ShapeLike", "type Strong", "type Sum", "type Tensor"],
  "type TensorLike",
];

/** A module that exports the functions of a plugin. */
export function moduleOf({ name, ops }: PluginDocument): string {
  const type = `${pascalCase(words(name))}Plugin`;
  const members = ops.map((op) => indented(`${docOf(op)}\n${member(op)}`));
  const declared = ops.map((op) => `  ${op.name}: ${literal(declarationOf(op))},`);
  const source = `/** The functions of the plugin ${name}: \`connect({ plugins: [${JSON.stringify(name)}] })\`. */
export const ${variableOf(camelCase(words(name)))}: ${type} = plugin(${JSON.stringify(name)}, {
${declared.join("\n")}
});

export interface ${type} {
${members.join("\n\n")}
}
`;
  return `// Generated from the plugin ${name} by \`synjax types --plugin\`; do not edit.
${imports(source, { "synjax-ts/plugins": FROM })}

${source}`;
}

/** `acme.nlp` as a name of one word after the other. */
const words = (name: string): string => name.replaceAll(".", "_");

const docOf = (op: Op): string =>
  docComment(
    (op.differentiable ? op.doc : `${op.doc} Not differentiable.`).trim() || "No more is said of it.",
  );

const indented = (text: string): string => text.replaceAll(/^(?=.)/gm, "  ");

function member(op: PluginOp): string {
  const positional = op.positional.map(
    (p) => `${p.rest ? "..." : ""}${variableOf(camelCase(p.name))}: ${parameterType(p, NAMES)}`,
  );
  const isOptional = op.options.every((p) => p.optional);
  const options = record(op.options.map((p) => optionField(p, NAMES)));
  // What stands after the rest of the arguments could not be told from them
  const all = op.options.length ? [...positional, `options${isOptional ? "?" : ""}: ${options}`] : positional;
  return `${camelCase(op.name)}${typeParameters(op)}(${all.join(", ")}): ${resultType(op.result, NAMES)};`;
}

/** What recording needs to know of an operation. */
function declarationOf({ hash, positional, options, result }: PluginOp): object {
  const parameter = ({ name, kind, type, optional, rest }: Parameter): object => ({
    name,
    kind,
    type,
    optional,
    rest,
  });
  return {
    hash,
    positional: positional.map(parameter),
    options: options.map(parameter),
    result: resultOf(result),
  };
}

function resultOf(result: Result): object {
  if (result.kind === "struct")
    return { kind: "struct", fields: result.fields.map(({ name }) => ({ name })) };
  return result.kind === "list" ? { kind: "list", per: result.per } : { kind: result.kind };
}

/** A value as TypeScript writes it. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).filter(([, each]) => each !== undefined);
  return `{ ${fields.map(([name, each]) => `${name}: ${literal(each)}`).join(", ")} }`;
}

/** Words that Python lets a parameter be called by, and TypeScript does not. */
const RESERVED =
  /^(await|case|catch|const|debugger|default|delete|do|enum|export|extends|function|implements|instanceof|interface|let|new|null|options|package|private|protected|public|static|super|switch|this|throw|true|false|typeof|var|void)$/;
const variableOf = (name: string): string => (RESERVED.test(name) ? `${name}_` : name);
