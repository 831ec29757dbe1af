import { CELL, centred, colourOf, framed, MARGIN, namesOf, widthOf } from "./parts.ts";
import { element, escaped, line, text, textWidth } from "./svg.ts";

type Span = readonly [start: number, end: number, label: number];

export interface TreeData {
  readonly title: string;
  /** The spans of the best tree, each before its parts and the left part before the right; ends are inclusive. */
  readonly spans: readonly Span[];
  /** How probable each of these spans is, with its label. */
  readonly probabilities: readonly number[];
  readonly length: number;
  readonly positions?: readonly string[] | undefined;
  /** Names of the labels; where there is one label only, spans are dots. */
  readonly labels?: readonly string[] | undefined;
}

/** How far a level stands above the one below it. */
const LEVEL = 34;

interface Node {
  readonly span: Span;
  readonly probability: number;
  readonly parts: readonly Node[];
  /** Levels above the words. */
  readonly height: number;
}

/** The best tree over its words; a span is as dark as it is probable. */
export function drawTree({ title, spans, probabilities, length, positions, labels }: TreeData): string {
  const columns = namesOf(positions, length);
  const names = spans.map(([, , label]) => labels?.[label] ?? "");
  const width = Math.max(widthOf(columns, CELL), widthOf(names, CELL));
  const root = nodesOf(spans, probabilities);
  const top = MARGIN + 34;
  const bottom = top + (root?.height ?? 0) * LEVEL;
  const x = ({ span: [start, end] }: Node): number => MARGIN + ((start + end + 1) / 2) * width;
  const y = ({ height }: Node): number => bottom - height * LEVEL;
  const lines: string[] = [];
  const marks: string[] = [];
  const draw = (node: Node): void => {
    for (const part of node.parts) {
      lines.push(line(x(node), y(node), x(part), y(part), { stroke: "#9aa5ab" }));
      draw(part);
    }
    marks.push(mark(x(node), y(node), node, columns, labels));
  };
  if (root) draw(root);
  return framed(
    {
      width: 2 * MARGIN + columns.length * width,
      height: bottom + CELL + MARGIN + 8,
      children: [
        ...lines,
        ...marks,
        ...columns.map((word, i) => centred(MARGIN + i * width, width, bottom + CELL + 4, word)),
      ],
    },
    title,
    "The most probable tree; a span is as dark as it is probable.",
  );
}

/** A span's label on a ground of its colour, or a dot. */
function mark(
  x: number,
  y: number,
  { span: [start, end, label], probability }: Node,
  columns: readonly string[],
  labels: readonly string[] | undefined,
): string {
  const name = labels?.[label];
  const words = start === end ? columns[start]! : `${columns[start]!} … ${columns[end]!}`;
  const tip = `${name === undefined ? "" : `${name}, `}${words}: ${probability.toFixed(3)}`;
  const half = name === undefined ? 5 : textWidth(name, 12) / 2 + 5;
  const shape = { x: x - half, y: y - (name === undefined ? 5 : 10), width: 2 * half, height: name === undefined ? 10 : 20, rx: name === undefined ? 5 : 4 }; // prettier-ignore
  const ground = element("rect", { ...shape, fill: "#fdfdfb" });
  const colour = element(
    "rect",
    { ...shape, fill: colourOf(label), "fill-opacity": String(0.15 + 0.85 * probability) },
    element("title", {}, escaped(tip)),
  );
  const ink = probability > 0.5 ? { class: "ink" } : {};
  const written = name === undefined ? "" : text(x, y + 4, name, { "text-anchor": "middle", ...ink });
  return ground + colour + written;
}

/** The spans as a tree; undefined where there are none. */
function nodesOf(spans: readonly Span[], probabilities: readonly number[]): Node | undefined {
  let next = 0;
  const read = (): Node => {
    const [span, probability] = [spans[next]!, probabilities[next]!];
    next++;
    const parts: Node[] = [];
    if (span[0] < span[1]) while (next < spans.length && spans[next]![1] <= span[1]) parts.push(read());
    const height = parts.reduce((most, part) => Math.max(most, part.height + 1), 0);
    return { span, probability, parts, height };
  };
  return spans.length === 0 ? undefined : read();
}
