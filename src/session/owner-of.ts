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
  for (const value of values) found = ownerWith(found, value, []);
  return found;
}

/** The owner of what was seen before, and of a value. */
function ownerWith(
  found: HandleOwner | undefined,
  value: unknown,
  parents: object[],
): HandleOwner | undefined {
  if (Array.isArray(value)) {
    enter(parents, value, "an operand");
    for (const item of value) found = ownerWith(found, item, parents);
    parents.pop();
    return found;
  }
  if (value instanceof Shape) return ownerWith(found, value[AS_TRACED](), parents);
  if (!(value instanceof Traced))
    return isBranch(value) ? ownerWith(found, Object.values(value), parents) : found;
  const owner = ownerOfNode(value);
  if (found && owner && owner !== found)
    throw new SynjaxError(
      "OTHER_SESSION",
      `values of ${found.name} and of ${owner.name} meet in one operation: fetch one and put it where the other is`,
      { line: callersLine() },
    );
  return owner ?? found;
}

function ownerOfNode(traced: Traced): HandleOwner | undefined {
  const node = traced[NODE];
  if (node.kind === "handle") return node.handle.owner;
  return node.kind === "equation" && node.frame.root instanceof EagerFrame
    ? node.frame.root.owner
    : undefined;
}
