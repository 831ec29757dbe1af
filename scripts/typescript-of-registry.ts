/** TypeScript source from the registry: signatures come parsed, so this only spells them. */

export interface Parameter {
  readonly name: string;
  readonly kind:
    | "num"
    | "nums"
    | "any"
    | "key"
    | "dist"
    | "event"
    | "compact"
    | "size"
    | "shape"
    | "axis"
    | "dtype"
    | "static";
  readonly optional?: boolean;
  readonly rest?: boolean;
  readonly type?: string;
  readonly dims?: string;
  readonly default?: string;
}

/** A dtype or a variable, or a function of types: `["promote", "A", "B"]`. */
export type Type = string | readonly Type[];

export type Result =
  | { readonly kind: "array"; readonly type: Type; readonly dims?: string }
  | { readonly kind: "key" }
  | { readonly kind: "dist" }
  | { readonly kind: "event" }
  | { readonly kind: "compact" }
  | {
      readonly kind: "struct";
      readonly fields: readonly { readonly name: string; readonly result: Result }[];
    };

export interface Op {
  readonly name: string;
  readonly signature: string;
  readonly doc: string;
  readonly differentiable: boolean;
  readonly positional: readonly Parameter[];
  readonly options: readonly Parameter[];
  readonly result: Result;
}

export interface ParameterKind {
  readonly kind: "float" | "int" | "bool" | "num" | "dist" | "static";
  readonly dims?: string;
  readonly type?: string;
  readonly many?: boolean;
}

export interface DistributionParameter extends ParameterKind {
  readonly name: string;
  readonly optional: boolean;
  readonly doc: string;
  readonly alternatives?: readonly ParameterKind[];
}

export type DeclaredTree = Readonly<Record<string, string | { readonly dims: string }>>;

export interface DistributionClass {
  readonly name: string;
  readonly doc: string;
  readonly params: readonly DistributionParameter[];
  /** Named dims of an event, or of several arrays by name; and of its compact form. */
  readonly event: DeclaredTree;
  readonly compact: DeclaredTree;
  readonly queries: readonly Op[];
}

export interface Registry {
  readonly hash: string;
  readonly types: {
    readonly promote: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  } & Readonly<Record<"number" | "float" | "sum", Readonly<Record<string, readonly string[]>>>>;
  readonly ops: readonly Op[];
  readonly distributions: readonly DistributionClass[];
}

/** The generated namespaces: what each mirrors, and its members that are not operations. */
export const NAMESPACES: Readonly<
  Record<string, { readonly doc: string; readonly members?: readonly string[]; readonly imports?: string }>
> = {
  np: {
    doc: "`jax.numpy`. Names are camelCase; what is optional in Python stands in an options object.",
    imports: "array",
    members: [
      "/** A tensor of host data. Equivalent to `jax.numpy.array`. */\narray: array as typeof array",
      "pi: Math.PI as number",
      "e: Math.E as number",
      "inf: Infinity as number",
      "nan: NaN as number",
    ],
  },
  nn: { doc: "`jax.nn`." },
  lax: { doc: "What only `jax.lax` has." },
  random: { doc: "`jax.random`. A draw is a function of its key alone." },
  linalg: { doc: "`jax.numpy.linalg`." },
  special: { doc: "`jax.scipy.special`, and what structured models need of special functions." },
  semirings: { doc: "Sums and einsums over log-potentials." },
};
/** Operations that hand-written code records: the methods of a tensor, the emissions of a hidden Markov model. */
const METHODS = /^(getitem$|at\.|emission\.)/;

const HEADER = "// Generated from the Python registry by `npm run generate`; do not edit.\n";
const TYPE_FUNCTIONS: Readonly<Record<string, string>> = {
  promote: "Promote",
  number: "Numeric",
  float: "Float",
  sum: "Sum",
};
const CLASS_TYPES: Readonly<Record<string, string>> = {
  Float: "FloatDType",
  Int: "IntDType",
  Bool: '"bool"',
  F: "F",
};
const COMMENT_WIDTH = 100;
const OPERANDS = new Set(["num", "nums", "any", "key", "dist", "event", "compact"]);

export function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** `LinearChainCRF` → `linearChainCRF`, `HMM` → `hmm`. */
export function lowerFirstWord(name: string): string {
  return name.replace(/^([A-Z]+)(?=[A-Z][a-z]|$|\d)|^[A-Z]/, (word) => word.toLowerCase());
}

