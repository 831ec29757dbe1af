/** Operations of a session outside recorded functions: they wait in a graph until a value is asked for. */
import { SynjaxError } from "../../bridge/errors.ts";
import type { HostArray } from "../../bridge/wire/dtypes.ts";
import { type Constant, RECORDER_LIMITS } from "../program/body.ts";
import { EagerFrame } from "../program/eager.ts";
import { RootFrame } from "../program/frame.ts";
import type { Handle, HandleOwner } from "../program/handle.ts";
import { Program } from "../program/program.ts";
import { callersLine } from "../program/source-line.ts";
import { NODE, type Node, type Traced } from "../program/traced.ts";
import type { Handles } from "./handles.ts";
import type { LaunchOptions } from "./launches.ts";

/** A program that returns its input: how host data gets a handle. */
export const identity: Program = new Program(new RootFrame(1), [-1]);

type LaunchFunction = (
  program: Program,
  inputs: readonly Constant[],
  options?: LaunchOptions,
) => readonly Handle[];

export class EagerGraph {
  readonly #owner: HandleOwner;
  readonly #handles: Handles;
  readonly #launch: LaunchFunction;
  #pending: EagerFrame | undefined;

  constructor(owner: HandleOwner, handles: Handles, launch: LaunchFunction) {
    this.#owner = owner;
    this.#handles = handles;
    this.#launch = launch;
  }

  /** The graph that takes the next operation. */
  frame(): EagerFrame {
    if (this.#pending && this.#pending.equations.length >= RECORDER_LIMITS.eagerEquations) this.flush();
    return (this.#pending ??= new EagerFrame(this.#owner));
  }

  /** Launches the pending graph. */
  flush(): void {
    const frame = this.#pending;
    if (!frame) return;
    this.#pending = undefined;
    const outputs = frame.outputs();
    if (outputs.length === 0) return;
    const handles = this.#launch(new Program(frame, outputs), [], { isolateFailures: true });
    outputs.forEach((index, k) => {
      const handle = handles[k]!;
      frame.results.set(index, handle);
      if (frame.recomputed.has(index)) this.#handles.outliveScopes(handle);
    });
  }

  /** Launches the pending graph if it uses this value, which is about to go. */
  flushUsesOf(handle: Handle): void {
    if (this.#pending?.uses(handle)) this.flush();
  }

  /** Drops the pending graph, which may hold lost values: what is asked for is recorded again, without them. */
  drop(): void {
    this.#pending = undefined;
  }

  /** The handle of a tensor or distribution; an operation that is still pending is launched. */
  handleOf(traced: Traced): Handle {
    const node = traced[NODE];
    if (node.kind === "handle") return node.handle;
    const handle = node.kind === "host" ? this.upload(node.host) : this.#materialize(traced, node);
    traced[NODE] = { kind: "handle", handle };
    return handle;
  }

  upload(host: HostArray): Handle {
    return this.#launch(identity, [{ host }])[0]!;
  }

  #materialize(traced: Traced, { frame, index }: Node & { kind: "equation" }): Handle {
    if (!(frame instanceof EagerFrame))
      throw new SynjaxError(
        "LEAKED_TRACER",
        `a ${traced.constructor.name} recorded inside a function has no value after it: return it from that function`,
        { line: callersLine() },
      );
    if (frame === this.#pending) {
      if (index < 0) return this.#constantHandle(frame.constants[-1 - index]!);
      frame.want(index);
      this.flush();
      return frame.results.get(index)!;
    }
    const into = this.frame();
    const found = frame.resolve(index, into);
    if (typeof found !== "number") return this.#constantHandle(found);
    into.want(found);
    if (into === this.#pending) this.flush();
    return into.results.get(found)!;
  }

  #constantHandle(constant: Constant): Handle {
    if ("handle" in constant) return constant.handle;
    if ("host" in constant) return this.upload(constant.host);
    return this.#launch(identity, [constant])[0]!;
  }
}
