/** Which variables a model has, which its guide, and whether those are the same. */
import { SynjaxError } from "../../bridge/errors.ts";
import { lineOf } from "../program/source-line.ts";
import type { Statement } from "./statement.ts";

/** What is to be inferred: variables that are neither observed nor summed over. */
export const latentsOf = (statements: readonly Statement[]): readonly Statement[] =>
  statements.filter(({ type, isObserved, marginalize }) => type === "sample" && !isObserved && !marginalize);

export const namesOf = (statements: readonly Statement[]): readonly string[] =>
  statements.map(({ name }) => name);

/** The names of the parameters that programs state. */
export const paramsOf = (statements: readonly Statement[]): readonly string[] =>
  namesOf(statements.filter(({ type }) => type === "param"));

/** @throws {SynjaxError} `INVALID_ARGUMENT` for the first variable that only one of the two draws, at its line */
export function assertGuides(model: readonly Statement[], guide: readonly Statement[], what = "svi"): void {
  const [latents, guided] = [latentsOf(model), latentsOf(guide)];
  const [expected, received] = [latents, guided].map(
    (statements) => namesOf(statements).join(", ") || "none",
  );
  const refuse = ({ name, stack }: Statement, why: string): SynjaxError =>
    new SynjaxError(
      "INVALID_ARGUMENT",
      `${what}: ${why}: the model draws ${expected}, the guide ${received}`,
      {
        argument: name,
        expected,
        received,
        line: lineOf(stack),
      },
    );
  const missing = latents.find(({ name }) => !guided.some((each) => each.name === name));
  if (missing) throw refuse(missing, `the guide draws no \`${missing.name}\``);
  const foreign = guided.find(({ name }) => !latents.some((each) => each.name === name));
  if (!foreign) return;
  const known = model.find(({ name, type }) => name === foreign.name && type === "sample");
  throw refuse(
    foreign,
    known
      ? `the guide draws \`${foreign.name}\`, which the model ${known.isObserved ? "observes" : "sums over"}`
      : `the guide draws \`${foreign.name}\`, which the model has not`,
  );
}
