/** The tables of `docs/` that the registry knows: error codes, classes and queries, operations. */
import { METHODS, NAMESPACES } from "./ops-of-registry.ts";
import type { DistributionClass, Op, Registry } from "../bridge/signatures/registry-document.ts";
import { camelCase, inCamelCase } from "../bridge/signatures/typescript-spelling.ts";

const HEADER = "<!-- Generated from the Python registry by `npm run generate`; do not edit. -->\n";

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");
/** Text that stands in a cell. */
const cell = (text: string): string => inCamelCase(text).replaceAll("|", "\\|").replaceAll("\n", " ");

export function errorsPage(errors: Readonly<Record<string, Readonly<Record<string, string>>>>): string {
  const groups = Object.entries(errors).map(([group, codes]) => {
    const rows = Object.entries(codes).map(([code, meaning]) => [`\`${code}\``, cell(meaning)]);
    return `## ${group}\n\n${table(["code", "means"], rows)}`;
  });
  return `${HEADER}
# Errors

Everything that goes wrong is a \`SynjaxError\`. Its \`code\` is one of these, its message names the argument, what was
expected and what was received, and ends with the line of your code. \`argument\`, \`expected\` and \`received\` stand beside
it as fields, \`cause\` is what lay behind it.

${groups.join("\n\n")}
`;
}

export function classesPage(registry: Registry): string {
  const classes = registry.distributions;
  const queries = [...new Set(classes.flatMap((cls) => cls.queries.map((query) => query.name)))].sort();
  const answers = (cls: DistributionClass, query: string): string =>
    cls.queries.some((each) => each.name === query) ? "yes" : "–";
  const rows = queries.map((query) => [
    `\`${camelCase(query)}\``,
    ...classes.map((cls) => answers(cls, query)),
  ]);
  return `${HEADER}
# Classes

Each class with its parameters, by named dims; \`*batch\` is any number of leading axes, broadcast against each other. In
Python the names are in snake_case.

${classes.map(classSection).join("\n\n")}

## Queries

${table(["query", ...classes.map((cls) => `\`${cls.name}\``)], rows)}

${table(
  ["query", "answers"],
  queries.map((query) => queryRow(classes, query)),
)}
`;
}

function queryRow(classes: readonly DistributionClass[], query: string): string[] {
  const { doc } = classes.flatMap((cls) => cls.queries).find((each) => each.name === query)!;
  return [`\`${camelCase(query)}\``, cell(doc.split("\n\n")[0]!)];
}

function classSection(cls: DistributionClass): string {
  const rows = cls.params.map((parameter) => {
    const dims = (parameter.alternatives ?? [parameter]).flatMap((kind) =>
      kind.dims === undefined ? [] : [`\`(${kind.dims})\``],
    );
    return [`\`${camelCase(parameter.name)}\``, [...new Set(dims)].join(" or ") || "–", cell(parameter.doc)];
  });
  const [first, ...paragraphs] = cls.doc.split("\n\n");
  const ofEvents = paragraphs.find((paragraph) => paragraph.startsWith("An event "));
  const shapes = `An event is ${shown(cls.event)}, its compact form ${shown(cls.compact)}.`;
  const text = [first!, shapes, ...(ofEvents ? [cell(ofEvents)] : [])].join("\n\n");
  return `## ${cls.name}\n\n${text}\n\n${table(["parameter", "dims", "is"], rows)}`;
}

/** A declared tree: the dims of one array, or of several by name. */
function shown(tree: DistributionClass["event"]): string {
  if (typeof tree.dims === "string") return `\`(*batch ${tree.dims})\``;
  const leaves = Object.entries(tree as Readonly<Record<string, { readonly dims: string }>>);
  return leaves.map(([name, leaf]) => `\`${name} (*batch ${leaf.dims})\``).join(" and ");
}

/** Of a namespace, what JAX has and we have not: what does the same, and why the rest is not there. */
export type Coverage = Readonly<
  Record<
    string,
    {
      readonly elsewhere: Readonly<Record<string, string>>;
      readonly absent: Readonly<Record<string, readonly string[]>>;
    }
  >
>;

export function opsPage(registry: Registry, coverage: Coverage): string {
  const sections = Object.entries(NAMESPACES).map(([namespace, { doc }]) => {
    const ops = registry.ops.filter((op) => op.name.startsWith(`${namespace}.`) && !METHODS.test(op.name));
    const rows = ops.map((op) => [`\`${called(op)}\``, cell(op.doc)]);
    const parts = [`## ${namespace}`, doc, table(["call", "is"], rows)];
    const { elsewhere = {}, absent = {} } = coverage[namespace] ?? {};
    const others = Object.entries(elsewhere).map(([name, here]) => `\`${name}\` is \`${here}\``);
    if (others.length) parts.push(`By another name: ${others.join(", ")}.`);
    const lists = Object.entries(absent).map(
      ([reason, names]) => `- ${reason}: ${names.map((name) => `\`${name}\``).join(", ")}`,
    );
    if (lists.length) parts.push(`Not there:\n\n${lists.join("\n")}`);
    return parts.join("\n\n");
  });
  return `${HEADER}
# Operations

Every operation, by JAX's names in camelCase: what is positional in JAX and needed is positional here, the rest stands in
an options object. Dtypes, broadcasting and promotion are JAX's. Elements are read by \`x.slice(…)\` and \`x.at(…).get()\`,
and changed by \`x.at(…).set(…)\`, \`add\`, \`multiply\`, \`min\` and \`max\`. What JAX has and is not here stands below each
table, as does what has another name.

${sections.join("\n\n")}
`;
}

/** An operation as it is called: `np.sum(a, { axis?, keepdims? })`. */
function called({ name, positional, options }: Op): string {
  const named = positional.map((p) => `${p.rest ? "…" : ""}${camelCase(p.name)}`);
  const fields = options.map((p) => `${camelCase(p.name)}${p.optional ? "?" : ""}`);
  return `${camelCase(name)}(${[...named, ...(fields.length ? [`{ ${fields.join(", ")} }`] : [])].join(", ")})`;
}
