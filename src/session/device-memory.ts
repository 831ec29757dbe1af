/** How much device memory the values of a session hold, and when to look for what nobody can reach any more. */

/** Bytes that a session may hold before anybody looks. */
const LEAST = 256 * 2 ** 20;
/** A look is due when what was held after the last one has grown by this factor. */
const GROWTH = 2;
/** How many programs are remembered by what their results take. */
const PROGRAMS_KEPT = 1_024;

export interface MemoryOptions {
  /** Collects garbage here; resolves when the handles that it finds have been freed. */
  readonly collect: () => Promise<void>;
  /** Bytes that may be held before the first look. */
  readonly least?: number | undefined;
}

/**
 * The engine collects garbage when the memory of this process is short. It does not see that of the device, of which each
 * handle, a few bytes here, may hold much. So handles are counted with what they hold there, and where that has grown
 * much since the last look, garbage is collected before more is launched.
 */
export class DeviceMemory {
  readonly #options: MemoryOptions;
  readonly #held = new Map<number, number>();
  #bytes = 0;
  /** What launches in flight will hold. */
  #coming = 0;
  #limit: number;
  #look: Promise<void> | undefined;
  /** Bytes of a program's results, when it ran last. */
  readonly #results = new Map<string, number>();

  constructor(options: MemoryOptions) {
    this.#options = options;
    this.#limit = options.least ?? LEAST;
  }

  /** Bytes that the session's handles hold, as far as they are known. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes that a program's results took when it last ran; 0 before its first run. */
  expected(program: string): number {
    return this.#results.get(program) ?? 0;
  }

  /** A launch has been sent whose results are expected to take so many bytes; the function returned ends that. */
  launched(bytes: number): () => void {
    this.#coming += bytes;
    return () => void (this.#coming -= bytes);
  }

  /** The results of a launch are known. Those that are not held are freed already. */
  made(program: string, results: Iterable<readonly [handle: number, bytes: number, isHeld: boolean]>): void {
    let total = 0;
    for (const [handle, bytes, isHeld] of results) {
      total += bytes;
      if (!isHeld) continue;
      this.free(handle);
      this.#held.set(handle, bytes);
      this.#bytes += bytes;
    }
    this.#results.delete(program);
    this.#results.set(program, total);
    if (this.#results.size > PROGRAMS_KEPT) this.#results.delete(this.#results.keys().next().value!);
  }

  free(handle: number): void {
    this.#bytes -= this.#held.get(handle) ?? 0;
    this.#held.delete(handle);
  }

  /** The worker is gone, and all that it held. */
  clear(): void {
    this.#held.clear();
    this.#bytes = 0;
  }

  /** What a launch whose results take so many bytes has to wait for, if for anything. */
  room(bytes: number): Promise<void> | undefined {
    if (this.#look) return this.#look;
    if (bytes === 0 || this.#bytes + this.#coming + bytes <= this.#limit) return undefined;
    this.#look = this.#options.collect().finally(() => {
      this.#look = undefined;
      const kept = this.#bytes + this.#coming + bytes; // the launch that waits has room whatever was found
      this.#limit = Math.max(this.#options.least ?? LEAST, GROWTH * kept);
    });
    return this.#look;
  }
}
