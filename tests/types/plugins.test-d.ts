/** What plugins make of types. Checked by tsc, never run. */
import type { Tensor } from "../../src/index.ts";
import { filters } from "../fixtures/plugins/filters.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function is<Expected>(): <Came>(
  value: Came,
  ...same: Same<Came, Expected> extends true ? [] : [never]
) => void;

declare const [x, i, key]: [Tensor<"float32">, Tensor<"int32">, Tensor<"key">];

export function recorded(): void {
  is<Tensor<"float32">>()(filters.smooth(i, { width: 2 }));
  is<Tensor<"float64">>()(filters.smooth(new Float64Array(2)));
  is<Tensor<"int32">>()(filters.halves(i).low);
  is<Tensor<"float32">>()(filters.affine([[1]], x));
  is<Tensor<"int32">[]>()(filters.scaled([i, i], { times: 2 }));
  is<Tensor<"float64">>()(filters.noise(key, { shape: [2], dtype: "float64" }));
  is<Tensor<"float32">>()(filters.noise(key, { shape: [2] }));
  // @ts-expect-error -- no such option
  filters.smooth(x, { size: 2 });
  // @ts-expect-error -- float32, not int32
  filters.affine(i, x);
  // @ts-expect-error -- "sum" or "max"
  filters.merge("mean", x);
  // @ts-expect-error -- the shape is missing
  filters.noise(key);
}
