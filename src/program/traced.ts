/** What a recorded function holds in place of values: each knows where its value will come from. */
import { SynjaxError } from "../../bridge/errors.ts";
import type { HostArray } from "../../bridge/wire/dtypes.ts";
import type { Handle } from "./handle.ts";
import { callersLine } from "./source-line.ts";

/** What a node knows of the `Frame` that its equation stands in. */
export interface NodeFrame {
  /** The frame of the outermost body. */
  readonly root: object;
  /** How many frames it is in, itself included. */
  readonly depth: number;
  /** Captured stacks, one an equation, only where lines are wanted. */
  readonly stacks: readonly object[];
  isAncestorOf(frame: NodeFrame): boolean;
}

/** Where a traced value comes from: an equation or input of a frame, a device handle, or host data. */
export type Node =
  | { readonly kind: "equation"; readonly frame: NodeFrame; readonly index: number }
  | { readonly kind: "handle"; readonly handle: Handle }
  | { readonly kind: "host"; readonly host: HostArray };

export const NODE: unique symbol = Symbol("node");
/** Objects that stand for a traced value without being one (a shape) answer to this. */
export const AS_TRACED: unique symbol = Symbol("asTraced");
/** A distribution answers to this with the name of its class in Python, which no bundler changes. */
export const CLASS_NAME: unique symbol = Symbol("className");

/** Anything an equation yields. Its value exists on the worker, when the program runs. */
export abstract class Traced {
  /** @internal */
  [NODE]: Node;

  constructor(node: Node) {
    if (typeof (node as Partial<Node> | undefined)?.kind !== "string")
      throw new SynjaxError(
        "INVALID_ARGUMENT",
        `new ${new.target.name}(): operations make one, and array(data) makes a Tensor`,
        { line: callersLine() },
      );
    this[NODE] = node;
  }

  [Symbol.toPrimitive](hint: string): never {
    const use = `was used as a JavaScript ${hint === "default" ? "number or string" : hint}`;
    const { name } = this.constructor;
    const message = isRecorded(this[NODE])
      ? `a traced ${name} ${use}: its value does not exist while the program is being recorded. Use np.where(x.greater(0), a, b) or cond(…), and read it outside.`
      : `a ${name} ${use}: its value has to be waited for. Use await x.item() or await x.array(); x.toString() says what it is.`;
    throw new SynjaxError("TRACED_AS_NUMBER", message, { line: callersLine() });
  }

  /** @throws {SynjaxError} `TRACED_AS_NUMBER`: its value has to be waited for, and `{}` is none. */
  toJSON(): never {
    throw new SynjaxError(
      "TRACED_AS_NUMBER",
      `a ${this.constructor.name} was written as JSON: its value has to be waited for. Write what await x.array() or await get(…) gives.`,
      { line: callersLine() },
    );
  }

  [Symbol.for("nodejs.util.inspect.custom")](..._: unknown[]): string {
    const { kind } = this[NODE];
    return `${this.constructor.name} (${kind === "equation" ? "not computed yet" : `on the ${kind === "host" ? "host" : "device"}`})`;
  }
}

/** Whether a value is part of a function that is being recorded, and not of the graph of operations outside any. */
function isRecorded(node: Node): boolean {
  return node.kind === "equation" && (node.frame.root as { readonly eager?: boolean }).eager !== true;
}

/** A tuple, a struct, a key: an intermediate that only other equations read. */
export class Intermediate extends Traced {}

/** A class whose instances can be made from a node alone, without its public constructor. */
export interface ResultClass<T extends Traced = Traced> {
  readonly name: string;
  readonly prototype: T;
}

export function adopt<T extends Traced>(Result: ResultClass<T>, node: Node): T {
  const traced = Object.create(Result.prototype) as T;
  traced[NODE] = node;
  return traced;
}
