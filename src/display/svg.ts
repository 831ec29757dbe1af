/** The parts a picture of a sequence is made of. Each returns SVG markup; positions are in the picture's own units. */

export interface Scale {
  (value: number): number;
  readonly domain: readonly [number, number];
  readonly range: readonly [number, number];
}

export function linearScale(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const slope = (range[1] - range[0]) / (domain[1] - domain[0]);
  return Object.assign((value: number) => range[0] + (value - domain[0]) * slope, { domain, range });
}

/** Round numbers from one end of the domain to the other, `step` apart. */
export function ticks([low, high]: readonly [number, number], step: number): number[] {
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, i) => (first + i) * step);
}

type Attributes = Readonly<Record<string, string | number | undefined>>;

/** Words as markup. */
export function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

function shown(value: string | number): string {
  return typeof value === "number" ? String(Math.round(value * 10) / 10) : escaped(value);
}

/** One element; the children are markup, see `text` for words. */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const list = Object.entries(attributes).filter(([, value]) => value !== undefined);
  const open = [name, ...list.map(([key, value]) => `${key}="${shown(value!)}"`)].join(" ");
  return children.length === 0 ? `<${open}/>` : `<${open}>${children.join("")}</${name}>`;
}

export function text(x: number, y: number, words: string, attributes: Attributes = {}): string {
  return element("text", { x, y, ...attributes }, escaped(words));
}

export function line(x1: number, y1: number, x2: number, y2: number, attributes: Attributes = {}): string {
  return element("line", { x1, y1, x2, y2, ...attributes });
}

type Point = readonly [x: number, y: number];

/** Path data through the points: `M x y L x y …`, one decimal. */
export function path(points: readonly Point[], closed = false): string {
  return (
    points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`).join("") +
    (closed ? "Z" : "")
  );
}

export function polyline(points: readonly Point[], attributes: Attributes): string {
  return element("path", { d: path(points), fill: "none", ...attributes });
}

export interface AxisOptions {
  readonly step: number;
  readonly format: (value: number) => string;
}

/** A horizontal axis at height `y`, its labels below. */
export function bottomAxis(x: Scale, y: number, { step, format }: AxisOptions): string {
  const marks = ticks(x.domain, step).map(
    (value) =>
      line(x(value), y, x(value), y + 6) + text(x(value), y + 21, format(value), { "text-anchor": "middle" }),
  );
  return element("g", { class: "axis" }, line(x.range[0], y, x.range[1], y), ...marks);
}

/** A vertical axis with grid lines from `left` to `right`, its labels left of it. */
export function leftAxis(y: Scale, [left, right]: Point, { step, format }: AxisOptions): string {
  const marks = ticks(y.domain, step).map(
    (value) =>
      line(left, y(value), right, y(value), { class: "grid" }) +
      text(left - 9, y(value) + 4.5, format(value), { "text-anchor": "end" }),
  );
  return element("g", { class: "axis" }, ...marks);
}

export interface Band {
  /** The first and the last value covered. */
  readonly from: number;
  readonly to: number;
  readonly fill: string;
  /** Written in the middle where there is room for it. */
  readonly label?: string;
  readonly ink?: string;
}

/** Coloured intervals side by side in a row that is `height` high. */
export function bands(
  x: Scale,
  y: number,
  height: number,
  list: readonly Band[],
  attributes: Attributes = {},
): string {
  const drawn = list.map(({ from, to, fill, label, ink }) => {
    const width = x(to) - x(from);
    const box = element("rect", { x: x(from), y, width: Math.max(width, 0.8), height, fill });
    if (label === undefined || width < textWidth(label, 13) + 8) return box;
    return (
      box +
      text(x(from) + width / 2, y + height / 2 + 4.5, label, {
        "text-anchor": "middle",
        style: ink && `fill: ${ink}`,
      })
    );
  });
  return element("g", { class: "bands", ...attributes }, ...drawn);
}

/** A generous estimate of the width of a sans-serif text. */
export function textWidth(words: string, fontSize: number): number {
  return words.length * fontSize * 0.56;
}

/**
 * Probabilities stacked on one another, the first series at the bottom, their sum `height`.
 * `columns[i]` holds the series' values at `positions[i]`.
 */
export function stackedAreas(
  x: Scale,
  y: number,
  height: number,
  positions: readonly number[],
  columns: readonly (readonly number[])[],
  fills: readonly string[],
): string {
  const level = (column: readonly number[], k: number) =>
    y + height * (1 - column.slice(0, k).reduce((sum, p) => sum + p, 0));
  const edge = (k: number) => positions.map((position, i): Point => [x(position), level(columns[i]!, k)]);
  const areas = fills.map((fill, k) =>
    element("path", { d: path([...edge(k), ...edge(k + 1).reverse()], true), fill }),
  );
  return element("g", { class: "areas" }, ...areas);
}

/** Bars on a common base line at `y`, `scale` units high for the value 1. */
export function miniBars(
  x: number,
  y: number,
  values: readonly number[],
  { scale, width, fill, labels }: { scale: number; width: number; fill: string; labels: string },
): string {
  const bars = values.map((value, i) => {
    const left = x + i * (width + 3);
    return (
      element("rect", { x: left, y: y - value * scale, width, height: value * scale, fill }) +
      text(left + width / 2, y + 12, labels[i]!, { class: "small", "text-anchor": "middle" })
    );
  });
  return element("g", { class: "bars" }, ...bars);
}

/** A box with a point at the right end (`+`) or the left end (`-`): a gene and the way it is read. */
export function arrow(
  x: Scale,
  y: number,
  height: number,
  from: number,
  to: number,
  strand: "+" | "-",
  fill: string,
): string {
  const [tail, tip] = strand === "+" ? [x(from), x(to)] : [x(to), x(from)];
  const neck = tip - Math.sign(tip - tail) * Math.min(height / 2, Math.abs(tip - tail));
  const points: Point[] = [
    [tail, y],
    [neck, y],
    [tip, y + height / 2],
    [neck, y + height],
    [tail, y + height],
  ];
  return element("path", { d: path(points, true), fill });
}

/** The whole picture on a card of its own, readable on light and dark pages. */
export function document(
  width: number,
  height: number,
  { title, description, style }: { title: string; description: string; style: string },
  ...children: readonly string[]
): string {
  return (
    element(
      "svg",
      { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${width} ${height}`, width, height, role: "img" },
      element("title", {}, escaped(title)),
      element("desc", {}, escaped(description)),
      element("style", {}, style),
      element("rect", { width, height, rx: 14, fill: "#fdfdfb" }),
      ...children.map((child) => `\n${child}`),
    ) + "\n"
  );
}
