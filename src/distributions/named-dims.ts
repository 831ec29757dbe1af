/**
 * Shapes by named dims (`*batch n t t`), checked on the host before anything is sent. `*batch` is any number of leading
 * axes, broadcast between arguments; a name has one size wherever it stands. The worker binds the same way with the same
 * words: `python/synjax_worker/shapes.py`.
 */
import type { SynjaxError } from "../../bridge/errors.ts";
import { refused, show } from "./refusal.ts";

const BATCH = "*batch";

/** One argument whose shape is known here. */
export interface ShapedArgument {
  readonly name: string;
  readonly dims: string;
  readonly shape: readonly number[];
  /** Whether it says how far each item goes. */
  readonly isLength?: boolean;
}

/** The sizes that binding found. */
export interface Bound {
  readonly batch: readonly number[];
  readonly sizes: ReadonlyMap<string, number>;
}

export const ownDims = (dims: string): string[] => dims.split(/\s+/).filter((dim) => dim && dim !== BATCH);
const isBatched = ({ dims }: ShapedArgument): boolean => dims.split(/\s+/).includes(BATCH);
const batchOf = ({ dims, shape }: ShapedArgument): readonly number[] =>
  shape.slice(0, shape.length - ownDims(dims).length);

/**
 * Binds arguments to their dims, in the order given. `isWhole` says that these are all that the batch is made of: what
 * is on the device may have more batch axes.
 * @throws {SynjaxError} `INVALID_ARGUMENT` where a rank, a named dim or the batch does not fit those before it
 */
export function bind(given: readonly ShapedArgument[], isWhole = true): Bound {
  const first = new Map<string, { readonly size: number; readonly reference: ShapedArgument }>();
  for (const argument of given) {
    checkRank(argument);
    const own = ownDims(argument.dims);
    own.forEach((dim, axis) => {
      const size = argument.shape[argument.shape.length - own.length + axis]!;
      if (!isName(dim)) return;
      const known = first.get(dim);
      if (!known) first.set(dim, { size, reference: argument });
      else if (known.size !== size) throw mismatch(argument, `${dim} = ${known.size}`, known.reference);
    });
  }
  const sizes = new Map([...first].map(([dim, { size }]) => [dim, size]));
  for (const argument of given) checkSums(argument, sizes);
  return { batch: bindBatch(given, isWhole), sizes };
}

const isName = (dim: string): boolean => /^[A-Za-z_]\w*$/.test(dim);

/** Refuses a dim like `nt+pt` of another extent; where a part of it has none, that is what is wrong. */
function checkSums(argument: ShapedArgument, sizes: ReadonlyMap<string, number>): void {
  const own = ownDims(argument.dims);
  for (const [axis, dim] of own.entries()) {
    const parts = dim.split("+");
    if (isName(dim) || !parts.every((part) => sizes.get(part))) continue;
    const expected = parts.reduce((sum, part) => sum + sizes.get(part)!, 0);
    if (argument.shape[argument.shape.length - own.length + axis] === expected) continue;
    const known = parts.map((part) => `${part} = ${sizes.get(part)}`).join(", ");
    throw mismatch(argument, `${dim} = ${expected}, where ${known}`, argument);
  }
}

function checkRank(argument: ShapedArgument): void {
  const least = ownDims(argument.dims).length;
  const rank = argument.shape.length;
  if (rank === least || (isBatched(argument) && rank > least)) return;
  const wanted = `${isBatched(argument) ? "at least " : ""}${least} dimension${least === 1 ? "" : "s"}`;
  throw wrongShape(argument, `(${argument.dims}): ${wanted}`);
}

/**
 * The batches broadcast together; the arguments of most dims say what the batch is, the others must fit. Lengths say how
 * far each item goes, but not how many there are: they broadcast to the batch of what they measure.
 */
function bindBatch(given: readonly ShapedArgument[], isWhole: boolean): readonly number[] {
  let batch: readonly number[] = [];
  let reference: ShapedArgument | undefined;
  const rankOf = ({ dims, isLength }: ShapedArgument): number => (isLength ? -1 : ownDims(dims).length);
  for (const argument of given.filter(isBatched).sort((a, b) => rankOf(b) - rankOf(a))) {
    const joined = broadcast(batch, batchOf(argument));
    const isBeyond = isWhole && argument.isLength && reference && show(joined ?? []) !== show(batch);
    if (!joined || isBeyond) {
      const wanted = argument.dims === BATCH ? show(batch) : `${BATCH} = ${show(batch)}`;
      throw mismatch(argument, wanted, reference ?? argument, paddingHint(argument, batch));
    }
    if (!reference || show(joined) !== show(batch)) [batch, reference] = [joined, argument];
  }
  return batch;
}

function broadcast(a: readonly number[], b: readonly number[]): number[] | undefined {
  const joined: number[] = [];
  for (let i = 1; i <= Math.max(a.length, b.length); i++) {
    const [x, y] = [a[a.length - i] ?? 1, b[b.length - i] ?? 1];
    if (x !== y && x !== 1 && y !== 1) return undefined;
    joined.unshift(x === 1 ? y : x);
  }
  return joined;
}

/** A question that helps where lengths are of another batch than what they measure; otherwise nothing. */
function paddingHint({ isLength, shape }: ShapedArgument, batch: readonly number[]): string {
  if (!isLength || shape.length !== 1 || batch.length !== 1) return "";
  const lost = Math.abs(batch[0]! - shape[0]!);
  return `\n  Did ${lost === 1 ? "one sentence" : `${lost} sentences`} get lost while padding?`;
}

function mismatch(
  argument: ShapedArgument,
  wanted: string,
  reference: ShapedArgument,
  hint = "",
): SynjaxError {
  const expected =
    argument.dims === BATCH ? `(${argument.dims}) = ${wanted}` : `(${argument.dims}) with ${wanted}`;
  if (reference === argument) return wrongShape(argument, expected);
  const reason = ` to match \`${reference.name}\` ${show(reference.shape)} as (${reference.dims})`;
  return wrongShape(argument, expected, reason, hint);
}

function wrongShape(argument: ShapedArgument, expected: string, reason = "", hint = ""): SynjaxError {
  const received = show(argument.shape);
  const message = `\`${argument.name}\` has shape ${received}, expected ${expected}${reason}.${hint}`;
  return refused(argument.name, message, expected, received);
}

/** @throws {SynjaxError} `INVALID_ARGUMENT` naming the argument that says that a named dim has size 0 */
export function requireSizes(given: readonly ShapedArgument[], bound: Bound, dims: readonly string[]): void {
  for (const dim of dims) {
    if (bound.sizes.get(dim) !== 0) continue;
    const { name } = given.find((argument) => ownDims(argument.dims).includes(dim))!;
    throw refused(name, `\`${name}\` has ${dim} = 0, expected at least 1.`, `${dim} of at least 1`, "0");
  }
}
