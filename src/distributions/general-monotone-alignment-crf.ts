// Generated from the Python registry by `npm run generate`; do not edit.
import type { IntDType } from "../ops/dtypes.ts";
import type { FloatDType, TensorLike } from "../tensor/tensor.ts";
import type { Declaration } from "./declaration.ts";
import { Distribution } from "./distribution.ts";

/** What `new GeneralMonotoneAlignmentCRF` takes. */
export interface GeneralMonotoneAlignmentCRFOptions<F extends FloatDType = "float32"> {
  /** a list of `(*batch rows cols)`: a list of tables; the k-th scores moves into (i, j) from (i-k, j-1). */
  readonly logPotentialsHorizontal: readonly TensorLike<F>[];
  /** `(*batch rows cols)`: scores moves into (i, j) from (i-1, j); without it there are none. */
  readonly logPotentialsVertical?: TensorLike<F>;
  /** `(*batch)`: how many rows each item has, 1 to rows; all where left out. */
  readonly lengthsRows?: TensorLike<IntDType>;
  /** `(*batch)`: how many columns each item has, 1 to cols; all where left out. */
  readonly lengthsCols?: TensorLike<IntDType>;
}

const declaration: Declaration = {
  name: "GeneralMonotoneAlignmentCRF",
  parameters: [
    {
      name: "logPotentialsHorizontal",
      python: "log_potentials_horizontal",
      role: "potential",
      optional: false,
      kinds: [{ kind: "float", dims: "*batch rows cols" }],
      many: true,
    },
    {
      name: "logPotentialsVertical",
      python: "log_potentials_vertical",
      role: "potential",
      optional: true,
      kinds: [{ kind: "float", dims: "*batch rows cols" }],
    },
    {
      name: "lengthsRows",
      python: "lengths_rows",
      role: "length",
      optional: true,
      kinds: [{ kind: "int", dims: "*batch" }],
      bounds: "rows",
      least: 1,
    },
    {
      name: "lengthsCols",
      python: "lengths_cols",
      role: "length",
      optional: true,
      kinds: [{ kind: "int", dims: "*batch" }],
      bounds: "cols",
      least: 1,
    },
  ],
  forms: [],
  binding: ["logPotentialsVertical", "logPotentialsHorizontal", "lengthsRows", "lengthsCols"],
  event: { dims: "rows cols" },
  compact: { dims: "rows+cols-1 2", name: "pairs" },
};

/**
 * Conditional random field over monotone alignments whose moves have log-potentials of their own.
 *
 * An alignment is a path through the cells of a table, from (0, 0) to the last cell. It enters every
 * column but the first from the column before by a slope: the k-th slope leads k rows down. Where
 * vertical moves are given, it may then go down the column row by row. The score of a path is the sum
 * of the log-potentials of its moves; its probability is proportional to the exponentiated score. No
 * move enters (0, 0), which has no score.
 *
 * An event (rows cols) has a 1 in every visited cell, which tells the moves. Its compact form has the
 * row and the column of each cell, in order. A score is not linear in the event, as it is in other
 * classes; `marginals` are those of cells, and `marginalsForTemplateVariables` those of moves, one
 * array for each parameter.
 *
 * Cost per item: every query O(s rows cols) of s slopes, in rows + cols steps, or cols without
 * vertical moves; top-k, samples and drawing k without replacement O(k s (rows + cols)) more. Values
 * are exact in float32 at any scale.
 *
 * Source: Wu, Shapiro & Cotterell (2018), "Hard non-monotonic attention for character-level
 * transduction", has such models of which Wu & Cotterell (2019), "Exact hard monotonic attention for
 * character-level transduction", section 3, makes the alignments monotone; drawing without replacement
 * Kool, van Hoof & Welling (2019).
 *
 * An event is `(*batch rows cols)`; its compact form `pairs (*batch rows+cols-1 2)`: int32, -1 where
 * there is nothing.
 */
export class GeneralMonotoneAlignmentCRF<F extends FloatDType = "float32"> extends Distribution<F> {
  constructor(options: GeneralMonotoneAlignmentCRFOptions<F>) {
    super(declaration, options);
  }
  protected override get declared(): Declaration {
    return declaration;
  }
}
