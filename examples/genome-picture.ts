import { BASES, gcCurve, segmentsOf, type Region } from "./genome.ts";
import * as svg from "../src/display/svg.ts";

/** A fitted model and what it says about the genome; states in order of rising GC content. */
export interface Segmentation {
  /** Log-likelihood in nats, one per iteration. */
  readonly logLikelihoods: readonly number[];
  /** `(t 4)`: the probability of A, C, G, T in each state. */
  readonly emission: readonly (readonly number[])[];
  /** `(n)`: the most probable path. */
  readonly tags: ArrayLike<number>;
  /** `(n t)` in row-major order: the probability of each state at each base. */
  readonly posterior: ArrayLike<number>;
}

export interface GenomePicture {
  readonly title: string;
  readonly subtitle: string;
  readonly bases: Int32Array;
  readonly regions: readonly Region[];
  readonly segmentations: readonly Segmentation[];
}

// From AT-rich to GC-rich; told apart with every kind of colour vision, and in grey by their lightness.
const PALETTES: Readonly<Record<number, readonly string[]>> = {
  2: ["#F0A202", "#1F4E9E"],
  4: ["#F0A202", "#EBB0D3", "#00805F", "#1F4E9E"],
};
const DARK_FILLS = ["#00805F", "#1F4E9E"];
const DARK_INK = "#22262b";
const STYLE = `
text { font-family: "Helvetica Neue", Helvetica, Arial, "Liberation Sans", sans-serif; font-size: 13px; fill: ${DARK_INK}; }
.title { font-size: 29px; font-weight: 700; } .subtitle { font-size: 16px; fill: #5b636d; }
.heading { font-size: 19px; font-weight: 700; } .note { font-size: 13.5px; fill: #5b636d; } .small { font-size: 11px; fill: #5b636d; }
.axis line { stroke: #9aa1a9; } .axis text { fill: #5b636d; } .axis .grid { stroke: #dfe2e5; }
.bands text { font-weight: 600; }
`;

const WIDTH = 1600;
const LEFT = 262;
const RIGHT = WIDTH - 44;
const MARGIN = 40;

/** Ink that reads well on a fill of the palette. */
function inkOn(fill: string): string {
  return DARK_FILLS.includes(fill) ? "#ffffff" : DARK_INK;
}

function percent(fraction: number, digits = 0): string {
  return `${(100 * fraction).toFixed(digits)}%`;
}

function paletteOf({ emission }: Segmentation): readonly string[] {
  const palette = PALETTES[emission.length];
  if (!palette)
    throw new RangeError(`no palette for ${emission.length} states; there is one for 2 and one for 4`);
  return palette;
}

/** Title, genes, GC content, one track per segmentation, ruler and legend, from top to bottom. */
export function drawGenome({ title, subtitle, bases, regions, segmentations }: GenomePicture): string {
  const x = svg.linearScale([0, bases.length], [LEFT, RIGHT]);
  const parts = [
    svg.text(MARGIN, 58, title, { class: "title" }),
    svg.text(MARGIN, 86, subtitle, { class: "subtitle" }),
    drawGenes(x, 116, regions),
  ];
  const finest = segmentations.at(-1);
  parts.push(drawGC(x, 208, 204, bases, finest));
  let y = 446;
  for (const segmentation of segmentations) {
    parts.push(drawSegmentation(x, y, bases, segmentation));
    y += 134;
  }
  parts.push(
    svg.bottomAxis(x, y - 16, { step: 5000, format: (base) => String(base / 1000) }),
    svg.text(MARGIN, y + 5, "Position, kilobases", { class: "note" }),
    drawLegend(y + 56, segmentations),
  );
  const description = segmentations
    .map((s) => `${s.emission.length} states: log-likelihood ${s.logLikelihoods.at(-1)?.toFixed(1)}`)
    .join("; ");
  return svg.document(WIDTH, y + 146, { title, description, style: STYLE }, ...parts);
}

/** Genes read rightwards above, genes read leftwards below. */
function drawGenes(x: svg.Scale, y: number, regions: readonly Region[]): string {
  const height = 25;
  const drawn = regions.map(({ label, start, end, strand }) => {
    const top = strand === "+" ? y : y + height + 8;
    const middle = (x(start - 1) + x(end)) / 2;
    const inside = x(end) - x(start) > svg.textWidth(label, 13) + 4;
    const labelled = svg.text(middle, inside ? top + 17 : top - 5, label, { "text-anchor": "middle" });
    return svg.arrow(x, top, height, start - 1, end, strand, "#d9dde1") + labelled;
  });
  return [
    svg.text(MARGIN, y + 17, "Genes", { class: "heading" }),
    svg.text(LEFT - 14, y + 17, "read rightwards", { class: "note", "text-anchor": "end" }),
    svg.text(LEFT - 14, y + height + 25, "read leftwards", { class: "note", "text-anchor": "end" }),
    ...drawn,
  ].join("");
}

