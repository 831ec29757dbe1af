import { drawArcs } from "../display/arcs.ts";
import { drawChain } from "../display/chain.ts";
import { drawGraph } from "../display/graph.ts";
import { drawSegments } from "../display/segments.ts";
import { drawTable } from "../display/table.ts";
import { drawTree } from "../display/tree.ts";
import { shown } from "../program/signatures.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Declaration } from "./declaration.ts";
import { refused } from "./refusal.ts";

/** Options of `toSVG`. */
export interface PictureOptions {
  /** Which item of a batch: its index along each batch axis. */
  readonly item?: number | readonly number[];
  /** Names of the states or labels, of a grammar its nonterminals and then its preterminals; their numbers where left out. */
  readonly labels?: readonly string[];
  /** Names of the positions of a sequence, as its words, or of the nodes of a graph; their numbers where left out. */
  readonly positions?: readonly string[];
  /** Where each node of an undirected graph stands; on a circle where left out. */
  readonly coordinates?: readonly (readonly [x: number, y: number])[];
  /** Names of the rows of a table. */
  readonly rows?: readonly string[];
  /** Names of the columns of a table. */
  readonly columns?: readonly string[];
  /** What stands above the picture; the name of the class where left out. */
  readonly title?: string;
}

/** What a picture asks of a distribution. */
export interface Pictured {
  at(index: number): Pictured;
  marginals(): Tensor<"float32">;
  argmax(): Tensor<"float32">;
  decode(event: Tensor<"float32">): Tensor<"int32">;
  extents(): Readonly<Record<string, Tensor<"int32">>>;
}

type Draw = (of: Pictured, options: PictureOptions, title: string) => Promise<string>;

const MOST_CELLS = 50_000;

/** Whether distributions with this event have a picture. */
export const hasPicture = ({ event }: Declaration): boolean => dimsOf(event) in PICTURES;

const dimsOf = (event: Declaration["event"]): string =>
  "dims" in event ? event.dims : event.map(({ dims }) => dims).join("; ");

/** The picture of one item of a distribution. */
export async function pictureOf(
  of: Pictured,
  declared: Declaration,
  options: PictureOptions,
): Promise<string> {
  const { event, name } = declared;
  const draw = PICTURES[dimsOf(event)];
  if (!draw)
    throw refused(
      "toSVG",
      `${name} has no picture`,
      `an event (${Object.keys(PICTURES).join("), (")})`,
      name,
    );
  const indices = (typeof options.item === "number" ? [options.item] : (options.item ?? [])) as unknown;
  if (!Array.isArray(indices) || !indices.every((index) => Number.isInteger(index)))
    throw refused(
      "item",
      "`item` is no index",
      "a whole number, or one for each batch axis",
      shown(options.item),
    );
  const item = (indices as number[]).reduce((one, index) => one.at(index), of);
  return draw(item, options, options.title ?? name);
}

async function chain(of: Pictured, { positions, labels }: PictureOptions, title: string): Promise<string> {
  const [edges, compact] = [of.marginals(), of.decode(of.argmax())];
  const [, states] = await sizesOf(edges, 3, 0, 2);
  const [found, tags, length] = await Promise.all([edges.sum(1).data(), compact.data(), extentOf(of, "n")]);
  const best = [...tags].filter((tag) => tag >= 0);
  checkNames("positions", positions, length);
  checkNames("labels", labels, states);
  const posterior = inRows(found, states).slice(0, length);
  return drawChain({ title, tags: best, posterior, positions, labels });
}

