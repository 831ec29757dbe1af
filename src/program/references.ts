/** Which values an encoded argument or an equation refers to. */
import { ARGUMENT } from "../../bridge/wire/protocol.ts";
import type { Encoded, Equation } from "./body.ts";

/** Positions of the references in an encoded argument, replaced one by one. */
export function mapReferences(
  arg: Encoded,
  reference: (ref: number) => number,
  body: (index: number) => number,
): Encoded {
  if (typeof arg === "number") return reference(arg);
  if (!Array.isArray(arg)) return arg;
  const [tag, content, captures] = arg as unknown as readonly [number, Encoded, readonly number[]];
  switch (tag) {
    case ARGUMENT.tuple:
      return [ARGUMENT.tuple, (content as readonly Encoded[]).map((a) => mapReferences(a, reference, body))];
    case ARGUMENT.dict:
      return [
        ARGUMENT.dict,
        (content as readonly Encoded[]).map((a, i) => (i % 2 ? mapReferences(a, reference, body) : a)),
      ];
    case ARGUMENT.program:
      return [ARGUMENT.program, body(content as number), captures.map(reference)];
    default:
      return arg;
  }
}

/** The same, of an equation. */
export function mapEquation(
  [op, args, attributes]: Equation,
  reference: (ref: number) => number,
  body: (index: number) => number,
): Equation {
  const mappedArgs = args.map((a) => mapReferences(a, reference, body));
  if (!attributes) return [op, mappedArgs];
  return [op, mappedArgs, attributes.map((a, i) => (i % 2 ? mapReferences(a, reference, body) : a))];
}

/** What an equation refers to, what its nested programs capture included: an equation, or −1 − k for input k. */
export function referencesOf(equation: Equation): readonly number[] {
  const references: number[] = [];
  mapEquation(
    equation,
    (ref) => (references.push(ref), ref),
    (body) => body,
  );
  return references;
}
