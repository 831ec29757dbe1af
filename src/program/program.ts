/**
 * A recorded function as a program: canonical bytes and their hash. The recorder knows no shapes and no derivatives; JAX
 * does.
 */
import { SynjaxError } from "../../bridge/errors.ts";
import { pack } from "../../bridge/wire/codec.ts";
import { programHash } from "../../bridge/wire/hash.ts";
import { PROGRAM_FORMAT } from "../../bridge/wire/protocol.ts";
import { NestedProgram, encode } from "./encode.ts";
import {
  type Body,
  type Constant,
  type Encoded,
  Frame,
  RECORDER_LIMITS,
  type ResultClass,
  type RootFrame,
  type Traced,
  adopt,
} from "./graph.ts";
import { within } from "./recording.ts";
import { lineOf } from "./source-line.ts";

/** Records `body` as a nested program of `parent`; its inputs are of the classes given, its results flat. */
export function recordNested(
  parent: Frame,
  inputs: readonly ResultClass[],
  body: (inputs: readonly Traced[]) => readonly unknown[],
): NestedProgram {
  if (parent.depth >= RECORDER_LIMITS.nesting)
    throw new SynjaxError("LIMIT_NESTING", `programs nest at most ${RECORDER_LIMITS.nesting} deep`);
  const frame = new Frame(parent, inputs.length);
  const traced = inputs.map((Result, k) => adopt(Result, { kind: "equation", frame, index: -1 - k }));
  const results = within(frame, () => body(traced).map((r) => encode(r, frame, false)));
  const encoded: Body = [frame.inputs, frame.captures.length, frame.equations, results];
  return new NestedProgram(frame.root.intern(encoded, frame), frame.captures);
}

/** A recorded function: canonical bytes, their hash, and the constants it was closed over. */
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
