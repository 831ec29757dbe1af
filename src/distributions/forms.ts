/** Which sets of parameters may be given: "either `logPotentials`, or `initial`, `transition` and `emission`". */
import { refused } from "./refusal.ts";

type Form = readonly string[];

const bare = (name: string): string => name.replace(/\?$/, "");

/**
 * Requires exactly one of the forms, whole. The worker checks the same with the same words.
 * @throws {SynjaxError} `INVALID_ARGUMENT` naming the parameter that is missing, or given beside a whole form
 */
export function requireOneForm(forms: readonly Form[], isGiven: (name: string) => boolean): void {
  if (forms.length === 0) return;
  const missing = (form: Form): string[] => form.filter((name) => !name.endsWith("?") && !isGiven(name));
  const expected = eitherOf(forms);
  const present = forms.filter((form) => form.some((name) => isGiven(bare(name))));
  const chosen = present.find((form) => missing(form).length === 0);
  if (!chosen) {
    const [name] = missing(present[0] ?? forms[forms.length - 1]!);
    throw refused(name!, `\`${name!}\` is missing: expected ${expected}.`, expected, "undefined");
  }
  const own = chosen.map(bare);
  const beside = present.flatMap((form) => form.map(bare)).find((n) => isGiven(n) && !own.includes(n));
  if (beside !== undefined)
    throw refused(
      beside,
      `\`${beside}\` is given beside ${listed(own)}: expected ${expected}.`,
      expected,
      listed([...own, beside]),
    );
}

const eitherOf = (forms: readonly Form[]): string => `either ${forms.map(listed).join(", or ")}`;

function listed(names: Form): string {
  const quoted = names.filter((name) => !name.endsWith("?")).map((name) => `\`${name}\``);
  return quoted.length === 1 ? quoted[0]! : `${quoted.slice(0, -1).join(", ")} and ${quoted.at(-1)!}`;
}
