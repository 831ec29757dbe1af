/** Adam (Kingma & Ba 2015) */
import { np, tree, type Tensor } from "../src/index.ts";
export type AdamState<P> = { m: P; v: P; t: Tensor<"float32"> };
export function adamInit<P>(params: P): AdamState<P> {
  const zeros = () => tree.map((x: never) => np.zerosLike(x) as never, params as never) as P;
  return { m: zeros(), v: zeros(), t: np.zeros([]) };
}
export function adam<P>(params: P, grads: P, { m, v, t }: AdamState<P>, rate: number): [P, AdamState<P>] {
  type T = Tensor<"float32">;
  const map = tree.map as unknown as (f: (...x: T[]) => T, ...trees: P[]) => P;
  const t1 = t.add(1) as T;
  const m1 = map((a, g) => a.mul(0.9).add(g.mul(0.1)), m, grads);
  const v1 = map((a, g) => a.mul(0.999).add(g.mul(g).mul(0.001)), v, grads);
  const scale = np.sqrt(np.subtract(1, np.power(0.999, t1))).div(np.subtract(1, np.power(0.9, t1))) as T;
  return [
    map((p, a, b) => p.sub(scale.mul(rate).mul(a).div(np.sqrt(b).add(1e-8))), params, m1, v1),
    { m: m1, v: v1, t: t1 },
  ];
}
