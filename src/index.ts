/** synjax-ts: structured probability distributions and differentiable programs, run by JAX. */
export { SynjaxError, type ErrorCode, type ErrorDetails } from "../bridge/errors.ts";
export type { DataOf, DType } from "../bridge/wire/dtypes.ts";
export type { HelloInfo, WorkerCounters } from "../bridge/wire/protocol.ts";

export type { CallEvent } from "../bridge/transport/call-event.ts";
export type { RetryOptions } from "./session/backoff.ts";
export { connect, get, put } from "./session/current-session.ts";
export type { Compiling } from "./session/compilation-watch.ts";
export type { Compilation } from "./session/compilations.ts";
export type { PutOptions } from "./session/put-options.ts";
export type { ShareOptions } from "./session/shared-trees.ts";
export type { TensorTree } from "./session/trees.ts";
export type { Session, SessionEvent, SessionOptions } from "./session/session.ts";
export type { SetupProgress } from "../bridge/environment/setup-progress.ts";
export {
  IndexUpdate,
  Tensor,
  type Aval,
  type Complex,
  type ComplexDType,
  type FloatDType,
  type Index,
  type TensorLike,
  type WaitOptions,
} from "./tensor/tensor.ts";
export { array } from "./tensor/array.ts";
export { padded, type PaddedOptions } from "./tensor/padded.ts";
export type { ArrayOptions } from "./tensor/host-array.ts";
export { HostTensor } from "./tensor/host-tensor.ts";
export { Shape, Size, type Dim, type ShapeLike } from "./tensor/shape.ts";
export { tree, TreeStructure, type LeafOf, type MapTree } from "./program/tree.ts";
export {
  associativeScan,
  checkpoint,
  cond,
  customJvp,
  customVjp,
  debug,
  grad,
  hessian,
  jacfwd,
  jacobian,
  jacrev,
  jit,
  jvp,
  map,
  scan,
  stopGradient,
  switchCase,
  valueAndGrad,
  vjp,
  vmap,
  whileLoop,
  type AbstractArg,
  type Axes,
  type CustomJvp,
  type CustomRuleOptions,
  type CustomVjp,
  type GradOptions,
  type JacobianOf,
  type JitOptions,
  type Jitted,
  type ScanOptions,
  type VmapOptions,
} from "./transforms/transforms.ts";

export type { DensitiesOptions } from "./display/densities.ts";
export type { ChainDraws } from "./display/draws.ts";
export type { CurvesOptions } from "./display/curves.ts";
export type { IntervalsOptions } from "./display/intervals.ts";
export type { Fetched, NestedList, NestedNumbers } from "./display/nested.ts";
export { pictures } from "./display/pictures.ts";
export { summaryTable, type SummaryRow, type SummaryTableOptions } from "./display/summary-table.ts";
export type { TracesOptions } from "./display/traces.ts";

export { batches, type Columns } from "./training/batches.ts";
export { biaffine, type BiaffineParams } from "./training/biaffine.ts";
export { bucket, type Bucket, type BucketOptions } from "./training/bucket.ts";
export { charCnn, type CharCnnParams } from "./training/char-cnn.ts";
export type { Batch, Collated } from "./training/collation.ts";
export { dense, type DenseParams } from "./training/dense.ts";
export { dropout } from "./training/dropout.ts";
export { embedding, type EmbeddingParams } from "./training/embedding.ts";
export type { BatchOptions } from "./training/gatherer.ts";
export { gru, type GruParams } from "./training/gru.ts";
export type { ArrowTableLike, Dtypes } from "./training/items.ts";
export { layerNorm, type LayerNormParams } from "./training/layer-norm.ts";
export { lstm, type LstmCarry, type LstmParams } from "./training/lstm.ts";
export {
  multiHeadAttention,
  type MultiHeadAttentionOptions,
  type MultiHeadAttentionParams,
  type MultiHeadAttentionSizes,
} from "./training/multi-head-attention.ts";
export { progress, type Progress, type ProgressEvent, type ProgressOptions } from "./training/progress.ts";
export { progressBar } from "./training/progress-bar.ts";
export { safetensors } from "./training/safetensors.ts";
export type { OrderOptions } from "./training/order.ts";
export type { Recurrence, RecurrenceOptions } from "./training/recurrence.ts";

