/** Which session the values of a call live in. */
import { SynjaxError } from "../../bridge/errors.ts";
import { enter } from "../program/cycles.ts";
import { EagerFrame } from "../program/eager.ts";
import type { HandleOwner } from "../program/handle.ts";
import { callersLine } from "../program/source-line.ts";
import { AS_TRACED, NODE, Traced } from "../program/traced.ts";
import { isBranch } from "../program/tree.ts";
import { Shape } from "../tensor/shape.ts";

/**
 * The one session the values of a call live in; `undefined` where none lives in any.
 * @throws {SynjaxError} `OTHER_SESSION` where they are several
 */
export function ownerOf(values: readonly unknown[]): HandleOwner | undefined {
  let found: HandleOwner | undefined;
  const parents: object[] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) {
      enter(parents, value, "an operand");
      value.forEach(visit);
      parents.pop();
      return;
    }
    if (value instanceof Shape) return visit(value[AS_TRACED]());
    if (!(value instanceof Traced)) {
      if (isBranch(value)) visit(Object.values(value));
      return;
    }
    const owner = ownerOfNode(value);
    if (!owner || owner === found) return;
    if (found)
      throw new SynjaxError(
        "OTHER_SESSION",
        `values of ${found.name} and of ${owner.name} meet in one operation: fetch one and put it where the other is`,
        { line: callersLine() },
      );
    found = owner;
  };
  values.forEach(visit);
  return found;
}

function ownerOfNode(traced: Traced): HandleOwner | undefined {
  const node = traced[NODE];
  if (node.kind === "handle") return node.handle.owner;
  return node.kind === "equation" && node.frame.root instanceof EagerFrame
    ? node.frame.root.owner
    : undefined;
}
