import { domainOf, short, stepOf } from "./axes.ts";
import { colourOf, framed, MARGIN } from "./parts.ts";
import { bottomAxis, element, leftAxis, linearScale, polyline, text } from "./svg.ts";

const [WIDTH, HEIGHT] = [480, 240];
/** Room for the numbers of an axis. */
const NUMBERS = 44;

export interface CurveData {
  readonly title: string;
  /** What is measured, and what it is drawn against. */
  readonly quantity: string;
  readonly against: string;
  readonly curves: readonly Curve[];
}

export interface Curve {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** Lines of numbers that change from step to step, such as a loss, with their names at the upper right; what is not finite is left out. */
export function drawCurves({ title, quantity, against, curves }: CurveData): string {
  const points = curves.flatMap((curve) => curve.points).filter((point) => point.every(Number.isFinite));
  const [left, top] = [MARGIN + NUMBERS, MARGIN + 44];
  const across = domainOf(points.map(([x]) => x));
  const up = domainOf(points.map(([, y]) => y));
  const x = linearScale(across, [left, left + WIDTH]);
  const y = linearScale(up, [top + HEIGHT, top]);
  const lines = curves.flatMap(({ name, points }, i) => {
    const drawn = points.filter((point) => point.every(Number.isFinite));
    const colour = colourOf(i);
    const line = drawn.map(([px, py]) => [x(px), y(py)] as const);
    const label = text(left + WIDTH - 8, top + 14 + 16 * i, name, {
      "text-anchor": "end",
      style: `fill: ${colour}`,
    });
    return [polyline(line, { stroke: colour, "stroke-width": 2 }), label];
  });
  return framed(
    {
      width: left + WIDTH + MARGIN + NUMBERS / 2,
      height: top + HEIGHT + MARGIN + NUMBERS,
      children: [
        element("style", {}, ".axis line { stroke: #d5d9dd; }"),
        leftAxis(y, [left, left + WIDTH], { step: stepOf(up), format: short }),
        bottomAxis(x, top + HEIGHT, { step: stepOf(across), format: short }),
        ...lines,
        text(left, top - 10, quantity),
        text(left + WIDTH / 2, top + HEIGHT + 40, against, { "text-anchor": "middle" }),
      ],
    },
    title,
    `${quantity} against ${against}: ${curves.map(({ name }) => name).join(", ")}.`,
  );
}
