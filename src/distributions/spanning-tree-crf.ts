// Generated from the Python registry by `npm run generate`; do not edit.
import type { IntDType } from "../ops/dtypes.ts";
import type { FloatDType, TensorLike } from "../tensor/tensor.ts";
import type { Declaration } from "./declaration.ts";
import { Distribution } from "./distribution.ts";

/** What `new SpanningTreeCRF` takes. */
export interface SpanningTreeCRFOptions<F extends FloatDType = "float32"> {
  /**
   * `(*batch n n)`: `[h, d]` scores the arc from h to d; the diagonal is not looked at, nor column 0
   * where directed.
   */
  readonly logPotentials: TensorLike<F>;
  /** Whether an arc is from a head to a dependent, or an edge. */
  readonly directed: boolean;
  /** Whether only trees without crossing arcs count. */
  readonly projective: boolean;
  /** Whether only trees in which the root has exactly one edge count. */
  readonly singleRootEdge: boolean;
  /**
   * `(*batch)`: how many nodes each item has with the root, 1 to n; all n where left out. An item of the
   * root alone has the empty tree, or none where the root has to have an edge.
   */
  readonly lengths?: TensorLike<IntDType>;
}

const declaration: Declaration = {
  name: "SpanningTreeCRF",
  parameters: [
    {
      name: "logPotentials",
      python: "log_potentials",
      role: "potential",
      optional: false,
      kinds: [{ kind: "float", dims: "*batch n n" }],
    },
    { name: "directed", python: "directed", role: "option", optional: false, kinds: [{ kind: "static" }] },
    {
      name: "projective",
      python: "projective",
      role: "option",
      optional: false,
      kinds: [{ kind: "static" }],
    },
    {
      name: "singleRootEdge",
      python: "single_root_edge",
      role: "option",
      optional: false,
      kinds: [{ kind: "static" }],
    },
    {
      name: "lengths",
      python: "lengths",
      role: "length",
      optional: true,
      kinds: [{ kind: "int", dims: "*batch" }],
      bounds: "n",
      least: 1,
    },
  ],
  forms: [],
  binding: ["logPotentials", "lengths"],
  event: { dims: "n n" },
  compact: { dims: "n", name: "heads" },
};

/**
 * Conditional random field over the spanning trees of a graph of n nodes, rooted at node 0: dependency
 * trees of a sentence whose words are the nodes 1 to n - 1, or trees of an undirected graph.
 *
 * The score of a tree is the sum of the log-potentials of its arcs; its probability is proportional to
 * the exponentiated score. In a directed tree every node but the root has one head, and heads lead to
 * the root. Of an undirected graph both directions of an edge are replaced by their mean, and an edge
 * is scored once. A projective tree has no two arcs that cross when the nodes stand on a line; it may
 * be asked that the root has exactly one edge.
 *
 * An event (n n) has a 1 at [h, d] for the arc from the head h to its dependent d; of an undirected
 * tree also at [d, h]. Its compact form is the head of every node, -1 at the root and past the end;
 * that of an undirected tree leads to node 0.
 *
 * Cost per item: every query O(n^3). Of projective trees, top-k and drawing k without replacement
 * O(n^2 k) more, each of many samples O(n^2), and memory O(n^2). Of others top-k and drawing k without
 * replacement O(n^4 k), log-marginals O(n^4), each of many samples O(n^2 log n), relaxed ones
 * O(n^4 log n), and memory O(n^3) but for the argmax. Values are exact in float32 at any scale.
 *
 * Source: Koo, Globerson, Carreras & Collins (2007), "Structured prediction models via the matrix-tree
 * theorem", by a determinant in 64 bits where that is certified to be right, and else by an
 * elimination that subtracts nothing: Grassmann, Taksar & Heyman (1985), "Regenerative analysis and
 * steady state distributions for Markov chains". Where trees are projective, Eisner (2000), "Bilexical
 * grammars and their cubic-time parsing algorithms", as a distribution. The search for the k best is a
 * beam with exact bounds, and drawing without replacement Kool, van Hoof & Welling (2019).
 *
 * An event is `(*batch n n)`; its compact form `heads (*batch n)`: int32, -1 where there is nothing.
 */
export class SpanningTreeCRF<F extends FloatDType = "float32"> extends Distribution<F> {
  constructor(options: SpanningTreeCRFOptions<F>) {
    super(declaration, options);
  }
  protected override get declared(): Declaration {
    return declaration;
  }
}
