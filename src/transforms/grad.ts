/** Derivatives. */
import { SynjaxError } from "../../bridge/errors.ts";
import { emitIn } from "../program/emit.ts";
import { checkCall, type Signature } from "../program/signatures.ts";
import type { ResultClass, Traced } from "../program/traced.ts";
import { Tensor } from "../tensor/tensor.ts";
import { components, fill, list, operandsOf, recordFunction } from "./trees.ts";

export interface GradOptions<N extends number | readonly number[] = number> {
  /** Which arguments to differentiate by; default 0. With a list the gradients are a list. */
  readonly argnums?: N;
  /** The function returns `[loss, aux]`: only the loss is differentiated, aux is handed through. */
  readonly hasAux?: boolean;
}

const GRAD: Signature = {
  takes: { f: "function" },
  options: { argnums: "axis?", hasAux: "boolean?" },
};

type Gradients<A extends readonly unknown[], N> = N extends readonly number[]
  ? { readonly [K in keyof N]: N[K] extends number ? A[N[K]] : never }
  : N extends keyof A
    ? A[N]
    : number extends N
      ? A[0]
      : never;

function differentiate(
  op: "grad" | "value_and_grad",
  f: (...args: never[]) => unknown,
  options: GradOptions<number | readonly number[]>,
  args: readonly unknown[],
): { readonly value: Traced | undefined; readonly gradients: unknown; readonly aux: unknown } {
  const name = op === "grad" ? "grad" : "valueAndGrad";
  const { treeDefs, operands, frame } = operandsOf(args, name);
  const argnums = list(options.argnums ?? 0);
  const starts = treeDefs.map((_, i) => treeDefs.slice(0, i).reduce((n, s) => n + s.classes.length, 0));
  for (const i of argnums)
    if (!treeDefs[i])
      throw new SynjaxError(
        "INVALID_ARGUMENT",
        `${name}: \`argnums\` names argument ${i}, the function was called with ${args.length}`,
        {
          argument: "argnums",
          expected: `0 to ${args.length - 1}`,
          received: String(i),
        },
      );
  const positions = argnums.flatMap((i) => treeDefs[i]!.classes.map((_, k) => starts[i]! + k));
  const hasAux = options.hasAux ?? false;
  const { program, result } = recordFunction(frame, f, treeDefs, name);
  const lossClasses = hasAux ? 1 : result.classes.length;
  if (lossClasses !== 1 || result.classes.length === 0 || (hasAux && !Array.isArray(result.tree)))
    throw new SynjaxError(
      "INVALID_ARGUMENT",
      `${name}: the function must return ${hasAux ? "[loss, aux] with a scalar loss" : "one scalar"}`,
      {
        argument: "f",
      },
    );
  const attributes = { argnums: positions, ...(hasAux ? { has_aux: true } : {}) };
  const index = emitIn(frame, op, [program, ...operands], attributes);
  const auxClasses = hasAux ? result.classes.slice(1) : [];
  const gradientClasses = argnums.flatMap((i) => treeDefs[i]!.classes);
  const valueClasses: ResultClass[] = op === "value_and_grad" ? [Tensor] : [];
  const parts = components(frame, index, [...valueClasses, ...gradientClasses, ...auxClasses]);
  const value = valueClasses.length ? parts.shift() : undefined;
  let position = 0;
  const trees = argnums.map((i) => {
    const gradient = fill(treeDefs[i]!, parts, position);
    position += treeDefs[i]!.classes.length;
    return gradient;
  });
  const aux = hasAux
    ? fill({ tree: (result.tree as readonly unknown[])[1], classes: auxClasses }, parts, position)
    : undefined;
  return { value, gradients: Array.isArray(options.argnums) ? trees : trees[0], aux };
}

/** The gradient of a scalar function, a tree like its argument. Equivalent to `jax.grad`. */
export function grad<A extends readonly unknown[], const N extends number | readonly number[] = 0>(
  f: (...args: A) => unknown,
  options: GradOptions<N> = {},
): (...args: A) => Gradients<A, N> {
  checkCall("grad", GRAD, [f, options]);
  return (...args) => {
    const { gradients, aux } = differentiate("grad", f as never, options, args);
    return (options.hasAux ? [gradients, aux] : gradients) as Gradients<A, N>;
  };
}

/** The value of a scalar function and its gradient, from one pass. Equivalent to `jax.value_and_grad`. */
export function valueAndGrad<A extends readonly unknown[], R, const N extends number | readonly number[] = 0>(
  f: (...args: A) => R,
  options: GradOptions<N> = {},
): (...args: A) => [value: R, gradient: Gradients<A, N>] {
  checkCall("valueAndGrad", GRAD, [f, options]);
  return (...args) => {
    const { value, gradients, aux } = differentiate("value_and_grad", f as never, options, args);
    return [options.hasAux ? [value, aux] : value, gradients] as [R, Gradients<A, N>];
  };
}
