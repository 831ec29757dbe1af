/** The graph of a program, found by recording it and walking what was recorded. */
import { SimpleDistribution } from "../distributions/simple-distribution.ts";
import { type Frame, RootFrame } from "../program/frame.ts";
import { camelCase } from "../program/python-names.ts";
import { currentFrame } from "../program/recording.ts";
import { checkCall } from "../program/signatures.ts";
import { CLASS_NAME, NODE, Traced } from "../program/traced.ts";
import { pathsOf } from "../program/tree.ts";
import type { Dim } from "../tensor/tensor.ts";
import { treeDefOf } from "../transforms/trees.ts";
import { type Flow, flowOf, type Sources } from "./flow.ts";
import { type ModelEdge, ModelGraph, type ModelNode, type NodePlate } from "./model-graph.ts";
import { OwnDistribution } from "./own-distribution.ts";
import { recordModel } from "./recorded-model.ts";
import type { AnyDistribution, PlateFrame, Statement } from "./statement.ts";
import type { Model } from "./tracers.ts";

/**
 * A function of a program's arguments that gives the program as a graph: its variables, and which of them each depends on
 * directly, by operations that meet no other. It records the program and runs nothing; the arguments count by their
 * structure only.
 *
 * Through a nested program (`scan`, `vmap`, `grad` …) all that goes in flows into all that comes out; what is read of a
 * variable's shape is no dependence. A structure with `marginalize` is a latent node, drawn afterwards, and a factor
 * `…_log_partition` beside it.
 *
 * ```ts
 * const graph = dependencies(model)(data);
 * graph.independent("mu", "tau"); // false: the data were observed
 * await writeFile("model.svg", await graph.toSVG());
 * ```
 * @throws {SynjaxError} `INVALID_ARGUMENT` where the program states other variables from run to run
 */
export function dependencies<A extends readonly unknown[]>(model: Model<A>): (...args: A) => ModelGraph {
  checkCall("dependencies", { takes: { model: "function" } }, [model]);
  return (...args) => {
    const names = args.map((_, i) => `argument ${i}`);
    const treeDefs = args.map((arg, i) => treeDefOf(arg, names[i]!).treeDef);
    const paths = args.flatMap((arg, i) => pathsOf(arg, names[i]!));
    // A frame of its own; inside a recorded function one of that, whose values the program may read
    const frame: Frame = currentFrame() ?? new RootFrame(0);
    const { program, statements } = recordModel(frame, model as unknown as Model, treeDefs, "dependencies");
    return graphOf(statements, flowOf(frame.root.bodies[program.body]!), { paths, depth: frame.depth });
  };
}

/**
 * A function of a program's arguments that says whether two of its variables are independent, whatever the distributions
 * are, given others and the observed ones: `dependencies(model)(…args).independent(x, y, given)`. Source: Tran et al.
 * (2018), figure 6.
 * @throws {SynjaxError} `INVALID_ARGUMENT` for a name that the program has not
 */
export function independent<A extends readonly unknown[]>(
  model: Model<A>,
  x: string,
  y: string,
  given: readonly string[] = [],
): (...args: A) => boolean {
  checkCall(
    "independent",
    { takes: { model: "function", x: "string", y: "string", given: "list?" } },
    [model, x, y, given],
  ); // prettier-ignore
  const graph = dependencies(model);
  return (...args) => graph(...args).independent(x, y, given);
}

interface Outside {
  /** What the inputs of the program are called. */
  readonly paths: readonly string[];
  /** How deep the frame is that the program was recorded in: values from there are constants. */
  readonly depth: number;
}

function graphOf(statements: readonly Statement[], flow: Flow, { paths, depth }: Outside): ModelGraph {
  const nodes: ModelNode[] = [];
  const edges: ModelEdge[] = [];
  const add = (node: Omit<ModelNode, "arguments">, sources: Sources): void => {
    const inputs = [...sources].filter((source) => typeof source === "number").sort((a, b) => a - b);
    nodes.push({ ...node, arguments: inputs.map((input) => paths[input]!) });
    for (const { name: from } of nodes) if (sources.has(from)) edges.push({ from, to: node.name });
  };
  for (const statement of statements) {
    const { name, type, distribution, marginalize } = statement;
    const sources = flow.ofStatements.get(name) ?? sourcesOf(statement.value, flow, depth);
    const plates = statement.plates.map(plateOf);
    const kind = type === "sample" ? (statement.isObserved ? "observed" : "latent") : type;
    const drawn = type === "sample" ? { distribution: distributionName(distribution!) } : {};
    add({ name, kind: kind as ModelNode["kind"], ...drawn, plates }, sources);
    if (marginalize) add({ name: `${name}_log_partition`, kind: "factor", plates }, sources);
  }
  return new ModelGraph(nodes, edges);
}

/** What a value is computed from that was stated and is no tensor, so that no equation states it. */
function sourcesOf(value: unknown, flow: Flow, depth: number): Sources {
  const node = value instanceof Traced ? value[NODE] : undefined;
  const isInside = node?.kind === "equation" && node.frame.depth > depth;
  return isInside ? flow.of(node.index) : new Set<string>();
}

const plateOf = ({ name, size, subsampleSize }: PlateFrame): NodePlate => ({
  name,
  ...known("size", size),
  ...known("subsampleSize", subsampleSize),
});

const known = (key: keyof NodePlate, size: Dim | undefined): Partial<NodePlate> =>
  typeof size === "number" ? { [key]: size } : {};

/** `normal` of what `dist.normal` made, and the name of the class of a structure. */
function distributionName(distribution: AnyDistribution): string {
  if (distribution instanceof OwnDistribution) return "custom";
  if (!(distribution instanceof SimpleDistribution)) return distribution[CLASS_NAME];
  const node = distribution[NODE];
  const op = node.kind === "equation" ? (node.frame as Frame).equations[node.index]?.[0] : undefined;
  return op?.startsWith("dist.") ? camelCase(op.slice("dist.".length)) : "SimpleDistribution";
}
