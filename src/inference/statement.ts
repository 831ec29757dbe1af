/** What a probabilistic program says: each statement is asked of the tracers around it, the innermost first. */
import type { DeclaredDistribution } from "../distributions/declared-distribution.ts";
import type { SimpleDistribution } from "../distributions/simple-distribution.ts";
import type { Traced } from "../program/traced.ts";
import type { Dim, FloatDType, Tensor, TensorLike } from "../tensor/tensor.ts";
import type { OwnDistribution } from "./own-distribution.ts";

/** What a random variable may be drawn from: numbers, structures, or what a user's two functions say. */
export type AnyDistribution = SimpleDistribution | Structure | OwnDistribution;
/** A distribution over structures, of any events. */
export type Structure = DeclaredDistribution<FloatDType, string> | DeclaredDistribution;

/** A plate as the statements inside see it. */
export interface PlateFrame {
  readonly name: string;
  readonly size: Dim;
  /** How many of the items are looked at. */
  readonly subsampleSize: Dim | undefined;
  /** Which batch axis the items stand on, from the right; −1 is the last. */
  readonly dim: number;
  /** Which items are looked at, `(subsampleSize)`. */
  readonly indices: Tensor<"int32">;
  /** The plate in a recorded model. */
  readonly traced?: Traced;
}

/** One statement of a probabilistic program, as tracers see it and may change it. */
export interface Statement {
  readonly type: "sample" | "deterministic" | "factor" | "param" | "plate";
  readonly name: string;
  /** What a `sample` is drawn from; of a `param` what its values are like. */
  readonly distribution?: AnyDistribution;
  /** The value of a variable that is known, of a `deterministic`, the start of a `param`; a `factor`'s log. */
  readonly value?: unknown;
  /** Whether the value was observed: it conditions what is inferred. */
  readonly isObserved?: boolean;
  readonly sampleShape?: readonly Dim[];
  /** What a draw is a function of. */
  readonly key?: Tensor<"key">;
  /** What its log-density is multiplied by. */
  readonly scale?: TensorLike;
  /** The plates that it stands in, the outermost first. */
  readonly plates: readonly PlateFrame[];
  /** How a structure is drawn so that gradients pass: the options of `differentiableSample`. */
  readonly differentiable?: Readonly<Record<string, unknown>>;
  /** A structure that is summed over instead of drawn. */
  readonly marginalize?: boolean;
  /** Of a `plate`. */
  readonly plate?: Pick<PlateFrame, "size" | "subsampleSize"> & { readonly dim?: number };
  /** The caller's stack, unformatted. */
  readonly stack: object;
}

/** What became of a statement: what was said in the end, by all tracers, and its value. */
export interface Outcome {
  readonly statement: Statement;
  readonly value: unknown;
}

/**
 * Sees a statement before those around it do: it may change it, `next({ ...statement, value })`, answer in its place, or
 * keep what comes back. It returns the value.
 */
export type Tracer = (statement: Statement, next: (statement: Statement) => unknown) => unknown;
