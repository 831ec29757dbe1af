/** Breast Cancer Wisconsin (Diagnostic): cells of 569 tumours in 30 measures, and which tumours were malignant. */
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";

const MEASURES = [
  ...["radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity"],
  ...["concave points", "symmetry", "fractal dimension"],
];

export interface Tumours {
  /** `(n d)`, each measure with mean 0 and standard deviation 1 among the tumours to learn from. */
  readonly x: readonly (readonly number[])[];
  /** `(n)`: 1 where malignant. */
  readonly isMalignant: readonly number[];
}

export interface BreastCancer {
  /** `(d)` */
  readonly names: readonly string[];
  readonly training: Tumours;
  /** Every fourth tumour. */
  readonly heldOut: Tumours;
}

/** Reads scikit-learn's file, gzipped: a line of sizes, then 30 measures and 0 for malignant or 1 for benign. */
export async function readBreastCancer(): Promise<BreastCancer> {
  const file = new URL("data/breast_cancer.csv.gz", import.meta.url);
  const [, ...lines] = gunzipSync(await readFile(file))
    .toString("ascii")
    .trim()
    .split(/\r?\n/);
  const rows = lines.map((line) => line.split(",").map(Number));
  const isHeldOut = (i: number): boolean => i % 4 === 3;
  const training = rows.filter((_, i) => !isHeldOut(i));
  const names = ["mean", "error of", "worst"].flatMap((of) => MEASURES.map((measure) => `${of} ${measure}`));
  const scales = names.map((_, j) => scaleOf(training.map((row) => row[j]!)));
  const tumours = (some: readonly number[][]): Tumours => ({
    x: some.map((row) => scales.map(({ mean, deviation }, j) => (row[j]! - mean) / deviation)),
    isMalignant: some.map((row) => 1 - row.at(-1)!),
  });
  return { names, training: tumours(training), heldOut: tumours(rows.filter((_, i) => isHeldOut(i))) };
}

function scaleOf(values: readonly number[]): { readonly mean: number; readonly deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / values.length) };
}
