/** How training goes, as events. */
import { checkCall, checkMethods, shown, type Signature } from "../program/signatures.ts";
import { currentSession } from "../session/current-session.ts";
import type { Session, SessionEvent } from "../session/session.ts";
import { type Tensor } from "../tensor/tensor.ts";
import { refused } from "../transforms/trees.ts";

/** How training stands. */
export interface ProgressEvent {
  /**
   * `step`: the loss of a step has come. `compiling`: something is being compiled, for more than a second so far, told
   * each second; `compiled`: it has been.
   */
  readonly type: "step" | "compiling" | "compiled";
  /** The last step whose loss has come; 0 before. */
  readonly step: number;
  /** How many steps there will be, where that was said. */
  readonly steps: number | undefined;
  /** The loss of that step. */
  readonly loss: number | undefined;
  /** How long a step took, in the mean of those since the last event of a step; compilations are not in it. */
  readonly secondsPerStep: number | undefined;
  /** How long compilations took in all. */
  readonly compileSeconds: number;
  /** What is being compiled, or has been, and how long that takes; of a `step` nothing. */
  readonly compilation: { readonly name: string; readonly seconds: number } | undefined;
}

export interface ProgressOptions {
  /** Called with every event. `progressBar(event)` is a line for a terminal. */
  readonly onEvent: (event: ProgressEvent) => void;
  /** How many steps there will be. */
  readonly steps?: number;
  /** Fetches the loss of every so-manieth step, and of the last. Default 1. */
  readonly every?: number;
  /** Whose compilations are told. Default: the current one. */
  readonly session?: Session;
}

const PROGRESS: Signature = {
  options: { onEvent: "function", steps: "number?", every: "number?", session: "any?" },
};

/** Follows a training loop; made by `progress()`. */
export class Progress {
  readonly #options: ProgressOptions;
  readonly #status: AsyncGenerator<SessionEvent, void>;
  #begun = 0;
  #reads: Promise<unknown> = Promise.resolve();
  #state: Omit<ProgressEvent, "type" | "compilation">;
  /** When the last loss came, and how long compilations had taken then. */
  #last: { readonly at: number; readonly compileSeconds: number };

  /** @internal */
  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#status = (options.session ?? currentSession()).status();
    this.#state = {
      step: 0,
      steps: options.steps,
      loss: undefined,
      secondsPerStep: undefined,
      compileSeconds: 0,
    };
    this.#last = { at: performance.now(), compileSeconds: 0 };
    void this.#follow();
  }

  /** Says that a step has been launched. Nothing waits for its loss, a tensor of one number. */
  step(loss: Tensor): void {
    const step = ++this.#begun;
    const { every = 1, steps } = this.#options;
    if (step % every !== 0 && step !== steps) return;
    const read = loss.item().then((value) => this.#arrived(step, Number(value)));
    this.#reads = this.#reads.then(() => read);
    this.#reads.catch(() => undefined); // `end` tells
  }

  /**
   * All losses have come, and nothing more is told.
   * @throws {SynjaxError} what a step that was followed ended with
   */
  async end(): Promise<void> {
    try {
      await this.#reads;
    } finally {
      await this.#status.return();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  async #follow(): Promise<void> {
    for await (const event of this.#status) {
      if (event.type !== "compiling" && event.type !== "compiled") continue;
      const { type, name, seconds } = event;
      if (type === "compiled")
        this.#state = { ...this.#state, compileSeconds: this.#state.compileSeconds + seconds };
      this.#options.onEvent({ ...this.#state, type, compilation: { name, seconds } });
    }
  }

  #arrived(step: number, loss: number): void {
    const { compileSeconds } = this.#state;
    const at = performance.now();
    const seconds = (at - this.#last.at) / 1_000 - (compileSeconds - this.#last.compileSeconds);
    const secondsPerStep = Math.max(0, seconds) / (step - this.#state.step);
    this.#last = { at, compileSeconds };
    this.#state = { ...this.#state, step, loss, secondsPerStep };
    this.#options.onEvent({ ...this.#state, type: "step", compilation: undefined });
  }
}

/**
 * Tells how training goes: losses and times of steps, and what is being compiled, so that nobody wonders why the first
 * step takes so long. Call `step(loss)` in the loop and `end()` after it, or declare it by `await using`.
 * @throws {SynjaxError} `INVALID_ARGUMENT`
 */
export function progress(options: ProgressOptions): Progress {
  checkCall("progress", PROGRESS, [options]);
  for (const name of ["steps", "every"] as const) {
    const value = options[name];
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 1))
      throw refused("progress", name, "a whole number of at least 1", shown(value));
  }
  return new Progress(options);
}

checkMethods(Progress, { step: { takes: { loss: "tensor" } }, end: { isAsync: true } });
