/** What a statement is where no tracer answers it: a draw, or the value that it has. */
import { SynjaxError } from "../../bridge/errors.ts";
import { emit } from "../program/emit.ts";
import { lineOf } from "../program/source-line.ts";
import { NODE, type Traced, adopt } from "../program/traced.ts";
import { np } from "../ops/np.ts";
import { random } from "../ops/random.ts";
import { type Dim, Tensor, type TensorLike } from "../tensor/tensor.ts";
import { OwnDistribution } from "./own-distribution.ts";
import type { AnyDistribution, PlateFrame, Statement } from "./statement.ts";

export function draw(statement: Statement): unknown {
  const { type, value } = statement;
  if (type === "plate") return plateFrame(statement);
  if (type !== "sample" || value !== undefined) return value;
  return drawFrom(placed(statement), statement);
}

/** A draw, by the statement's key. */
function drawFrom(distribution: AnyDistribution, statement: Statement): unknown {
  const { key, sampleShape, differentiable, marginalize } = statement;
  if (marginalize) return distribution;
  if (!key) throw withoutKey(statement);
  const options = sampleShape && sampleShape.length > 0 ? { sampleShape } : {};
  const from = distribution as unknown as {
    sample(key: Tensor<"key">, options: object): unknown;
    differentiableSample(key: Tensor<"key">, options: object): unknown;
  };
  return differentiable
    ? from.differentiableSample(key, { ...options, ...differentiable })
    : from.sample(key, options);
}

function withoutKey({ name, stack }: Statement): SynjaxError {
  return new SynjaxError(
    "INVALID_ARGUMENT",
    `\`${name}\` has no value and nothing to draw it by: run the program by seed(model, key), condition it on a value, or ask an inference for it`,
    { argument: name, expected: "a key", line: lineOf(stack) },
  );
}

/** The distribution of a statement with the axes of the plates that it stands in. */
export function placed({ distribution, plates }: Statement): AnyDistribution {
  if (plates.length === 0 || distribution instanceof OwnDistribution) return distribution!;
  const Result = distribution!.constructor as unknown as typeof Traced & { prototype: Traced };
  const shown = plates.map((each) => [each.subsampleSize ?? each.size, each.dim] as const);
  return emit("in_plates", [distribution], { sizes: shown.map(([size]) => size), dims: shown.map(([, dim]) => dim) }, Result) as never; // prettier-ignore
}

/** What the log-density of a statement is multiplied by; `undefined` for 1. */
export function scaleOf({ scale, plates }: Statement): TensorLike | undefined {
  const factors = plates.flatMap(({ size, subsampleSize }) =>
    subsampleSize === undefined ? [] : [ratio(size, subsampleSize)],
  );
  if (scale !== undefined) factors.push(scale);
  return factors.reduce<TensorLike | undefined>(
    (product, factor) => (product === undefined ? factor : np.multiply(product as never, factor as never)),
    undefined,
  );
}

const ratio = (size: Dim, part: Dim): TensorLike =>
  typeof size === "number" && typeof part === "number"
    ? size / part
    : np.divide(size as never, part as never);

/** The log-density of a statement at a value, all of its items together: one number. */
export function logDensity(statement: Statement, value: unknown): Tensor<"float32"> {
  if (statement.type === "factor") return scaled(np.sum(value as TensorLike), statement);
  const distribution = placed(statement) as {
    logProb(value: unknown): TensorLike;
    logPartition?(): TensorLike;
  };
  const log = statement.marginalize ? distribution.logPartition!() : distribution.logProb(value);
  return scaled(np.sum(log), statement);
}

function scaled(log: TensorLike, statement: Statement): Tensor<"float32"> {
  const scale = scaleOf(statement);
  return (scale === undefined ? log : np.multiply(log as never, scale as never)) as Tensor<"float32">;
}

/** A plate outside of a recorded model. */
function plateFrame({ name, plate, plates, key, stack }: Statement): PlateFrame {
  const { size, subsampleSize } = plate!;
  const dim = plate!.dim ?? freeDim(plates);
  const frame = { name, size, subsampleSize, dim };
  if (subsampleSize === undefined) return { ...frame, indices: np.arange(size, {}) as Tensor<"int32"> };
  if (!key)
    throw new SynjaxError(
      "INVALID_ARGUMENT",
      `plate \`${name}\` looks at ${String(subsampleSize)} of its items and has nothing to draw them by: run the program by seed(model, key), or ask svi for it`,
      { argument: name, expected: "a key", line: lineOf(stack) },
    );
  return { ...frame, indices: emit("subsample", [key], { size, subsample_size: subsampleSize }, Tensor) };
}

/** The last axis that no plate around stands on. */
export function freeDim(plates: readonly PlateFrame[]): number {
  const taken = new Set(plates.map(({ dim }) => dim));
  let dim = -1;
  while (taken.has(dim)) dim--;
  return dim;
}

/** Two keys, one to draw by and one to go on with. */
export function splitKey(key: Tensor<"key">): readonly [rest: Tensor<"key">, own: Tensor<"key">] {
  const both = random.split(key, { num: 2 });
  return [both.slice(0) as Tensor<"key">, both.slice(1) as Tensor<"key">];
}

/** A tensor that is the same value, as a plain one. */
export function plain<D extends never>(tensor: Tensor<D>): Tensor<D> {
  return adopt(Tensor, tensor[NODE]) as Tensor<D>;
}
