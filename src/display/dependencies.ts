import { arc, point } from "./arc.ts";
import { CELL, centred, framed, MARGIN, widthOf } from "./parts.ts";
import { element, escaped, line, textWidth } from "./svg.ts";

/** A tree over words: 1 is the first word, and the head of a tree's root is 0. */
export interface Dependencies {
  readonly heads: readonly number[];
  /** What each word is to its head. */
  readonly labels?: readonly string[] | undefined;
}

export interface DependenciesData {
  readonly title: string;
  readonly words: readonly string[];
  /** The tree that was found, and the one that is right. */
  readonly found: Dependencies;
  readonly gold: Dependencies;
  /** Of a script that is read so, the first word is at the right. */
  readonly rightToLeft?: boolean;
}

const LABEL = 10;
const LEVEL = 22;
const [SAME, ONLY_FOUND, ONLY_GOLD] = ["#9aa5ab", "#d9562b", "#1f5f8b"];

/** A tree that was found above the words, and the right one below them; what differs is coloured. */
export function drawDependencies(data: DependenciesData): string {
  const { title, words, found, gold, rightToLeft = false } = data;
  const labels = [...(found.labels ?? []), ...(gold.labels ?? [])];
  const width = Math.max(widthOf(words, CELL), ...labels.map((label) => textWidth(label, LABEL) + 8));
  const place = (word: number): number => (rightToLeft ? words.length - word : word - 1);
  const x = (word: number): number => MARGIN + (place(word) + 0.5) * width;
  const above = levelsOf(found.heads);
  const [most, below] = [above, levelsOf(gold.heads)].map((levels) => Math.max(0, ...levels));
  const y = MARGIN + 36 + most! * LEVEL;
  const drawn = (tree: Dependencies, other: Dependencies, colour: string, up: 1 | -1): string[] => {
    const levels = up === 1 ? above : levelsOf(gold.heads);
    return tree.heads.map((head, i) => {
      const label = tree.labels?.[i] ?? "";
      const isSame = head === other.heads[i] && label === (other.labels?.[i] ?? "");
      const style = { stroke: isSame ? SAME : colour, "stroke-width": isSame ? 1 : 1.8 };
      const rise = levels[i]! * LEVEL * up;
      const start = up === 1 ? y : y + CELL + 2;
      const at = head === 0 ? x(i + 1) : (x(head) + x(i + 1)) / 2;
      const tip = `${words[head - 1] ?? "root"} → ${words[i]!}: ${label}`;
      return (
        (head === 0
          ? element(
              "g",
              { fill: "none", ...style },
              element("title", {}, escaped(tip)),
              line(at, start - rise, at, start),
              element("path", { d: point(at, start, up) }),
            )
          : arc({ from: x(head), to: x(i + 1), y: start, rise }, tip, style)) +
        centred(at, 0, start - rise + (up === 1 ? -3 : LABEL), label, { class: "label" })
      );
    });
  };
  return framed(
    {
      width: 2 * MARGIN + words.length * width,
      height: y + CELL + 2 + below! * LEVEL + LABEL + MARGIN,
      children: [
        element(
          "style",
          {},
          `.label { font-size: ${LABEL}px; paint-order: stroke; stroke: #fdfdfb; stroke-width: 3; }`,
        ),
        ...drawn(found, gold, ONLY_FOUND, 1),
        ...drawn(gold, found, ONLY_GOLD, -1),
        ...words.map((word, i) => centred(MARGIN + place(i + 1) * width, width, y + 16, word)),
      ],
    },
    title,
    "The arcs that were found above the words, and the right ones below them; what differs is coloured.",
  );
}

/** How high each arc is, so that it lies above those between its ends. The root's is the lowest. */
function levelsOf(heads: readonly number[]): readonly number[] {
  const ends = heads.map((head, i) =>
    head === 0 ? [i + 1, i + 1] : [Math.min(head, i + 1), Math.max(head, i + 1)],
  );
  const levels = ends.map(() => 1);
  const byLength = [...ends.keys()].sort((a, b) => lengthOf(ends[a]!) - lengthOf(ends[b]!));
  for (const [n, i] of byLength.entries())
    for (const j of byLength.slice(0, n))
      if (ends[i]![0]! <= ends[j]![0]! && ends[j]![1]! <= ends[i]![1]!)
        levels[i] = Math.max(levels[i]!, levels[j]! + 1);
  return levels;
}

const lengthOf = ([from, to]: readonly number[]): number => to! - from!;
