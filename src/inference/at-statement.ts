/** Errors that name a variable, at the line that states it. */
import { SynjaxError } from "../../bridge/errors.ts";
import { lineOf } from "../program/source-line.ts";
import type { Statement } from "./statement.ts";

/** What `body` ends with; an error of the worker's about a variable is at the line of its statement. */
export async function atStatement<R>(
  statements: () => readonly Statement[],
  body: () => Promise<R>,
): Promise<R> {
  try {
    return await body();
  } catch (caught) {
    // What the first launch ended with, where a later one was told of it
    const isEarlier = caught instanceof SynjaxError && caught.code === "POISONED" && caught.cause;
    const error: unknown = isEarlier ? caught.cause : caught;
    if (!(error instanceof SynjaxError) || error.code === "INFERENCE_FAILED") throw error;
    const at = statements().find(({ name }) => name === error.argument);
    if (!at) throw error;
    const { code, argument, expected, received, op } = error;
    const message = error.line ? error.message.replace(`  at ${error.line}`, "") : error.message;
    const line = lineOf(at.stack);
    throw new SynjaxError(code, message, { argument, expected, received, op, line, cause: error });
  }
}
