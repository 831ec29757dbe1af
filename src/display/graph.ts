import { framed, MARGIN, namesOf, widthOf } from "./parts.ts";
import { element, escaped, text } from "./svg.ts";

export interface GraphData {
  readonly title: string;
  /** `[node][node]`, symmetric: how probable each edge is. */
  readonly marginals: readonly (readonly number[])[];
  /** `[node][node]`, symmetric: whether it belongs to the best tree. */
  readonly best: readonly (readonly boolean[])[];
  readonly positions?: readonly string[] | undefined;
  /** Where each node stands; on a circle where left out. */
  readonly coordinates?: readonly (readonly [x: number, y: number])[] | undefined;
}

/** The extent of the drawing, without its margins. */
const SIZE = 480;

/** The edges of a graph, as wide as they are probable, and those of the best tree in another colour. */
export function drawGraph({ title, marginals, best, positions, coordinates }: GraphData): string {
  const names = namesOf(positions, marginals.length);
  const room = MARGIN + widthOf(names, 16);
  const places = scaled(coordinates ?? onCircle(names.length));
  const at = (node: number): readonly [number, number] => [
    room + places[node]![0] * SIZE,
    2 * MARGIN + 24 + places[node]![1] * SIZE,
  ];
  const edges = marginals.flatMap((row, a) =>
    row.slice(0, a).flatMap((p, b) => {
      const isBest = best[a]![b]!;
      if (p < 0.001 && !isBest) return [];
      const [[x1, y1], [x2, y2]] = [at(a), at(b)];
      const tip = element("title", {}, escaped(`${names[b]!} – ${names[a]!}: ${p.toFixed(3)}`));
      const stroke = isBest ? "#d9562b" : "#1f5f8b";
      const style = { stroke, "stroke-width": 0.4 + 3 * p, "stroke-opacity": String(0.25 + 0.75 * p) };
      return [element("line", { x1, y1, x2, y2, ...style }, tip)];
    }),
  );
  const nodes = names.map((name, i) => {
    const [cx, cy] = at(i);
    const dot = element("circle", { cx, cy, r: 4, fill: "#24292e" });
    const isLeft = places[i]![0] < 0.5;
    return dot + text(cx + (isLeft ? -8 : 8), cy + 4, name, { "text-anchor": isLeft ? "end" : "start" });
  });
  return framed(
    { width: SIZE + 2 * room, height: SIZE + 4 * MARGIN + 24, children: [...edges, ...nodes] },
    title,
    "The edges of a graph, as wide as they are probable in a spanning tree, and the most probable tree.",
  );
}

function onCircle(count: number): (readonly [number, number])[] {
  const turn = (i: number): number => (2 * Math.PI * i) / Math.max(count, 1) - Math.PI / 2;
  return Array.from({ length: count }, (_, i) => [Math.cos(turn(i)), Math.sin(turn(i))] as const);
}

/** Coordinates from 0 to 1; the longer side is the whole. */
function scaled(places: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const [xs, ys] = [places.map(([x]) => x), places.map(([, y]) => y)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const extent = Math.max(Math.max(...xs) - left, Math.max(...ys) - top) || 1;
  return places.map(([x, y]) => [(x - left) / extent, (y - top) / extent] as const);
}
