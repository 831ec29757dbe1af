import { SynjaxError } from "../../bridge/errors.ts";
import { callersLine } from "./source-line.ts";

/** The error of an argument of a function that is not what it takes, at the caller's line. */
export function refused(name: string, argument: string, expected: string, received: string): SynjaxError {
  return new SynjaxError(
    "INVALID_ARGUMENT",
    `${name}: \`${argument}\`: expected ${expected}, got ${received}`,
    {
      argument,
      expected,
      received,
      line: callersLine(),
    },
  );
}
