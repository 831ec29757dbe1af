/** synjax-ts/plugins: functions of other packages of Python, as operations of programs. */
export type { DType } from "../../bridge/wire/dtypes.ts";
export type { Float, IntDType, Numeric, Promote, Real, Sum } from "../ops/dtypes.ts";
export type { Dim, ShapeLike } from "../tensor/shape.ts";
export type { Strong } from "../tensor/static-dtypes.ts";
export type { FloatDType, Of, Tensor, TensorLike } from "../tensor/tensor.ts";
export { plugin, type PluginOperation, type PluginParameter, type PluginResult } from "./plugin.ts";
