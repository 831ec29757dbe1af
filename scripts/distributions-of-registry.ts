/** `src/distributions`: the base with the queries of every class, a file for each class, and the list of exports. */
import {
  classDoc,
  classOptions,
  declarationTable,
  fieldTable,
  mayBeDistribution,
} from "./declarations-of-registry.ts";
import type {
  DeclaredTree,
  DistributionClass,
  Parameter,
  Query,
  Result,
} from "../bridge/signatures/registry-document.ts";
import {
  callSignatures,
  conversion,
  type Names,
  OPERANDS,
  optionField,
  parameterList,
  resultType,
  typeParameters,
} from "../bridge/signatures/typescript-signatures.ts";
import {
  camelCase,
  docComment,
  HEADER,
  imports,
  kebabCase,
  pascalCase,
  sentence,
  shorthand,
} from "../bridge/signatures/typescript-spelling.ts";

type Struct = Extract<Result, { kind: "struct" }> & { readonly name: string };

export const fileOf = (cls: DistributionClass): string => `${kebabCase(cls.name)}.ts`;

/** The queries that every class inherits from the base. */
export function sharedQueries(classes: readonly DistributionClass[]): Query[] {
  const inherited = classes.flatMap((cls) => cls.queries).filter((query) => query.inherited);
  const names = [...new Set(inherited.map((query) => query.name))].sort();
  return names
    .filter((name) => classes.every((cls) => cls.queries.some((query) => query.name === name)))
    .map((name) => inherited.find((query) => query.name === name)!);
}

// ---------------------------------------------------------------------------------------------------------------
// One query

/** The named structs that queries answer with, each once. */
function structsOf(queries: readonly Query[]): (readonly [struct: Struct, query: Query])[] {
  const found = new Map<string, readonly [Struct, Query]>();
  for (const query of queries)
    if (query.result.kind === "struct" && query.result.name && !found.has(query.result.name))
      found.set(query.result.name, [query.result as Struct, query]);
  return [...found.values()];
}

const GENERICS = {
  F: 'F extends FloatDType = "float32"',
  E: "E extends string = never",
  C: "C extends string = never",
  P: "P extends EmissionLike = TensorLike<FloatDType>",
};
type Generic = keyof typeof GENERICS;

/** Which of the class's type parameters a result has. */
function genericsOf(result: Result): Set<Generic> {
  if (result.kind === "struct") return new Set(result.fields.flatMap((f) => [...genericsOf(f.result)]));
  if (result.kind === "array") return new Set(JSON.stringify(result.type).includes('"F"') ? ["F"] : []);
  if (result.kind === "compact") return new Set(["C"]);
  if (result.kind === "parameter") return new Set(["F", "P"]);
  return new Set(result.kind === "event" ? ["F", "E"] : []);
}

function typeArguments(result: Result, names: Names, of: "declared" | "used"): string {
  const used = genericsOf(result);
  const open = (["F", "E", "C", "P"] as const).filter(
    (g) => used.has(g) && (g === "F" || g === "P" || names.event.endsWith("E>")),
  );
  const list = open.map((g) => (of === "declared" ? GENERICS[g] : g));
  return list.length ? `<${list.join(", ")}>` : "";
}

/** A type and no interface: only a type is a tree to the types of `get`, `jit` and `tree.map`. */
function structType([struct, query]: readonly [Struct, Query], names: Names): string {
  const fields = struct.fields.map(({ name, result }) => {
    const hasDims = result.kind === "array" || result.kind === "parameter";
    const doc = hasDims && result.dims !== undefined ? `/** \`(${result.dims})\` */\n` : "";
    return `${doc}readonly ${camelCase(name)}: ${resultType(result, names)}`;
  });
  const [doc] = query.doc.split("\n\n");
  return `${docComment(doc!)}\nexport type ${struct.name}${typeArguments(struct, names, "declared")} = {\n${fields.join(";\n")}\n};`;
}

function optionsInterface(query: Query, names: Names): string {
  const fields = query.options.map(
    (p) => `${p.doc ? `${docComment(sentence(p.doc))}\n` : ""}${optionField(p, names)}`,
  );
  return `/** Options of \`${camelCase(query.name)}\`. */\nexport interface ${optionsName(query)} {\n${fields.join(";\n")}\n}`;
}

