/** Where the nodes of a directed graph stand: in layers from top to bottom, those of a group in a box of their own. */
export type Point = readonly [x: number, y: number];

export interface LayeredNode {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** The labels of the groups that it is in, the outermost first. */
  readonly groups: readonly string[];
}

/** A group: its label, its upper left corner, and its extent. */
export interface Box {
  readonly label: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Layered {
  readonly width: number;
  readonly height: number;
  /** The middle of each node. */
  readonly places: readonly Point[];
  /** Those around others before them. */
  readonly boxes: readonly Box[];
  /** From the middle of the node that an edge leaves to the middle of the one that it enters. */
  readonly routes: readonly (readonly Point[])[];
}

/** From layer to layer; a group has half of it below its nodes, where its label stands. */
const DOWN = 38;
/** Between what stands side by side; a group has half of it beside its nodes. */
const ASIDE = 24;

/**
 * A layout by dagre: layers, few crossings, and groups that enclose what is in them and nothing else.
 *
 * Source: Gansner, Koutsofios, North & Vo (1993), A technique for drawing directed graphs; Sander (1996), Layout of
 * compound directed graphs.
 */
export async function layered(
  nodes: readonly LayeredNode[],
  edges: readonly { readonly from: string; readonly to: string }[],
  labelWidth: (label: string) => number,
): Promise<Layered> {
  const { Graph, layout } = await import("@dagrejs/dagre"); // only where a picture is asked for
  const graph = new Graph({ compound: true });
  graph.setGraph({ ranksep: DOWN, nodesep: ASIDE, edgesep: ASIDE });
  const labels = new Map<string, string>();
  for (const { name, groups, ...size } of nodes) {
    let { width } = size;
    const paths = groups.map((_, depth) => JSON.stringify(groups.slice(0, depth + 1)));
    for (const [depth, path] of paths.entries()) {
      if (labels.has(path)) continue;
      labels.set(path, groups[depth]!);
      graph.setNode(path, {});
      if (depth > 0) graph.setParent(path, paths[depth - 1]!);
      width = Math.max(width, labelWidth(groups[depth]!) - ASIDE); // a group is as wide as its first node at least
    }
    graph.setNode(idOf(name), { ...size, width });
    if (paths.length > 0) graph.setParent(idOf(name), paths.at(-1)!);
  }
  for (const { from, to } of edges) graph.setEdge(idOf(from), idOf(to), {});
  layout(graph);
  const at = (id: string): Rectangle => graph.node(id) as Rectangle;
  const middle = (name: string): Point => [at(idOf(name)).x, at(idOf(name)).y];
  const routes = edges.map(({ from, to }): readonly Point[] => {
    const { points } = graph.edge(idOf(from), idOf(to)) as { points: readonly Rectangle[] };
    return [middle(from), ...points.slice(1, -1).map(({ x, y }): Point => [x, y]), middle(to)];
  });
  const boxes = [...labels].map(([path, label]) => ({ label, ...cornered(at(path)) }));
  // What dagre counts as the drawing leaves edges out that bend beside all nodes
  const corners = [...boxes, ...nodes.map(({ name }) => cornered(at(idOf(name))))].flatMap(
    ({ x, y, width, height }): Point[] => [[x, y], [x + width, y + height]],
  ); // prettier-ignore
  const [xs, ys] = [0, 1].map((axis) => [...corners, ...routes.flat()].map((point) => point[axis]!));
  const [left, top] = [Math.min(...xs!), Math.min(...ys!)];
  const moved = ([x, y]: Point): Point => [x - left, y - top];
  return {
    width: nodes.length === 0 ? 0 : Math.max(...xs!) - left,
    height: nodes.length === 0 ? 0 : Math.max(...ys!) - top,
    places: nodes.map(({ name }) => moved(middle(name))),
    boxes: boxes.map((box) => ({ ...box, x: box.x - left, y: box.y - top })),
    routes: routes.map((route) => route.map(moved)),
  };
}

/** As dagre has it: by its middle. */
interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Not the name of a group, which is an array in JSON. */
const idOf = (name: string): string => `node ${name}`;

const cornered = ({ x, y, width, height }: Rectangle): Rectangle => ({
  x: x - width / 2,
  y: y - height / 2,
  width,
  height,
});
