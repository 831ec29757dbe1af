/** Errors about an argument of a distribution or of a query on one. */
import { SynjaxError } from "../../bridge/errors.ts";
import { callersLine } from "../program/source-line.ts";

/** `message` begins with the argument in backquotes. */
export function refused(argument: string, message: string, expected: string, received: string): SynjaxError {
  return new SynjaxError("INVALID_ARGUMENT", message, { argument, expected, received: received });
}

/** Runs `body`; an error about an argument gets the name of what it is an argument of, and the caller's line. */
export function attributeErrorsTo<T>(of: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof SynjaxError) || error.line) throw error;
    const { code, argument, expected, received } = error;
    const message = error.message.startsWith("`") ? `${of}: ${error.message}` : error.message;
    throw new SynjaxError(code, message, { argument, expected, received, line: callersLine() });
  }
}

/** A shape as the messages write it: (7), (3, 4). */
export const show = (shape: readonly number[]): string => `(${shape.join(", ")})`;
