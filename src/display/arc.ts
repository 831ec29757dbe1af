import { element, escaped } from "./svg.ts";

/** From a head to what depends on it: places on a line at height `y`; a negative rise is below the line. */
export interface Arc {
  readonly from: number;
  readonly to: number;
  readonly y: number;
  readonly rise: number;
}

/** A curve with a point at its end, and what it says when it is pointed at. */
export function arc({ from, to, y, rise }: Arc, tip: string, style: Parameters<typeof element>[1]): string {
  const top = y - rise * 1.3;
  const d = `M${from + 5 * Math.sign(to - from)} ${y}C${from + 5 * Math.sign(to - from)} ${top} ${to} ${top} ${to} ${y}`;
  return (
    element("path", { d, fill: "none", ...style }, element("title", {}, escaped(tip))) +
    element("path", { d: point(to, y, rise), fill: "none", ...style })
  );
}

/** The point of an arrow that comes from above, or from below. */
export function point(x: number, y: number, rise: number): string {
  const back = y - 7 * Math.sign(rise);
  return `M${x - 3.5} ${back}L${x} ${y}L${x + 3.5} ${back}`;
}
