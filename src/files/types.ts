/** What files of programs are to the type checker. */
import type { SchemaDim } from "../../bridge/files/schema.ts";
import type { DType } from "../../bridge/wire/dtypes.ts";
import type { Session } from "../session/session.ts";
import type { Fetched } from "../session/trees.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";
import type { HostLike } from "../tensor/host-like.ts";
import type { Aval, Tensor } from "../tensor/tensor.ts";

/** What `jit` returns, by names. */
export type Functions = Readonly<Record<string, (...args: never[]) => unknown>>;

/** An argument of a function of a file: tensors, or host data; nested arrays too, for the file says what is a tensor. */
export type LoadedArg<T> = [Extract<T, Tensor>] extends [never]
  ? T extends object
    ? { readonly [K in keyof T]: LoadedArg<T[K]> }
    : T
  : T | (Extract<T, Tensor> extends Tensor<infer D> ? HostLike<D> : never);
type LoadedArgs<A extends readonly unknown[]> = { [K in keyof A]: LoadedArg<A[K]> };

/** Of functions that were saved with `params` the first argument is left out: the file has it. */
type WithoutWeights<A extends readonly unknown[], HasParams extends boolean> = HasParams extends true
  ? A extends readonly [unknown, ...infer Rest]
    ? Rest
    : A
  : A;

/** A function of a file. */
export interface LoadedFunction<A extends readonly unknown[], R> {
  /** Runs it, and brings its results to the host. */
  (...args: LoadedArgs<A>): Promise<Fetched<R>>;
  /** The results as tensors, at once: they chain into further calls without waiting. */
  readonly launch: (...args: LoadedArgs<A>) => R;
  /** Compiles it for arguments like these, with `{ dtype, shape }` in the place of tensors that do not exist yet. */
  readonly compile: (...args: readonly unknown[]) => Promise<void>;
}

export type LoadedFunctions<F extends Functions, HasParams extends boolean> = {
  readonly [K in keyof F]: F[K] extends (...args: infer A) => infer R
    ? LoadedFunction<WithoutWeights<A, HasParams>, R>
    : never;
};

/** A tree of tensors on the host. */
export type HostTree = HostTensor | null | readonly HostTree[] | { readonly [name: string]: HostTree };

/** Functions of which the type checker knows nothing. */
export type AnyFunctions = Readonly<
  Record<
    string,
    {
      (...args: readonly unknown[]): Promise<HostTree>;
      readonly launch: (...args: readonly unknown[]) => unknown;
      readonly compile: (...args: readonly unknown[]) => Promise<void>;
    }
  >
>;

/** A dtype and a shape, of which dims may be free: `"n"` by a name that stands for one size, `null` without. */
export interface ExampleTensor {
  readonly dtype: DType;
  readonly shape: readonly SchemaDim[];
}
/** An argument's tree, with examples or avals in the place of tensors. */
export type Example =
  ExampleTensor | Aval | Tensor | null | readonly Example[] | { readonly [name: string]: Example };

export interface SaveOptions {
  /** The tree that is the first argument of each function: its tensors are the file's weights. */
  readonly params?: unknown;
  /** The other arguments of a function, each tensor as `{ dtype, shape }`; by default those of its first call. */
  readonly examples?: Readonly<Record<string, readonly Example[]>>;
  /** What the other arguments are called; by default as in the function's source. */
  readonly names?: Readonly<Record<string, readonly string[]>>;
  /** Leaves the weights out: they are read from this file, beside the one that is written or in a directory below. */
  readonly weights?: string;
  /** Text about the file. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface LoadOptions {
  /** Where the functions run; by default the session that is current when one is called. */
  readonly session?: Session;
  /** Another file's weights: safetensors, or the `….safetensors.index.json` of several. */
  readonly weights?: string;
  /**
   * Has the worker of `session` hold one copy of the weights, for all that load the same ones so: the first puts them
   * there, the others take them, and a worker that batches runs their calls together. The name says their hash; see
   * `Model.sharedAs`. Default false.
   */
  readonly shared?: boolean;
}
