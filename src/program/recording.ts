/** The frame that is being recorded: what a function does goes into it, and nested programs have their own. */
import { SynjaxError } from "../../bridge/errors.ts";
import { type Body, RECORDER_LIMITS } from "./body.ts";
import { contextStorage } from "../../bridge/worker/async-context.ts";
import { encode, NestedProgram } from "./encode.ts";
import { Frame } from "./frame.ts";
import { runtime } from "./runtime.ts";
import { adopt, type ResultClass, type Traced } from "./traced.ts";

let recording: Frame | undefined;

/** The frame of an asynchronous function, which is recorded across its awaits: see `recordedAsync`. */
const followed = contextStorage<Frame>();

/** The frame that is being recorded; `undefined` outside any recorded function. */
export function currentFrame(): Frame | undefined {
  return recording ?? followed.getStore();
}

export function isRecording(): boolean {
  return currentFrame() !== undefined;
}

/** The frame that an operation on these operands belongs to, inside a recorded function or outside any. */
export function frameFor(operands: readonly unknown[]): Frame {
  return currentFrame() ?? runtime().frameFor(operands);
}

/** Runs `body` with `frame` as the one that is being recorded. */
export function within<T>(frame: Frame, body: () => T): T {
  const outer = recording;
  recording = frame;
  try {
    return body();
  } finally {
    recording = outer;
  }
}

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

/**
 * Records an asynchronous function as a nested program of `parent`. What it reads meanwhile must come from a run before
 * (`replayingReads`): no value exists while it is being recorded.
 */
export async function recordedAsync(
  parent: Frame,
  inputs: readonly ResultClass[],
  body: (inputs: readonly Traced[]) => Promise<readonly unknown[]>,
): Promise<NestedProgram> {
  const frame = new Frame(parent, inputs.length);
  const traced = inputs.map((Result, k) => adopt(Result, { kind: "equation", frame, index: -1 - k }));
  const returned = await followed.run(frame, () => body(traced));
  const results = returned.map((r) => encode(r, frame, false));
  const encoded: Body = [frame.inputs, frame.captures.length, frame.equations, results];
  return new NestedProgram(frame.root.intern(encoded, frame), frame.captures);
}
