/** The programs of variational inference: where it begins, its steps, and what is asked of a state. */
import { emitIn } from "../program/emit.ts";
import { adopt } from "../program/traced.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { GradientTransformation } from "../training/gradient-transformation.ts";
import { jit } from "../transforms/jit.ts";
import { components, operandsOf } from "../transforms/trees.ts";
import { AutoGuide, type ByName, guideParamsOf } from "./auto-guide.ts";
import { scoredNames } from "./chain-programs.ts";
import type { Elbo } from "./elbo.ts";
import { assertGuides, paramsOf } from "./guide-variables.ts";
import { recordModel } from "./recorded-model.ts";
import type { Statement } from "./statement.ts";
import type { Model } from "./tracers.ts";

/** What a fit is of. */
export interface Fit {
  readonly model: Model;
  readonly guide: Model | AutoGuide;
  readonly optimizer: GradientTransformation;
  readonly loss: Elbo;
  readonly isStable: boolean;
}

type State = Tensor<"uint32">;
type Loss = Tensor<"float32">;
type Args = readonly unknown[];

/** What is known of a step whose loss is no number. */
export interface Diagnosis {
  /** Whether each parameter is finite, `(parameter)`. */
  readonly finite: Tensor<"bool">;
  /** The log-density of each variable, of the guide and then of the model, `(variable)`, nats. */
  readonly scores: Tensor<"float32">;
}

export interface SviPrograms {
  readonly init: (key: Tensor<"key">, ...args: Args) => State;
  readonly update: (state: State, ...args: Args) => { readonly state: State; readonly loss: Loss };
  /** `steps` steps, at most `block`, and a row for the loss of each. */
  readonly advance: (block: number, state: State, steps: Tensor<"int32">, ...args: Args) => { readonly state: State; readonly losses: Loss }; // prettier-ignore
  readonly params: (state: State, ...args: Args) => ByName;
  readonly evaluate: (state: State, ...args: Args) => Loss;
  readonly diagnose: (state: State, ...args: Args) => Diagnosis;
  /** What the programs stated when they were recorded last. */
  readonly stated: () => Stated;
}

export interface Stated {
  readonly model: readonly Statement[];
  /** Of an automatic guide none. */
  readonly guide: readonly Statement[];
  readonly params: readonly string[];
}

/** What has a log-density, by the program that states it. */
export const scored = ({ model, guide }: Stated): readonly (readonly [program: "guide" | "model", name: string, site: string])[] => [
  ...scoredNames(guide).map(([name, site]) => ["guide", name, site] as const),
  ...scoredNames(model).map(([name, site]) => ["model", name, site] as const),
]; // prettier-ignore

export function sviPrograms({ model, guide, optimizer, loss, isStable }: Fit): SviPrograms {
  let stated: Stated = { model: [], guide: [], params: [] };

  /** An op over the programs and their arguments; the index of its equation. */
  function emitted(
    op: string,
    args: Args,
    named: Readonly<Record<string, unknown>>,
    statics: (stated: Stated) => Readonly<Record<string, unknown>> = () => ({}),
  ) {
    const { treeDefs, operands, frame } = operandsOf(args, "svi");
    const isAuto = guide instanceof AutoGuide;
    const own = recordModel(frame, model, treeDefs, "svi");
    const about = isAuto && guide.model === model ? own : recordModel(frame, isAuto ? guide.model : guide, treeDefs, "the guide of svi"); // prettier-ignore
    assertGuides(own.statements, about.statements);
    const guides = isAuto ? guideParamsOf(guide, about.statements) : paramsOf(about.statements);
    stated = {
      model: own.statements,
      guide: isAuto ? [] : about.statements,
      params: [...new Set([...guides, ...paramsOf(own.statements)])],
    };
    const programs = own === about ? [own.program] : [own.program, about.program];
    const settings = {
      programs: programs.length,
      guide: isAuto ? [guide.kind, guide.settings] : null,
      loss: [loss.name, loss.settings],
    };
    const index = emitIn(frame, op, [...programs, ...operands], { settings, ...statics(stated) }, { optimizer, ...named }); // prettier-ignore
    return {
      one: () => adopt(Tensor, { kind: "equation", frame, index }),
      several: (count: number) =>
        components(
          frame,
          index,
          Array.from({ length: count }, () => Tensor),
        ) as Tensor[],
    };
  }

  const init = (key: Tensor<"key">, ...args: Args): Tensor => emitted("svi_start", args, { key }).one();

  const update = (state: State, ...args: Args) => {
    const [next, loss] = emitted("svi_advance", args, { state }, () => ({ stable: isStable })).several(2);
    return { state: next, loss };
  };

  const advance = (block: number, state: State, steps: Tensor<"int32">, ...args: Args) => {
    const statics = () => ({ stable: isStable, block });
    const [next, losses] = emitted("svi_advance", args, { state, steps }, statics).several(2);
    return { state: next, losses };
  };

  const params = (state: State, ...args: Args): ByName => {
    const found = emitted("svi_params", args, { state }, ({ params }) => ({ names: params }));
    const parts = found.several(stated.params.length);
    return Object.fromEntries(stated.params.map((name, i) => [name, parts[i]!]));
  };

  const evaluate = (state: State, ...args: Args) => emitted("svi_evaluate", args, { state }).several(1)[0];

  const diagnose = (state: State, ...args: Args) => {
    const found = emitted("svi_evaluate", args, { state }, (all) => ({
      names: all.params,
      scored: scored(all).map(([program, , site]) => [program, site]),
    }));
    const [, finite, scores] = found.several(3);
    return { finite, scores };
  };

  return {
    init: jit(init),
    update: jit(update),
    advance: jit(advance, { staticArgnums: 0 }),
    params: jit(params),
    evaluate: jit(evaluate as never),
    diagnose: jit(diagnose as never),
    stated: () => stated,
  } as unknown as SviPrograms;
}
