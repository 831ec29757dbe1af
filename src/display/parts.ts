/** What the pictures of distributions share: colours, labels, cells that are as dark as they are probable. */
import { document, element, escaped, text, textWidth } from "./svg.ts";

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly children: readonly string[];
}

const FONT = 12;
export const MARGIN = 16;
export const CELL = 22;

/** The darkest and the lightest that a cell gets. */
const [DARK, LIGHT] = [
  [31, 95, 139],
  [244, 246, 245],
] as const;

/** Colours of labels, which are told apart in any order and stand on a light ground. */
const LABELS = ["#4e79a7", "#d9822b", "#59a14f", "#b6589b", "#8c6d46", "#3a9ea5", "#c9484c", "#7d7ac2"];

const STYLE = [
  `text { font: ${FONT}px system-ui, sans-serif; fill: #24292e; }`,
  ".chosen { fill: none; stroke: #d9562b; stroke-width: 2; }",
  ".ink { fill: #fdfdfb; }",
].join(" ");

export function colourOf(label: number): string {
  return LABELS[label % LABELS.length]!;
}

/** The colour of a probability. */
export function shade(probability: number): string {
  const p = Math.min(1, Math.max(0, probability));
  const mixed = DARK.map((dark, i) => Math.round(LIGHT[i]! + (dark - LIGHT[i]!) * p));
  return `rgb(${mixed.join(",")})`;
}

/** A cell with its probability as a tooltip. */
export function cell(x: number, y: number, width: number, probability: number, of: string): string {
  const shown =
    probability >= 0.001 || probability === 0 ? probability.toFixed(3) : probability.toExponential(1);
  return element(
    "rect",
    { x, y, width: width - 1, height: CELL - 1, fill: shade(probability) },
    element("title", {}, escaped(`${of}: ${shown}`)),
  );
}

/** The widest of the words, and room around them. */
export function widthOf(words: readonly string[], least: number): number {
  return words.reduce((width, each) => Math.max(width, textWidth(each, FONT) + 10), least);
}

/** Words in the middle of a column that begins at `x`. */
export function centred(x: number, width: number, y: number, words: string, attributes = {}): string {
  return text(x + width / 2, y, words, { "text-anchor": "middle", ...attributes });
}

/** Names of rows, at their left. */
export function rowLabels(names: readonly string[], right: number, top: number): string[] {
  return names.map((name, i) =>
    text(right - 6, top + i * CELL + CELL / 2 + FONT / 3, name, { "text-anchor": "end" }),
  );
}

/** A picture with its title above it. */
export function framed({ width, height, children }: Picture, title: string, description: string): string {
  const heading = text(MARGIN, MARGIN + 8, title, { "font-weight": "600" });
  const wide = Math.max(width, textWidth(title, FONT) + 2 * MARGIN);
  return document(wide, height, { title, description, style: STYLE }, heading, ...children);
}

/** Names as they were given, or the numbers from 0. */
export function namesOf(given: readonly string[] | undefined, count: number): readonly string[] {
  return given ?? Array.from({ length: count }, (_, i) => String(i));
}
