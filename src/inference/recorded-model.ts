/** A program as a nested one, its statements as operations, which NumPyro's inferences run. */
import { SynjaxError } from "../../bridge/errors.ts";
import { Distribution } from "../distributions/distribution.ts";
import { emit, partOf } from "../program/emit.ts";
import type { NestedProgram } from "../program/encode.ts";
import type { Frame } from "../program/frame.ts";
import { snakeCase } from "../program/python-names.ts";
import { frameFor, recordNested } from "../program/recording.ts";
import { lineOf } from "../program/source-line.ts";
import { Intermediate, type ResultClass, Traced } from "../program/traced.ts";
import { Tensor } from "../tensor/tensor.ts";
import { recordFunction, resultOf, type TreeDef } from "../transforms/trees.ts";
import { freeDim } from "./draw.ts";
import { OwnDistribution } from "./own-distribution.ts";
import { type ScopeTracer, traced } from "./scopes.ts";
import type { AnyDistribution, PlateFrame, Statement } from "./statement.ts";
import { refusedIn } from "./statements.ts";
import type { Model } from "./tracers.ts";

export interface RecordedModel {
  readonly program: NestedProgram;
  /** What it states, in order; no plates. */
  readonly statements: readonly Statement[];
}

/**
 * Records a program on the structure of its arguments.
 * @throws {SynjaxError} `INVALID_ARGUMENT` where it states other variables from run to run
 */
export function recordModel(
  frame: Frame,
  model: Model,
  treeDefs: readonly TreeDef[],
  what: string,
): RecordedModel {
  const once = (): RecordedModel => {
    const statements: Statement[] = [];
    const stated = (...args: never[]): readonly [] => {
      const result = traced(recorder(statements), () => model(...args), { collects: true, outer: undefined });
      if (result instanceof Promise) resultOf(result, `the result of ${what}'s model`); // refuses it
      return [];
    };
    const { program } = recordFunction(frame, stated, treeDefs, what);
    return { program, statements };
  };
  const [first, second] = [once(), once()];
  const [names, again] = [first, second].map(({ statements }) =>
    statements.map(({ name }) => name).join(", "),
  );
  if (names !== again)
    throw new SynjaxError(
      "INVALID_ARGUMENT",
      `${what}: \`model\` states ${names || "nothing"}, and when it is run again ${again || "nothing"}: a program whose variables depend on a draw or on JavaScript's state is for eager()`,
      { argument: "model", expected: "the same variables each time", received: again, line: lineOf(second.statements.at(-1)?.stack ?? {}) },
    ); // prettier-ignore
  return first;
}

/** Records what is stated, as NumPyro's statements. */
function recorder(statements: Statement[]): ScopeTracer {
  return (statement) => {
    if (statement.type !== "plate") statements.push(statement);
    return { statement, value: RECORDED[statement.type](statement) };
  };
}

const platesOf = ({ plates }: Statement): readonly Traced[] | undefined =>
  plates.length > 0 ? plates.map((frame) => frame.traced!) : undefined;

const RECORDED: Readonly<Record<Statement["type"], (statement: Statement) => unknown>> = {
  sample(statement) {
    const { name, scale, marginalize, isObserved, value } = statement;
    const distribution = onWire(statement.distribution!);
    const around = { scale, plates: platesOf(statement) };
    if (marginalize)
      return emit("structure_site", [distribution], { name }, distribution.constructor as never as ResultClass, around); // prettier-ignore
    if (value !== undefined && !isObserved)
      throw refusedIn("value", name, "an observed one: an inference draws the others", "one to replay");
    const statics = {
      name,
      sample_shape: statement.sampleShape,
      differentiable: statement.differentiable && snakeCased(statement.differentiable),
    };
    if (distribution instanceof Distribution) {
      const given = value === undefined ? undefined : distribution.eventGiven(`value of ${name}`, value);
      return distribution.asked("sample_site", "event", [distribution], statics, { ...around, value: given });
    }
    return emit("sample_site", [distribution], statics, Tensor, { ...around, value });
  },
  deterministic({ name, value }) {
    return value instanceof Traced && !(value instanceof Tensor)
      ? value
      : emit("deterministic_site", [value], { name }, Tensor);
  },
  factor(statement) {
    const around = { scale: statement.scale, plates: platesOf(statement) };
    return emit("factor_site", [statement.value], { name: statement.name }, Tensor, around);
  },
  param({ name, value, distribution }) {
    return emit("param_site", [value], { name }, Tensor, { like: distribution });
  },
  plate(statement): PlateFrame {
    const { name, plates } = statement;
    const { size, subsampleSize } = statement.plate!;
    const dim = statement.plate!.dim ?? freeDim(plates);
    const statics = { name, size, subsample_size: subsampleSize, dim };
    const whole = emit("plate", [], statics, Intermediate, { plates: platesOf(statement) });
    const indices = partOf(whole, 0, Tensor) as Tensor<"int32">;
    return { name, size, subsampleSize, dim, indices, traced: partOf(whole, 1, Intermediate) };
  },
};

/** A distribution as an operand: of the user's own, two programs. */
function onWire(distribution: AnyDistribution): Exclude<AnyDistribution, OwnDistribution> {
  return distribution instanceof OwnDistribution ? (ownOnWire(distribution) as never) : distribution;
}

function ownOnWire({ parts }: OwnDistribution): Traced {
  const { sample, logProb, like } = parts;
  const frame = frameFor([]);
  const draws = recordNested(frame, [Tensor], ([key]) => [sample(key as Tensor<"key">)]);
  const scores = recordNested(frame, [Tensor], ([value]) => [logProb(value as Tensor)]);
  return emit("own_distribution", [draws, scores], undefined, Intermediate, { like });
}

const snakeCased = (options: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(options).map(([name, value]) => [snakeCase(name), value]));
