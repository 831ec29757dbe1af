/** The items of an index, as `slice` and `at` take them. */
import { SynjaxError } from "../../bridge/errors.ts";
import { shown } from "../program/signatures.ts";
import { callersLine } from "../program/source-line.ts";
import { adopt, Intermediate, Traced } from "../program/traced.ts";
import { toHostArray } from "./host-array.ts";

const INDEX = 'a position, a slice [start?, stop?, step?], null, "..." or an int32 tensor of positions';

/** Items of an index as they travel. A range is a list of three, for a list of positions would look the same. */
export function encodeIndex(method: string, index: readonly unknown[]): readonly unknown[] {
  return index.map((item) => {
    if (item instanceof Int32Array)
      return adopt(Intermediate, { kind: "host", host: toHostArray(item, "int", "index")! });
    const isDim = (value: unknown): boolean => typeof value === "number" || value instanceof Traced;
    if (item === null || item === "..." || isDim(item)) return item;
    if (Array.isArray(item) && item.length <= 3 && item.every((part) => part === null || isDim(part)))
      return [item[0] ?? null, item[1] ?? null, item[2] ?? null];
    const received = Array.isArray(item) ? `[${item.map(shown).join(", ")}]` : shown(item);
    const hint = Array.isArray(item) ? "; positions are given as Int32Array.of(…)" : "";
    throw new SynjaxError(
      "INVALID_ARGUMENT",
      `${method}: \`index\`: expected ${INDEX}, got ${received}${hint}`,
      {
        argument: "index",
        expected: INDEX,
        received,
        line: callersLine(),
      },
    );
  });
}
