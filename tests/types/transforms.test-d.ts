/** What transforms make of the types of functions: trees stay trees. Checked by tsc, never run. */
import {
  associativeScan,
  cond,
  customJvp,
  customVjp,
  grad,
  hessian,
  jacfwd,
  jacobian,
  jit,
  jvp,
  type LinearChainCRF,
  map,
  np,
  scan,
  stopGradient,
  switchCase,
  type Tensor,
  valueAndGrad,
  vjp,
  vmap,
} from "../../src/index.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** `is<Tensor<"bool">>()(value)` compiles where the value has exactly that type. */
declare function is<Expected>(): <Came>(
  value: Came,
  ...same: Same<Came, Expected> extends true ? [] : [never]
) => void;

type T = Tensor<"float32">;
type I = Tensor<"int32">;
interface Params {
  readonly w: T;
  readonly layers: readonly [T, { readonly b: T }];
}
declare const p: Params;
declare const x: T;
declare const i: I;
declare const crf: LinearChainCRF;
declare const loss: (p: Params, x: T) => T;
declare const lossAndAux: (p: Params, x: T) => readonly [T, { readonly count: I }];

export function gradients(): void {
  is<Params>()(grad(loss)(p, x));
  is<T>()(grad(loss, { argnums: 1 })(p, x));
  is<readonly [T, Params]>()(grad(loss, { argnums: [1, 0] })(p, x));
  is<[gradient: Params, aux: { readonly count: I }]>()(grad(lossAndAux, { hasAux: true })(p, x));
  is<[value: T, gradient: T]>()(valueAndGrad(loss, { argnums: 1 })(p, x));
  is<[value: readonly [T, { readonly count: I }], gradient: Params]>()(
    valueAndGrad(lossAndAux, { hasAux: true })(p, x),
  );
  is<LinearChainCRF>()(grad((c: LinearChainCRF) => c.logPartition())(crf));
  // @ts-expect-error -- an option that does not exist
  grad(loss, { argnum: 1 });
  // @ts-expect-error -- the second argument is missing
  grad(loss)(p);
}

export function jacobians(): void {
  const f = (q: Params): { y: T; z: readonly [T] } => ({ y: q.w, z: [q.w] });
  is<{ y: Params; z: readonly [Params] }>()(jacobian(f)(p));
  is<readonly [Params, T]>()(jacfwd(loss, { argnums: [0, 1] })(p, x));
  is<[derivative: Params, aux: { readonly count: I }]>()(jacfwd(lossAndAux, { hasAux: true })(p, x));
  is<T>()(hessian((y: T) => y.sum() as T)(x));
  is<Params>()(hessian(loss)(p, x).w);
  is<readonly [T, { readonly b: T }]>()(hessian(loss)(p, x).w.layers);
}

export function directions(): void {
  is<[out: T, tangent: T]>()(jvp(loss, [p, x], [p, x]));
  is<[out: T, tangent: T, aux: { readonly count: I }]>()(jvp(lossAndAux, [p, x], [p, x], { hasAux: true }));
  const [value, pullback] = vjp(loss, [p, x]);
  is<T>()(value);
  const [byP, byX] = pullback(x);
  is<Params>()(byP);
  is<T>()(byX);
  is<{ readonly count: I }>()(vjp(lossAndAux, [p, x], { hasAux: true })[2]);
  // @ts-expect-error -- a direction for each argument
  jvp(loss, [p, x], [p]);
  // @ts-expect-error -- the arguments stand in an array
  vjp(loss, p, x);
}

export function loopsAndBranches(): void {
  is<Params>()(stopGradient(p));
  is<T>()(switchCase(i, [(q: Params) => q.w, (q: Params) => q.layers[0]], p));
  is<Params>()(cond(true, (q: Params) => q, (q: Params) => q, p)); // prettier-ignore
  is<{ s: T }>()(map((q: Params) => ({ s: q.w }), p, { batchSize: 4 }));
  is<Params>()(associativeScan((a: Params, _: Params) => a, p, { reverse: true, axis: 1 }));
  is<[carry: LinearChainCRF, ys: T]>()(
    scan((c: LinearChainCRF, k: T) => [c.withTemperature(k), c.logPartition()], crf, x, { unroll: 2 }),
  );
  is<{ r: T }>()(vmap((q: Params, y: T) => ({ r: q.w.mul(y) as T }), { inAxes: [{ w: 0, layers: null }, 1], outAxes: { r: -1 }, axisSize: 3 })(p, x)); // prettier-ignore
  // @ts-expect-error -- branches of several types
  switchCase(i, [(q: T) => q, (q: T) => [q]], x);
}

export function customRules(): void {
  const f = customJvp((q: Params, k: T) => q.w.mul(k) as T);
  is<T>()(f(p, x));
  f.defjvp(([q, k], [dq, dk]) => [f(q, k), dq.w.mul(k).add(q.w.mul(dk)) as T]);
  // @ts-expect-error -- a rule returns a pair
  f.defjvp(([q]) => q.w);
  const g = customVjp((q: Params, power: number, k: T) => np.power(q.w.mul(k), power) as T, {
    nondiffArgnums: 1,
  });
  is<T>()(g(p, 2, x));
  g.defvjp(
    (q, power, k) => [g(q, power, k), { q, k }],
    (power, { q, k }, cotangent) => {
      is<number>()(power);
      is<Params>()(q);
      is<T>()(cotangent);
      return [null, cotangent.mul(k) as T];
    },
  );
  // @ts-expect-error -- a derivative for each argument that is differentiated
  g.defvjp((q, power, k) => [g(q, power, k), q], () => [null]); // prettier-ignore
  is<T>()(jit(g, { staticArgnums: 1, donateArgnums: [2] })(p, 2, x));
}
