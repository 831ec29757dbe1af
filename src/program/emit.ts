/** Recording operations: what functions of arrays, queries and transformations call. */
import { SynjaxError } from "../../bridge/errors.ts";
import type { Encoded } from "./body.ts";
import { encode, notATensor } from "./encode.ts";
import type { Frame } from "./frame.ts";
import { onHost } from "./host-op.ts";
import { calledAs, camelCase } from "./python-names.ts";
import { currentFrame, frameFor } from "./recording.ts";
import { runtime } from "./runtime.ts";
import { callersLine } from "./source-line.ts";
import { givesSizes } from "./structural.ts";
import { adopt, Intermediate, NODE, type ResultClass, type Traced } from "./traced.ts";

/**
 * Records one operation and returns what it yields.
 * @param op the operation's name in the registry
 * @param operands traced in order; raw arrays become inputs of the program
 * @param statics parameters that are part of the program, by their Python names
 * @param named further operands, by their Python names
 */
export function emit<T extends Traced>(
  op: string,
  operands: readonly unknown[],
  statics: Readonly<Record<string, unknown>> | undefined,
  Result: ResultClass<T>,
  named?: Readonly<Record<string, unknown>>,
): T {
  const host = onHost(op, operands, statics);
  if (host) return adopt(Result, { kind: "host", host });
  const frame = currentFrame() ?? runtime().frameFor([operands, Object.values({ ...statics, ...named })]);
  const index = emitIn(frame, op, operands, statics, named);
  return adopt(Result, { kind: "equation", frame, index });
}

/** Records one operation in `frame` and returns the index of its equation. */
export function emitIn(
  frame: Frame,
  op: string,
  operands: readonly unknown[],
  statics: Readonly<Record<string, unknown>> | undefined,
  named?: Readonly<Record<string, unknown>>,
): number {
  const fixed = givesSizes(op);
  const args: Encoded[] = [];
  for (let i = 0; i < operands.length; i++) {
    if (!fixed) assertGiven(operands[i], op);
    args.push(encode(operands[i], frame, fixed, undefined, () => `operand ${i} of ${calledAs(op)}`));
  }
  let attributes: [string, Encoded][] | undefined;
  for (const [values, isStatic] of [
    [statics, true],
    [named, false],
  ] as const) {
    if (!values) continue;
    for (const name in values)
      if (values[name] !== undefined)
        (attributes ??= []).push([
          name,
          encode(values[name], frame, isStatic, undefined, () => `\`${camelCase(name)}\` of ${calledAs(op)}`),
        ]);
  }
  if (attributes && attributes.length > 1) attributes.sort(([a], [b]) => (a < b ? -1 : 1));
  return frame.add(op, args, attributes?.flat(1) as Encoded[] | undefined);
}

/** Component `key` of a tuple (number) or of a struct (its Python field name). */
export function component<T extends Traced>(
  of: Traced,
  key: number | string,
  Result: ResultClass<T>,
  frame: Frame = frameFor([of]),
): T {
  return adopt(Result, { kind: "equation", frame, index: emitIn(frame, "get", [of], { k: key }) });
}

/** A component, recorded in the same frame as the whole, even a full one: only components can be read. */
export function partOf<T extends Traced>(whole: Traced, key: number | string, Result: ResultClass<T>): T {
  const node = whole[NODE];
  return component(whole, key, Result, node.kind === "equation" ? (node.frame as Frame) : undefined);
}

/** Records an operation that yields several named values. */
export function struct<
  const F extends Readonly<Record<string, readonly [name: string, Result: ResultClass]>>,
>(
  op: string,
  operands: readonly unknown[],
  statics: Readonly<Record<string, unknown>> | undefined,
  fields: F,
  named?: Readonly<Record<string, unknown>>,
): { [K in keyof F]: F[K][1]["prototype"] } {
  const whole = emit(op, operands, statics, Intermediate, named);
  const parts = Object.entries(fields).map(([key, [name, Result]]) => [key, partOf(whole, name, Result)]);
  return Object.fromEntries(parts) as { [K in keyof F]: F[K][1]["prototype"] };
}

/** Records an operation that yields so many values. */
export function list<T extends Traced>(
  op: string,
  operands: readonly unknown[],
  statics: Readonly<Record<string, unknown>> | undefined,
  count: number,
  Result: ResultClass<T>,
  named?: Readonly<Record<string, unknown>>,
): T[] {
  const whole = emit(op, operands, statics, Intermediate, named);
  return Array.from({ length: count }, (_, k) => partOf(whole, k, Result));
}

/**
 * How many parts an array is split into: the number given, or one more than there are positions between them.
 * @throws {SynjaxError} `INVALID_ARGUMENT`
 */
export function partsOf(sections: number | readonly number[], argument: string): number {
  if (Array.isArray(sections)) return sections.length + 1;
  if (Number.isInteger(sections) && (sections as number) > 0) return sections as number;
  throw new SynjaxError(
    "INVALID_ARGUMENT",
    `\`${argument}\`: expected a number of parts, 1 or more, or a list of positions, got ${String(sections)}`,
    { argument, expected: "1 or more", received: String(sections), line: callersLine() },
  );
}

function assertGiven(operand: unknown, op: string): void {
  if (typeof operand === "object" ? operand === null : !((typeof operand) in LITERALS))
    throw notATensor(operand, op);
}
const LITERALS = { number: true, boolean: true, bigint: true };
