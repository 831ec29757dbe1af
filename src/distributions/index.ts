// Generated from the Python registry by `npm run generate`; do not edit.
/** The public names of the distributions. */
export {
  Distribution,
  type ArgMax,
  type Draws,
  type TopK,
  type DifferentiableSampleOptions,
  type SampleOptions,
  type WithPerturbationOptions,
} from "./distribution.ts";
export type { EventShape } from "./declared-distribution.ts";
export type { CompactLike, CompactOf, EventLike, EventOf } from "./events.ts";
export { AlignmentCRF, type AlignmentCRFOptions } from "./alignment-crf.ts";
export { CTC, type CTCOptions, type LabelBeam } from "./ctc.ts";
export {
  GeneralMonotoneAlignmentCRF,
  type GeneralMonotoneAlignmentCRFOptions,
} from "./general-monotone-alignment-crf.ts";
export { GeneralizedPCFG, type GeneralizedPCFGOptions } from "./generalized-pcfg.ts";
export {
  GeneralizedTensorDecompositionPCFG,
  type GeneralizedTensorDecompositionPCFGOptions,
} from "./generalized-tensor-decomposition-pcfg.ts";
export { HMM, type HMMOptions, type HMMCounts, type HMMParameters } from "./hmm.ts";
export { LinearChainCRF, type LinearChainCRFOptions } from "./linear-chain-crf.ts";
export { PCFG, type PCFGOptions } from "./pcfg.ts";
export { SemiMarkovCRF, type SemiMarkovCRFOptions } from "./semi-markov-crf.ts";
export { SpanningTreeCRF, type SpanningTreeCRFOptions } from "./spanning-tree-crf.ts";
export { TensorDecompositionPCFG, type TensorDecompositionPCFGOptions } from "./tensor-decomposition-pcfg.ts";
export { TreeCRF, type TreeCRFOptions } from "./tree-crf.ts";
