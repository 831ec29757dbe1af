// Generated from the Python registry by `npm run generate`; do not edit.
import type { IntDType } from "../ops/dtypes.ts";
import { checkMethods } from "../program/signatures.ts";
import { asInt } from "../tensor/array.ts";
import { type Dim, type FloatDType, Tensor, type TensorLike } from "../tensor/tensor.ts";
import type { Declaration } from "./declaration.ts";
import { Distribution } from "./distribution.ts";

/** What `new CTC` takes. */
export interface CTCOptions<F extends FloatDType = "float32"> {
  /** `(*batch n v)`: logits of the v symbols in each frame. */
  readonly logPotentials: TensorLike<F>;
  /** `(*batch l)`: what the frames are to say, 0 to v-1 without the blank. */
  readonly labels: TensorLike<IntDType>;
  /** `(*batch)`: how many frames each item has, 0 to n; all n where left out. */
  readonly inputLengths?: TensorLike<IntDType>;
  /** `(*batch)`: how many labels each item has, 0 to l; all l where left out. */
  readonly labelLengths?: TensorLike<IntDType>;
  /** The symbol that is the blank. */
  readonly blankId?: number;
  /**
   * Whether logits are normalized by log-softmax in each frame; otherwise they are taken as they are. A
   * temperature divides what is normalized, and does not normalize again.
   */
  readonly normalize?: boolean;
}

/**
 * Likely label sequences of the frames, whatever the distribution's own labels are, and their
 * log-probabilities over all alignments: by a beam of k prefixes, which may miss a likelier one, or a
 * part of an alignment's weight.
 */
export type LabelBeam<F extends FloatDType = "float32"> = {
  /** `(k *batch n)` */
  readonly labels: Tensor<"int32">;
  /** `(k *batch)` */
  readonly logProbs: Tensor<F>;
};

const declaration: Declaration = {
  name: "CTC",
  parameters: [
    {
      name: "logPotentials",
      python: "log_potentials",
      role: "potential",
      optional: false,
      kinds: [{ kind: "float", dims: "*batch n v" }],
    },
    {
      name: "labels",
      python: "labels",
      role: "data",
      optional: false,
      kinds: [{ kind: "int", dims: "*batch l" }],
      below: "v",
    },
    {
      name: "inputLengths",
      python: "input_lengths",
      role: "length",
      optional: true,
      kinds: [{ kind: "int", dims: "*batch" }],
      bounds: "n",
    },
    {
      name: "labelLengths",
      python: "label_lengths",
      role: "length",
      optional: true,
      kinds: [{ kind: "int", dims: "*batch" }],
      bounds: "l",
    },
    { name: "blankId", python: "blank_id", role: "option", optional: true, kinds: [{ kind: "static" }] },
    { name: "normalize", python: "normalize", role: "option", optional: true, kinds: [{ kind: "static" }] },
  ],
  forms: [],
  binding: ["labels", "logPotentials", "inputLengths", "labelLengths"],
  event: { dims: "2*l+1 n" },
  compact: { dims: "n", name: "frames", below: "v" },
};

/**
 * Connectionist temporal classification: a distribution over the alignments of l labels to n frames.
 *
 * Every frame has a label or the blank. Frames with labels left out that are those of the frame
 * before, and then without blanks, are the labels: so between two labels that are the same there is a
 * blank. `logPartition` is the log-probability of the labels, whatever their alignment, where frames
 * are independent given the logits; `loss` is less that. An item with too few frames for its labels
 * has no alignment: its loss is +inf with gradient 0.
 *
 * An event (2l+1 n) has a 1 for every frame in its state: the blank before the first label, the first
 * label, the blank after it, and so on. Its compact form has the label of every frame.
 *
 * Cost per item: every query O(n l), in n steps, and O(n v) to normalize; top-k, samples and drawing k
 * without replacement O(k n) more; `beamSearchLabels` O(n k (v + k n)). Values are exact in float32 at
 * any scale, those of the beam but to the precision of a float.
 *
 * Source: Graves, Fernandez, Gomez & Schmidhuber (2006), "Connectionist temporal classification:
 * labelling unsegmented sequence data with recurrent neural networks", section 4; the prefix beam as
 * in Hannun, Maas, Jurafsky & Ng (2014), "First-pass large vocabulary continuous speech recognition
 * using bi-directional recurrent DNNs", algorithm 1.
 *
 * An event is `(*batch 2*l+1 n)`; its compact form `frames (*batch n)`: int32, -1 where there is
 * nothing.
 */
export class CTC<F extends FloatDType = "float32"> extends Distribution<F> {
  constructor(options: CTCOptions<F>) {
    super(declaration, options);
  }
  protected override get declared(): Declaration {
    return declaration;
  }

  /**
   * The label of each frame of an alignment, (*batch n), the blank among them; -1 past the end. What
   * `decode` says.
   */
  alignmentToLabels(alignment: TensorLike): Tensor<"int32"> {
    return this.ask("alignment_to_labels", Tensor, [
      this.eventOperand("alignmentToLabels", "alignment", alignment),
    ]) as never;
  }

  /**
   * Likely label sequences of the frames, whatever the distribution's own labels are, and their
   * log-probabilities over all alignments: by a beam of k prefixes, which may miss a likelier one, or a
   * part of an alignment's weight.
   */
  beamSearchLabels(k: Dim): LabelBeam<F> {
    return this.ask(
      "beam_search_labels",
      { labels: ["labels", Tensor], logProbs: ["log_probs", Tensor] },
      [],
      { k },
    ) as never;
  }

  /**
   * Sum of the frames' log-probabilities of these labels, one for each frame and maybe the blank,
   * (*batch): that they are an alignment of the distribution's own is not asked.
   */
  logProbLabels(labels: TensorLike<IntDType>): Tensor<F> {
    return this.ask("log_prob_labels", Tensor, [
      this.operand("logProbLabels", "labels", labels, asInt),
    ]) as never;
  }

  /**
   * The negative log-probability of the labels, (*batch), nats: +inf with gradient 0 where there are too
   * few frames for them. Where the labels are certain it is 0 up to rounding, which may be to below 0.
   */
  loss(): Tensor<F> {
    return this.ask("loss", Tensor) as never;
  }
}

checkMethods(CTC, {
  alignmentToLabels: { takes: { alignment: "operand" } },
  beamSearchLabels: { takes: { k: "size" } },
  logProbLabels: { takes: { labels: "operand" } },
  loss: {},
});
