/** What files of programs make of types. Checked by tsc, never run. */
import { load } from "../../src/files/index.ts";
import type { HostTensor, Jitted, Tensor } from "../../src/index.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function is<Expected>(): <Came>(
  value: Came,
  ...same: Same<Came, Expected> extends true ? [] : [never]
) => void;

type T = Tensor<"float32">;
type I = Tensor<"int32">;
type Tag = Jitted<[params: { w: T }, emission: T, rest: { lengths: I }], I>;
type Score = Jitted<[params: { w: T }, emission: T], { logZ: T }>;
declare const x: T;

/** What `synjax types` writes. */
type Functions = { readonly score: (emission: T) => { readonly logZ: T } };

export async function loaded(): Promise<void> {
  const { functions } = await load<{ tag: Tag; score: Score }>("tagger.synjax");
  is<HostTensor<"int32">>()(await functions.tag(x, { lengths: Int32Array.of(1) }));
  is<HostTensor<"int32">>()(await functions.tag([[1, 2]], { lengths: [1] })); // prettier-ignore
  is<{ readonly logZ: HostTensor<"float32"> }>()(await functions.score(x));
  is<{ logZ: T }>()(functions.score.launch(x));
  // @ts-expect-error -- the file has the weights
  await functions.score({ w: x }, x);
  // @ts-expect-error -- numbers, not booleans
  await functions.tag(x, { lengths: [true] });
  const written = await load<Functions, false>("tagger.synjax");
  is<{ readonly logZ: HostTensor<"float32"> }>()(await written.functions.score([[1, 2]])); // prettier-ignore
  await (
    await load("tagger.synjax")
  ).functions["anything"]!(x, 1);
}