/** The windowed GC content, with the mean of each segment of `segmentation` over it. */
function drawGC(
  x: svg.Scale,
  y: number,
  height: number,
  bases: Int32Array,
  segmentation?: Segmentation,
): string {
  const scale = svg.linearScale([0.25, 0.65], [y + height, y]);
  const curve = gcCurve(bases, 500, 50).map(([position, gc]): [number, number] => [x(position), scale(gc)]);
  const parts = [
    svg.text(MARGIN, y + 17, "GC content", { class: "heading" }),
    svg.text(MARGIN, y + 39, "windows of 500 bases", { class: "note" }),
  ];
  const segments = segmentation ? segmentsOf(segmentation.tags, bases) : [];
  const palette = segmentation ? paletteOf(segmentation) : [];
  const shades = segments.map((s) => ({ from: s.start - 1, to: s.end, fill: palette[s.state]! }));
  parts.push(svg.bands(x, y, height, shades, { opacity: 0.2 }));
  parts.push(svg.leftAxis(scale, [LEFT, RIGHT], { step: 0.1, format: percent }));
  parts.push(svg.polyline(curve, { stroke: "#59616a", "stroke-width": 1.4, "stroke-linejoin": "round" }));
  if (segmentation) {
    const means = segments.map(({ start, end, state, gc }) =>
      svg.line(x(start - 1), scale(gc), x(end), scale(gc), { stroke: palette[state], "stroke-width": 4.5 }),
    );
    parts.push(...means);
    parts.push(svg.text(MARGIN, y + 64, "heavy lines: mean of each", { class: "note" }));
    parts.push(
      svg.text(MARGIN, y + 83, `segment of ${segmentation.emission.length} states`, { class: "note" }),
    );
  }
  return parts.join("");
}

/** The most probable path as a band, the posterior probabilities below it. */
function drawSegmentation(x: svg.Scale, y: number, bases: Int32Array, segmentation: Segmentation): string {
  const palette = paletteOf(segmentation);
  const segments = segmentsOf(segmentation.tags, bases);
  const { positions, columns } = posteriorColumns(
    segmentation,
    bases.length,
    Math.round(x.range[1] - x.range[0]),
  );
  const path = segments.map(({ start, end, state, gc }) => {
    const fill = palette[state]!;
    return { from: start - 1, to: end, fill, label: percent(gc), ink: inkOn(fill) };
  });
  const last = segmentation.logLikelihoods
    .at(-1)!
    .toLocaleString("en-US", { maximumFractionDigits: 1, minimumFractionDigits: 1 });
  return [
    svg.text(MARGIN, y + 20, `${segmentation.emission.length} states`, { class: "heading" }),
    svg.text(MARGIN, y + 45, `log-likelihood ${last.replace("-", "−")}`, { class: "note" }),
    svg.text(MARGIN, y + 65, `${segments.length} segments`, { class: "note" }),
    svg.text(LEFT - 14, y + 20, "best path", { class: "note", "text-anchor": "end" }),
    svg.text(LEFT - 14, y + 90, "posterior", { class: "note", "text-anchor": "end" }),
    svg.bands(x, y, 30, path),
    svg.stackedAreas(x, y + 36, 68, positions, columns, palette),
  ].join("");
}

/** The posterior averaged over the bases that share a column of the picture. */
export function posteriorColumns(
  { posterior, emission }: Segmentation,
  n: number,
  count: number,
): { positions: number[]; columns: number[][] } {
  const states = emission.length;
  const positions: number[] = [];
  const columns: number[][] = [];
  for (let c = 0; c < Math.min(count, n); c++) {
    const from = Math.floor((c * n) / Math.min(count, n));
    const to = Math.floor(((c + 1) * n) / Math.min(count, n));
    const column = new Array<number>(states).fill(0);
    for (let i = from; i < to; i++)
      for (let s = 0; s < states; s++) column[s]! += posterior[i * states + s]! / (to - from);
    positions.push((from + to) / 2);
    columns.push(column);
  }
  positions[0] = 0;
  positions[positions.length - 1] = n;
  return { positions, columns };
}

/** What each state emits. */
function drawLegend(y: number, segmentations: readonly Segmentation[]): string {
  const parts: string[] = [svg.text(MARGIN, y + 22, "What a state emits", { class: "heading" })];
  let x = LEFT;
  for (const segmentation of segmentations) {
    parts.push(svg.text(x, y + 14, `${segmentation.emission.length} states`, { class: "note" }));
    x += 78;
    segmentation.emission.forEach((probabilities, state) => {
      const fill = paletteOf(segmentation)[state]!;
      parts.push(svg.miniBars(x, y + 36, probabilities, { scale: 120, width: 15, fill, labels: BASES }));
      const gc = probabilities[1]! + probabilities[2]!;
      parts.push(svg.text(x + 80, y + 14, `${percent(gc)} GC`));
      const skew = probabilities[0]! > probabilities[3]! ? "A > T" : "T > A";
      parts.push(svg.text(x + 80, y + 33, skew, { class: "note" }));
      x += 178;
    });
    x += 18;
  }
  return parts.join("");
}