export type { Float, Numeric, Promote, Real, Sum } from "./ops/dtypes.ts";
export { diagnostics } from "./ops/diagnostics.ts";
export { dist } from "./ops/dist.ts";
export { np } from "./ops/np.ts";
export { nn } from "./ops/nn.ts";
export { lax } from "./ops/lax.ts";
export { ops } from "./ops/ops.ts";
export { optax } from "./training/optax.ts";
export type { GradientTransformation } from "./training/gradient-transformation.ts";
export type { OptState } from "./training/optimizer-state.ts";
export type { ScalarOrSchedule, Schedule } from "./training/schedule.ts";
export { random } from "./ops/random.ts";
export { linalg } from "./ops/linalg.ts";
export { fft } from "./ops/fft.ts";
export { special } from "./ops/special.ts";
export * as semirings from "./distributions/semirings.ts";

export {
  SimpleDistribution,
  type EmissionLike,
  type ParameterOf,
  type SimpleSampleOptions,
} from "./distributions/simple-distribution.ts";
export { Transform } from "./distributions/transform.ts";
export type { PictureOptions } from "./distributions/picture.ts";
export * from "./distributions/index.ts";

export { dependencies, independent } from "./inference/dependencies.ts";
export type { ModelEdge, ModelGraph, ModelNode, NodePlate } from "./inference/model-graph.ts";
export {
  customDistribution,
  type OwnDistribution,
  type OwnDistributionParts,
} from "./inference/own-distribution.ts";
export {
  hmc,
  type HmcOptions,
  type InitStrategy,
  type Kernel,
  nuts,
  type NutsOptions,
} from "./inference/kernels.ts";
export type { Checkpoint } from "./inference/joined-blocks.ts";
export type { Statistics } from "./inference/chain-programs.ts";
export { mcmc, type Mcmc, type McmcOptions, type McmcProgress } from "./inference/mcmc.ts";
export { mcmcProgressBar } from "./inference/mcmc-progress-bar.ts";
export { eager, type EagerRun } from "./inference/eager.ts";
export type { AutoGuide, ByName, GuideOptions } from "./inference/auto-guide.ts";
export {
  autoBNAFNormal,
  autoDelta,
  autoDiagonalNormal,
  autoIAFNormal,
  autoLaplaceApproximation,
  autoLowRankMultivariateNormal,
  autoMultivariateNormal,
  autoNormal,
  type BnafGuideOptions,
  type IafGuideOptions,
  type LowRankGuideOptions,
  type NormalGuideOptions,
} from "./inference/automatic-guides.ts";
export { elbo, type Elbo, type ElboOptions, type RenyiOptions } from "./inference/elbo.ts";
export { importance, type ImportanceOptions, type ImportanceSamples } from "./inference/importance.ts";
export { predictive, type PredictiveOptions } from "./inference/predictive.ts";
export { svi, type Svi, type SviOptions, type SviProgress, type SviRun } from "./inference/svi.ts";
export { makeLogJoint } from "./inference/log-joint.ts";
export type { Posterior } from "./inference/posterior.ts";
export type { Summary } from "./inference/summary.ts";
export { RandomVariable } from "./inference/random-variable.ts";
export {
  deterministic,
  factor,
  param,
  plate,
  type PlateOptions,
  sample,
  type SampleStatementOptions,
  type StructureStatementOptions,
} from "./inference/statements.ts";
export type { AnyDistribution, PlateFrame, Statement, Tracer } from "./inference/statement.ts";
export {
  block,
  condition,
  intercept,
  intervene,
  type Model,
  replay,
  scale,
  seed,
  type Site,
  trace,
  type TraceOf,
} from "./inference/tracers.ts";
