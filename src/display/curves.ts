import { refused } from "../program/refused.ts";
import { shown } from "../program/signatures.ts";
import { drawCurves } from "./curve.ts";

/** Options of `pictures.curves`. */
export interface CurvesOptions {
  /** What stands above the picture. */
  readonly title?: string;
  /** What is measured, with its unit; "loss" unless given. */
  readonly quantity?: string;
  /** What a curve goes along; "step" unless given. */
  readonly against?: string;
  /** How far apart the numbers are; 1 unless given. */
  readonly every?: number;
}

/** A line for each list of numbers, such as the losses of a training, from 0 on; what is not finite is left out. */
export function curves(
  values: Readonly<Record<string, readonly number[] | Float32Array | Float64Array>>,
  options: CurvesOptions = {},
): string {
  const { title = "Curves", quantity = "loss", against = "step", every = 1 } = options;
  const lines = Object.entries(values).map(([name, numbers]) => {
    const list: unknown[] = ArrayBuffer.isView(numbers) ? [...numbers] : (numbers as unknown as unknown[]);
    if (!Array.isArray(list) || !list.every((value) => typeof value === "number"))
      throw refused("pictures.curves", `values.${name}`, "a list of numbers", shown(numbers));
    return { name, points: list.map((value, i) => [i * every, value] as const) };
  });
  if (!lines.some(({ points }) => points.some(([, value]) => Number.isFinite(value))))
    throw refused("pictures.curves", "values", "at least one finite number", "none");
  return drawCurves({ title, quantity, against, curves: lines });
}
