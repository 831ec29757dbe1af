/** ChainDraws of Markov chains, as pictures take them. */
import { refused } from "../program/refused.ts";
import { shown } from "../program/signatures.ts";
import { flattened, type Fetched, type Flat, indicesOf, type NestedList } from "./nested.ts";

/** ChainDraws of variables by their names: (chain, draw, …event), as nested arrays or as `get` returns them. */
export type ChainDraws = Readonly<Record<string, NestedList | Fetched>>;

/** One element of a variable: what its chains drew. */
export interface Element {
  readonly name: string;
  /** `[chain][draw]` */
  readonly chains: readonly (readonly number[])[];
}

/** More than these are no picture that anybody looks at. */
const MOST_ELEMENTS = 200;
const MOST_CHAINS = 1_000;

/**
 * The elements of the variables, or of those named, in order.
 * @throws {SynjaxError} `INVALID_ARGUMENT` where there are none, or what a variable has is no (chain, draw, …event)
 */
export function elementsOf(
  picture: string,
  draws: ChainDraws,
  variables: readonly string[] | undefined,
): readonly Element[] {
  const names = variables ?? Object.keys(draws);
  for (const [i, name] of names.entries())
    if (typeof name !== "string" || !Object.hasOwn(draws, name))
      throw refused(picture, `variables[${i}]`, `one of ${Object.keys(draws).join(", ")}`, shown(name));
  const found = names.map((name) => ({ name, ...drawsOf(picture, name, draws[name]) }));
  const count = found.reduce((sum, { shape }) => sum + sizeOf(shape.slice(2)), 0);
  if (count === 0) throw refused(picture, "draws", "draws of a variable at least", "none");
  if (count > MOST_ELEMENTS)
    throw refused(
      picture,
      "draws",
      `at most ${MOST_ELEMENTS} elements: choose some by \`variables\``,
      `${count}`,
    );
  const chains = found.reduce((sum, { shape }) => sum + shape[0]! * sizeOf(shape.slice(2)), 0);
  if (chains > MOST_CHAINS)
    throw refused(picture, "draws", `at most ${MOST_CHAINS} chains of all elements: choose some by \`variables\``, `${chains}`); // prettier-ignore
  return found.flatMap(elementsOfOne);
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

function drawsOf(picture: string, name: string, given: unknown): Flat {
  const flat = flattened(picture, `draws.${name}`, given);
  const { shape } = flat;
  if (shape.length < 2 || shape[0] === 0 || shape[1] === 0)
    throw refused(
      picture,
      `draws.${name}`,
      "(chain, draw, …event), one draw at least",
      `(${shape.join(", ")})`,
    );
  return flat;
}

function elementsOfOne({ name, shape, numbers }: Flat & { readonly name: string }): Element[] {
  const [chains, draws, ...event] = shape;
  const indices = indicesOf(event);
  return indices.map((index, element) => ({
    name: name + index,
    chains: Array.from({ length: chains! }, (_, chain) =>
      Array.from({ length: draws! }, (_, i) => numbers[(chain * draws! + i) * indices.length + element]!),
    ),
  }));
}

/**
 * Which draws diverged, `[chain][draw]`.
 * @throws {SynjaxError} `INVALID_ARGUMENT` where it is of other chains or draws than an element
 */
export function divergencesOf(
  picture: string,
  given: unknown,
  elements: readonly Element[],
): readonly (readonly boolean[])[] {
  if (given === undefined) return [];
  const { shape, numbers } = flattened(picture, "divergences", given);
  for (const { name, chains } of elements)
    if (shape.length !== 2 || shape[0] !== chains.length || shape[1] !== chains[0]!.length)
      throw refused(picture, "divergences", `(chain, draw) of \`${name}\`: (${chains.length}, ${chains[0]!.length})`, `(${shape.join(", ")})`); // prettier-ignore
  const draws = shape[1]!;
  return elements[0]!.chains.map((_, chain) =>
    numbers.slice(chain * draws, (chain + 1) * draws).map((diverged) => diverged !== 0),
  );
}

/** @throws {SynjaxError} `INVALID_ARGUMENT` where `prob` is no share of the draws */
export function checkShare(name: string, prob: number): void {
  if (!(prob > 0 && prob < 1)) throw refused(name, "prob", "a share above 0 and below 1", shown(prob));
}
