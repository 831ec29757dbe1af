/** The handles a session has made: their ids, the scopes they die with, and what garbage collection finds. */
import { Handle, type HandleOwner } from "../program/handle.ts";
import type { DeviceMemory } from "./device-memory.ts";
import type { Outbox } from "./outbox.ts";

export class Handles {
  readonly #owner: HandleOwner;
  #nextId = 1;
  readonly #scopes: Set<Handle>[] = [];
  readonly #collected: FinalizationRegistry<{ readonly id: number; readonly epoch: number }>;

  constructor(owner: HandleOwner, outbox: Outbox, memory: DeviceMemory) {
    this.#owner = owner;
    this.#collected = new FinalizationRegistry(({ id, epoch }) => {
      if (epoch !== owner.epoch || owner.closed) return;
      memory.free(id);
      outbox.freeUnused(id);
    });
  }

  /** @param id one of those that were reserved; by default the next one */
  create(id: number = this.#nextId++): Handle {
    const handle = new Handle(this.#owner, id, this.#owner.epoch);
    this.#watch(handle);
    for (const scope of this.#scopes) scope.add(handle);
    return handle;
  }

  /** Sets ids aside for handles of which it is not known yet how many there are; returns the first. */
  reserve(count: number): number {
    const first = this.#nextId;
    this.#nextId += count;
    return first;
  }

  /** The value of this handle is computed again, by a new worker. */
  renew(handle: Handle): void {
    handle.epoch = this.#owner.epoch;
    this.#watch(handle);
  }

  #watch(handle: Handle): void {
    this.#collected.register(handle, { id: handle.id, epoch: handle.epoch });
  }

  /** Every handle made from now on dies with the scope that is returned. */
  openScope(): Set<Handle> {
    const made = new Set<Handle>();
    this.#scopes.push(made);
    return made;
  }

  /** Closes the scope that was opened last. */
  closeScope(): void {
    for (const handle of this.#scopes.pop() ?? []) handle.dispose();
  }

  /** Takes a handle out of all open scopes: it is older than they are. */
  outliveScopes(handle: Handle): void {
    for (const scope of this.#scopes) scope.delete(handle);
  }
}
