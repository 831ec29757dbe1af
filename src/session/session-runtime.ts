/** What sessions contribute to tensors and programs: eager graphs, and the values of tensors. */
import { SynjaxError } from "../../bridge/errors.ts";
import { checkWait } from "../../bridge/transport/call-options.ts";
import type { HostArray } from "../../bridge/wire/dtypes.ts";
import type { ArrayAval } from "../../bridge/wire/protocol.ts";
import { EagerFrame } from "../program/eager.ts";
import { noted } from "../program/noted-reads.ts";
import { Handle, type HandleOwner } from "../program/handle.ts";
import type { Runtime } from "../program/runtime.ts";
import { callersLine } from "../program/source-line.ts";
import { adopt, NODE, type Traced } from "../program/traced.ts";
import { asHostTensor } from "../tensor/array.ts";
import { Tensor } from "../tensor/tensor.ts";
import { markReported } from "./failures.ts";
import type { Session } from "./session.ts";

/** How the session of a value is found. */
export interface Sessions {
  currentSession(): Session;
  sessionOf(values: readonly unknown[]): Session | undefined;
  asSession(owner: HandleOwner): Session;
}

const avalOf = ({ dtype, shape }: HostArray): ArrayAval => [dtype, shape, false];

export function sessionRuntime({ currentSession, sessionOf, asSession }: Sessions): Runtime {
  const sessionFor = (operands: readonly unknown[]): Session => sessionOf(operands) ?? currentSession();
  return {
    frameFor: (operands) => sessionFor(operands).eagerFrame(),
    resolve(node, into) {
      const frame = node.frame as EagerFrame;
      const { owner } = frame;
      if (into instanceof EagerFrame) {
        if (into.owner !== owner)
          throw new SynjaxError("OTHER_SESSION", `a value of ${owner.name} is used in ${into.owner.name}: fetch it and put it there`, { line: callersLine() }); // prettier-ignore
        return frame.resolve(node.index, into);
      }
      return { handle: asSession(owner).handleOf(adopt(Tensor, node)) };
    },
    toTraced: asHostTensor,
    read: (tensor, options) =>
      noted(async () => {
        checkWait(options);
        const node = tensor[NODE];
        return node.kind === "host" ? node.host : await sessionFor([tensor]).read(tensor, options);
      }),
    aval: (tensor) =>
      noted(async () => {
        const node = tensor[NODE];
        if (node.kind === "host") return avalOf(node.host);
        const handle = sessionFor([tensor]).handleOf(tensor);
        if (!handle.aval && !handle.failure) await handle.launch?.reply.catch(() => undefined);
        if (handle.failure) throw markReported(handle.failure);
        return handle.aval as ArrayAval;
      }),
    knownAval(tensor) {
      const node = tensor[NODE];
      if (node.kind === "host") return avalOf(node.host);
      return node.kind === "handle" ? (node.handle.aval as ArrayAval | undefined) : undefined;
    },
    dispose,
  };
}

function dispose(traced: Traced): void {
  const node = traced[NODE];
  if (node.kind === "handle") node.handle.dispose();
  else if (node.kind === "equation" && node.frame instanceof EagerFrame) {
    const { owner, results } = node.frame;
    let handle = results.get(node.index);
    if (handle) handle.dispose();
    else {
      node.frame.unwant(node.index);
      handle = new Handle(owner, 0, owner.epoch);
      handle.state = "disposed";
    }
    traced[NODE] = { kind: "handle", handle };
  }
}
