/** What a class declares: the options of its constructor, its table for the wire and the host's checks, its doc. */
import type {
  DeclaredTree,
  DistributionClass,
  DistributionParameter,
  Leaf,
  ParameterKind,
  Result,
} from "../bridge/signatures/registry-document.ts";
import { camelCase, docComment, sentence } from "../bridge/signatures/typescript-spelling.ts";

/** `F` is inferred from what can be nothing but a float. */
function optionType(kind: ParameterKind, float: "F" | "FloatDType"): string {
  const of: Record<ParameterKind["kind"], string> = {
    float: `TensorLike<${float}>`,
    int: "TensorLike<IntDType>",
    bool: 'TensorLike<"bool">',
    num: "TensorLike",
    dist: kind.type ?? "unknown",
    static: kind.type ?? "unknown",
  };
  return kind.many ? `readonly (${of[kind.kind]})[]` : of[kind.kind];
}

const dimsDoc = (kind: ParameterKind): string => {
  const dims = kind.dims ? `\`(${kind.dims})\`` : "a scalar";
  return kind.many ? `a list of ${dims}` : dims;
};

/** Whether a parameter may be a distribution of observations: what it is, is then a type parameter of its class. */
export const mayBeDistribution = ({ alternatives }: DistributionParameter): boolean =>
  alternatives?.some(({ kind }) => kind === "dist") ?? false;

function optionField(parameter: DistributionParameter): string {
  const kinds = parameter.alternatives ?? [parameter];
  const float = kinds.length === 1 ? "F" : "FloatDType";
  const type = mayBeDistribution(parameter)
    ? "P"
    : [...new Set(kinds.map((k) => optionType(k, float)))].join(" | ");
  const shapes = [...new Set(kinds.filter((k) => k.dims !== undefined).map(dimsDoc))].join(" or ");
  const doc = shapes ? [shapes, parameter.doc].filter(Boolean).join(": ") : sentence(parameter.doc);
  const field = `readonly ${camelCase(parameter.name)}${parameter.optional ? "?" : ""}: ${type}`;
  return doc ? `${docComment(doc)}\n${field}` : field;
}

/** The fields of the constructor's options. */
export const classOptions = (cls: DistributionClass): string => cls.params.map(optionField).join(";\n");

/** The `Declaration` of a class, as a literal. */
export function declarationTable(cls: DistributionClass): string {
  const parameters = cls.params.map((parameter) => {
    const { kind: role, ...bounds } = cls.roles[parameter.name]!;
    const kinds = (parameter.alternatives ?? [parameter]).map(({ kind, dims }) => ({ kind, dims }));
    return {
      name: camelCase(parameter.name),
      python: parameter.name,
      role,
      optional: parameter.optional,
      kinds,
      ...(parameter.many ? { many: true } : {}),
      ...bounds,
    };
  });
  return JSON.stringify({
    name: cls.name,
    parameters,
    forms: cls.forms.map((form) => form.map(camelCase)),
    binding: cls.binding.map(camelCase),
    event: treeTable(cls.event),
    compact: treeTable(cls.compact),
  });
}

function treeTable(tree: DeclaredTree): unknown {
  if (isLeaf(tree)) return { ...tree, ...(tree.name ? { name: camelCase(tree.name) } : {}) };
  return Object.entries(tree).map(([python, leaf]) => ({ ...leaf, name: camelCase(python), python }));
}

/** The `Fields` of a struct that a query takes, as a literal. */
export function fieldTable(struct: Extract<Result, { kind: "struct" }>): string {
  const fields = struct.fields.map(({ name, result }) => ({
    name: camelCase(name),
    python: name,
    dims: (result.kind === "array" && result.dims) || "",
  }));
  return JSON.stringify(fields);
}

const isLeaf = (tree: DeclaredTree): tree is Leaf => typeof tree.dims === "string";

/** The class's docstring without its example, with the forms of its parameters and the dims of its events. */
export function classDoc(cls: DistributionClass): string {
  const prose = cls.doc.replace(/\n\nExample:\n[^]*$/, "");
  const event = shown(cls.event, "");
  const compact = shown(cls.compact, isLeaf(cls.compact) ? (cls.compact.name ?? "") : "");
  const events = `An event is ${event}; its compact form ${compact}: int32, -1 where there is nothing.`;
  return [prose, ...(cls.forms.length ? [formsDoc(cls.forms)] : []), events].join("\n\n");
}

function formsDoc(forms: DistributionClass["forms"]): string {
  const listed = forms.map((form) => {
    const names = form.filter((name) => !name.endsWith("?")).map((name) => `\`${camelCase(name)}\``);
    return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(", ")} and ${names.at(-1)!}`;
  });
  return `Give either ${listed.join(", or ")}.`;
}

/** A declared tree in words: the dims of one array, or of several by name. */
function shown(tree: DeclaredTree, name: string): string {
  const leaf = (of: string, { dims }: Leaf): string => `\`${of ? `${camelCase(of)} ` : ""}(*batch ${dims})\``;
  if (isLeaf(tree)) return leaf(name, tree);
  return Object.entries(tree)
    .map(([of, each]) => leaf(of, each))
    .join(" and ");
}
