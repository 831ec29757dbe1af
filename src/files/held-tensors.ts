import { FileArray } from "../../bridge/files/file-array.ts";
import type { HostArray } from "../../bridge/wire/dtypes.ts";
import type { Handle } from "../program/handle.ts";
import { adopt, NODE } from "../program/traced.ts";
import type { Session } from "../session/session.ts";
import { Tensor } from "../tensor/tensor.ts";

type OnDevice = ReadonlyMap<string, { readonly handle: Handle }>;

/**
 * The tensors of a file: on the host, and on the device of each session that has used them. A worker that follows one
 * that has ended gets them again.
 */
export class HeldTensors {
  readonly #tensors: ReadonlyMap<string, HostArray>;
  #held = new WeakMap<Session, OnDevice>();
  #sessions: WeakRef<Session>[] = [];

  constructor(tensors: ReadonlyMap<string, HostArray>) {
    this.#tensors = tensors;
  }

  /**
   * All of them as inputs in a session. They are put there at the first time, together.
   * @throws {SynjaxError} `INVALID_ARGUMENT` where they stand in a file that was changed
   */
  on(session: Session): OnDevice {
    const known = this.#held.get(session);
    if (known && [...known.values()].every(({ handle }) => handle.isUsable)) return known;
    for (const host of this.#tensors.values()) if (host instanceof FileArray) host.assertUnchanged();
    const names = [...this.#tensors.keys()];
    const hosts = names.map((name) => adopt(Tensor, { kind: "host", host: this.#tensors.get(name)! }));
    const put = session.put(hosts, { transfer: true, restore: true }) as readonly Tensor[];
    const held = new Map(
      names.map((name, i) => [name, { handle: (put[i]![NODE] as { handle: Handle }).handle }]),
    );
    this.#held.set(session, held);
    this.#sessions.push(new WeakRef(session));
    return held;
  }

  dispose(): void {
    for (const reference of this.#sessions) {
      const session = reference.deref();
      const held = session && !session.closed ? this.#held.get(session) : undefined;
      for (const { handle } of held?.values() ?? []) handle.dispose();
    }
    this.#held = new WeakMap();
    this.#sessions = [];
  }
}
