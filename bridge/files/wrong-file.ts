import { SynjaxError } from "../errors.ts";
import type { Wrong } from "./safetensors-header.ts";

/** The error of a file. `argument`: what the user calls it. */
export function wrongFile(
  path: string,
  argument: string,
  expected: string,
  received: string,
  cause?: unknown,
): SynjaxError {
  return new SynjaxError(
    "INVALID_ARGUMENT",
    `\`${argument}\`: ${path}: expected ${expected}, got ${received}`,
    { argument, expected, received, cause },
  );
}

export const wrongIn =
  (path: string, argument: string): Wrong =>
  (expected, received) =>
    wrongFile(path, argument, expected, received);

/** What the system says of a file, as far as a user wants to know. */
export const reasonOf = (error: unknown): string =>
  ((error as NodeJS.ErrnoException).message ?? String(error)).split(",")[0]!;
