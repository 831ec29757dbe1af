/** What an axis covers, and where its numbers stand. */
import { type AxisOptions, textWidth, ticks } from "./svg.ts";

/** The size of the font of an axis. */
export const NUMBER = 10;

/** From the least to the greatest; some room around them where there is nothing between them. */
export function domainOf(values: readonly number[]): readonly [number, number] {
  if (values.length === 0) return [0, 1];
  const [low, high] = values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
  if (low! < high!) return [low!, high!];
  const room = Math.max(0.5, Math.abs(low!) * 1e-9); // what is less than that would be rounded away
  return [low! - room, high! + room];
}

/** A round step, so that four to ten of them make up the domain, or another number at most. */
export function stepOf([low, high]: readonly [number, number], most = 10): number {
  const least = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((round) => round * power).find((step) => step >= least)!;
}

export const short = (value: number): string => String(Number(value.toPrecision(6)));

/** Round numbers, `most` of them or fewer, with as many digits as tell them apart. */
export function numbersOf(domain: readonly [number, number], most: number): AxisOptions {
  const step = stepOf(domain, most);
  return { step, format: (value) => written(value, step, Math.max(...domain.map(Math.abs))) };
}

/** Of a horizontal axis: as many as have room beside each other, twelve at most. */
export function numbersAcross(domain: readonly [number, number], width: number): AxisOptions {
  for (let most = 12; most > 1; most--) {
    const numbers = numbersOf(domain, most);
    const widths = ticks(domain, numbers.step).map((value) => textWidth(numbers.format(value), NUMBER) + 4);
    if (widths.length * Math.max(...widths) <= width) return numbers;
  }
  return numbersOf(domain, 1);
}

/** A number to within `step`, of numbers up to `largest`: by its power of ten where it would be long. */
export function written(value: number, step: number, largest = Math.abs(value)): string {
  const decimals = Math.max(0, -Math.floor(Math.log10(step)));
  if (largest < 1e6 && decimals <= 6) return String(Number(value.toFixed(decimals)));
  const digits = Math.floor(Math.log10(largest)) - Math.floor(Math.log10(step));
  return value === 0 ? "0" : value.toExponential(Math.min(15, Math.max(0, digits)));
}
