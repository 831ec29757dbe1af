/** How values are distributed, as an outline. */
import { deviationOf, quantileOf } from "./sample-statistics.ts";

type Point = readonly [x: number, y: number];

export interface Outline {
  /** Of whole numbers bars, of others a curve; of equal ones a point, as high as anything. */
  readonly kind: "curve" | "bars" | "point";
  /** From the left to the right; the area under them is 1. */
  readonly points: readonly Point[];
}

/** Of values in order, of which there is one at least. */
export function outlineOf(ordered: readonly number[]): Outline {
  const [low, high] = [ordered[0]!, ordered.at(-1)!];
  if (low === high) return { kind: "point", points: [[low, 0]] };
  if (ordered.every(Number.isSafeInteger)) return { kind: "bars", points: barsOf(ordered) };
  return { kind: "curve", points: kernelDensity(ordered) };
}

const CELLS = 256;

/**
 * The density by Gaussian kernels, at as many places as a picture shows. The bandwidth is Silverman's rule of thumb
 * (Density Estimation for Statistics and Data Analysis, 1986, eq. 3.31), but no less than the distance of two places.
 */
function kernelDensity(ordered: readonly number[]): readonly Point[] {
  const deviation = deviationOf(ordered);
  const quartiles = (quantileOf(ordered, 0.75) - quantileOf(ordered, 0.25)) / 1.34;
  const spread = quartiles > 0 ? Math.min(deviation, quartiles) : deviation;
  const range = ordered.at(-1)! - ordered[0]!;
  const bandwidth = Math.max(0.9 * spread * ordered.length ** -0.2, range / (CELLS - 7));
  const low = ordered[0]! - 3 * bandwidth;
  const step = (range + 6 * bandwidth) / (CELLS - 1);
  // Each value is shared by the two places beside it: then the kernels are as many as the places
  const counts = new Array<number>(CELLS).fill(0);
  for (const value of ordered) {
    const place = (value - low) / step;
    const left = Math.min(CELLS - 2, Math.max(0, Math.floor(place)));
    counts[left]! += 1 - (place - left);
    counts[left + 1]! += place - left;
  }
  const kernel = counts.map((_, distance) => Math.exp(-0.5 * ((distance * step) / bandwidth) ** 2));
  const heights = counts.map((_, at) =>
    counts.reduce((sum, count, i) => sum + count * kernel[Math.abs(at - i)]!, 0),
  );
  const area =
    (heights.reduce((sum, height) => sum + height, 0) - (heights[0]! + heights.at(-1)!) / 2) * step;
  return heights.map((height, i) => [low + i * step, height / area]);
}

const MOST_BARS = 60;

/** The outline of bars, each around one whole number, or around as many as keep the bars few. */
function barsOf(ordered: readonly number[]): readonly Point[] {
  const low = ordered[0]! - 0.5;
  const range = ordered.at(-1)! + 0.5 - low;
  const width = Math.max(1, Math.ceil(range / MOST_BARS));
  const counts = new Array<number>(Math.max(1, Math.ceil(range / width))).fill(0);
  for (const value of ordered) counts[Math.min(counts.length - 1, Math.floor((value - low) / width))]! += 1;
  const points = counts.flatMap((count, i): Point[] => {
    const height = count / ordered.length / width;
    return [[low + i * width, height], [low + (i + 1) * width, height]]; // prettier-ignore
  });
  return [[low, 0], ...points, [points.at(-1)![0], 0]];
}