const optionsName = (query: Query): string => `${pascalCase(query.name)}Options`;

function methodDoc(query: Query): string {
  const documented = [...query.positional, ...query.options].filter((p) => p.doc);
  const tags = documented.map((p) =>
    query.options.includes(p)
      ? `@param options.${camelCase(p.name)} ${p.doc!}`
      : `@param ${camelCase(p.name)} ${p.doc!}`,
  );
  const doc = query.differentiable ? query.doc : `${query.doc} Not differentiable.`;
  return docComment([doc, ...(tags.length ? [tags.join("\n")] : [])].join("\n\n"));
}

/** Whether it compares with distributions of further classes. A union would not be what the base takes. */
const takesOthers = (query: Query, comparable: readonly string[]): boolean =>
  comparable.length > 0 && query.positional.some(({ kind }) => kind === "dist");

/** A query as a method that records it. `optionsType` names its options object where that has a name. */
function method(query: Query, names: Names, modifier = "", optionsType?: string): string {
  const result = resultType(query.result, names);
  const head = (other: string): string =>
    `${modifier}${camelCase(query.name)}${typeParameters(query)}(${parameterList(query, { ...names, other }, optionsType)}): ${result}`;
  const overloads = takesOthers(query, names.comparable) ? `${head("this")};\n${head(names.other)};\n` : "";
  return `${methodDoc(query)}\n${overloads}${head(overloads ? "unknown" : names.other)} { ${body(query)} }`;
}

function body(query: Query): string {
  const name = camelCase(query.name);
  const given = (p: Parameter): string =>
    `${query.options.includes(p) ? "options." : ""}${camelCase(p.name)}`;
  const all = [...query.positional, ...query.options];
  const statics = all.filter((p) => !OPERANDS.has(p.kind)).map((p) => shorthand(p.name, given(p)));
  const operands = query.positional
    .filter((p) => OPERANDS.has(p.kind))
    .map((p) => operand(p, name, given(p)));
  const named = query.options
    .filter((p) => OPERANDS.has(p.kind))
    .map((p) => `${p.name}: ${operand(p, name, given(p))}`);
  const rest = [
    operands.length ? `[${operands.join(", ")}]` : "[]",
    statics.length ? `{ ${statics.join(", ")} }` : "undefined",
    named.length ? `{ ${named.join(", ")} }` : "undefined",
  ];
  while (/^(\[\]|undefined)$/.test(rest.at(-1) ?? "")) rest.pop();
  return `return this.ask(${[`"${query.name}"`, answer(query.result), ...rest].join(", ")}) as never;`;
}

function operand(p: Parameter, query: string, value: string): string {
  const about = `"${query}", "${camelCase(p.name)}", ${value}`;
  if (p.kind === "event") return `this.eventOperand(${about})`;
  if (p.kind === "compact") return `this.compactOperand(${about})`;
  if (p.kind === "struct") return `this.structOperand(${about}, ${tableName(p.type!)})`;
  const convert = conversion(p);
  return convert ? `this.operand(${about}, ${convert})` : value;
}

function answer(result: Result): string {
  if (result.kind === "array" || result.kind === "key") return "Tensor";
  if (result.kind !== "struct") return `"${result.kind}"`;
  return `{ ${result.fields.map((f) => `${camelCase(f.name)}: ["${f.name}", ${answer(f.result)}]`).join(", ")} }`;
}

