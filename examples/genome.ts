import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";

export const BASES = "ACGT";

/** A stretch of the genome, 1-based and inclusive, as geneticists count. */
export interface Interval {
  readonly start: number;
  readonly end: number;
}

/** A named group of neighbouring genes, all read from the same strand. */
export interface Region extends Interval {
  readonly label: string;
  readonly genes: string;
  readonly strand: "+" | "-";
}

/** A maximal run of one hidden state. `gc` is the fraction of its bases that are G or C. */
export interface Segment extends Interval {
  readonly state: number;
  readonly gc: number;
}

/** The bases of a gzipped FASTA file of one sequence, A, C, G, T as 0, 1, 2, 3. */
export async function readGenome(file: string | URL): Promise<Int32Array> {
  const [, ...lines] = gunzipSync(await readFile(file))
    .toString("ascii")
    .trim()
    .split(/\r?\n/);
  return Int32Array.from(lines.join(""), (letter, i) => {
    const base = BASES.indexOf(letter);
    if (base < 0) throw new RangeError(`base ${i + 1} is "${letter}", expected one of ${BASES}`);
    return base;
  });
}

function isGC(base: number): boolean {
  return base === 1 || base === 2;
}

/** The fraction of G and C in `bases[from, to)`. */
export function gcContent(bases: Int32Array, from = 0, to = bases.length): number {
  let count = 0;
  for (let i = from; i < to; i++) if (isGC(bases[i]!)) count++;
  return count / (to - from);
}

/** GC content in windows of `window` bases that advance by `step`: pairs of window centre and fraction. */
export function gcCurve(bases: Int32Array, window: number, step: number): [position: number, gc: number][] {
  const curve: [number, number][] = [];
  for (let from = 0; from + window <= bases.length; from += step)
    curve.push([from + window / 2, gcContent(bases, from, from + window)]);
  return curve;
}

/** The maximal runs of equal tags. */
export function segmentsOf(tags: ArrayLike<number>, bases: Int32Array): Segment[] {
  const segments: Segment[] = [];
  let from = 0;
  for (let i = 1; i <= tags.length; i++) {
    if (i < tags.length && tags[i] === tags[from]) continue;
    segments.push({ start: from + 1, end: i, state: tags[from]!, gc: gcContent(bases, from, i) });
    from = i;
  }
  return segments;
}
