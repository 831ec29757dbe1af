/** What the rooms above contribute to tensors and programs. */
import { SynjaxError } from "../../bridge/errors.ts";
import type { HostArray } from "../../bridge/wire/dtypes.ts";
import type { ArrayAval } from "../../bridge/wire/protocol.ts";
import type { Constant } from "./body.ts";
import type { RootFrame } from "./frame.ts";
import type { Node, Traced } from "./traced.ts";
import type { WaitOptions } from "./wait-options.ts";

/** It is installed once, where all of those rooms are known. */
export interface Runtime {
  /** The graph that an operation on these operands belongs to, outside any recorded function. */
  frameFor(operands: readonly unknown[]): RootFrame;
  /** What a value of another eager graph is by now: a handle, or an equation of `into`. */
  resolve(node: Node & { kind: "equation" }, into: RootFrame): Constant | number;
  /** A raw JavaScript or Arrow array as a host tensor; `undefined` for what is no array. */
  toTraced(value: unknown): Traced | undefined;
  read(tensor: Traced, options: WaitOptions): Promise<HostArray>;
  /** Dtype, shape and weakness of a tensor, once they are known. */
  aval(tensor: Traced): Promise<ArrayAval>;
  /** The same where it is known already. */
  knownAval(tensor: Traced): ArrayAval | undefined;
  dispose(tensor: Traced): void;
}

let installed: Runtime | undefined;

/** @throws {SynjaxError} `INTERNAL` where one is installed already */
export function installRuntime(runtime: Runtime): void {
  if (installed) throw new SynjaxError("INTERNAL", "a runtime is installed already");
  installed = runtime;
}
export function runtime(): Runtime {
  if (!installed)
    throw new SynjaxError("INTERNAL", "no runtime is installed: import from the package, not from one file");
  return installed;
}
