/** Operations that need no program, because host data are all they need. */
import type { HostArray } from "../../bridge/wire/dtypes.ts";
import { DEFAULT_LIMITS } from "../../bridge/wire/protocol.ts";
import { NODE, Traced } from "./traced.ts";

/**
 * What an operation gives where it only describes host data anew; `undefined` where it has to be recorded. What it would
 * refuse is recorded too: the worker says what is wrong.
 */
export function onHost(
  op: string,
  [operand]: readonly unknown[],
  statics: Readonly<Record<string, unknown>> | undefined,
): HostArray | undefined {
  if (op !== "np.reshape" || !(operand instanceof Traced)) return undefined;
  const node = operand[NODE];
  if (node.kind !== "host") return undefined;
  const shape = newShape(node.host.shape, statics?.["shape"]);
  return shape && { ...node.host, shape };
}

/** A length that no array of ours reaches. */
const LARGEST = 2 ** 31;

const product = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);

function newShape(from: readonly number[], to: unknown): readonly number[] | undefined {
  const wanted: unknown = typeof to === "number" ? [to] : to;
  if (!Array.isArray(wanted) || wanted.length > DEFAULT_LIMITS.rank) return undefined;
  if (!wanted.every((d) => Number.isInteger(d) && d >= -1 && d < LARGEST)) return undefined;
  const lengths = wanted as readonly number[];
  const size = product(from);
  const rest = product(lengths.filter((d) => d !== -1));
  const open = lengths.filter((d) => d === -1).length;
  if (open === 0) return rest === size ? lengths.slice() : undefined;
  if (open > 1 || rest === 0 || size % rest !== 0) return undefined;
  return lengths.map((d) => (d === -1 ? size / rest : d));
}
