import { SynjaxError } from "../errors.ts";

/** Beyond it a timer of Node's would fire at once. */
export const LONGEST_TIMER: number = 2 ** 31 - 1;

/** An argument that cannot be meant. */
export function invalid(argument: string, expected: string, value: unknown, hint = ""): SynjaxError {
  const received = shown(value);
  return new SynjaxError(
    "INVALID_ARGUMENT",
    `\`${argument}\`: expected ${expected}, got ${received}${hint}`,
    {
      argument,
      expected,
      received,
    },
  );
}

function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  const name = (value.constructor as { name?: string } | undefined)?.name ?? "object";
  return `${/^[AEIOU]/i.test(name) ? "an" : "a"} ${name}`;
}

/** @throws SynjaxError INVALID_ARGUMENT where it is no time to wait for: NaN, infinite, negative or no number. */
export function checkMilliseconds(
  argument: string,
  value: unknown,
  least: "0 or more" | "more than 0" = "0 or more",
): void {
  if (value === undefined) return;
  const fits = typeof value === "number" && (least === "0 or more" ? value >= 0 : value > 0);
  if (!fits || !Number.isFinite(value)) throw invalid(argument, `milliseconds, ${least}`, value);
}

/** @throws SynjaxError INVALID_ARGUMENT for what is no signal, such as an AbortController. */
export function checkSignal(signal: unknown): void {
  if (signal === undefined) return;
  const { aborted, addEventListener } = (signal ?? {}) as Partial<AbortSignal>;
  if (typeof aborted !== "boolean" || typeof addEventListener !== "function")
    throw invalid("signal", "an AbortSignal", signal);
}

/** Checks how a call may be given up. @throws SynjaxError INVALID_ARGUMENT */
export function checkWait({
  signal,
  deadline,
}: {
  readonly signal?: unknown;
  readonly deadline?: unknown;
}): void {
  checkSignal(signal);
  checkMilliseconds("deadline", deadline);
}
