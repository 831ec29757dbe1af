/** How values are put on the device, and how they are made again. */
import { SynjaxError } from "../../bridge/errors.ts";
import { invalid } from "../../bridge/transport/call-options.ts";
import type { HostArray } from "../../bridge/wire/dtypes.ts";
import { NODE, Traced } from "../program/traced.ts";
import { flatten } from "../program/tree.ts";
import { toHostArray } from "../tensor/host-array.ts";
import type { Maker } from "./restores.ts";

/** How values are put on the device. */
export interface PutOptions {
  /** Takes typed arrays over instead of copying them: they must not change any more. */
  readonly transfer?: boolean;
  /**
   * Puts the values again on the worker that follows one that has ended: `true` keeps the data here for that, a function
   * makes them again. A call that uses them then needs no more than to wait.
   */
  readonly restore?: boolean | (() => unknown);
}

/** What a leaf that is put is made of. */
export function hostDataOf(leaf: unknown, options: PutOptions): HostArray {
  return leaf instanceof Traced ? hostOf(leaf) : toHostArray(leaf, "any", "data", options)!;
}

export function onDevice(): SynjaxError {
  return new SynjaxError(
    "INVALID_ARGUMENT",
    "put: `restore` needs data of this side, and this tensor is on the device: put what it was made of",
    { argument: "restore", expected: "host data", received: "a tensor on the device" },
  );
}

/** How values that are put with this option are made again, from the data that they have now. */
export function restoring(
  restore: PutOptions["restore"],
): ((data: readonly HostArray[]) => Maker) | undefined {
  if (restore === undefined || restore === false) return undefined;
  if (restore === true) return (data) => () => data;
  if (typeof restore !== "function")
    throw invalid("restore", "true, or a function that makes the same data again", restore);
  return () => () => {
    const leaves: unknown[] = [];
    flatten(restore(), leaves, "restore()");
    return leaves.map((leaf) => hostDataOf(leaf, {}));
  };
}

export function hostOf(traced: Traced): HostArray {
  return (traced[NODE] as { readonly host: HostArray }).host;
}
