import { FileArray } from "../../bridge/files/file-array.ts";
import { hashOfWeights } from "../../bridge/files/hash-of-weights.ts";
import { SynjaxError } from "../../bridge/errors.ts";
import type { HostArray } from "../../bridge/wire/dtypes.ts";
import type { Handle } from "../program/handle.ts";
import { callersLine } from "../program/source-line.ts";
import { adopt, NODE } from "../program/traced.ts";
import { isSynjaxError, markReported } from "../session/failures.ts";
import type { Session } from "../session/session.ts";
import { Tensor } from "../tensor/tensor.ts";

type Named = Readonly<Record<string, Tensor>>;
type OnDevice = ReadonlyMap<string, { readonly handle: Handle }>;

/**
 * The tensors of a file: on the host, and on the device of each session that has used them. A worker that follows one
 * that has ended gets them again.
 */
export class HeldTensors {
  readonly #tensors: ReadonlyMap<string, HostArray>;
  readonly #digests: ReadonlyMap<string, string>;
  #held = new WeakMap<Session, OnDevice>();
  #sessions: WeakRef<Session>[] = [];

  /** @param digests of some of them, as `digestOfTensor` gives them */
  constructor(tensors: ReadonlyMap<string, HostArray>, digests: ReadonlyMap<string, string>) {
    this.#tensors = tensors;
    this.#digests = digests;
  }

  get size(): number {
    return this.#tensors.size;
  }

  /**
   * All of them as inputs in a session. They are put there at the first time, together.
   * @throws {SynjaxError} `INVALID_ARGUMENT` where they stand in a file that was changed
   */
  on(session: Session): OnDevice {
    const known = this.#held.get(session);
    if (known && [...known.values()].every(({ handle }) => handle.isUsable)) return known;
    return this.#hold(session, session.put(this.#hosts(), { transfer: true, restore: true }) as Named);
  }

  /**
   * Takes them in a session from what its worker shares, or shares them there. Returns their name.
   * @throws {SynjaxError} `LIMIT_SHARED`, `INVALID_ARGUMENT` where they stand in a file that was changed, or where
   *   somebody shares something else by their name
   */
  async share(session: Session): Promise<string> {
    const name = `weights ${await hashOfWeights(this.#tensors, this.#digests)}`;
    const named = (await taken(session, name)) ?? (await this.#shared(session, name));
    const other = [...this.#tensors].find(([each, host]) => !isLike((named as Named | null)?.[each], host));
    if (other) throw notWeights(name, other[0]);
    this.#hold(session, named);
    return name;
  }

  async #shared(session: Session, name: string): Promise<Named> {
    try {
      return (await session.share(name, this.#hosts(), { transfer: true })) as Named;
    } catch (error) {
      const byAnother = isUnfitName(error) ? await taken(session, name) : undefined; // since it was asked for
      if (byAnother === undefined) throw error;
      return byAnother;
    }
  }

  /** As a tree of host data. */
  #hosts(): Named {
    for (const host of this.#tensors.values()) if (host instanceof FileArray) host.assertUnchanged();
    const hosts = [...this.#tensors].map(([name, host]) => [name, adopt(Tensor, { kind: "host", host })]);
    return Object.fromEntries(hosts) as Named;
  }

  #hold(session: Session, named: Named): OnDevice {
    const held = new Map(
      [...this.#tensors.keys()].map((name) => [
        name,
        { handle: (named[name]![NODE] as { handle: Handle }).handle },
      ]),
    );
    this.#held.set(session, held);
    this.#sessions.push(new WeakRef(session));
    return held;
  }

  /** Frees what has been put of weights that are refused. Nobody else needs to be told how that went. */
  async abandon(): Promise<void> {
    const handles = this.#sessions.flatMap((each) => [...(this.#held.get(each.deref()!)?.values() ?? [])]);
    for (const { handle } of handles) {
      await handle.launch?.reply.catch(() => undefined);
      if (handle.failure) markReported(handle.failure);
    }
    this.dispose();
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

/** Whether what a worker shares has the type of a tensor; what is in it nobody can tell here. */
function isLike(shared: unknown, { dtype, shape }: HostArray): boolean {
  const node = shared instanceof Tensor ? shared[NODE] : undefined;
  const aval = node?.kind === "handle" ? node.handle.aval : undefined;
  return aval?.[0] === dtype && String(aval[1]) === String(shape);
}

const notWeights = (name: string, tensor: string): SynjaxError =>
  new SynjaxError(
    "INVALID_ARGUMENT",
    `load: \`shared\`: somebody shares something else by ${JSON.stringify(name)}: unshare it (\`${tensor}\` is another, or not there)`,
    { argument: "shared", expected: "these weights", received: "something else", line: callersLine() },
  );

/** What a worker shares by a name; `undefined` where that is nothing. */
async function taken(session: Session, name: string): Promise<Named | undefined> {
  try {
    return await session.shared<Named>(name);
  } catch (error) {
    if (isUnfitName(error)) return undefined;
    throw error;
  }
}

/** Whether nothing has this name, or something has it already. */
const isUnfitName = (error: unknown): boolean =>
  isSynjaxError(error) &&
  error.argument === "name" &&
  ["INVALID_ARGUMENT", "HANDLE_LOST"].includes(error.code);
