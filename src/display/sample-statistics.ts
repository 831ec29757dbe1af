/** What pictures say of draws. */

/** Whether a value can be drawn: beyond this a distance between two would not be finite. */
export const isDrawn = (value: number): boolean => Math.abs(value) < 1e300;

/** What can be drawn, the least first; what nothing could be divided by is 0. */
export const inOrder = (values: readonly number[]): readonly number[] =>
  values
    .filter(isDrawn)
    .map((value) => (Math.abs(value) < 1e-290 ? 0 : value))
    .sort((a, b) => a - b);

/** Of values less the first: a mean that is far from 0 costs no digits. */
export function meanOf(values: readonly number[]): number {
  const [first = NaN] = values;
  return first + values.reduce((sum, value) => sum + (value - first), 0) / values.length;
}

/** With n - 1. */
export function deviationOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

/** Between the two nearest, as NumPy has it. */
export function quantileOf(ordered: readonly number[], share: number): number {
  const place = share * (ordered.length - 1);
  const below = Math.floor(place);
  const [low, high] = [ordered[below]!, ordered[Math.min(below + 1, ordered.length - 1)]!];
  return low + (high - low) * (place - below);
}

/** The narrowest interval that holds a share of the values, the first of equal ones: as `diagnostics.hpdi` has it. */
export function narrowestOf(ordered: readonly number[], share: number): readonly [number, number] {
  const inside = Math.floor(share * ordered.length);
  let start = 0;
  for (let i = 1; i + inside < ordered.length; i++)
    if (ordered[i + inside]! - ordered[i]! < ordered[start + inside]! - ordered[start]!) start = i;
  return [ordered[start]!, ordered[start + inside]!];
}
