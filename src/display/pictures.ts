import { checkFunctions } from "../program/signatures.ts";
import { curves } from "./curves.ts";
import { densities } from "./densities.ts";
import { intervals } from "./intervals.ts";
import { traces } from "./traces.ts";

/**
 * Pictures of draws of Markov chains, each an SVG as a string. They take an object of variables by their names, each
 * (chain, draw, …event): nested arrays of numbers, or what `get` returns. Each element of an event is one of its own.
 *
 *     await writeFile("traces.svg", pictures.traces(await get(draws)));
 *
 * All throw a SynjaxError `INVALID_ARGUMENT` where there is nothing to draw, where chains differ in length, and where it
 * would be more than 200 elements; what is not finite is left out.
 */
export const pictures = {
  traces,
  densities,
  intervals,
  /** Not of draws: of lists of numbers by their names. */
  curves,
};

const SHARED = { variables: "list?", title: "string?" };

checkFunctions("pictures", pictures, {
  traces: { takes: { draws: "record" }, options: { ...SHARED, divergences: "any?" } },
  densities: { takes: { draws: "record" }, options: { ...SHARED, prob: "number?" } },
  intervals: { takes: { draws: "record" }, options: { ...SHARED, prob: "number?", combined: "boolean?" } },
  curves: {
    takes: { values: "record" },
    options: { title: "string?", quantity: "string?", against: "string?", every: "number?" },
  },
});
