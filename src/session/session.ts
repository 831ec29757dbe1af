import { AsyncLocalStorage } from "node:async_hooks";
import type { Channel } from "../../bridge/transport/channel.ts";
import type { Reply } from "../../bridge/wire/codec.ts";
import { bytesOf } from "../../bridge/wire/codec.ts";
import type { Connection } from "../../bridge/worker/connection.ts";
import type { ConnectionOptions } from "../../bridge/worker/connection-options.ts";
import { ARRAY_OF, type DataOf, type DType, type HostArray, ITEM_BYTES } from "../../bridge/wire/dtypes.ts";
import { type RemoteError, SynjaxError } from "../../bridge/errors.ts";
import { Events } from "../../bridge/transport/events.ts";
import {
  type ArrayAval,
  FLAG,
  type HelloInfo,
  DEFAULT_LIMITS,
  ARGUMENT,
  INLINE_BYTES,
  INPUT,
  MESSAGE,
  type WireInput,
  type WireInputType,
  type WorkerCounters,
} from "../../bridge/wire/protocol.ts";
import { checkSignal, checkWait } from "../../bridge/transport/call-options.ts";
import { EagerFrame } from "../program/eager.ts";
import { Handle } from "./handle.ts";
import { HostTensor, toHostArray } from "../tensor/host.ts";
import { camelCase, spelled } from "../program/python-names.ts";
import { enter } from "../tensor/cycles.ts";
import { registryHash } from "../ops/registry-hash.ts";
import {
  adopt,
  AS_TRACED,
  type Constant,
  encodeNumber,
  NODE,
  Program,
  RECORDER_LIMITS,
  RootFrame,
  setEagerGraphs,
  Traced,
  weakFloat,
} from "../program/program.ts";
import { Shape } from "../tensor/shape.ts";
import { setReader, Tensor, type HostLike, type WaitOptions } from "../tensor/tensor.ts";
import { flatten, isBranch, rebuild } from "../program/tree.ts";

/** How a session is made. Everything has a default: `connect()` starts the embedded worker on the CPU. */
export interface SessionOptions extends Omit<ConnectionOptions, "registryHash" | "signal"> {
  /**
   * Launches in flight when the worker dies are sent once more to the new one if all they need is still here (they
   * are pure); one for which the device has no memory, when what is garbage here has been freed there. Default true.
   */
  readonly retry?: boolean;
  /** Whether argument checks run on the device (lengths in range, no NaN …). Default true. */
  readonly checks?: boolean;
}

/** What happens to a session, as `session.status()` tells it. */
export type SessionEvent =
  | { readonly type: "connecting" }
  | { readonly type: "ready"; readonly info: HelloInfo }
  | { readonly type: "lost"; readonly error: SynjaxError }
  | { readonly type: "restarting" }
  | { readonly type: "failure"; readonly error: SynjaxError }
  | { readonly type: "closed" };

/** Programs the worker keeps for this session before the least recently used one is forgotten. */
const ROOTS_KEPT = 1_024;

/** A program on its way to the worker, or running there. */
export interface Launch {
  readonly program: Program;
  readonly inputs: readonly Constant[];
  readonly donated: readonly number[];
  readonly outputs: readonly Handle[];
  readonly flags: number;
  /** Outputs whose data comes with the reply, by their places there; open until the launch is sent. */
  readonly wants: Map<number, number>;
  /** The first read of its only output that can be given up; it may end the launch if nobody else reads that. */
  soleRead: SoleRead | undefined;
  readonly reply: Promise<Reply>;
  readonly settle: { resolve(reply: Reply): void; reject(error: SynjaxError): void };
  options: WaitOptions;
  seq: number | undefined;
  retried: boolean;
  /** The `seq` under which it ran out of memory before. */
  shortSeq: number | undefined;
}

/** A launch for which there was no memory, and what failed with it: they run again when there may be some. */
interface Shortage {
  readonly error: RemoteError;
  readonly launches: Launch[];
  /** Until room has been made. */
  waiting: Outgoing[] | undefined;
}

interface SoleRead {
  readonly options: WaitOptions;
  readonly value: Promise<HostArray>;
  /** Somebody else reads it who cannot give it up with this one. */
  isShared: boolean;
  /** Called when the launch is sent: `alone` reads with it, otherwise `fetch` does. */
  decide(fetch: Promise<readonly HostArray[]> | "alone"): void;
}

/** One entry of the outbox: launches, fetches and notices leave in the order they were made. */
interface Outgoing {
  send(channel: Channel): void;
  /** The connection could not be opened. */
  fail(error: SynjaxError): void;
}

export type Fetched<T> =
  T extends Tensor<infer D>
    ? HostTensor<D>
    : T extends readonly unknown[] | Readonly<Record<string, unknown>>
      ? { readonly [K in keyof T]: Fetched<T[K]> }
      : T;

export type OnDevice<T> =
  T extends Tensor<infer D>
    ? Tensor<D>
    : T extends number
      ? Tensor<"float32">
      : T extends boolean
        ? Tensor<"bool">
        : T extends Float32Array
          ? Tensor<"float32">
          : T extends Int32Array
            ? Tensor<"int32">
            : T extends ArrayBufferView
              ? Tensor
              : T extends readonly unknown[] | Readonly<Record<string, unknown>>
                ? { readonly [K in keyof T]: OnDevice<T[K]> }
                : T;

const isSynjaxError = (error: unknown): error is SynjaxError => error instanceof SynjaxError;

let serial = 0;

/**
 * A connection to a worker and what lives there. Tensors and recorded functions find their session by themselves;
 * hold one where control is wanted: a device, another machine, limits, an end.
 */
