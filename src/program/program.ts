/** A recorded function: what a user's function does, as canonical bytes. JAX knows its shapes and derivatives. */
import { pack } from "../../bridge/wire/codec.ts";
import { hex, programHash } from "../../bridge/wire/hash.ts";
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
  readonly #root: RootFrame | undefined;
  readonly #recordAgain: (() => Program) | undefined;
  #hex: string | undefined;

  /** @param root where it was recorded, or the bytes of one that was recorded earlier, whose lines nobody knows */
  constructor(root: RootFrame | Uint8Array, results: readonly Encoded[], recordAgain?: () => Program) {
    this.#root = root instanceof Uint8Array ? undefined : root;
    this.bytes = root instanceof Uint8Array ? root : packed(root, results);
    this.hash = programHash(this.bytes);
    this.key = String.fromCharCode(...this.hash);
    this.constants = this.#root?.constants ?? [];
    this.outputs = results.length;
    this.#recordAgain = recordAgain;
  }

  /** The hash in hexadecimal. */
  get hex(): string {
    return (this.#hex ??= hex(this.hash));
  }

  get equations(): number {
    return this.#root?.equations.length ?? 0;
  }

  get nestedBodies(): number {
    return this.#root?.bodies.length ?? 0;
  }

  /**
   * The caller's line that recorded an equation. Lines cost nothing until something fails: then the function is
   * recorded a second time, with stacks, and answers if it recorded the same program.
   */
  lineOf(body: number, equation: number): string | undefined {
    if (this.#root === undefined) return undefined;
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

function packed(root: RootFrame, results: readonly Encoded[]): Uint8Array {
  const body: Body = [root.inputs, root.constants.length, root.equations, results];
  return pack([PROGRAM_FORMAT, [...root.bodies, body]]);
}
