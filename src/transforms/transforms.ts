/** JAX's transformations by JAX's names: each is an operation whose argument is a nested program. */
export type { AbstractArg, AbstractArgs, JitArg, JitArgs } from "./arguments.ts";
export { cond, switchCase } from "./branches.ts";
export { checkpoint } from "./checkpoint.ts";
export {
  type CustomJvp,
  type CustomRuleOptions,
  type CustomVjp,
  customJvp,
  customVjp,
} from "./custom-rules.ts";
export { debug } from "./debug.ts";
export { jvp, vjp } from "./directions.ts";
export { type GradOptions, grad, valueAndGrad } from "./grad.ts";
export { type JacobianOf, hessian, jacfwd, jacobian, jacrev } from "./jacobian.ts";
export { type JitOptions, type Jitted, jit } from "./jit.ts";
export { type ScanOptions, associativeScan, map, scan, whileLoop } from "./loops.ts";
export { stopGradient } from "./stop-gradient.ts";
export { type Axes, type VmapOptions, vmap } from "./vmap.ts";
