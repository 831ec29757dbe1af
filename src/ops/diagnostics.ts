// Generated from the Python registry by `npm run generate`; do not edit.
import { emit, struct } from "../program/emit.ts";
import { checkFunctions } from "../program/signatures.ts";
import { type Of, Tensor, type TensorLike } from "../tensor/tensor.ts";
import type { Float } from "./dtypes.ts";

/** `numpyro.diagnostics`: whether Markov chains have mixed, and what they found. */
export const diagnostics = {
  /**
   * Equivalent to `numpyro.diagnostics.effective_sample_size`: how many independent draws would tell as
   * much about the mean, by Geyer's initial monotone sequence; NaN where no draw differs from another.
   * Of draws (chain draw *event), for each element of an event; not fewer than 2. Not differentiable.
   */
  effectiveSampleSize<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("diagnostics.effective_sample_size", [x], undefined, Tensor) as never;
  },

  /**
   * Equivalent to `numpyro.diagnostics.hpdi` of all chains together: the lower and the upper end of the
   * narrowest interval that holds a share `prob` (0.9) of the draws. Of draws (chain draw *event), for
   * each element of an event; not fewer than 1. Not differentiable.
   */
  hpdi<A extends TensorLike>(x: A, options: { readonly prob?: number } = {}): Tensor<Float<Of<A>>> {
    return emit("diagnostics.hpdi", [x], { prob: options.prob }, Tensor) as never;
  },

  /**
   * Equivalent to `numpyro.diagnostics.split_gelman_rubin`: R-hat of the halves of each chain, near 1
   * where chains agree with each other and with themselves, NaN where no draw differs from another. Of
   * draws (chain draw *event), for each element of an event; not fewer than 4. Not differentiable.
   */
  splitGelmanRubin<A extends TensorLike>(x: A): Tensor<Float<Of<A>>> {
    return emit("diagnostics.split_gelman_rubin", [x], undefined, Tensor) as never;
  },

  /**
   * Equivalent to `numpyro.diagnostics.summary`: mean, standard deviation, median, the ends of the
   * narrowest interval of a share `prob` (0.9), effective sample size and split R-hat. `summaryTable`
   * shows them. Of draws (chain draw *event), for each element of an event; not fewer than 4. Not
   * differentiable.
   */
  summary<A extends TensorLike>(
    x: A,
    options: { readonly prob?: number } = {},
  ): {
    readonly mean: Tensor<Float<Of<A>>>;
    readonly std: Tensor<Float<Of<A>>>;
    readonly median: Tensor<Float<Of<A>>>;
    readonly lower: Tensor<Float<Of<A>>>;
    readonly upper: Tensor<Float<Of<A>>>;
    readonly nEff: Tensor<Float<Of<A>>>;
    readonly rHat: Tensor<Float<Of<A>>>;
  } {
    return struct(
      "diagnostics.summary",
      [x],
      { prob: options.prob },
      {
        mean: ["mean", Tensor],
        std: ["std", Tensor],
        median: ["median", Tensor],
        lower: ["lower", Tensor],
        upper: ["upper", Tensor],
        nEff: ["n_eff", Tensor],
        rHat: ["r_hat", Tensor],
      },
    ) as never;
  },
};

checkFunctions("diagnostics", diagnostics, {
  effectiveSampleSize: { takes: { x: "operand" } },
  hpdi: { takes: { x: "operand" }, options: { prob: "number?" } },
  splitGelmanRubin: { takes: { x: "operand" } },
  summary: { takes: { x: "operand" }, options: { prob: "number?" } },
});
