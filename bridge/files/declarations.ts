/** The types of a file's functions, as TypeScript. */
import { leafText } from "./describe.ts";
import { isLeafOf, leavesOf, type Schema, type SchemaFunction, type SchemaTree } from "./schema.ts";

/** A `.d.ts` with the type `Functions`, for `load<Functions, false>(path)`. */
export function declarationsOf(file: string, { functions }: Schema): string {
  const members = Object.entries(functions).map(([name, of]) => {
    const args = of.arguments.map((each, i) => `${nameOf(each.name, i)}: ${typeOf(each.tree, of.inputs)}`);
    return `  /** ${docOf(of)} */\n  readonly ${keyOf(name)}: (${args.join(", ")}) => ${typeOf(of.results, of.outputs)};`;
  });
  return `// Generated from ${JSON.stringify(file)} by \`synjax types\`; do not edit.
import type { Tensor } from "synjax-ts";

/** The functions of the file without their weights: \`load<Functions, false>(path)\`. */
export type Functions = {
${members.join("\n")}
};
`;
}

/** Dtypes and named dims. A comment must not end in the middle. */
function docOf(of: SchemaFunction): string {
  const types = of.arguments.map(({ name, tree }) => `${name}: ${leavesIn(tree, of.inputs)}`);
  return `${types.join("; ") || "No arguments"}. Results: ${leavesIn(of.results, of.outputs)}`.replaceAll(
    "*/",
    "* /",
  );
}

type Leaves = SchemaFunction["inputs"] | SchemaFunction["outputs"];

function leavesIn(tree: SchemaTree, leaves: Leaves): string {
  const types = leavesOf(tree).map((place) => leaves[place]!);
  return types.map((leaf) => (isLeafOf(leaf) ? leafText(leaf) : "?")).join(", ") || "none";
}

function typeOf(tree: SchemaTree, leaves: Leaves): string {
  if (typeof tree === "number") {
    const leaf = leaves[tree]!;
    return isLeafOf(leaf) ? `Tensor<"${leaf.dtype}">` : "Tensor";
  }
  if (tree === null) return "null";
  if ("list" in tree) return `readonly [${tree.list.map((each) => typeOf(each, leaves)).join(", ")}]`;
  const items = Object.entries(tree.dict).map(
    ([key, each]) => `readonly ${keyOf(key)}: ${typeOf(each, leaves)}`,
  );
  return `{ ${items.join("; ")} }`;
}

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;
/** Names that no parameter may have. */
const RESERVED =
  /^(break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|export|extends|false|finally|for|function|if|import|in|instanceof|new|null|return|super|switch|this|throw|true|try|typeof|var|void|while|with|yield|let|static|await|implements|interface|package|private|protected|public)$/;
const keyOf = (key: string): string => (IDENTIFIER.test(key) ? key : JSON.stringify(key));
const nameOf = (name: string, place: number): string =>
  IDENTIFIER.test(name) && !RESERVED.test(name) ? name : `argument${place}`;
