/** The joint density of a program as a function of values. */
import { SynjaxError } from "../../bridge/errors.ts";
import { checkCall } from "../program/signatures.ts";
import { captureLine, lineOf } from "../program/source-line.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { draw, logDensity } from "./draw.ts";
import { type ScopeTracer, traced } from "./scopes.ts";
import { asValue } from "./statements.ts";
import { assertMet, type Model, total } from "./tracers.ts";

/**
 * The log of the joint density of a program's variables, as a function of their values: an ordinary function, which
 * `jit`, `grad` and `vmap` take.
 *
 * ```ts
 * const logJoint = makeLogJoint(model);
 * const slope = grad(logJoint)({ mu: 0.5, tau: 1 }, data);
 * ```
 * @returns a function of the values by name and the program's arguments: one number, nats
 * @throws {SynjaxError} `INVALID_ARGUMENT` where a variable has no value, or a value no variable
 */
export function makeLogJoint<A extends readonly unknown[]>(
  model: Model<A>,
): (values: Readonly<Record<string, unknown>>, ...args: A) => Tensor<"float32"> {
  checkCall("makeLogJoint", { takes: { model: "function" } }, [model]);
  return (values, ...args) => {
    checkCall("logJoint", { takes: { values: "record", args: "...any" } }, [values, ...args]);
    const line = captureLine();
    const logs: Tensor<"float32">[] = [];
    const met = new Set<string>();
    const known: string[] = [];
    const tracer: ScopeTracer = (statement) => {
      const { type, name } = statement;
      if (type !== "sample") {
        if (type === "factor") logs.push(logDensity(statement, statement.value));
        return { statement, value: draw(statement) };
      }
      known.push(name);
      if (Object.hasOwn(values, name)) met.add(name);
      const value = met.has(name) ? asValue(values[name]) : statement.value;
      if (value === undefined && !statement.marginalize)
        throw new SynjaxError(
          "INVALID_ARGUMENT",
          `logJoint: \`${name}\` has no value: expected one among the values, got ${Object.keys(values).join(", ") || "none"}`,
          { argument: name, expected: "a value", received: "none", line: lineOf(statement.stack) },
        );
      logs.push(logDensity(statement, value));
      return {
        statement: { ...statement, value },
        value: statement.marginalize ? statement.distribution : value,
      };
    };
    traced(tracer, () => model(...args), { collects: true, outer: undefined });
    assertMet("logJoint", Object.keys(values), met, known, line);
    return total(logs);
  };
}
