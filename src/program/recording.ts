/** The frame that is being recorded, and what stands in for one outside any recorded function. */
import { type Constant, type Frame, type Node, type RootFrame, type Traced } from "./graph.ts";

/** What the session contributes: the graph of operations outside a recorded function. */
export interface EagerGraphs {
  /** The graph that an operation on these operands belongs to. */
  frameFor(operands: readonly unknown[]): RootFrame;
  /** What a value of another eager graph is by now: a handle, or an equation of `into`. */
  resolve(node: Node & { kind: "equation" }, into: RootFrame): Constant | number;
}

let recording: Frame | undefined;
let eager: EagerGraphs | undefined;
let toTraced: ((value: unknown) => Traced | undefined) | undefined;

export function setEagerGraphs(graphs: EagerGraphs): void {
  eager = graphs;
}
/** How raw JavaScript and Arrow arrays become host tensors. */
export function setArrayConversion(convert: (value: unknown) => Traced | undefined): void {
  toTraced = convert;
}
export function isRecording(): boolean {
  return recording !== undefined;
}
/** The frame that an operation on these operands belongs to: the one that is being recorded, or an eager one. */
export function frameFor(operands: readonly unknown[]): Frame {
  return recording ?? eager!.frameFor(operands);
}

export function within<T>(frame: Frame, body: () => T): T {
  const outer = recording;
  recording = frame;
  try {
    return body();
  } finally {
    recording = outer;
  }
}

/** The graphs outside recorded functions, where a session has brought them. */
export function eagerGraphs(): EagerGraphs | undefined {
  return eager;
}

export function asTraced(value: unknown): Traced | undefined {
  return toTraced?.(value);
}
