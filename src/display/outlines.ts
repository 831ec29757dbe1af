/** Outlines of densities as they are drawn, and what pictures of draws share. */
import { NUMBER } from "./axes.ts";
import type { Outline } from "./density.ts";
import { colourOf } from "./parts.ts";
import { element, linearScale, path, type Scale, text, textWidth } from "./svg.ts";

export const COLOURLESS = [
  ".axis line { stroke: #d5d9dd; }",
  `.axis text { font-size: ${NUMBER}px; }`,
  ".name { font-weight: 600; }",
  ".trace { stroke-width: 0.7; stroke-linecap: round; stroke-linejoin: round; }",
  ".divergence { stroke: #24292e; stroke-width: 1; }",
].join(" ");

type Attributes = Parameters<typeof element>[1];

/** From 0 to the highest of the outlines. */
export function heightScale(outlines: readonly Outline[], range: readonly [number, number]): Scale {
  const highest = outlines.reduce((most, { points }) => points.reduce((m, [, y]) => Math.max(m, y), most), 0);
  return linearScale([0, highest > 0 ? highest * 1.05 : 1], range);
}

/** An outline, or a line as high as there is room where all draws are equal. */
export function outline(
  { kind, points }: Outline,
  x: Scale,
  y: Scale,
  attributes: Attributes,
  ...children: readonly string[]
): string {
  const [bottom, top] = y.range;
  const at = x(points[0]![0]);
  const drawn =
    kind === "point"
      ? ([[at, bottom], [at, top]] as const) // prettier-ignore
      : points.map(([px, py]) => [x(px), y(py)] as const);
  return element("path", { d: path(drawn), class: "density", ...attributes }, ...children);
}

/** More chains have no colours of their own. */
const MOST_NAMED = 8;

/** The chains by their colours, the last ending at `right`. */
export function chainNames(count: number, right: number, y: number): readonly string[] {
  if (count < 2 || count > MOST_NAMED) return [];
  const width = textWidth("chain 0", 12) + 8;
  return Array.from({ length: count }, (_, chain) =>
    text(right - (count - 1 - chain) * width, y, `chain ${chain}`, {
      "text-anchor": "end",
      style: `fill: ${colourOf(chain)}`,
    }),
  );
}
