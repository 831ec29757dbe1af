/** Saying that something is being compiled, while it takes long. */
import { hex } from "../../bridge/wire/hash.ts";

/** What is being compiled. */
export interface Compiling {
  /** The name of the function, as far as it has one. */
  readonly name: string;
  /** The program's hash, in hexadecimal. */
  readonly program: string;
  /** For how long so far. */
  readonly seconds: number;
}

/** What a watch looks at, and whom it tells. */
export interface Watched {
  readonly listeners: ReadonlySet<unknown>;
  isIdle(): boolean;
  /** What the worker is compiling, by its own account; `undefined` where there is no worker to ask. */
  compiling(): Promise<readonly [program: Uint8Array, seconds: number] | null | undefined>;
  nameOf(program: Uint8Array): string;
  tell(compiling: Compiling): void;
}

/** Milliseconds from one look to the next; a shorter compilation is nothing to be told of before its end. */
const EVERY = 1_000;

export class CompilationWatch {
  readonly #watched: Watched;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isAsking = false;

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  /** Looks from time to time, as long as there are listeners. */
  start(): void {
    this.#timer ??= setInterval(() => void this.#look().catch(() => undefined), EVERY);
    (this.#timer as { unref?(): unknown }).unref?.();
  }

  async #look(): Promise<void> {
    const { listeners, compiling, isIdle, nameOf, tell } = this.#watched;
    if (listeners.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    if (this.#isAsking || isIdle()) return;
    this.#isAsking = true;
    try {
      const found = await compiling();
      if (!found || found[1] * 1_000 < EVERY) return;
      tell({ name: nameOf(found[0]), program: hex(found[0]), seconds: found[1] });
    } finally {
      this.#isAsking = false;
    }
  }
}