/** A doc comment; names in it are spelled as TypeScript spells them. */
function docComment(text: string): string {
  const spelled = text
    .replaceAll("*/", "*\\/")
    .replaceAll(/`(\w+_\w+)`/g, (_, name: string) => `\`${camelCase(name)}\``);
  const lines = spelled.split("\n").flatMap((line) => wrap(line, COMMENT_WIDTH));
  if (lines.length === 1) return `/** ${lines[0]!} */`;
  return `/**\n${lines.map((line) => ` * ${line}`.trimEnd()).join("\n")}\n */`;
}

function wrap(line: string, width: number): string[] {
  if (/^\s/.test(line)) return [line];
  const lines = [""];
  for (const word of line.split(" ")) {
    const last = lines[lines.length - 1]!;
    if (last && last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last ? `${last} ${word}` : word;
  }
  return lines;
}

const record = (fields: readonly string[]): string => `{ ${fields.join("; ")} }`;
const shorthand = (name: string, value: string): string => (name === value ? name : `${name}: ${value}`);
const union = (dtypes: readonly string[]): string => dtypes.map((d) => `"${d}"`).join(" | ");

// ---------------------------------------------------------------------------------------------------------------
// Types

function typeOf(type: Type): string {
  if (typeof type !== "string")
    return `${TYPE_FUNCTIONS[type[0] as string]!}<${type.slice(1).map(argumentOf).join(", ")}>`;
  if (/^[ABC]$/.test(type)) return `Strong<Of<${type}>>`;
  return /^[DF]$/.test(type) ? type : `"${type}"`;
}

/** Inside a type function a number is still weak. */
function argumentOf(type: Type): string {
  return typeof type === "string" && /^[ABC]$/.test(type) ? `Of<${type}>` : typeOf(type);
}

function resultType(result: Result): string {
  switch (result.kind) {
    case "array":
      return `Tensor<${typeOf(result.type)}>`;
    case "key":
      return 'Tensor<"key">';
    case "dist":
      return "this";
    case "event":
      return "Tensor<F>";
    case "compact":
      return 'Tensor<"int32">';
    case "struct":
      return record(result.fields.map((f) => `readonly ${camelCase(f.name)}: ${resultType(f.result)}`));
  }
}

function tensorType(type: string | undefined): string {
  if (type === undefined) return "TensorLike";
  return /^[ABC]$/.test(type) ? type : `TensorLike<${CLASS_TYPES[type] ?? `"${type}"`}>`;
}

function parameterType(parameter: Parameter): string {
  switch (parameter.kind) {
    case "num":
      return parameter.rest ? `readonly ${tensorType(parameter.type)}[]` : tensorType(parameter.type);
    case "nums":
      return `readonly ${tensorType(parameter.type)}[]`;
    case "any":
      return "unknown";
    case "key":
      return 'Tensor<"key">';
    case "dist":
      return "this";
    case "event":
      return "TensorLike<FloatDType>";
    case "compact":
      return "TensorLike<IntDType>";
    case "size":
      return "Dim";
    case "shape":
      return "ShapeLike";
    case "axis":
      return "number | readonly number[]";
    case "dtype":
      return "D";
    case "static":
      return parameter.type!;
  }
}

function typeParameters(op: Op): string {
  const variables = new Map<string, string>();
  for (const p of [...op.positional, ...op.options]) {
    if (p.kind === "dtype") {
      const fallback =
        p.default && (/^[ABC]$/.test(p.default) ? `Strong<Of<${p.default}>>` : `"${p.default}"`);
      variables.set("D", `D extends DType${fallback ? ` = ${fallback}` : ""}`);
    } else if (OPERANDS.has(p.kind) && /^[ABC]$/.test(p.type ?? ""))
      variables.set(p.type!, `${p.type!} extends TensorLike`);
  }
  const declared = [...variables].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
  return declared.length ? `<${declared.join(", ")}>` : "";
}

/** The parameters as they stand in a function with a body, or in a declaration. */
function parameterList(op: Op, where: "defined" | "declared" = "defined"): string {
  const positional = op.positional.map(
    (p) => `${p.rest ? "..." : ""}${camelCase(p.name)}: ${parameterType(p)}`,
  );
  if (op.options.length === 0) return positional.join(", ");
  const fields = op.options.map(
    (p) => `readonly ${camelCase(p.name)}${p.optional ? "?" : ""}: ${parameterType(p)}`,
  );
  const type = record(fields);
  if (!op.options.every((p) => p.optional)) return [...positional, `options: ${type}`].join(", ");
  return [...positional, where === "defined" ? `options: ${type} = {}` : `options?: ${type}`].join(", ");
}

// ---------------------------------------------------------------------------------------------------------------
// One operation

/** Raw arrays are of the dtype wanted: positions become int32, not float32. */
function converted(parameter: Parameter, value: string): string {
  if (parameter.kind !== "num" || parameter.type === undefined) return value;
  const kind = /^(Int|u?int\d+)$/.test(parameter.type)
    ? "asInt"
    : /^(Bool|bool)$/.test(parameter.type)
      ? "asBool"
      : /^(Float|F|b?float\d+)$/.test(parameter.type)
        ? "asFloat"
        : undefined;
  return kind ? `${kind}(${value}, "${camelCase(parameter.name)}")` : value;
}

function operand(parameter: Parameter): string {
  const name = camelCase(parameter.name);
  return parameter.rest ? `...${name}` : converted(parameter, name);
}

function attributes(parameters: readonly Parameter[], value: (p: Parameter) => string): string {
  if (parameters.length === 0) return "undefined";
  return `{ ${parameters.map((p) => shorthand(p.name, value(p))).join(", ")} }`;
}

function bodyOf(op: Op): string {
  const operands = op.positional.filter((p) => OPERANDS.has(p.kind)).map(operand);
  const positional = op.positional.filter((p) => !OPERANDS.has(p.kind));
  const options = op.options.filter((p) => !OPERANDS.has(p.kind));
  const statics = attributes([...positional, ...options], (p) =>
    positional.includes(p) ? camelCase(p.name) : `options.${camelCase(p.name)}`,
  );
  const named = op.options.filter((p) => OPERANDS.has(p.kind));
  const last = named.length
    ? `, ${attributes(named, (p) => converted(p, `options.${camelCase(p.name)}`))}`
    : "";
  const head = `"${op.name}", [${operands.join(", ")}], ${statics}`;
  if (op.result.kind !== "struct") return `return emit(${head}, Tensor${last}) as never;`;
  const fields = op.result.fields.map((f) => `${camelCase(f.name)}: ["${f.name}", Tensor]`);
  return `return struct(${head}, { ${fields.join(", ")} }${last}) as never;`;
}

function opDoc(op: Op): string {
  return docComment(op.differentiable ? op.doc : `${op.doc} Not differentiable.`);
}

function method(op: Op): string {
  const name = camelCase(op.name.slice(op.name.indexOf(".") + 1));
  return `${opDoc(op)}\n${name}${typeParameters(op)}(${parameterList(op)}): ${resultType(op.result)} { ${bodyOf(op)} }`;
}

// ---------------------------------------------------------------------------------------------------------------
// Files

/** The import lines that a source needs, from what it mentions. */
function imports(source: string, from: Readonly<Record<string, readonly string[]>>): string {
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

const FROM = {
  "../program/program.ts": ["emit", "struct", "type Traced"],
  "../tensor/tensor.ts": [
    "asBool",
    "asFloat",
    "asInt",
    "type Dim",
    "type DType",
    "type FloatDType",
    "type Of",
    "type ShapeLike",
    "type Strong",
    "Tensor",
    "type TensorLike",
  ],
  "./dtypes.ts": ["type Float", "type IntDType", "type Numeric", "type Promote", "type Sum"],
} as const;

export function namespaceFile(registry: Registry, namespace: string): string {
  for (const op of registry.ops)
    if (!METHODS.test(op.name) && !(op.name.slice(0, op.name.indexOf(".")) in NAMESPACES))
      throw new Error(`${op.name}: no namespace of that name; add it to NAMESPACES`);
  const { doc, members = [], imports: extra } = NAMESPACES[namespace]!;
  const ops = registry.ops.filter((op) => op.name.startsWith(`${namespace}.`)).map(method);
  const source = `${docComment(doc)}\nexport const ${namespace} = {\n${[...members, ...ops].join(",\n\n")}\n};\n`;
  const from = extra ? { ...FROM, "../tensor/tensor.ts": [extra, ...FROM["../tensor/tensor.ts"]] } : FROM;
  return `${HEADER}${imports(source, from)}\n\n${source}`;
}

export function dtypesFile(registry: Registry): string {
  const { promote, ...unary } = registry.types;
  const tables = Object.entries(unary).map(([name, rows]) => {
    const fields = Object.entries(rows).map(([dtype, result]) => `${dtype}: ${union(result)}`);
    const type = TYPE_FUNCTIONS[name]!;
    return [
      `interface ${type}Table ${record([...fields, "key: never"])}`,
      docComment(UNARY_DOCS[name]!),
      `export type ${type}<A extends Static> = ${type}Table[A];`,
    ].join("\n");
  });
  const rows = Object.entries(promote).map(([a, columns]) => {
    const fields = Object.entries(columns).map(([b, result]) => `${b}: ${union(result)}`);
    return `${a}: ${record([...fields, "key: never"])}`;
  });
  return `${HEADER}import type { Static } from "../tensor/static-dtypes.ts";

export type IntDType = "int8" | "int16" | "int32" | "int64" | "uint8" | "uint16" | "uint32" | "uint64";

${tables.join("\n\n")}

interface PromoteTable ${record([...rows, "key: Record<Static, never>"])}
/** The dtype of two operands together. Equivalent to \`jax.numpy.promote_types\`. */
export type Promote<A extends Static, B extends Static> = PromoteTable[A][B];
`;
}

const UNARY_DOCS: Readonly<Record<string, string>> = {
  number: "The dtype of arithmetic: that of booleans is int32.",
  float: "The dtype of a function of floats, such as `np.exp`.",
  sum: "The dtype of a sum: small integers are added up as 32-bit ones.",
};

export function hashFile(registry: Registry): string {
  return `${HEADER}/** What client and worker compare when they meet: both must know the same operations. */
export const registryHash: string = "${registry.hash}";
`;
}

// ---------------------------------------------------------------------------------------------------------------
// Distributions

/** `F` is inferred from what can be nothing but a float. */
function optionType(kind: ParameterKind, float: "F" | "FloatDType"): string {
  const of: Record<ParameterKind["kind"], string> = {
    float: `TensorLike<${float}>`,
    int: "TensorLike<IntDType>",
    bool: 'TensorLike<"bool">',
    num: "TensorLike",
    dist: "Traced",
    static: kind.type ?? "unknown",
  };
  return kind.many ? `readonly (${of[kind.kind]})[]` : of[kind.kind];
}

const dimsDoc = (dims: string): string => (dims ? `\`(${dims})\`` : "a scalar");

function optionField(parameter: DistributionParameter): string {
  const kinds = parameter.alternatives ?? [parameter];
  const float = kinds.length === 1 ? "F" : "FloatDType";
  const type = [...new Set(kinds.map((k) => optionType(k, float)))].join(" | ");
  const dims = [...new Set(kinds.flatMap((k) => (k.dims === undefined ? [] : [dimsDoc(k.dims)])))].join(
    " or ",
  );
  const doc = [dims, parameter.doc].filter(Boolean).join(": ");
  const field = `readonly ${camelCase(parameter.name)}${parameter.optional ? "?" : ""}: ${type}`;
  return doc ? `${docComment(doc)}\n${field}` : field;
}

const TABLE_KIND = {
  float: "Float",
  int: "Int",
  bool: "Bool",
  num: "any",
  dist: "any",
  static: "static",
} as const;

function tableRow(parameter: DistributionParameter): string {
  const single = !parameter.alternatives && !parameter.many;
  return JSON.stringify({
    name: camelCase(parameter.name),
    python: parameter.name,
    kind: single ? TABLE_KIND[parameter.kind] : "any",
    dims: single ? (parameter.dims ?? null) : null,
    optional: parameter.optional,
  });
}

function queryType(query: Op): string {
  const parameters = parameterList(query, "declared");
  return `${opDoc(query)}\n${camelCase(query.name)}${typeParameters(query)}(${parameters}): ${resultType(query.result)}`;
}

function distributionSource(cls: DistributionClass): string {
  const generic = `<F extends FloatDType = "float32">`;
  const table = `${lowerFirstWord(cls.name)}Parameters`;
  return [
    `/** What \`new ${cls.name}\` takes. */`,
    `export interface ${cls.name}Options${generic} {\n${cls.params.map(optionField).join(";\n")}\n}`,
    `/** The parameters of ${cls.name}, for checks on the host and for the wire. */`,
    `export const ${table}: readonly Parameter[] = [${cls.params.map(tableRow).join(", ")}];`,
    `/** The queries of ${cls.name}, as the registry has them. */`,
    `export interface ${cls.name}Queries${generic} {\n${cls.queries.map(queryType).join(";\n")}\n}`,
  ].join("\n");
}

export function distributionsFile(registry: Registry): string {
  const source = registry.distributions.map(distributionSource).join("\n\n");
  const tensor = FROM["../tensor/tensor.ts"].map((name) => (name === "Tensor" ? "type Tensor" : name));
  const from = {
    "../distributions/distribution.ts": ["type Parameter"],
    ...FROM,
    "../tensor/tensor.ts": tensor,
  };
  const lines = imports(source, from);
  return `${HEADER}${lines}\n\n${source || "export {};"}\n`;
}
