import { STRUCTURAL_OPS } from "../../bridge/wire/protocol.ts";

const KINDS: Readonly<Record<string, string>> = STRUCTURAL_OPS;

/**
 * Whether an op gives a size or a shape. Numbers among its operands are part of the program, and its result is nothing
 * that could be fetched.
 */
export function givesSizes(op: string): boolean {
  return KINDS[op] === "size" || KINDS[op] === "shape";
}
