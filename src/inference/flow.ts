/** What is computed from what in a recorded program: its equations, walked from its inputs on. */
import type { Body, Equation } from "../program/body.ts";
import { referencesOf } from "../program/references.ts";
import { givesSizes } from "../program/structural.ts";

/** Statements, by name, and inputs of the program, by position. */
export type Sources = ReadonlySet<string | number>;

export interface Flow {
  /** What each statement is computed from by operations that meet no other statement. */
  readonly ofStatements: ReadonlyMap<string, Sources>;
  /** The same of equation `index`; of input k, −1 − k. */
  of(index: number): Sources;
}

const NOTHING: Sources = new Set();

/**
 * What reads the statement itself afterwards: its value, or, of a structure that is summed over, what its parameters say,
 * and of the start of a parameter nothing.
 */
const STATEMENTS: Readonly<Record<string, "value" | "parameters" | "start">> = {
  sample_site: "value",
  deterministic_site: "value",
  factor_site: "value",
  structure_site: "parameters",
  param_site: "start",
};

/** Their first operand gives a shape. */
const LIKE = new Set(["np.zeros_like", "np.ones_like", "np.full_like"]);

/**
 * Walks the equations of a body. Sizes and shapes are no values, so nothing flows through them; through a nested program
 * (`scan`, `vmap`, `grad` …) all that it takes and captures flows into all that it gives.
 */
export function flowOf([inputs, , equations]: Body): Flow {
  const values: Sources[] = [];
  const ofStatements = new Map<string, Sources>();
  const of = (index: number): Sources => {
    if (index >= 0) return values[index]!;
    const input = -1 - index;
    return input < inputs ? new Set([input]) : NOTHING; // what is captured from outside is constant
  };
  for (const equation of equations) {
    const [op] = equation;
    const sources = union(referencesOf(withoutShapes(equation)).map(of));
    const isStatement = STATEMENTS[op];
    if (isStatement === undefined) values.push(givesSizes(op) ? NOTHING : sources);
    else {
      const name = nameOf(equation);
      ofStatements.set(name, isStatement === "start" ? NOTHING : sources);
      values.push(isStatement === "parameters" ? sources : new Set([name]));
    }
  }
  return { ofStatements, of };
}

const withoutShapes = ([op, args, attributes]: Equation): Equation =>
  LIKE.has(op) ? [op, args.slice(1), attributes ?? []] : [op, args, attributes ?? []];

function nameOf([, , attributes = []]: Equation): string {
  return attributes.find((_, i) => i % 2 === 1 && attributes[i - 1] === "name") as string;
}

function union(all: readonly Sources[]): Sources {
  const [first = NOTHING, ...rest] = all;
  return rest.length === 0 ? first : new Set(all.flatMap((each) => [...each]));
}
