/** What a file holds, as a person reads it. */
import type { Stored } from "./stored.ts";
import { CLASS_SIGNATURES, OP_SIGNATURES } from "./generated-signatures.ts";
import { isLeafOf, type SchemaFunction, type SchemaLeaf, type SchemaTree } from "./schema.ts";

/** Functions with their arguments and results, tensors, operations and hashes: lines of text. */
export function describeFile(path: string, size: number, stored: Stored): string {
  const { schema, programs, tensors, metadata, plugins } = stored;
  const constants = Object.keys(tensors).filter((name) => !Object.hasOwn(schema.weights, name));
  const signatures = (
    used: Readonly<Record<string, string>>,
    known: typeof OP_SIGNATURES,
  ): readonly string[] =>
    Object.keys(used)
      .sort()
      .map((name) => {
        const of = plugins.find((op) => op.name === name);
        return `${name}  ${of ? `${of.hash}  of the plugin ${of.plugin}` : stateOf(used[name]!, known[name])}`;
      });
  return [
    `${path}: format ${stored.format}, ${size.toLocaleString("en")} bytes, written by synjax-ts ${stored.writer}`,
    ...section(
      "Functions",
      Object.entries(schema.functions).map(([name, of]) => functionText(name, of)),
    ),
    ...section("Programs", programs.map(({ length }, k) => `${k}  ${length.toLocaleString("en")} bytes  sha256 ${schema.programs[k]!}`)), // prettier-ignore
    ...section(
      schema.weightsFile === null ? "Weights" : `Weights (in ${schema.weightsFile})`,
      Object.entries(schema.weights).map(
        ([name, type]) => `${name}  ${leafText(type)}${hashText(tensors[name])}`,
      ),
    ),
    ...section(
      "Constants",
      constants.map((name) => `${name}${hashText(tensors[name])}`),
    ),
    ...section("Operations", signatures(stored.ops, OP_SIGNATURES)),
    ...section("Classes", signatures(stored.classes, CLASS_SIGNATURES)),
    ...section("Metadata", Object.keys(metadata).sort().map((key) => `${key}: ${metadata[key]!}`)), // prettier-ignore
    "",
    `registry ${stored.registry}`,
    `sha256 of the header ${stored.digest}`,
  ].join("\n");
}

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ["", title, ...lines.map((line) => `  ${line}`)];

const hashText = (digest: string | undefined): string => (digest === undefined ? "" : `  sha256 ${digest}`);

function stateOf(hash: string, accepted: readonly string[] | undefined): string {
  if (accepted === undefined) return `${hash}  not in this version`;
  return accepted.includes(hash) ? hash : `${hash}  another signature in this version`;
}

function functionText(name: string, of: SchemaFunction): string {
  const args = of.arguments.map((each) => `${each.name}: ${treeText(each.tree, of.inputs)}`).join(", ");
  const flags = Object.entries(of.flags).map(([flag, value]) => `  ${flag} = ${String(value)}`);
  return `${name}(${args}) -> ${treeText(of.results, of.outputs)}  program ${of.program}${flags.join("")}`;
}

type Leaves = SchemaFunction["inputs"] | SchemaFunction["outputs"];

function treeText(tree: SchemaTree, leaves: Leaves): string {
  if (typeof tree === "number") {
    const leaf = leaves[tree]!;
    return isLeafOf(leaf) ? leafText(leaf) : "?";
  }
  if (tree === null) return "null";
  if ("list" in tree) return `[${tree.list.map((each) => treeText(each, leaves)).join(", ")}]`;
  const items = Object.entries(tree.dict).map(([key, each]) => `${key}: ${treeText(each, leaves)}`);
  return `{ ${items.join(", ")} }`;
}

/** `float32[n, ?, 2]` */
export const leafText = ({ dtype, shape }: Pick<SchemaLeaf, "dtype" | "shape">): string =>
  `${dtype}[${shape.map((dim) => dim ?? "?").join(", ")}]`;