async function segments(of: Pictured, { positions, labels }: PictureOptions, title: string): Promise<string> {
  const [parts, compact] = [of.marginals(), of.decode(of.argmax())];
  const [, longest, states] = await sizesOf(parts, 4, 0, 1, 3);
  const [found, rows, length] = await Promise.all([parts.sum(2).data(), compact.data(), extentOf(of, "n")]);
  const best = inRows(rows, 3)
    .filter(([, , label]) => label! >= 0)
    .map(([start, end, label]) => [start!, end!, label!] as const);
  checkNames("positions", positions, length);
  checkNames("labels", labels, states);
  const covered = Array.from({ length }, () => new Array<number>(states).fill(0));
  const ends = new Array<number>(length).fill(0);
  for (let end = 0; end < length; end++)
    for (let longer = 0; longer < Math.min(longest, end + 1); longer++)
      for (let label = 0; label < states; label++) {
        const probability = found[(end * longest + longer) * states + label]!;
        ends[end]! += probability;
        for (let i = end - longer; i <= end; i++) covered[i]![label]! += probability;
      }
  return drawSegments({ title, segments: best, covered, ends, positions, labels });
}

const table =
  (vertical: string, horizontal: string) =>
  async (of: Pictured, { rows, columns }: PictureOptions, title: string): Promise<string> => {
    const [cells, event] = [of.marginals(), of.argmax()];
    const [, width] = await sizesOf(cells, 2, 0, 1);
    const sizes = [extentOf(of, vertical), extentOf(of, horizontal)] as const;
    const [found, best, height, breadth] = await Promise.all([cells.data(), event.data(), ...sizes]);
    const [marginals, chosen] = [inRows(found, width), inRows(best, width)];
    checkNames("rows", rows, height);
    checkNames("columns", columns, breadth);
    return drawTable({
      title,
      marginals: marginals.slice(0, height).map((row) => row.slice(0, breadth)),
      best: chosen.slice(0, height).map((row) => row.slice(0, breadth).map((p) => p > 0)),
      rows,
      columns,
    });
  };

async function tree(of: Pictured, { positions, labels }: PictureOptions, title: string): Promise<string> {
  const [parts, compact] = [of.marginals(), of.decode(of.argmax())];
  const [words, , names] = await sizesOf(parts, 3, 0, 1, 2);
  const [found, rows, length] = await Promise.all([parts.data(), compact.data(), extentOf(of, "n")]);
  const spans = inRows(rows, 3)
    .filter(([start]) => start! >= 0)
    .map(([start, end, label]) => [start!, end!, label!] as const);
  checkNames("positions", positions, length);
  checkNames("labels", labels, names);
  const probabilities = spans.map(([start, end, label]) => found[(start * words + end) * names + label]!);
  return drawTree({ title, spans, probabilities, length, positions, labels });
}

/** What a picture asks of a distribution over parses. */
interface PicturedParses {
  marginals(): { readonly chart: Tensor<"float32">; readonly tags: Tensor<"float32"> };
  argmax(): object;
  decode(event: object): { readonly spans: Tensor<"int32">; readonly tags: Tensor<"int32"> };
}

/** The tree of a grammar's parse, down to the preterminals. */
async function parse(of: Pictured, { positions, labels }: PictureOptions, title: string): Promise<string> {
  const parses = of as unknown as PicturedParses;
  const [parts, compact] = [parses.marginals(), parses.decode(parses.argmax())];
  const [words, , nonterminals] = await sizesOf(parts.chart, 3, 0, 1, 2);
  const [, preterminals] = await sizesOf(parts.tags, 2, 0, 1);
  const [chart, tagged, rows, tags, length] = await Promise.all([
    parts.chart.data(),
    parts.tags.data(),
    compact.spans.data(),
    compact.tags.data(),
    extentOf(of, "n"),
  ]);
  checkNames("positions", positions, length);
  checkNames("labels", labels, nonterminals + preterminals);
  const wide = inRows(rows, 3)
    .filter(([start]) => start! >= 0)
    .map(([start, end, label]) => [start!, end!, label!] as const);
  const leaves = [...tags].flatMap((tag, i) => (tag < 0 ? [] : [[i, i, nonterminals + tag] as const]));
  const spans = [...wide, ...leaves].sort((a, b) => a[0] - b[0] || b[1] - a[1]);
  const probabilities = spans.map(([start, end, label]) =>
    label < nonterminals
      ? chart[(start * words + end) * nonterminals + label]!
      : tagged[start * preterminals + label - nonterminals]!,
  );
  return drawTree({ title, spans, probabilities, length, positions, labels });
}

