/** Long short-term memory. */
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

type Gate = "i" | "f" | "g" | "o";
const GATES: readonly Gate[] = ["i", "f", "g", "o"];

/**
 * Of the input gate, the forget gate, the new content and the output gate: kernels (in features) of the input `ii if ig
 * io`; kernels (features features) and biases (features) of the state `hi hf hg ho`.
 */
export type LstmParams = { readonly [G in Gate as `i${G}`]: { readonly kernel: Floats } } & {
  readonly [G in Gate as `h${G}`]: Required<DenseParams>;
};

/** The state of an LSTM: its memory and its output, both (*batch features). */
export interface LstmCarry {
  readonly c: Floats;
  readonly h: Floats;
}

/**
 * Reads a sequence from its first position to its last, or the other way, with a memory of its own (Hochreiter and
 * Schmidhuber 1997). The parameters and the numbers are those of flax's `LSTMCell`.
 */
export const lstm = {
  /** New parameters: kernels by LeCun's normal distribution, orthogonal ones of the state, biases of zeros. */
  init(key: Tensor<"key">, inFeatures: number, features: number): LstmParams {
    checkSizes("lstm.init", { inFeatures, features });
    const { input, state } = gateKernels(key, GATES.length, inFeatures, features);
    // Each gate has its own: a tensor that stands twice in a tree cannot be donated
    return Object.fromEntries([
      ...GATES.map((gate, i) => [`i${gate}`, { kernel: input[i] }]),
      ...GATES.map((gate, i) => [`h${gate}`, { kernel: state[i], bias: np.zeros([features]) }]),
    ]) as LstmParams;
  },

  /**
   * Vectors (*batch n in) → `outputs` (*batch n features), and the last state, `carry`. For both directions apply two
   * LSTMs, one with `reverse`, and concatenate their outputs.
   */
  apply(
    params: LstmParams,
    x: TensorLike,
    options: RecurrenceOptions<LstmCarry> = {},
  ): Recurrence<LstmCarry> {
    const names = GATES.flatMap((gate) => [`i${gate}.kernel`, `h${gate}.kernel`, `h${gate}.bias`]);
    checkParams("lstm.apply", params, names);
    const input = beside(GATES.map((gate) => params[`i${gate}`].kernel));
    const state = beside(GATES.map((gate) => params[`h${gate}`].kernel));
    const bias = beside(GATES.map((gate) => params[`h${gate}`].bias));
    const projected = zeroBeyond(asFloats(x, "x"), options.lengths).matmul(input).add(bias);
    const zeros = (): Floats => zeroState(np.split(projected, GATES.length, { axis: -1 })[0]!);
    const initial = options.initialCarry ?? { c: zeros(), h: zeros() };
    const cell = ({ c, h }: LstmCarry, projected: Floats): LstmCarry => {
      const [i, f, g, o] = np.split(projected.add(h.matmul(state)), GATES.length, { axis: -1 });
      const memory = nn.sigmoid(f!).mul(c).add(nn.sigmoid(i!).mul(g!.tanh()));
      return { c: memory, h: nn.sigmoid(o!).mul(memory.tanh()) };
    };
    return recur(projected, initial, options, cell, ({ h }) => h);
  },
};

checkFunctions("lstm", lstm, {
  init: { takes: { key: "key", inFeatures: "number", features: "number" } },
  apply: { takes: { params: "any", x: "operand" }, options: RECURRENCE_OPTIONS },
});