export class Session {
  #options: SessionOptions;
  #connection: Connection | undefined;
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #closed = false;
  /** Ends the attempt to connect. */
  readonly #ending = new AbortController();
  /** Counts starts of the worker; handles of an earlier start are lost. */
  epoch = 1;
  #started = false;
  #nextHandle = 1;
  #eager: EagerFrame | undefined;
  #outbox: Outgoing[] = [];
  #scheduled = false;
  #frees: number[] = [];
  readonly #pending = new Set<Launch>();
  #unanswered = 0;
  readonly #quiet: (() => void)[] = [];
  readonly #programs = new Map<string, Uint8Array>();
  readonly #shortages = new Map<number, Shortage>();
  /** Errors by where they arose: the launch that failed first and the equation in it. */
  readonly #roots = new Map<string, SynjaxError>();
  #failures: SynjaxError[] = [];
  readonly #listeners = new Set<(event: SessionEvent) => void>();
  #scopes: Set<Handle>[] = [];
  // A process must not end before what it launched has been answered, and must not wait for anything else.
  readonly #alive: { ref(): unknown; unref(): unknown };
  readonly #collected = new FinalizationRegistry<{ id: number; epoch: number }>(({ id, epoch }) => {
    if (epoch === this.epoch && !this.#closed) this.#frees.push(id);
  });
  /** Distinguishes sessions in errors and displays. */
  readonly name: string = `session ${++serial}`;

  /** @internal Use `connect()`. */
  constructor(options: SessionOptions = {}) {
    this.#options = options;
    const timer: unknown = setInterval(() => undefined, 0x3fffffff);
    this.#alive = timer as { ref(): unknown; unref(): unknown };
    this.#alive.unref();
  }

  get closed(): boolean {
    return this.#closed;
  }
  /** Whether a worker was ever asked for. */
  get used(): boolean {
    return this.#opening !== undefined || this.#closed;
  }
  /** What the worker said of itself; `undefined` until the connection stands. */
  get info(): HelloInfo | undefined {
    return this.#connection?.info;
  }
  /** The worker's process id, where this session started it. */
  get workerPid(): number | undefined {
    return this.#connection?.info.pid;
  }

  /** @internal */
  configure(options: SessionOptions): this {
    this.#options = options;
    return this;
  }

  // -- opening and ending --------------------------------------------------------------------------------------

  /** @internal Opens the connection if it is not open yet. */
  open(signal?: AbortSignal): Promise<void> {
    if (this.#closed)
      return Promise.reject(new SynjaxError("SESSION_CLOSED", `${this.name} has been closed`));
    this.#opening ??= this.#connect(signal).catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #connect(signal: AbortSignal | undefined): Promise<void> {
    this.#busy();
    try {
      this.#tell({ type: this.#started ? "restarting" : "connecting" });
      const { openConnection } = await import("../../bridge/worker/connection.ts");
      const { retry: _retry, checks: _checks, ...options } = this.#options;
      const signals = signal ? [signal, this.#ending.signal] : [this.#ending.signal];
      const connection = await openConnection({ ...options, registryHash, signal: AbortSignal.any(signals) });
      this.#connection = connection;
      this.#started = true;
      this.#programs.clear();
      void connection.lost.then((error) => this.#lose(connection, error));
      this.#tell({ type: "ready", info: connection.info });
    } finally {
      this.#idleAgain();
    }
  }

  /** The worker is gone: everything in flight ends now; what can be repeated goes to the next worker. */
  #lose(connection: Connection, error: SynjaxError): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#opening = undefined;
    if (this.#closed) return;
    this.epoch++;
    this.#frees = [];
    this.#roots.clear();
    this.#shortages.clear();
    // It may hold lost values: what is asked for is recorded again, without them
    this.#eager = undefined;
    this.#tell({ type: "lost", error });
    const again: Outgoing[] = [];
    const recreated = new Set<Handle>();
    for (const launch of this.#pending) {
      const isSent = launch.seq !== undefined; // what is not is still in the outbox
      const canRun =
        launch.inputs.every((c) => !("handle" in c) || recreated.has(c.handle)) &&
        (!isSent || (this.#options.retry !== false && !launch.retried && launch.donated.length === 0));
      if (!canRun) {
        if (isSent) this.#fail(launch, error);
        continue;
      }
      for (const output of launch.outputs) {
        output.epoch = this.epoch;
        this.#collected.register(output, { id: output.id, epoch: output.epoch });
        recreated.add(output);
      }
      if (!isSent) continue;
      launch.retried = true;
      launch.seq = undefined;
      again.push(this.#outgoing(launch));
    }
    this.#outbox.unshift(...again);
    if (this.#outbox.length > 0) this.#schedule();
  }

  /**
   * Waits for what has been launched, then ends the worker. Idempotent.
   * @param options `drain: false` ends at once: what is in flight is `SESSION_CLOSED`.
   * @throws {SynjaxError} `UNFETCHED_FAILURES` if a launch failed and nobody asked for its results.
   */
  close(options: { readonly drain?: boolean } = {}): Promise<void> {
    this.#closing ??= this.#close(options.drain ?? true);
    return this.#closing;
  }

  async #close(drain: boolean): Promise<void> {
    let unfetched: unknown;
    if (drain) await this.idle().catch((error: unknown) => (unfetched = error));
    this.#closed = true;
    const error = new SynjaxError("SESSION_CLOSED", `${this.name} has been closed`);
    for (const item of this.#outbox.splice(0)) item.fail(error);
    this.#ending.abort(error);
    await this.#opening?.catch(() => undefined);
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.close();
    for (const launch of this.#pending) this.#fail(launch, error);
    this.#tell({ type: "closed" });
    clearInterval(this.#alive as unknown as ReturnType<typeof setInterval>);
    if (unfetched) throw unfetched as Error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Events of this session from now on, until it is closed. */
  status(): AsyncGenerator<SessionEvent, void> {
    if (this.#closed) return Events.none();
    return new Events<SessionEvent>(this.#listeners, (event) => event.type === "closed");
  }

  #tell(event: SessionEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** The worker's own counters; answered also while it compiles. */
  async counters(): Promise<WorkerCounters> {
    await this.open();
    const channel = this.#connection!.channel;
    const seq = channel.nextSeq();
    return (await this.#tracked(channel.call(seq, [MESSAGE.ping, seq], []))).result as WorkerCounters;
  }

  // -- values ------------------------------------------------------------------------------------------------------

  /** Brings a tree of tensors to the host in one round trip. */
  async get<const T>(tree: T, options: WaitOptions = {}): Promise<Fetched<T>> {
    checkWait(options);
    const leaves: unknown[] = [];
    flatten(tree, leaves, "tree");
    const handles = leaves.map((leaf) =>
      leaf instanceof Traced && leaf[NODE].kind !== "host" ? this.handleOf(leaf) : undefined,
    );
    const wanted = handles.filter((h) => h !== undefined);
    const fetched = await this.#fetch(wanted, options);
    let next = 0;
    let position = 0;
    return rebuild(tree, (leaf) => {
      if (handles[position++]) return new HostTensor(fetched[next++]!);
      if (leaf instanceof Traced) return new HostTensor(copyOf(hostOf(leaf)));
      return leaf;
    }) as Fetched<T>;
  }

  /**
   * Puts a tree of host data on the device; the results are handles. A typed array is copied before it is sent, or
   * taken over with `transfer`. A tensor that is on the device already is returned as it is, not as a copy: disposing
   * of the result disposes of it. Equivalent to `jax.device_put`.
   * @throws {SynjaxError} `OTHER_SESSION` for a tensor of another session, `HANDLE_DISPOSED` and the like for a dead one
   */
  put<const T>(tree: T, options: { readonly transfer?: boolean } = {}): OnDevice<T> {
    flatten(tree, [], "data");
    return rebuild(tree, (leaf) => {
      if (leaf instanceof Traced && leaf[NODE].kind !== "host") {
        if (sessionOf([leaf]) !== this)
          throw new SynjaxError(
            "OTHER_SESSION",
            `put: a value of another session cannot be put into ${this.name}: fetch it first`,
          );
        this.handleOf(leaf).use("a tensor that is put");
        return leaf;
      }
      const host = leaf instanceof Traced ? hostOf(leaf) : toHostArray(leaf, "any", "data", options);
      return adopt(Tensor, { kind: "handle", handle: this.#upload(host!) });
    }) as OnDevice<T>;
  }

  #upload(host: HostArray): Handle {
    return this.launch(identity, [{ host }])[0]!;
  }

  /**
   * Runs `body` with this session as the current one; `signal` and `deadline` hold for what it launches. What an async
   * `body` does after an `await` is part of it, and so is what it starts and does not wait for.
   * @throws {SynjaxError} `INVALID_ARGUMENT` for a `deadline` or a `signal` that is none
   */
  run<T>(body: () => T, options: WaitOptions = {}): T {
    checkWait(options);
    return running.run({ session: this, options, outer: running.getStore() }, body);
  }

  /** Runs `body` and frees every value made in it on the device, except what it returns. `body` is synchronous. */
  scope<T>(body: () => T): T {
    this.flush(); // what was pending before is not made in it
    const made = new Set<Handle>();
    this.#scopes.push(made);
    try {
      const result = this.run(body, this.#callOptions());
      if (result instanceof Promise) {
        result.catch(() => undefined);
        throw new SynjaxError(
          "INVALID_ARGUMENT",
          "scope(body): expected a synchronous function, got one that returns a promise",
          { argument: "body" },
        );
      }
      const leaves: unknown[] = [];
      flatten(result, leaves, "result");
      const kept = leaves.filter((leaf) => leaf instanceof Traced && leaf[NODE].kind !== "host");
      for (const leaf of kept) made.delete(this.handleOf(leaf as Traced));
      return result;
    } finally {
      this.flush();
      this.#scopes.pop();
      for (const handle of made) handle.dispose();
    }
  }

  /**
   * Everything launched so far has ended.
   * @throws {SynjaxError} `UNFETCHED_FAILURES` with the first failure that nobody has fetched as its cause.
   */
  async idle(): Promise<void> {
    this.flush();
    if (this.#unanswered > 0 || this.#outbox.length > 0)
      await new Promise<void>((resolve) => this.#quiet.push(resolve));
    const failures = this.#failures.splice(0).filter((f) => !seen.has(f));
    if (failures.length === 0) return;
    const plural =
      failures.length === 1
        ? "1 launch failed and nobody has"
        : `${failures.length} launches failed and nobody has`;
    throw new SynjaxError(
      "UNFETCHED_FAILURES",
      `${plural} fetched the results. The first: ${failures[0]!.message}`,
      {
        cause: failures[0],
      },
    );
  }

  // -- launches ------------------------------------------------------------------------------------------------

  /** @internal Sends a program with its inputs; the handles of its results exist at once. */
  launch(
    program: Program,
    leaves: readonly Constant[],
    options: { readonly donate?: readonly number[]; readonly lenient?: boolean } = {},
  ): readonly Handle[] {
    if (this.#closed || this.#closing)
      throw new SynjaxError("SESSION_CLOSED", `${this.name} has been closed`);
    const inputs = program.constants.length === 0 ? leaves : [...leaves, ...program.constants];
    const donated = options.donate ?? [];
    this.#checkInputs(inputs);
    if (donated.length > 0) this.#donate(inputs, donated);
    const outputs = Array.from({ length: program.outputs }, () => this.#newHandle());
    let settle!: Launch["settle"];
    const reply = new Promise<Reply>((resolve, reject) => (settle = { resolve, reject }));
    reply.catch(() => undefined); // whoever fetches sees it
    const launch: Launch = {
      program,
      inputs,
      donated,
      outputs,
      flags: (options.lenient ? FLAG.lenient : 0) | (this.#options.checks === false ? FLAG.unchecked : 0),
      wants: new Map(),
      soleRead: undefined,
      reply,
      settle,
      options: this.#callOptions(),
      seq: undefined,
      retried: false,
      shortSeq: undefined,
    };
    for (const output of outputs) output.launch = launch;
    this.#pending.add(launch);
    this.#busy();
    this.#enqueue(this.#outgoing(launch));
    return outputs;
  }

  /** How what is launched now may be given up. */
  #callOptions(): WaitOptions {
    for (let now = running.getStore(); now; now = now.outer) if (now.session === this) return now.options;
    return {};
  }

  #checkInputs(inputs: readonly InputType[]): void {
    for (let i = 0; i < inputs.length; i++) {
      const input = inputs[i]!;
      if (!("handle" in input)) continue;
      if (input.handle.session !== this)
        throw new SynjaxError(
          "OTHER_SESSION",
          `an input of this call lives in ${input.handle.session.name}, the call runs in ${this.name}: fetch it and put it here`,
        );
      input.handle.use("an input of this call");
    }
  }

  /** @internal Resolves when launches of a program with such inputs need not wait for its compilation. */
  async compile(program: Program, leaves: readonly InputType[], donated: readonly number[]): Promise<void> {
    if (this.#closed || this.#closing)
      throw new SynjaxError("SESSION_CLOSED", `${this.name} has been closed`);
    const inputs = [...leaves, ...program.constants];
    this.#checkInputs(inputs);
    const options = this.#callOptions();
    const flags = this.#options.checks === false ? FLAG.unchecked : 0;
    const compiled = new Promise<void>((resolve, reject: (error: SynjaxError) => void) => {
      const send = (channel: Channel): void => {
        const lost = inputs.map((i) => ("handle" in i ? i.handle.lost("an input of this call") : undefined));
        const error = lost.find((e) => e);
        if (error) return reject(error);
        const body = this.#bodyOf(channel, program);
        const types = inputs.map(wireInputType);
        const seq = channel.nextSeq();
        const header = [MESSAGE.compile, seq, program.hash, body.length, types, donated, flags];
        channel.call(seq, header, body, options).then(
          () => resolve(),
          (error: unknown) =>
            reject(isSynjaxError(error) ? error : toldOf(this.#localError(remoteError(error), program))),
        );
      };
      this.#enqueue({ send, fail: reject });
    });
    await this.#tracked(compiled);
  }

  #donate(inputs: readonly Constant[], donated: readonly number[]): void {
    const given = new Set(donated.map((i) => inputs[i]!).flatMap((c) => ("handle" in c ? [c.handle] : [])));
    let uses = 0;
    for (const input of inputs) if ("handle" in input && given.has(input.handle)) uses++;
    if (uses > given.size)
      throw new SynjaxError(
        "INVALID_ARGUMENT",
        "a tensor that this call is given to keep (donateArgnums) is another argument of it too, or is used inside",
        { argument: "donateArgnums" },
      );
    for (const handle of given) {
      if (this.#eager?.uses(handle)) this.flush();
      handle.state = "donated";
    }
  }

  #newHandle(): Handle {
    const handle = new Handle(this, this.#nextHandle++, this.epoch);
    this.#collected.register(handle, { id: handle.id, epoch: handle.epoch });
    for (const scope of this.#scopes) scope.add(handle);
    return handle;
  }

  #outgoing(launch: Launch): Outgoing {
    return {
      send: (channel) => this.#sendLaunch(channel, launch),
      fail: (error) => this.#fail(launch, error),
    };
  }

  #sendLaunch(channel: Channel, launch: Launch): void {
    const { program } = launch;
    for (const input of launch.inputs) {
      const lost = "handle" in input ? input.handle.lost("an input of this call") : undefined;
      if (lost) return this.#fail(launch, lost);
    }
    const buffers = this.#bodyOf(channel, program);
    const isNew = buffers.length;
    const inputs = launch.inputs.map((input) => wireInput(input, buffers));
    const seq = channel.nextSeq();
    launch.seq = seq;
    const shared = this.#decideSoleRead(launch);
    const frees = this.#frees;
    this.#frees = [];
    const first = launch.outputs[0]?.id ?? 0;
    const header = [
      MESSAGE.launch,
      seq,
      program.hash,
      isNew,
      inputs,
      first,
      launch.outputs.length,
      [...launch.wants.keys()],
      launch.donated,
      frees,
      launch.flags,
    ];
    channel.call(seq, header, buffers, launch.options).then(
      (reply) => this.#answered(launch, seq, reply),
      (error: unknown) => this.#refused(launch, seq, error),
    );
    shared?.send(channel);
  }

  /** What fetches the output for the sole read where it is none after all. */
  #decideSoleRead(launch: Launch): Outgoing | undefined {
    const sole = launch.soleRead;
    if (!sole) return undefined;
    launch.soleRead = undefined;
    if (!sole.isShared) {
      launch.options = jointly(launch.options, sole.options);
      launch.wants.set(0, 0);
      sole.decide("alone");
      return undefined;
    }
    const { outgoing, fetched } = this.#fetching(launch.outputs, sole.options);
    sole.decide(fetched);
    return outgoing;
  }

  /** The body of a program that this worker has not been sent. */
  #bodyOf(channel: Channel, program: Program): Uint8Array[] {
    const isKnown = this.#programs.delete(program.key);
    if (!isKnown) this.#forgetOldest(channel);
    this.#programs.set(program.key, program.hash); // most recently used last
    return isKnown ? [] : [program.bytes];
  }

  /** Makes room for a program: the worker refuses one more than it keeps. */
  #forgetOldest(channel: Channel): void {
    const kept = Math.min(
      DEFAULT_LIMITS.programs,
      channel.info.limits["programs"] ?? DEFAULT_LIMITS.programs,
    );
    if (this.#programs.size < kept) return;
    const [oldest, hash] = this.#programs.entries().next().value!;
    this.#programs.delete(oldest);
    channel.post([MESSAGE.forget, 0, [hash]]);
  }

  #answered(launch: Launch, seq: number, reply: Reply): void {
    if (launch.seq !== seq) return; // sent again after a loss
    for (const [, remote] of reply.errors) if (this.#runsAgain(launch, seq, remote)) return;
    const avals = reply.result as readonly (ArrayAval | null)[];
    launch.outputs.forEach((output, i) => {
      output.aval = avals[i] ?? undefined;
      output.launch = undefined;
    });
    for (const [output, remote] of reply.errors)
      launch.outputs[output]!.failure = this.#localError(remote, launch.program);
    this.#done(launch);
    launch.settle.resolve(reply);
  }

  #refused(launch: Launch, seq: number, failure: unknown): void {
    if (launch.seq !== seq) return;
    if (isSynjaxError(failure) && failure.code === "WORKER_LOST" && !this.#closed) return; // #lose decides
    if (isSynjaxError(failure) && (failure.code === "LIMIT_BYTES" || failure.code === "LIMIT_FRAMES"))
      this.#programs.delete(launch.program.key); // it never left, nor did its program
    const remote = isSynjaxError(failure) ? undefined : remoteError(failure);
    if (remote && this.#runsAgain(launch, seq, remote)) return;
    let error = remote ? this.#localError(remote, launch.program) : (failure as SynjaxError);
    // A launch that was refused on this side never reached the worker, which then does not know its outputs
    const root = error.code === "HANDLE_UNKNOWN" ? failureOf(launch.inputs) : undefined;
    if (root) error = poisoned(root);
    if (error.code === "ABORTED" || error.code === "DEADLINE") {
      // The worker may have run it all the same
      for (const output of launch.outputs) this.#frees.push(output.id);
      this.#rememberRoot(rootKey({ launch: seq }), error);
    }
    this.#fail(launch, error);
  }

  #fail(launch: Launch, error: SynjaxError): void {
    if (!this.#pending.has(launch)) return;
    for (const output of launch.outputs) {
      output.failure = error;
      output.launch = undefined;
    }
    this.#done(launch);
    launch.settle.reject(error);
    launch.soleRead?.decide("alone");
  }

  #done(launch: Launch): void {
    if (!this.#pending.delete(launch)) return;
    // All that failed with it has been sent again by now: answers come in order
    if (launch.shortSeq !== undefined) this.#shortages.delete(launch.shortSeq);
    this.#idleAgain();
  }

  // -- out of memory -------------------------------------------------------------------------------------------

  /**
   * Sends a launch once more that failed for want of memory, after what is garbage here has been freed there; and with
   * it those that failed because of it. Not where something was donated, or is no longer there to be computed from.
   */
  #runsAgain(launch: Launch, seq: number, remote: RemoteError): boolean {
    if (this.#options.retry === false || this.#closed) return false;
    let shortage: Shortage | undefined;
    if (remote.poisoned) {
      shortage = remote.launch === undefined ? undefined : this.#shortages.get(remote.launch);
      if (!shortage || !isRepeatable(launch, shortage)) return false;
      shortage.launches.push(launch);
    } else {
      const isFirst = remote.code === "OUT_OF_MEMORY" && launch.shortSeq === undefined;
      if (!isFirst || !isRepeatable(launch)) return false;
      shortage = { error: remote, launches: [launch], waiting: [] };
      this.#shortages.set(seq, shortage);
      launch.shortSeq = seq;
      void this.#makeRoom(shortage);
    }
    launch.seq = undefined;
    this.#sendAgain(shortage, this.#outgoingAgain(launch, shortage));
    return true;
  }

  async #makeRoom(shortage: Shortage): Promise<void> {
    const { collectGarbage } = await import("../../bridge/transport/garbage.ts");
    // The notices of what it finds ride on the launch; where it cannot collect, that fails again and says so
    await collectGarbage().catch(() => undefined);
    const items = shortage.waiting ?? [];
    shortage.waiting = undefined;
    for (const item of items) this.#enqueue(item);
  }

  #sendAgain(shortage: Shortage, item: Outgoing): void {
    if (shortage.waiting) shortage.waiting.push(item);
    else this.#enqueue(item);
  }

  #outgoingAgain(launch: Launch, shortage: Shortage): Outgoing {
    const { send, fail } = this.#outgoing(launch);
    return {
      send: (channel) => {
        if (isRepeatable(launch, shortage)) send(channel);
        else fail(this.#localError(shortage.error, launch.program));
      },
      fail,
    };
  }

  /** A worker's error with the caller's names and line; launches stacked on a failed one get POISONED. */
  #localError(remote: RemoteError, program: Program | undefined): SynjaxError {
    const key = remote.launch === undefined ? undefined : rootKey(remote);
    const root = key === undefined ? undefined : this.#roots.get(key);
    if (root) return remote.poisoned ? poisoned(root) : root;
    const line =
      program && remote.equation !== undefined && !remote.poisoned
        ? program.lineOf(remote.body ?? program.nestedBodies, remote.equation)
        : undefined;
    const isBare = remote.op && remote.code === "INVALID_ARGUMENT" && !remote.message.startsWith(remote.op);
    const message = spelled(isBare ? `${remote.op}: ${remote.message}` : remote.message, remote.op);
    const error = new SynjaxError(remote.code, message, {
      line,
      argument: remote.argument === undefined ? undefined : camelCase(remote.argument),
      expected: remote.expected,
      came: remote.came,
      op: remote.op,
      remote: remote.trace,
    });
    void error.stack; // until it is formatted it holds the functions on it, and so the launch with all its inputs
    if (key !== undefined) this.#rememberRoot(key, error);
    this.#failures.push(error);
    if (this.#failures.length > ROOTS_KEPT) this.#failures.shift();
    this.#tell({ type: "failure", error });
    return error;
  }

  #rememberRoot(key: string, error: SynjaxError): void {
    this.#roots.set(key, error);
    if (this.#roots.size > ROOTS_KEPT) this.#roots.delete(this.#roots.keys().next().value!);
  }

  // -- fetching ------------------------------------------------------------------------------------------------

  /** @internal */
  async read<D extends DType>(tensor: Tensor<D>, options: WaitOptions): Promise<HostArray<D>> {
    return (await this.#fetch([this.handleOf(tensor)], options))[0] as HostArray<D>;
  }

  async #fetch(handles: readonly Handle[], options: WaitOptions): Promise<readonly HostArray[]> {
    try {
      const values: (HostArray | Promise<HostArray>)[] = [];
      const later: { readonly at: number; readonly handle: Handle }[] = [];
      for (const handle of handles) {
        if (handle.failure) throw handle.failure;
        handle.use("this tensor");
      }
      for (const [at, handle] of handles.entries()) {
        const value = handle.launch && this.#readUnsent(handle.launch, handle, options);
        if (value) values[at] = value;
        else later.push({ at, handle });
      }
      if (later.length > 0) {
        const fetched = this.#fetchNow(
          later.map((l) => l.handle),
          options,
        );
        fetched.catch(() => undefined);
        for (const [k, { at }] of later.entries()) values[at] = fetched.then((f) => f[k]!);
      }
      return await Promise.all(values);
    } catch (error) {
      throw isSynjaxError(error) ? toldOf(error) : error;
    }
  }

  /**
   * A launch that has not left yet brings the data with its reply. A read that can be given up ends the launch with
   * it, but only where it is the one output's only read: others are fetched apart.
   */
  #readUnsent(launch: Launch, handle: Handle, options: WaitOptions): Promise<HostArray> | undefined {
    if (launch.seq !== undefined || launch.retried) return undefined;
    const sole = launch.soleRead;
    if (!isGivenUp(options)) {
      if (sole) sole.isShared = true;
      return this.#readWithLaunch(launch, handle);
    }
    if (sole && isSameWait(sole.options, options)) return sole.value;
    if (sole) sole.isShared = true;
    if (sole || launch.outputs.length > 1 || launch.wants.size > 0) return undefined;
    let decide!: SoleRead["decide"];
    const decided = new Promise<readonly HostArray[] | "alone">((resolve) => (decide = resolve));
    const value = decided.then((how) => (how === "alone" ? this.#readWithLaunch(launch, handle) : how[0]!));
    value.catch(() => undefined); // whoever reads sees it
    launch.soleRead = { options, value, isShared: false, decide };
    return value;
  }

  #readWithLaunch(launch: Launch, handle: Handle): Promise<HostArray> {
    const output = handle.id - launch.outputs[0]!.id;
    const known = launch.wants.get(output);
    const place = known ?? launch.wants.size;
    if (known === undefined) launch.wants.set(output, place);
    return launch.reply.then((reply) => {
      if (handle.failure) throw handle.failure;
      return hostArray(reply.data[place]!, handle.aval as ArrayAval);
    });
  }

  #fetchNow(handles: readonly Handle[], options: WaitOptions): Promise<readonly HostArray[]> {
    const { outgoing, fetched } = this.#fetching(handles, options);
    this.#enqueue(outgoing);
    return fetched;
  }

  #fetching(
    handles: readonly Handle[],
    options: WaitOptions,
  ): { readonly outgoing: Outgoing; readonly fetched: Promise<readonly HostArray[]> } {
    this.#busy();
    let resolve!: (values: readonly HostArray[]) => void;
    let reject!: (error: unknown) => void;
    const fetched = new Promise<readonly HostArray[]>((...settle) => ([resolve, reject] = settle));
    const fail = (error: unknown): void => {
      this.#idleAgain();
      const failed = handles.find((h) => h.failure)?.failure;
      reject(failed ?? (isSynjaxError(error) ? error : this.#localError(remoteError(error), undefined)));
    };
    const send = (channel: Channel): void => {
      const lost = handles.map((h) => h.lost("this tensor")).find((error) => error);
      if (lost) return fail(lost);
      const seq = channel.nextSeq();
      const ids = handles.map((h) => h.id);
      const frees = this.#frees;
      this.#frees = [];
      channel.call(seq, [MESSAGE.fetch, seq, ids, frees], [], options).then(
        (reply) => {
          this.#idleAgain();
          const avals = reply.result as readonly ArrayAval[];
          resolve(handles.map((_, i) => hostArray(reply.data[i]!, avals[i]!)));
        },
        // A worker that is lost takes its handles with it, unless their launches are sent again
        (error: unknown) => {
          if (isSynjaxError(error) && error.code === "WORKER_LOST" && handles.every((h) => h.launch?.retried))
            this.#enqueue({ send, fail });
          else fail(error);
        },
      );
    };
    return { outgoing: { send, fail }, fetched };
  }

  /** @internal Frees a handle; the notice rides on the next message. */
  free(handle: Handle): void {
    if (this.#eager?.uses(handle)) this.flush();
    if (handle.epoch !== this.epoch || this.#closed) return;
    this.#enqueue({ send: () => void this.#frees.push(handle.id), fail: () => undefined });
    this.#enqueue({ send: (channel) => this.#postFrees(channel), fail: () => undefined });
  }

  #postFrees(channel: Channel): void {
    if (this.#frees.length === 0) return;
    channel.post([MESSAGE.free, 0, this.#frees]);
    this.#frees = [];
  }

  // -- the outbox: all messages of one turn leave together, in order ---------------------------------------------

  #enqueue(item: Outgoing): void {
    this.#outbox.push(item);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#flushOutbox());
  }

  #flushOutbox(): void {
    this.#scheduled = false;
    const channel = this.#connection?.channel;
    if (channel) {
      for (const item of this.#outbox.splice(0)) item.send(channel);
      this.#settleQuiet();
      return;
    }
    this.#scheduled = true;
    this.open().then(
      () => this.#flushOutbox(),
      (error: unknown) => {
        this.#scheduled = false;
        for (const item of this.#outbox.splice(0)) item.fail(error as SynjaxError);
        this.#settleQuiet();
      },
    );
  }

  #busy(): void {
    if (this.#unanswered++ === 0) this.#alive.ref();
  }
  #idleAgain(): void {
    if (--this.#unanswered > 0) return;
    this.#alive.unref();
    this.#settleQuiet();
  }
  #settleQuiet(): void {
    if (this.#unanswered > 0 || this.#outbox.length > 0) return;
    for (const resolve of this.#quiet.splice(0)) resolve();
  }
  async #tracked<T>(promise: Promise<T>): Promise<T> {
    this.#busy();
    try {
      return await promise;
    } finally {
      this.#idleAgain();
    }
  }

  // -- the eager graph ---------------------------------------------------------------------------------------------

  /** @internal The graph that takes the next operation outside a recorded function. */
  eagerFrame(): EagerFrame {
    if (this.#eager && this.#eager.equations.length >= RECORDER_LIMITS.eagerEquations) this.flush();
    return (this.#eager ??= new EagerFrame(this));
  }

  /** @internal Launches the pending graph. */
  flush(): void {
    const frame = this.#eager;
    if (!frame) return;
    this.#eager = undefined;
    const outputs = frame.outputs();
    if (outputs.length === 0) return;
    const handles = this.launch(new Program(frame, outputs), [], { lenient: true });
    outputs.forEach((index, k) => {
      const handle = handles[k]!;
      frame.results.set(index, handle);
      if (frame.recomputed.has(index)) for (const scope of this.#scopes) scope.delete(handle);
    });
  }

  /** @internal The handle of a tensor or distribution; an operation that is still pending is launched. */
  handleOf(traced: Traced): Handle {
    const node = traced[NODE];
    if (node.kind === "handle") return node.handle;
    const handle = node.kind === "host" ? this.#upload(node.host) : this.#materialize(traced, node);
    traced[NODE] = { kind: "handle", handle };
    return handle;
  }

  #materialize(traced: Traced, node: { readonly frame: RootFrame | object; readonly index: number }): Handle {
    const { frame, index } = node;
    if (!(frame instanceof EagerFrame))
      throw new SynjaxError(
        "LEAKED_TRACER",
        `a ${traced.constructor.name} recorded inside a function has no value after it: return it from that function`,
      );
    if (frame === this.#eager) {
      if (index < 0) return this.#constantHandle(frame.constants[-1 - index]!);
      frame.want(index);
      this.flush();
      return frame.results.get(index)!;
    }
    const into = this.eagerFrame();
    const found = frame.resolve(index, into);
    if (typeof found !== "number") return this.#constantHandle(found);
    into.want(found);
    if (into === this.#eager) this.flush();
    return into.results.get(found)!;
  }

  #constantHandle(constant: Constant): Handle {
    if ("handle" in constant) return constant.handle;
    if ("host" in constant) return this.#upload(constant.host);
    return this.launch(identity, [constant])[0]!;
  }
}

/** A program that returns its input: how host data gets a handle. */
const identity: Program = new Program(new RootFrame(1), [-1]);
/** Failures somebody has been told of. */
const seen = new WeakSet<SynjaxError>();

function toldOf(error: SynjaxError): SynjaxError {
  seen.add(error);
  if (isSynjaxError(error.cause)) seen.add(error.cause);
  return error;
}

const isGivenUp = ({ signal, deadline }: WaitOptions): boolean =>
  signal !== undefined || deadline !== undefined;

const isSameWait = (a: WaitOptions, b: WaitOptions): boolean =>
  a.signal === b.signal && a.deadline === b.deadline;

/** Given up by whichever of them comes first. */
function jointly(a: WaitOptions, b: WaitOptions): WaitOptions {
  const signals = [...new Set([a.signal, b.signal])].filter((signal) => signal !== undefined);
  const deadline = Math.min(a.deadline ?? Infinity, b.deadline ?? Infinity);
  return {
    ...(signals.length > 0 ? { signal: signals.length > 1 ? AbortSignal.any(signals) : signals[0]! } : {}),
    ...(deadline < Infinity ? { deadline } : {}),
  };
}

const rootKey = ({ launch, body, equation }: Pick<RemoteError, "launch" | "body" | "equation">): string =>
  `${launch}:${body}:${equation}`;

/** Whether all that a launch needs is there still, or will be when what failed with it has run again. */
function isRepeatable({ inputs, donated }: Launch, shortage?: Shortage): boolean {
  const isThere = ({ isUsable, launch }: Handle): boolean =>
    isUsable || (launch !== undefined && (shortage?.launches.includes(launch) ?? false));
  return donated.length === 0 && inputs.every((input) => !("handle" in input) || isThere(input.handle));
}

function failureOf(inputs: readonly Constant[]): SynjaxError | undefined {
  for (const input of inputs) if ("handle" in input && input.handle.failure) return input.handle.failure;
  return undefined;
}

function poisoned(root: SynjaxError): SynjaxError {
  return new SynjaxError("POISONED", `an input of this call failed earlier: ${root.message}`, {
    cause: root,
  });
}

function hostOf(traced: Traced): HostArray {
  return (traced[NODE] as { readonly host: HostArray }).host;
}

function copyOf(host: HostArray): HostArray {
  return { ...host, data: (host.data as Float32Array).slice() };
}

function remoteError(failure: unknown): RemoteError {
  const { error } = failure as { readonly error?: RemoteError };
  return error ?? { code: "INTERNAL", message: failure instanceof Error ? failure.message : String(failure) };
}

/** An input of a launch to come: of one that is not there yet, what it will be. */
export type InputType = Constant | { readonly aval: ArrayAval };

function wireInputType(input: InputType): WireInputType {
  if ("aval" in input) return [INPUT.array, ...input.aval];
  if ("host" in input) return [INPUT.array, input.host.dtype, input.host.shape, false];
  return wireInput(input, []) as WireInputType;
}

function wireInput(input: Constant, buffers: Uint8Array[]): WireInput {
  if ("handle" in input) return input.handle.id;
  if ("weak" in input) {
    const encoded = encodeNumber(input.weak) as readonly [0 | 1, number];
    return encoded[0] === ARGUMENT.int ? [INPUT.int, encoded[1]] : [INPUT.float, weakFloat(input.weak)];
  }
  const { dtype, shape, data } = input.host;
  const bytes = bytesOf(data);
  if (bytes.byteLength <= INLINE_BYTES) return [INPUT.array, dtype, shape, bytes];
  buffers.push(bytes);
  return [INPUT.array, dtype, shape];
}

function hostArray(bytes: Uint8Array, [dtype, shape]: ArrayAval): HostArray {
  const Class = ARRAY_OF[dtype];
  const size = Class.BYTES_PER_ELEMENT;
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  const length = aligned.byteLength / size;
  const expected = shape.reduce((n, d) => n * d, 1) * (ITEM_BYTES[dtype] / size);
  if (length !== expected)
    throw new SynjaxError(
      "BAD_MESSAGE",
      `the worker sent ${length} elements for ${dtype}[${shape.join(", ")}]`,
    );
  return { dtype, shape, data: new Class(aligned.buffer, aligned.byteOffset, length) as DataOf[DType] };
}

// ---------------------------------------------------------------------------------------------------------------
// The current session

let implicit: Session | undefined;
interface Run {
  readonly session: Session;
  readonly options: WaitOptions;
  readonly outer: Run | undefined;
}
/** The `run()` that what happens now is part of, also across awaits. */
const running = new AsyncLocalStorage<Run>();

/** The session that operations on host data run in: the first one connected, or one that starts by itself. */
export function defaultSession(): Session {
  if (!implicit || implicit.closed) implicit = new Session();
  return implicit;
}

/** @internal */
export const currentSession = (): Session => running.getStore()?.session ?? defaultSession();

/**
 * Starts the bundled worker (or dials one) and resolves when it answers. The first session connected is the default
 * one, in which everything on host data runs; `session.run(fn)` chooses another.
 * @param address `tcp://127.0.0.1:5555` of a served worker; without one the embedded worker is started
 * @throws {SynjaxError} `SETUP_REQUIRED`, `WORKER_START`, `PROTOCOL_MISMATCH`, `UNAUTHORIZED`, `UNSUPPORTED_RUNTIME`
 */
export async function connect(
  address?: string | (SessionOptions & { readonly signal?: AbortSignal }),
  options: SessionOptions & { readonly signal?: AbortSignal } = {},
): Promise<Session> {
  const { signal, ...given } =
    typeof address === "object" ? address : address ? { ...options, address } : options;
  checkSignal(signal);
  const unused = implicit && !implicit.used ? implicit : undefined;
  const session = unused?.configure(given) ?? new Session(given);
  if (!implicit || implicit.closed) implicit = session;
  try {
    await session.open(signal);
  } catch (error) {
    if (implicit === session) implicit = undefined;
    throw error;
  }
  return session;
}

/** The one session the values of a call live in. */
export function sessionOf(values: readonly unknown[]): Session | undefined {
  let found: Session | undefined;
  const parents: object[] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) {
      enter(parents, value, "an operand");
      value.forEach(visit);
      parents.pop();
      return;
    }
    if (value instanceof Shape) return visit(value[AS_TRACED]());
    if (!(value instanceof Traced)) {
      if (isBranch(value)) visit(Object.values(value));
      return;
    }
    const node = value[NODE];
    const session =
      node.kind === "handle"
        ? node.handle.session
        : node.kind === "equation" && node.frame.root instanceof EagerFrame
          ? node.frame.root.session
          : undefined;
    if (!session || session === found) return;
    if (found)
      throw new SynjaxError(
        "OTHER_SESSION",
        `values of ${found.name} and of ${session.name} meet in one operation: fetch one and put it where the other is`,
      );
    found = session;
  };
  values.forEach(visit);
  return found;
}

setEagerGraphs({
  frameFor: (operands) => (sessionOf(operands) ?? currentSession()).eagerFrame(),
  resolve(node, into) {
    const frame = node.frame as EagerFrame;
    const { session } = frame;
    if (into instanceof EagerFrame) {
      if (into.session !== session)
        throw new SynjaxError("OTHER_SESSION", `a value of ${session.name} is used in ${into.session.name}`);
      return frame.resolve(node.index, into);
    }
    return { handle: session.handleOf(adopt(Tensor, node)) };
  },
});

setReader({
  async read(tensor, options) {
    checkWait(options);
    const node = tensor[NODE];
    if (node.kind === "host") return node.host as never;
    return (await (sessionOf([tensor]) ?? currentSession()).read(tensor, options)) as never;
  },
  async aval(tensor) {
    const node = tensor[NODE];
    if (node.kind === "host") return [node.host.dtype, node.host.shape, false];
    const session = sessionOf([tensor]) ?? currentSession();
    const handle = session.handleOf(tensor);
    if (!handle.aval && !handle.failure) await handle.launch?.reply.catch(() => undefined);
    if (handle.failure) throw toldOf(handle.failure);
    return handle.aval as ArrayAval;
  },
  known(tensor) {
    const node = tensor[NODE];
    if (node.kind === "host") return [node.host.dtype, node.host.shape, false];
    return node.kind === "handle" ? (node.handle.aval as ArrayAval | undefined) : undefined;
  },
  dispose(traced) {
    const node = traced[NODE];
    if (node.kind === "handle") node.handle.dispose();
    else if (node.kind === "equation" && node.frame instanceof EagerFrame) {
      const { session, results } = node.frame;
      let handle = results.get(node.index);
      if (handle) handle.dispose();
      else {
        node.frame.unwant(node.index);
        handle = new Handle(session, 0, session.epoch);
        handle.state = "disposed";
      }
      traced[NODE] = { kind: "handle", handle };
    }
  },
});

/** Brings a tree of tensors to the host in one round trip, in the session they live in. */
export function get<const T>(tree: T, options: WaitOptions = {}): Promise<Fetched<T>> {
  const leaves: unknown[] = [];
  flatten(tree, leaves, "tree");
  return (sessionOf(leaves) ?? currentSession()).get(tree, options);
}

/** Puts a tree of host data on the device of the current session. */
export function put<
  const T extends HostLike | Tensor | number | Readonly<Record<string, unknown>> | readonly unknown[],
>(tree: T, options: { readonly transfer?: boolean } = {}): OnDevice<T> {
  return currentSession().put(tree, options);
}