const tableName = (struct: string): string =>
  struct.replace(/(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, "_").toUpperCase();

/** The fields of the structs that queries take, as a table for the wire. */
function structTables(queries: readonly Query[]): string[] {
  const structs = structsOf(queries);
  const taken = new Set(
    queries.flatMap((q) => q.positional).flatMap((p) => (p.kind === "struct" ? [p.type!] : [])),
  );
  return [...taken].map((name) => {
    const [struct] = structs.find(([s]) => s.name === name) ?? [];
    if (!struct) throw new Error(`no query answers with a struct ${name}`);
    return `const ${tableName(name)}: Fields = ${fieldTable(struct)};`;
  });
}

// ---------------------------------------------------------------------------------------------------------------
// Files

const BASE_NAMES: Names = {
  dist: () => "this",
  other: "this",
  comparable: [],
  event: "EventOf<F, E>",
  eventLike: "EventLike<E>",
  compact: "CompactOf<C>",
  compactLike: "CompactLike<C>",
  struct: (name) => name,
};

function namesOf(names: Names, queries: readonly Query[]): Names {
  const structs = new Map(structsOf(queries).map(([struct]) => [struct.name, struct]));
  const struct = (name: string): string => {
    const found = structs.get(name);
    return found ? `${name}${typeArguments(found, names, "used")}` : name;
  };
  return { ...names, struct };
}

/** The names of the arrays of an event as a union of strings; undefined where it is one array. */
function leavesOf(tree: DeclaredTree): string | undefined {
  if (typeof tree.dims === "string") return undefined;
  return Object.keys(tree)
    .map((name) => `"${camelCase(name)}"`)
    .join(" | ");
}

function classNames(cls: DistributionClass): Names {
  const [event, compact] = [leavesOf(cls.event), leavesOf(cls.compact)];
  const { comparable = [] } = cls;
  const others = comparable.map((name) => JSON.stringify(name)).join(" | ");
  return namesOf(
    {
      ...BASE_NAMES,
      ...(others ? { other: `Named<F, ${others}>`, comparable } : {}),
      event: event ? `EventOf<F, ${event}>` : "Tensor<F>",
      eventLike: event ? `EventLike<${event}>` : "TensorLike",
      compact: compact ? `CompactOf<${compact}>` : 'Tensor<"int32">',
      compactLike: compact ? `CompactLike<${compact}>` : "TensorLike<IntDType>",
    },
    cls.queries,
  );
}

/** What generated files import, by the path from `src`. `own` is the path of the folder of the distributions. */
function importLines(source: string, src: string, own: string): string {
  const code = source.replaceAll(/\/\*\*.*?\*\/|"[^"\n]*"/gs, "");
  const tensor = /\bTensor\b(?!<)/.test(code) ? "Tensor" : "type Tensor";
  return imports(source, {
    [`${src}ops/dtypes.ts`]: ["type IntDType"],
    [`${src}program/signatures.ts`]: ["checkMethods"],
    [`${src}tensor/array.ts`]: ["asBool", "asFloat", "asInt"],
    [`${src}tensor/tensor.ts`]: ["type Dim", "type FloatDType", "type ShapeLike", tensor, "type TensorLike"],
    [`${own}declaration.ts`]: ["type Declaration", "type Fields"],
    [`${own}declared-distribution.ts`]: ["DeclaredDistribution", "type Named"],
    [`${own}distribution.ts`]: /export abstract class Distribution\b/.test(code) ? [] : ["Distribution"],
    [`${own}simple-distribution.ts`]: ["type EmissionLike", "type ParameterOf"],
    [`${own}events.ts`]: ["type CompactLike", "type CompactOf", "type EventLike", "type EventOf"],
  });
}

const BASE_DOC = `A distribution over structures: a value of the program, with queries on it. An event is the 0/1 indicator of a structure's parts, so \`marginals\`, \`argmax\`, \`sample\` and \`logProb\` speak of the same thing; \`decode\` gives the compact form that people read. All logarithms are natural (nats).

\`E\` and \`C\` name the arrays of an event and of a compact one where there are several.`;

export function baseFile(shared: readonly Query[]): string {
  const names = namesOf(BASE_NAMES, shared);
  const source = [
    ...structsOf(shared).map((struct) => structType(struct, names)),
    ...shared.filter((query) => query.options.length).map((query) => optionsInterface(query, names)),
    `${docComment(BASE_DOC)}
export abstract class Distribution<${GENERICS.F}, ${GENERICS.E}, ${GENERICS.C}> extends DeclaredDistribution<F, E> {
${shared.map((query) => method(withoutOptionDocs(query), names, "", optionsName(query))).join("\n\n")}
}`,
    checks("Distribution", shared),
  ].join("\n\n");
  return `${HEADER}${importLines(source, "../", "./")}\n\n${source}\n`;
}

const checks = (of: string, queries: readonly Query[], comparable?: readonly string[]): string =>
  queries.length
    ? `checkMethods(${of}, ${callSignatures(queries, ({ name }) => camelCase(name), comparable)});`
    : "";

/** Options that have an interface are described there. */
function withoutOptionDocs(query: Query): Query {
  return { ...query, options: query.options.map(({ doc: _doc, ...option }) => option) };
}

export interface ClassFileOptions {
  readonly shared: readonly Query[];
  /** The path of `src` as the file imports it. */
  readonly src?: string;
  /** Whether `<name>.extra.ts` exists: an abstract class between this one and the base, with what TypeScript adds. */
  readonly hasExtra?: boolean;
}

/** `parameter`, where one of them may be a distribution. */
const parameterMethod = (name: string): string =>
  `/** A parameter's value. */
override parameter(name: "${name}"): ParameterOf<P, F>;
override parameter(name: string, index?: number): Tensor<F>;
override parameter(name: string, index?: number): never { return super.parameter(name, index) as never; }`;

export function classFile(
  cls: DistributionClass,
  { shared, src = "../", hasExtra }: ClassFileOptions,
): string {
  const { name } = cls;
  const names = classNames(cls);
  const own = cls.queries.filter(
    (q) => !(q.inherited && shared.some((each) => each.name === q.name)) || takesOthers(q, names.comparable),
  );
  const structs = structsOf(own).filter(([s]) => !structsOf(shared).some(([each]) => each.name === s.name));
  const isShared = (query: Query): boolean => shared.some((each) => each.name === query.name);
  const leaves = [leavesOf(cls.event), leavesOf(cls.compact)];
  const base = `Distribution<${["F", ...(leaves[1] ? leaves.map((l) => l ?? "never") : leaves[0] ? [leaves[0]] : [])].join(", ")}>`;
  const hasEmission = cls.params.some(mayBeDistribution);
  const [optionsGenerics, classGenerics, used] = hasEmission
    ? [`${GENERICS.F}, P extends EmissionLike = EmissionLike`, `${GENERICS.F}, ${GENERICS.P}`, "F, P"]
    : [GENERICS.F, GENERICS.F, "F"];
  const source = [
    `/** What \`new ${name}\` takes. */\nexport interface ${name}Options<${optionsGenerics}> {\n${classOptions(cls)}\n}`,
    ...structs.map((struct) => structType(struct, names)),
    ...structTables(own),
    `const declaration: Declaration = ${declarationTable(cls)};`,
    `${docComment(classDoc(cls))}
export class ${name}<${classGenerics}> extends ${hasExtra ? `${name}Extra<F>` : base} {
constructor(options: ${name}Options<${used}>) { super(declaration, options); }
protected override get declared(): Declaration { return declaration; }
${cls.comparable ? `/** The name of the class, in the types only. */\ndeclare readonly className: ${JSON.stringify(name)};\n` : ""}
${[...cls.params.filter(mayBeDistribution).map(({ name }) => parameterMethod(camelCase(name))), ...own.map((query) => method(query, names, isShared(query) ? "override " : ""))].join("\n\n")}
}`,
    checks(name, own, cls.comparable),
  ].join("\n\n");
  const extra = hasExtra ? `import { ${name}Extra } from "./${kebabCase(name)}.extra.ts";\n` : "";
  const folder = src === "../" ? "./" : `${src}distributions/`;
  return `${HEADER}${importLines(source, src, folder)}\n${extra}\n${source}\n`;
}

export function indexFile(classes: readonly DistributionClass[], shared: readonly Query[]): string {
  const exported = (names: readonly string[]): string => names.map((name) => `type ${name}`).join(", ");
  const base = [
    ...structsOf(shared).map(([s]) => s.name),
    ...shared.filter((q) => q.options.length).map(optionsName),
  ];
  const lines = classes.map((cls) => {
    const structs = structsOf(cls.queries.filter((q) => !q.inherited)).map(([s]) => s.name);
    return `export { ${cls.name}, ${exported([`${cls.name}Options`, ...structs])} } from "./${fileOf(cls)}";`;
  });
  return `${HEADER}/** The public names of the distributions. */
export { Distribution, ${exported(base)} } from "./distribution.ts";
export type { EventShape } from "./declared-distribution.ts";
export type { CompactLike, CompactOf, EventLike, EventOf } from "./events.ts";
${lines.join("\n")}
`;
}
