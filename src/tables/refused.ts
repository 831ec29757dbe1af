/** Errors of tables. */
import { SynjaxError } from "../../bridge/errors.ts";

/** @internal What a call does not take, by the name of the argument or of the column. */
export const refused = (
  call: string,
  argument: string,
  expected: string,
  received: string,
  cause?: unknown,
): SynjaxError =>
  new SynjaxError("INVALID_ARGUMENT", `${call}: \`${argument}\`: expected ${expected}, got ${received}`, {
    argument,
    expected,
    received,
    cause,
  });
