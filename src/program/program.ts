/** A recorded function: what a user's function does, as canonical bytes. JAX knows its shapes and derivatives. */
import { pack } from "../../bridge/wire/codec.ts";
import { programHash } from "../../bridge/wire/hash.ts";
import { PROGRAM_FORMAT } from "../../bridge/wire/protocol.ts";
import type { Body, Constant, Encoded } from "./body.ts";
import type { RootFrame } from "./frame.ts";
import { lineOf } from "./source-line.ts";

/** Canonical bytes, their hash, and the constants that the function was closed over. */
export class Program {
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
  /** The hash as a map key. */
  readonly key: string;
  readonly constants: readonly Constant[];
  readonly outputs: number;
  readonly #root: RootFrame;
  readonly #recordAgain: (() => Program) | undefined;

  constructor(root: RootFrame, results: readonly Encoded[], recordAgain?: () => Program) {
    const body: Body = [root.inputs, root.constants.length, root.equations, results];
    this.bytes = pack([PROGRAM_FORMAT, [...root.bodies, body]]);
    this.hash = programHash(this.bytes);
    this.key = String.fromCharCode(...this.hash);
    this.constants = root.constants;
    this.outputs = results.length;
    this.#root = root;
    this.#recordAgain = recordAgain;
  }

  get equations(): number {
    return this.#root.equations.length;
  }

  get nestedBodies(): number {
    return this.#root.bodies.length;
  }

  /**
   * The caller's line that recorded an equation. Lines cost nothing until something fails: then the function is
   * recorded a second time, with stacks, and answers if it recorded the same program.
   */
  lineOf(body: number, equation: number): string | undefined {
    if (!this.#root.keepsLines) {
      try {
        const again = this.#recordAgain?.();
        return again?.key === this.key ? again.lineOf(body, equation) : undefined;
      } catch {
        return undefined;
      }
    }
    const frame = body < this.#root.bodies.length ? this.#root.bodyFrames[body] : this.#root;
    const stack = frame?.stacks[equation];
    return stack && lineOf(stack);
  }
}
