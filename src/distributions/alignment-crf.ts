// Generated from the Python registry by `npm run generate`; do not edit.
import type { IntDType } from "../ops/dtypes.ts";
import type { FloatDType, TensorLike } from "../tensor/tensor.ts";
import type { Declaration } from "./declaration.ts";
import { Distribution } from "./distribution.ts";

/** What `new AlignmentCRF` takes. */
export interface AlignmentCRFOptions<F extends FloatDType = "float32"> {
  /** `(*batch rows cols)`: the score of each cell that an alignment visits. */
  readonly logPotentials: TensorLike<F>;
  /** "monotone_many_to_many", "monotone_one_to_many" or "non_monotone_one_to_one". */
  readonly alignmentType: "monotone_many_to_many" | "monotone_one_to_many" | "non_monotone_one_to_one";
  /** `(*batch)`: how many rows each item has, 1 to rows; all where left out. */
  readonly lengthsRows?: TensorLike<IntDType>;
  /** `(*batch)`: how many columns each item has, 1 to cols; all where left out. */
  readonly lengthsCols?: TensorLike<IntDType>;
}

const declaration: Declaration = {
  name: "AlignmentCRF",
  parameters: [
    {
      name: "logPotentials",
      python: "log_potentials",
      role: "potential",
      optional: false,
      kinds: [{ kind: "float", dims: "*batch rows cols" }],
    },
    {
      name: "alignmentType",
      python: "alignment_type",
      role: "option",
      optional: false,
      kinds: [{ kind: "static" }],
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
  binding: ["logPotentials", "lengthsRows", "lengthsCols"],
  event: { dims: "rows cols" },
  compact: { dims: "rows+cols-1 2", name: "pairs" },
};

/**
 * Conditional random field over the alignments of the rows and the columns of a table.
 *
 * The score of an alignment is the sum of the log-potentials of its cells; its probability is
 * proportional to the exponentiated score. A monotone alignment is a path from cell (0, 0) to the last
 * cell. Where it is many-to-many it moves on by a row, by a column, or by both; where it is
 * one-to-many by a column, or by both, so that every column has exactly one row. An item of more rows
 * than columns has no one-to-many alignment. A one-to-one alignment matches every line of the shorter
 * side to a line of the other, in any order.
 *
 * An event (rows cols) has a 1 in every cell of the alignment. Its compact form has the row and the
 * column of each, in order.
 *
 * Cost per item: every query O(rows cols), in rows + cols steps of many-to-many alignments and cols of
 * one-to-many; top-k, samples and drawing k without replacement O(k (rows + cols)) more. One-to-one:
 * argmax O(n^3) and top-k O(k n^3), n the longer side, at any size; everything else sums over all
 * matchings, which no fast algorithm does: it takes O(n m 2^m), m the shorter side, and is refused
 * beyond 12. Values are exact in float32 at any scale.
 *
 * Source: Needleman & Wunsch (1970), "A general method applicable to the search for similarities in
 * the amino acid sequence of two proteins"; sums over alignments as in Durbin, Eddy, Krogh & Mitchison
 * (1998), "Biological sequence analysis", section 4.2; drawing without replacement Kool, van Hoof &
 * Welling (2019). One-to-one: Crouse (2016), "On implementing 2D rectangular assignment algorithms";
 * the k best are those of Murty (1968).
 *
 * An event is `(*batch rows cols)`; its compact form `pairs (*batch rows+cols-1 2)`: int32, -1 where
 * there is nothing.
 */
export class AlignmentCRF<F extends FloatDType = "float32"> extends Distribution<F> {
  constructor(options: AlignmentCRFOptions<F>) {
    super(declaration, options);
  }
  protected override get declared(): Declaration {
    return declaration;
  }
}