/** Of what is symmetric a graph, otherwise arcs from heads to dependents. */
async function arcs(of: Pictured, options: PictureOptions, title: string): Promise<string> {
  const { positions, coordinates } = options;
  const [parts, event] = [of.marginals(), of.argmax()];
  const [, width] = await sizesOf(parts, 2, 0, 1);
  const [found, best, length] = await Promise.all([parts.data(), event.data(), extentOf(of, "n")]);
  const square = (values: ArrayLike<number>): number[][] =>
    inRows(values, width).slice(0, length).map((row) => row.slice(0, length)); // prettier-ignore
  const [marginals, tree] = [square(found), square(best)];
  checkNames("positions", positions, length);
  const isGraph = tree.every((row, a) => row.every((edge, b) => edge === tree[b]![a]!));
  if (coordinates !== undefined && (!isGraph || coordinates.length !== length))
    throw refused(
      "coordinates",
      `\`coordinates\` has ${coordinates.length} places for ${length} nodes${isGraph ? "" : " of a directed tree"}`,
      isGraph ? `${length} pairs of numbers` : "none: a directed tree is drawn as arcs",
      String(coordinates.length),
    );
  const chosen = tree.map((row) => row.map((edge) => edge > 0));
  const shared = { title, marginals, best: chosen, positions };
  return isGraph ? drawGraph({ ...shared, coordinates }) : drawArcs(shared);
}

/** By the named dims of an event. */
const PICTURES: Readonly<Record<string, Draw>> = {
  "n t t": chain,
  "n m t t": segments,
  "n n label": tree,
  "n n nt; n pt": parse,
  "n n": arcs,
  "rows cols": table("rows", "cols"),
  "2*l+1 n": table("2*l+1", "n"),
};

/** The sizes of an event of one item; `drawn` says which of its axes become the cells of the picture. */
async function sizesOf<Axes extends readonly number[]>(
  event: Tensor,
  rank: number,
  ...drawn: Axes
): Promise<{ [Axis in keyof Axes]: number }> {
  const { shape } = await event.aval();
  if (shape.length !== rank)
    throw refused(
      "item",
      `a picture is of one item, and this has ${shape.length - rank} batch axes: say which, { item: [0, ...] }`,
      "an index for each batch axis",
      `an event of shape (${shape.join(", ")})`,
    );
  const sizes = drawn.map((axis) => shape[axis]!);
  const cells = sizes[0]! * sizes.at(-1)!;
  if (cells > MOST_CELLS)
    throw refused("toSVG", `a picture of ${cells} cells`, `at most ${MOST_CELLS} cells`, String(cells));
  return sizes as { [Axis in keyof Axes]: number };
}

/** How much of an item there is along a dim: a sum of products of numbers and of dims that lengths bound. */
async function extentOf(of: Pictured, dim: string): Promise<number> {
  const known = Object.entries(of.extents()).filter(([name]) => dim.includes(name));
  const extents = new Map(
    await Promise.all(known.map(async ([name, extent]) => [name, await extent.item()] as const)),
  );
  const factor = (written: string): number => extents.get(written) ?? Number(written);
  const product = (term: string): number => term.split("*").reduce((size, each) => size * factor(each), 1);
  return dim.split("+").reduce((sum, term) => sum + product(term), 0);
}

function checkNames(argument: string, names: readonly string[] | undefined, count: number): void {
  const wrong = names?.find((name: unknown) => typeof name !== "string");
  if (wrong !== undefined)
    throw refused(argument, `\`${argument}\` has a name that is ${shown(wrong)}`, "strings", shown(wrong));
  if (names !== undefined && names.length !== count)
    throw refused(
      argument,
      `\`${argument}\` has ${names.length} names for ${count}`,
      `${count} names`,
      String(names.length),
    );
}

function inRows(values: ArrayLike<number>, width: number): number[][] {
  const rows = width === 0 ? 0 : values.length / width;
  return Array.from({ length: rows }, (_, i) =>
    Array.from({ length: width }, (_, j) => values[i * width + j]!),
  );
}
