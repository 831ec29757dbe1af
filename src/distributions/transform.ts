import { CLASS_NAME, Traced } from "../program/traced.ts";

/** What is done to the values of a distribution by `dist.transformed`: what `dist.transforms.affine` makes. */
export class Transform extends Traced {
  /** @internal */
  get [CLASS_NAME](): string {
    return "Transform";
  }
}
