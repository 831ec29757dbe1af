import { drawTable } from "./table.ts";

export interface ConfusionData {
  readonly title: string;
  /** `[gold][predicted]`: how often. */
  readonly counts: readonly (readonly number[])[];
  readonly labels: readonly string[];
}

/** Which label is taken for which: each row's shares of what was predicted, what is right framed. */
export function drawConfusion({ title, counts, labels }: ConfusionData): string {
  const shares = counts.map((row) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.map((count) => (total === 0 ? 0 : count / total));
  });
  return drawTable({
    title,
    marginals: shares,
    best: labels.map((_, i) => labels.map((_, j) => i === j)),
    rows: labels,
    columns: labels,
    description: "For each label, in its row, how often each was predicted; what is right is framed.",
  });
}
