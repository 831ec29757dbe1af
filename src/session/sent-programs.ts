/** Which programs the worker has been sent: a body travels once. */
import type { Channel } from "../../bridge/transport/channel.ts";
import { DEFAULT_LIMITS, MESSAGE } from "../../bridge/wire/protocol.ts";
import type { Program } from "../program/program.ts";

export class SentPrograms {
  /** Hashes by key, the most recently used one last. */
  readonly #hashes = new Map<string, Uint8Array>();

  /** The body of a program that this worker has not been sent; nothing for one that it has. */
  bodyOf(channel: Channel, program: Program): Uint8Array[] {
    const isKnown = this.#hashes.delete(program.key);
    if (!isKnown) this.#forgetOldest(channel);
    this.#hashes.set(program.key, program.hash);
    return isKnown ? [] : [program.bytes];
  }

  /** Takes back that a program was sent. */
  forget(program: Program): void {
    this.#hashes.delete(program.key);
  }

  /** Another worker knows none. */
  clear(): void {
    this.#hashes.clear();
  }

  /** Makes room for a program: the worker refuses one more than it keeps. */
  #forgetOldest(channel: Channel): void {
    const limit = channel.info.limits["programs"] ?? DEFAULT_LIMITS.programs;
    if (this.#hashes.size < Math.min(DEFAULT_LIMITS.programs, limit)) return;
    const [oldest, hash] = this.#hashes.entries().next().value!;
    this.#hashes.delete(oldest);
    channel.post([MESSAGE.forget, 0, [hash]]);
  }
}
