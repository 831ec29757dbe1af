/** How the arguments of an equation become the form that travels. */
import { SynjaxError } from "../../bridge/errors.ts";
import { ARGUMENT, type NamedFloat, WEAK_INT_BITS } from "../../bridge/wire/protocol.ts";
import { isPlainObject } from "./plain-object.ts";
import type { Encoded } from "./body.ts";
import { enter } from "./cycles.ts";
import { captureThrough, type Frame, RootFrame } from "./frame.ts";
import { calledAs } from "./python-names.ts";
import type { Named } from "./handle.ts";
import { runtime } from "./runtime.ts";
import { callersLine, captureCall, lineOf } from "./source-line.ts";
import { adopt, AS_TRACED, Intermediate, NODE, Traced } from "./traced.ts";

/** A recorded nested program, as an argument, and the values of enclosing functions it uses. */
export class NestedProgram {
  readonly body: number;
  readonly captures: readonly Traced[];
  constructor(body: number, captures: readonly Traced[]) {
    this.body = body;
    this.captures = captures;
  }
}

const WEAK_INT_END = 2 ** (WEAK_INT_BITS - 1);
const INT64 = [-(2n ** 63n), 2n ** 63n - 1n] as const;

/** Integers stay weak ints as JAX's do; what msgpack would not carry exactly travels as its name. */
export function encodeNumber(value: number): Encoded {
  if (Number.isInteger(value) && Math.abs(value) < WEAK_INT_END && !Object.is(value, -0))
    return [ARGUMENT.int, value];
  return [ARGUMENT.float, weakFloat(value)];
}

/** The worker has to see what it is: beside a 64-bit integer it is one, elsewhere a float. */
const isLargeWhole = (value: number): boolean => Number.isInteger(value) && Math.abs(value) >= WEAK_INT_END;

export function weakFloat(value: number): number | NamedFloat {
  if (Object.is(value, -0)) return "-0";
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

export function holdsTraced(values: readonly unknown[], parents: object[] = []): boolean {
  enter(parents, values, "an operand");
  const found = values.some((v) =>
    Array.isArray(v)
      ? holdsTraced(v, parents)
      : v instanceof Traced || (typeof v === "object" && v !== null && AS_TRACED in v),
  );
  parents.pop();
  return found;
}

/** A reference to `traced` from inside `frame`. */
export function reference(traced: Traced, frame: Frame, named: Named = "this tensor"): number {
  const node = traced[NODE];
  if (node.kind === "handle") {
    node.handle.use(named);
    return frame.root.hoistInto(frame, { handle: node.handle });
  }
  if (node.kind === "host") return frame.root.hoistInto(frame, { host: node.host });
  if (node.frame === frame) return node.index;
  if (node.frame.isAncestorOf(frame)) return captureThrough(frame, traced);
  if (node.frame instanceof RootFrame && node.frame.eager) {
    const found = runtime().resolve(node, frame.root);
    if (typeof found !== "number") {
      // Its graph, and all that it computed, need not be kept for it any more
      if ("handle" in found) traced[NODE] = { kind: "handle", handle: found.handle };
      return frame.root.hoistInto(frame, found);
    }
    const here = adopt(Intermediate, { kind: "equation", frame: frame.root, index: found });
    return reference(here, frame, named);
  }
  throw new SynjaxError(
    "LEAKED_TRACER",
    `a ${traced.constructor.name} recorded in another function was used here after that function had ended: return it from that function instead`,
    { line: lineOf(node.frame.stacks[node.index] ?? captureCall()) },
  );
}

/**
 * `fixed`: numbers are part of the program (static parameters, sizes), never inputs. `named`: what the value is called in
 * errors.
 */
export function encode(
  value: unknown,
  frame: Frame,
  fixed: boolean,
  parents?: object[],
  named?: Named,
): Encoded {
  switch (typeof value) {
    case "number":
      if (fixed || frame !== frame.root || !frame.root.eager || isLargeWhole(value))
        return encodeNumber(value);
      return frame.root.hoistInto(frame, { weak: value });
    case "string":
      if (fixed) return value;
      break;
    case "boolean":
      return value;
    case "undefined":
      return null;
    case "bigint":
      if (value < INT64[0] || value > INT64[1])
        throw new SynjaxError("NARROWING", `expected a bigint of 64 bits (int64), got ${value}`, {
          expected: "int64",
          received: value.toString(),
          line: callersLine(),
        });
      return [ARGUMENT.int64, value.toString()];
    case "object": {
      if (value === null) return null;
      if (value instanceof Traced) return reference(value, frame, named);
      if (value instanceof NestedProgram)
        return [ARGUMENT.program, value.body, value.captures.map((c) => reference(c, frame))];
      if (AS_TRACED in value) return reference((value as { [AS_TRACED](): Traced })[AS_TRACED](), frame);
      if (Array.isArray(value)) {
        if (fixed || holdsTraced(value)) {
          enter((parents ??= []), value, "an operand");
          const items = value.map((v) => encode(v, frame, fixed, parents, named));
          parents.pop();
          return [ARGUMENT.tuple, items];
        }
      } else if (isPlainObject(value) && (fixed || holdsTraced(Object.values(value)))) {
        enter((parents ??= []), value, "an operand");
        const names = Object.keys(value).filter((k) => value[k] !== undefined);
        const entries = names.sort().flatMap((k) => [k, encode(value[k], frame, fixed, parents, named)]);
        parents.pop();
        return [ARGUMENT.dict, entries];
      }
      const traced = runtime().toTraced(value);
      if (traced) return reference(traced, frame);
    }
  }
  throw notATensor(value);
}

/** The error of an operand that is none. */
export function notATensor(value: unknown, op?: string): SynjaxError {
  const isNamed = typeof value === "object" && value !== null;
  const received = isNamed
    ? `a ${(value.constructor as { name?: string } | undefined)?.name ?? "object"}`
    : value === null || value === undefined
      ? String(value)
      : `a ${typeof value}`;
  return new SynjaxError(
    "NOT_A_TENSOR",
    `${op ? `${calledAs(op)}: ` : ""}expected a tensor, a number or an array of numbers, got ${received}`,
    { op: op && calledAs(op), received, line: callersLine() },
  );
}
