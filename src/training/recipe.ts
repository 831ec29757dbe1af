import { emit } from "../program/emit.ts";
import { AS_TRACED, Intermediate, type Traced } from "../program/traced.ts";

/**
 * An operation whose value exists only while a program is traced: an optimizer, a schedule. It is recorded anew in every
 * function that uses it.
 */
export class Recipe {
  /** @internal */
  readonly op: string;
  /** @internal */
  readonly operands: readonly unknown[];
  /** @internal By their Python names, as the operation's further operands are. */
  readonly statics: Readonly<Record<string, unknown>>;
  /** @internal */
  readonly named: Readonly<Record<string, unknown>>;

  /** @internal */
  constructor(
    op: string,
    operands: readonly unknown[],
    statics: Readonly<Record<string, unknown>>,
    named: Readonly<Record<string, unknown>>,
  ) {
    this.op = op;
    this.operands = operands;
    this.statics = statics;
    this.named = named;
  }

  /** @internal */
  [AS_TRACED](): Traced {
    return emit(this.op, this.operands, this.statics, Intermediate, this.named);
  }
}
