/** JAX's transformations by JAX's names: each is an operation whose argument is a nested program. */
export type { AbstractArg, AbstractArgs, JitArg, JitArgs } from "./arguments.ts";
export { checkpoint } from "./checkpoint.ts";
export { cond, scan, whileLoop } from "./control-flow.ts";
export { debug } from "./debug.ts";
export { type GradOptions, grad, valueAndGrad } from "./grad.ts";
export { type JitOptions, type Jitted, jit } from "./jit.ts";
export { type VmapOptions, vmap } from "./vmap.ts";
