const LENGTHS = /^(lengths|(input|label)_?lengths|lengths_?(rows|cols))$/i;

/** A question that helps where lengths are of another batch than what they measure; otherwise nothing. */
export function paddingHint(error: {
  readonly argument?: string | undefined;
  readonly expected?: string | undefined;
  readonly came?: string | undefined;
}): string {
  if (!LENGTHS.test(error.argument ?? "")) return "";
  const [expected, came] = [error.expected, error.came].map((shape) => /\((\d+),?\)$/.exec(shape ?? "")?.[1]);
  if (expected === undefined || came === undefined) return "";
  const lost = Math.abs(Number(expected) - Number(came));
  return `\n  Did ${lost === 1 ? "one sentence" : `${lost} sentences`} get lost while padding?`;
}
