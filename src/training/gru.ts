/** Gated recurrent units. */
import { nn } from "../ops/nn.ts";
import { np } from "../ops/np.ts";
import { checkFunctions } from "../program/signatures.ts";
import type { Tensor, TensorLike } from "../tensor/tensor.ts";
import type { DenseParams } from "./dense.ts";
import { zeroBeyond } from "./lengths.ts";
import { asFloats, checkParams, checkSizes, type Floats } from "./params.ts";
import {
  beside,
  gateKernels,
  recur,
  type Recurrence,
  RECURRENCE_OPTIONS,
  type RecurrenceOptions,
  zeroState,
} from "./recurrence.ts";

type Gate = "r" | "z" | "n";
const GATES: readonly Gate[] = ["r", "z", "n"];

/**
 * Of the reset gate, the update gate and the new content: kernels (in features) and biases (features) of the input `ir
 * iz in`, kernels (features features) of the state `hr hz hn`; `hn` has a bias too.
 */
export type GruParams = { readonly [G in Gate as `i${G}`]: Required<DenseParams> } & {
  readonly hr: { readonly kernel: Floats };
  readonly hz: { readonly kernel: Floats };
  readonly hn: Required<DenseParams>;
};

/**
 * Reads a sequence as `lstm` does, with a state that is its output and fewer parameters (Cho et al. 2014, with the reset
 * after the product as in cuDNN). The parameters and the numbers are those of flax's `GRUCell`.
 */
export const gru = {
  /** New parameters: kernels by LeCun's normal distribution, orthogonal ones of the state, biases of zeros. */
  init(key: Tensor<"key">, inFeatures: number, features: number): GruParams {
    checkSizes("gru.init", { inFeatures, features });
    const { input, state } = gateKernels(key, GATES.length, inFeatures, features);
    // Each gate has its own: a tensor that stands twice in a tree cannot be donated
    const bias = (): Floats => np.zeros([features]);
    const [r, z, n] = input.map((kernel) => ({ kernel, bias: bias() }));
    const [hr, hz, hn] = state.map((kernel) => ({ kernel }));
    return { ir: r!, iz: z!, in: n!, hr: hr!, hz: hz!, hn: { ...hn!, bias: bias() } };
  },

  /** Vectors (*batch n in) → `outputs` (*batch n features), and the last state, `carry` (*batch features). */
  apply(params: GruParams, x: TensorLike, options: RecurrenceOptions<Floats> = {}): Recurrence<Floats> {
    const names = GATES.flatMap((gate) => [`i${gate}.kernel`, `i${gate}.bias`, `h${gate}.kernel`]);
    checkParams("gru.apply", params, [...names, "hn.bias"]);
    const input = beside(GATES.map((gate) => params[`i${gate}`].kernel));
    const bias = beside(GATES.map((gate) => params[`i${gate}`].bias));
    const state = beside(GATES.map((gate) => params[`h${gate}`].kernel));
    const parts = (of: Floats): readonly Floats[] => np.split(of, GATES.length, { axis: -1 });
    const projected = zeroBeyond(asFloats(x, "x"), options.lengths).matmul(input).add(bias);
    const initial = options.initialCarry ?? zeroState(parts(projected)[0]!);
    const cell = (h: Floats, projected: Floats): Floats => {
      const [xr, xz, xn] = parts(projected);
      const [hr, hz, hn] = parts(h.matmul(state));
      const reset = nn.sigmoid(xr!.add(hr!));
      const update = nn.sigmoid(xz!.add(hz!));
      const content = xn!.add(reset.mul(hn!.add(params.hn.bias))).tanh();
      return content.add(update.mul(h.sub(content)));
    };
    return recur(projected, initial, options, cell, (h) => h);
  },
};

checkFunctions("gru", gru, {
  init: { takes: { key: "key", inFeatures: "number", features: "number" } },
  apply: { takes: { params: "any", x: "operand" }, options: RECURRENCE_OPTIONS },
});
