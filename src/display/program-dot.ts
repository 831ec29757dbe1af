/** A probabilistic program in the language of Graphviz. */
import { plateLabel, type ProgramEdge, type ProgramNode } from "./program.ts";

const LOOKS: Readonly<Record<ProgramNode["kind"], string>> = {
  latent: "shape=ellipse",
  observed: 'shape=ellipse, style=filled, fillcolor="#d3dbe0"',
  deterministic: "shape=ellipse, style=dashed",
  factor: "shape=square, style=filled, fillcolor=black, width=0.15, label=\"\"",
  param: "shape=plain",
}; // prettier-ignore

/** A group of nodes, and the plates in it. */
interface Group {
  readonly lines: string[];
  readonly plates: Map<string, Group>;
}

/** A `digraph` with a cluster for each plate. */
export function programDot(nodes: readonly ProgramNode[], edges: readonly ProgramEdge[]): string {
  const whole: Group = { lines: [], plates: new Map() };
  const kinds = new Map(nodes.map(({ name, kind }) => [name, kind]));
  for (const { name, kind, plates } of nodes) {
    let group = whole;
    for (const label of plates.map(plateLabel)) {
      if (!group.plates.has(label)) group.plates.set(label, { lines: [], plates: new Map() });
      group = group.plates.get(label)!;
    }
    const outside = kind === "factor" ? `, xlabel=${quoted(name)}` : "";
    group.lines.push(`${quoted(name)} [${LOOKS[kind]}${outside}];`);
  }
  const arrows = edges.map(
    ({ from, to }) =>
      `${quoted(from)} -> ${quoted(to)}${kinds.get(to) === "factor" ? " [arrowhead=none]" : ""};`,
  );
  let clusters = 0;
  const write = ({ lines, plates }: Group, indent: string): string[] => [
    ...lines.map((line) => indent + line),
    ...[...plates].flatMap(([label, group]) => [
      `${indent}subgraph cluster_${clusters++} {`,
      `${indent}  label=${quoted(label)}; labeljust=r; labelloc=b; style=rounded;`,
      ...write(group, `${indent}  `),
      `${indent}}`,
    ]),
  ];
  return ["digraph model {", ...write(whole, "  "), ...arrows.map((arrow) => `  ${arrow}`), "}", ""].join("\n");
} // prettier-ignore

/** A name as an ID of the DOT language, whatever is in it. */
const quoted = (name: string): string => `"${name.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
