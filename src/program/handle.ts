import { type ErrorCode, SynjaxError } from "../../bridge/errors.ts";
import type { Aval } from "../../bridge/wire/protocol.ts";
import { callersLine } from "./source-line.ts";

/** What a handle knows of the session it belongs to. */
export interface HandleOwner {
  readonly name: string;
  /** Counts starts of the worker; handles of an earlier start are lost. */
  readonly epoch: number;
  readonly closed: boolean;
  free(handle: Handle): void;
}

/** What a handle knows of the launch that makes it. */
export interface PendingLaunch {
  readonly reply: Promise<unknown>;
}

/** What a value is called in an error; a function where saying it costs something. */
export type Named = string | (() => string);

const lostMessage = (what: string): string =>
  `${what} was lost when the worker ended: put its data again, or put it with \`restore\` (the session has a new worker)`;

/** A value that lives on the worker. Its id is chosen here, so that calls chain without waiting for replies. */
export class Handle {
  readonly id: number;
  readonly owner: HandleOwner;
  /** Which start of the worker it belongs to; a restart leaves older ones behind. */
  epoch: number;
  state: "alive" | "donated" | "disposed" = "alive";
  /** Why there is no value. */
  failure: SynjaxError | undefined;
  /** Known once the launch that makes it has been answered. */
  aval: Aval | undefined;
  /** The launch that makes it, until that has been answered. */
  launch: PendingLaunch | undefined;
  /** The name that others take it by; it is read-only then. */
  sharedAs: string | undefined;

  constructor(owner: HandleOwner, id: number, epoch: number) {
    this.owner = owner;
    this.id = id;
    this.epoch = epoch;
  }

  /** Whether its value can still be asked for; a failed one can: it answers with its error. */
  get isUsable(): boolean {
    return this.state === "alive" && !this.owner.closed && this.epoch === this.owner.epoch;
  }

  /** Where its value is, or why there is none. */
  get whereabouts(): string {
    if (this.state !== "alive") return this.state === "donated" ? "donated" : "disposed of";
    if (this.failure) return `failed: ${this.failure.code}`;
    if (this.owner.closed || this.lost("it")) return "lost";
    return this.launch ? "being computed" : "on the device";
  }

  /** The id, if the value can still be used; `named` names it in the error. */
  use(named: Named): number {
    const problem = this.isUsable ? undefined : this.#problem(named);
    if (problem) {
      const [code, message] = problem;
      throw new SynjaxError(code, message, { line: callersLine() });
    }
    return this.id;
  }

  #problem(named: Named): readonly [ErrorCode, string] {
    const what = typeof named === "string" ? named : named();
    if (this.state === "donated")
      return [
        "HANDLE_DONATED",
        `${what} was donated to an earlier call (donateArgnums): use that call's result instead`,
      ];
    if (this.state === "disposed")
      return ["HANDLE_DISPOSED", `${what} was disposed of: keep it alive for as long as it is used`];
    if (this.owner.closed) return ["SESSION_CLOSED", `${what} belongs to a session that has been closed`];
    return ["HANDLE_LOST", lostMessage(what)];
  }

  /** The error of a value that went with an earlier worker. */
  lost(what: string): SynjaxError | undefined {
    if (this.epoch === this.owner.epoch) return undefined;
    return new SynjaxError("HANDLE_LOST", lostMessage(what));
  }

  dispose(): void {
    if (this.state !== "alive") return;
    this.owner.free(this);
    this.state = "disposed";
  }
}
