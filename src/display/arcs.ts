import { arc } from "./arc.ts";
import { CELL, centred, framed, MARGIN, namesOf, widthOf } from "./parts.ts";

export interface ArcsData {
  readonly title: string;
  /** `[head][dependent]`: how probable each arc is. */
  readonly marginals: readonly (readonly number[])[];
  /** `[head][dependent]`: whether it belongs to the best tree. */
  readonly best: readonly (readonly boolean[])[];
  /** Names of the nodes, that of the root first. */
  readonly positions?: readonly string[] | undefined;
}

/** What is less probable is drawn only where it is best. */
const LEAST = 0.05;

const CHOSEN = "#d9562b";
const OTHER = "#1f5f8b";

/** The nodes on a line, the arcs of the best tree above them, and below them others that are probable. */
export function drawArcs({ title, marginals, best, positions }: ArcsData): string {
  const names = namesOf(positions, marginals.length);
  const width = Math.max(widthOf(names, CELL), 40);
  const x = (node: number): number => MARGIN + (node + 0.5) * width;
  const pairs = marginals.flatMap((row, head) => row.map((p, dependent) => ({ head, dependent, p })));
  const chosen = pairs.filter(({ head, dependent }) => best[head]![dependent]);
  const others = pairs.filter(({ head, dependent, p }) => !best[head]![dependent] && p >= LEAST);
  const rise = (arcs: typeof pairs): number =>
    arcs.reduce((most, { head, dependent }) => Math.max(most, riseOf(head, dependent)), 0);
  const line = MARGIN + 30 + rise(chosen);
  const under = line + 24;
  const curve = ({ head, dependent, p }: (typeof pairs)[number], y: number, up: 1 | -1, colour: string) => {
    const style = {
      stroke: colour,
      "stroke-opacity": String(0.25 + 0.75 * p),
      "stroke-width": 0.8 + 1.4 * p,
    };
    const tip = `${names[head]!} → ${names[dependent]!}: ${p.toFixed(3)}`;
    return arc({ from: x(head), to: x(dependent), y, rise: riseOf(head, dependent) * up }, tip, style);
  };
  return framed(
    {
      width: 2 * MARGIN + names.length * width,
      height: under + rise(others) + MARGIN,
      children: [
        ...others.map((arc) => curve(arc, under, -1, OTHER)),
        ...chosen.map((arc) => curve(arc, line, 1, CHOSEN)),
        ...names.map((name, i) => centred(MARGIN + i * width, width, line + 16, name)),
      ],
    },
    title,
    "The arcs of the most probable tree above the nodes, and others that are probable below them.",
  );
}

/** How high an arc is. */
const riseOf = (head: number, dependent: number): number => 12 + 14 * Math.abs(head - dependent) ** 0.8;
