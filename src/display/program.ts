/** A probabilistic program as a graph with plates. */
import { layered, type LayeredNode, type Point } from "./layered.ts";
import { framed, MARGIN } from "./parts.ts";
import { element, escaped, path, text, textWidth } from "./svg.ts";

export interface ProgramPlate {
  readonly name: string;
  readonly size?: number;
  readonly subsampleSize?: number;
}

export interface ProgramNode {
  readonly name: string;
  readonly kind: "latent" | "observed" | "deterministic" | "factor" | "param";
  readonly distribution?: string;
  readonly plates: readonly ProgramPlate[];
}

export interface ProgramEdge {
  readonly from: string;
  readonly to: string;
}

export interface ProgramData {
  readonly title: string;
  readonly nodes: readonly ProgramNode[];
  readonly edges: readonly ProgramEdge[];
}

const [FONT, LABEL] = [12, 11];
const RADIUS = 24;
/** Half of a factor's side. */
const HALF = 6;
const INK = "#24292e";
const ARROW = "#6b7780";
const STYLE = [
  ".plate { fill: #1f5f8b; fill-opacity: 0.04; stroke: #9aa5ab; }",
  `.label { font-size: ${LABEL}px; fill: #57626a; paint-order: stroke; stroke: #f4f6f5; stroke-width: 3; }`,
].join(" ");

/** Circles, shaded where observed and dashed where computed; squares for factors; boxes for plates. */
export async function drawProgram({ title, nodes, edges }: ProgramData): Promise<string> {
  const sized = nodes.map((node): LayeredNode => {
    const [rx, ry] = extentOf(node);
    const { name, kind, plates } = node;
    const isNamedBelow = kind === "factor";
    const width = isNamedBelow ? textWidth(name, LABEL) : 2 * rx;
    return { name, width, height: 2 * ry + (isNamedBelow ? 2 * LABEL : 0), groups: plates.map(plateLabel) };
  });
  const { width, height, places, boxes, routes } = await layered(sized, edges, (label) =>
    textWidth(label, LABEL),
  );
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const top = MARGIN + 24;
  const children = [
    ...boxes.map(({ label, ...box }) =>
      element("rect", { ...box, rx: 8, class: "plate" }, element("title", {}, escaped(label))),
    ),
    ...edges.map(({ from, to }, i) => connection(routes[i]!, byName.get(from)!, byName.get(to)!)),
    ...boxes.map(({ label, x, y, width, height }) =>
      text(x + width - 7, y + height - 6, label, { "text-anchor": "end", class: "label" }),
    ),
    ...nodes.map((node, i) => mark(node, places[i]!)),
  ];
  return framed(
    {
      width: width + 2 * MARGIN,
      height: top + height + MARGIN,
      children: [
        element("style", {}, STYLE),
        element("g", { transform: `translate(${MARGIN} ${top})` }, ...children),
      ],
    },
    title,
    "The random variables of a program, with an arrow to each from those that it depends on directly: observed ones shaded, what is computed dashed, factors as squares, plates as boxes.",
  );
}

/** `schools  8`, and `rows  50 of 1000` where not all of them are looked at. */
export function plateLabel({ name, size, subsampleSize }: ProgramPlate): string {
  const part = subsampleSize === undefined ? "" : `${subsampleSize}${size === undefined ? "" : " of "}`;
  const count = `${part}${size ?? ""}`;
  return count === "" ? name : `${name}  ${count}`;
}

/** Half the width and half the height of a node. */
function extentOf({ name, kind }: ProgramNode): Point {
  if (kind === "factor") return [HALF, HALF];
  const half = textWidth(name, FONT) / 2;
  return kind === "param" ? [half + 4, FONT] : [Math.max(RADIUS, half + 9), RADIUS];
}

function mark(node: ProgramNode, [cx, cy]: Point): string {
  const { name, kind, distribution } = node;
  const tip = element("title", {}, escaped(`${name}${distribution ? ` ~ ${distribution}` : ""}: ${kind}`));
  const [rx, ry] = extentOf(node);
  const centred = { "text-anchor": "middle" };
  if (kind === "factor") {
    const [x, y] = [cx - rx, cy - LABEL - ry];
    const square = element("rect", { x, y, width: 2 * rx, height: 2 * ry, fill: INK }, tip);
    return element("g", { class: kind }, square, text(cx, cy + LABEL + 2, name, { ...centred, class: "label" })); // prettier-ignore
  }
  const words = text(cx, cy + 4, name, centred);
  if (kind === "param") return element("g", { class: kind }, tip, words);
  const outline = {
    ...(rx === ry ? { cx, cy, r: rx } : { cx, cy, rx, ry }),
    fill: kind === "observed" ? "#d3dbe0" : "#fdfdfb",
    stroke: INK,
    "stroke-dasharray": kind === "deterministic" ? "4 3" : undefined,
  };
  return element("g", { class: kind }, element(rx === ry ? "circle" : "ellipse", outline, tip), words);
}

/** How far a curve goes the way it leaves a node or enters it, before it turns. */
const STRAIGHT = 12;

/** A curve from border to border, with a point at its end; none at a factor. */
function connection(route: readonly Point[], from: ProgramNode, to: ProgramNode): string {
  const [start, away] = border(from, route[0]!, route[1]!, 1);
  const [end, toward] = border(to, route.at(-1)!, route.at(-2)!, -1);
  const turns = [away, ...route.slice(1, -1), toward];
  const curve = turns.map((turn, i) => `Q${pair(turn)} ${pair(i + 1 < turns.length ? between(turn, turns[i + 1]!) : end)}`); // prettier-ignore
  const tip = element("title", {}, escaped(`${from.name} → ${to.name}`));
  const line = element("path", { d: `M${pair(start)}${curve.join("")}`, fill: "none", stroke: ARROW }, tip);
  return to.kind === "factor" ? line : line + head(end, toward);
}

/**
 * Where a curve meets a node that it leaves downwards (1) or enters from above (-1), and a point before it: towards the
 * next of its points, but so steep that it passes the node's neighbours.
 */
function border(node: ProgramNode, [cx, cy]: Point, [x, y]: Point, down: 1 | -1): readonly [Point, Point] {
  const [rx, ry] = extentOf(node);
  const middle = node.kind === "factor" ? cy - LABEL : cy;
  const slope = Math.max(-0.7, Math.min(0.7, (x - cx) / Math.max(1, Math.abs(y - middle))));
  const isBox = node.kind === "factor" || node.kind === "param";
  const fall = isBox ? ry : 1 / Math.hypot(slope / rx, 1 / ry);
  const at = (far: number): Point => [cx + (isBox ? 0 : slope * far), middle + down * far];
  return [at(fall), at(fall + STRAIGHT)];
}

const pair = ([x, y]: Point): string => `${x.toFixed(1)} ${y.toFixed(1)}`;
const between = ([a, b]: Point, [c, d]: Point): Point => [(a + c) / 2, (b + d) / 2];

/** The point of an arrow at `tip` that comes from `from`. */
function head(tip: Point, from: Point): string {
  const [dx, dy] = [tip[0] - from[0], tip[1] - from[1]];
  const length = Math.hypot(dx, dy) || 1;
  const [ux, uy] = [dx / length, dy / length];
  const corner = (side: number): Point => [tip[0] - 8 * ux + side * 3.5 * uy, tip[1] - 8 * uy - side * 3.5 * ux];
  return element("path", { d: path([tip, corner(1), corner(-1)], true), fill: ARROW });
} // prettier-ignore
