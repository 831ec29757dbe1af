/** Arguments that do not exist yet: a dtype and a shape stand in their place. */
import { SynjaxError } from "../../bridge/errors.ts";
import { ARRAY_OF } from "../../bridge/wire/dtypes.ts";
import type { ArrayAval } from "../../bridge/wire/protocol.ts";
import { enter } from "../program/cycles.ts";
import { adopt, Traced } from "../program/traced.ts";
import { isLeaf } from "../program/tree.ts";
import { type Aval, Tensor } from "../tensor/tensor.ts";
import { isPlainObject } from "../program/plain-object.ts";

/** A tree with a tensor in the place of each aval; `avals` says which they are. */
export function withoutAvals(
  tree: unknown,
  path: string,
  avals: Map<unknown, ArrayAval>,
  parents: object[] = [],
): unknown {
  if (isLeaf(tree) || typeof tree !== "object" || tree === null) return tree;
  if (isAval(tree)) {
    const { dtype, shape, weak = false } = tree;
    checkAval(tree, path);
    const standIn = adopt(Tensor, { kind: "host", host: { dtype, shape, data: NO_DATA } });
    avals.set(standIn, [dtype, shape, weak]);
    return standIn;
  }
  enter(parents, tree, path);
  const mapped = Array.isArray(tree)
    ? tree.map((item, i) => withoutAvals(item, `${path}[${i}]`, avals, parents))
    : isPlainObject(tree)
      ? Object.fromEntries(
          Object.entries(tree).map(([k, v]) => [k, withoutAvals(v, `${path}.${k}`, avals, parents)]),
        )
      : tree;
  parents.pop();
  return mapped;
}

const NO_DATA = new Uint8Array(0);

/** No leaf of a tree is a string, so nothing else can look like one. */
const isAval = (value: object): value is Aval =>
  !(value instanceof Traced) && typeof (value as Partial<Aval>).dtype === "string";

function checkAval({ dtype, shape }: Aval, path: string): void {
  const isDtype = Object.hasOwn(ARRAY_OF, dtype);
  const isShape = Array.isArray(shape) && shape.every((d) => Number.isSafeInteger(d) && d >= 0);
  if (isDtype && isShape) return;
  const received = `{ dtype: ${JSON.stringify(dtype)}, shape: ${isShape ? `[${shape.join(", ")}]` : String(shape)} }`;
  throw new SynjaxError(
    "INVALID_ARGUMENT",
    `${path}: expected a dtype (${Object.keys(ARRAY_OF).join(", ")}) and a shape of whole numbers, got ${received}`,
    { argument: path, expected: "a dtype and a shape", received },
  );
}
