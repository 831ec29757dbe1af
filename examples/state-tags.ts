/** Which tags people gave to the words for which a model found each state. */
import { drawTable } from "../src/display/table.ts";

export class StateTags {
  readonly #counts: readonly Map<string, number>[];
  #words = 0;

  constructor(states: number) {
    this.#counts = Array.from({ length: states }, () => new Map<string, number>());
  }

  add(state: number, tag: string): void {
    this.#words++;
    this.#counts[state]!.set(tag, (this.#counts[state]!.get(tag) ?? 0) + 1);
  }

  get words(): number {
    return this.#words;
  }

  /** How many words are right where each state stands for the tag that it meets most often. */
  get right(): number {
    return this.#counts.reduce((sum, row) => sum + Math.max(0, ...row.values()), 0);
  }

  /** All tags and how often they occur, the most frequent first. */
  frequent(): [tag: string, count: number][] {
    const totals = new Map<string, number>();
    for (const row of this.#counts)
      for (const [tag, count] of row) totals.set(tag, (totals.get(tag) ?? 0) + count);
    return [...totals].sort((a, b) => b[1] - a[1]);
  }

  /** The share that each of the `most` most frequent tags has of each state. */
  draw(most: number): string {
    const tags = this.frequent().slice(0, most).map(([tag]) => tag); // prettier-ignore
    const shares = this.#counts.map((row) => {
      const total = [...row.values()].reduce((a, b) => a + b, 0);
      return tags.map((tag) => (total === 0 ? 0 : (row.get(tag) ?? 0) / total));
    });
    return drawTable({
      title: "What people call the words of each state",
      marginals: shares,
      best: shares.map((row) => row.map((share) => share > 0 && share === Math.max(...row))),
      columns: tags,
      description:
        "The share that each tag has of the words of each state, in its row; the largest is framed.",
    });
  }
}
