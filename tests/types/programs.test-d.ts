/** What a random variable is, in the types. Checked by tsc, never run. */
import {
  type HMM,
  type LinearChainCRF,
  type PCFG,
  type RandomVariable,
  sample,
  type Tensor,
} from "../../src/index.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function is<Expected>(): <Came>(
  value: Came,
  ...same: Same<Came, Expected> extends true ? [] : [never]
) => void;

declare const hmm: HMM;
declare const crf: LinearChainCRF;
declare const pcfg: PCFG;

// A structure is its event, of one array or of several, and itself where it is summed over
is<RandomVariable<"float32">>()(sample("states", hmm));
is<RandomVariable<"float32">>()(sample("tags", crf, { value: [[[0]]] }));
is<RandomVariable<"float32">>()(sample("tags", crf, { differentiable: { method: "Gumbel-CRF" } }));
is<Tensor<"float32">>()(sample("tree", pcfg).chart);
is<HMM>()(sample("states", hmm, { marginalize: true }));
// @ts-expect-error: a chain is one array
sample("tags", crf, { value: { chart: [0], tags: [0] } });
