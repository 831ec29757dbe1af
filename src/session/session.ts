import { noted } from "../program/noted-reads.ts";
import { SynjaxError } from "../../bridge/errors.ts";
import { checkWait } from "../../bridge/transport/call-options.ts";
import type { Channel } from "../../bridge/transport/channel.ts";
import { Events } from "../../bridge/transport/events.ts";
import type { HostArray } from "../../bridge/wire/dtypes.ts";
import { type HelloInfo, MESSAGE, type WorkerCounters } from "../../bridge/wire/protocol.ts";
import type { Connection } from "../../bridge/worker/connection.ts";
import type { ConnectionOptions } from "../../bridge/worker/connection-options.ts";
import { registryHash } from "../ops/registry-hash.ts";
import type { Constant } from "../program/body.ts";
import type { EagerFrame } from "../program/eager.ts";
import type { Handle, HandleOwner } from "../program/handle.ts";
import type { Program } from "../program/program.ts";
import { adopt, NODE, Traced } from "../program/traced.ts";
import { flatten, pathsOf, rebuild } from "../program/tree.ts";
import { HostTensor } from "../tensor/host-tensor.ts";
import { Tensor, type WaitOptions } from "../tensor/tensor.ts";
import type { RetryOptions } from "./backoff.ts";
import type { Calling, Retrying } from "./calling.ts";
import { type Compiling, CompilationWatch } from "./compilation-watch.ts";
import { type Compilation, Compilations } from "./compilations.ts";
import { DeviceMemory } from "./device-memory.ts";
import { EagerGraph, identity } from "./eager-graph.ts";
import { Failures } from "./failures.ts";
import { Handles } from "./handles.ts";
import { type LaunchOptions, Launches } from "./launches.ts";
import { openedWhenThereIsRoom } from "./opening.ts";
import { Outbox } from "./outbox.ts";
import { ownerOf } from "./owner-of.ts";
import { PythonAccess } from "./python-access.ts";
import { Reads } from "./reads.ts";
import { hostDataOf, hostOf, onDevice, type PutOptions, restoring } from "./put-options.ts";
import { Restores } from "./restores.ts";
import { runIn, waitOptionsIn } from "./run-context.ts";
import { SentPrograms } from "./sent-programs.ts";
import { checkSharedName, type ShareOptions, SharedTrees } from "./shared-trees.ts";
import { tellerOf, type TraceparentHook } from "./told.ts";
import type { Fetched, OnDevice, TensorTree } from "./trees.ts";
import type { InputType } from "./wire-input.ts";

/** How a session is made. Everything has a default: `connect()` starts the embedded worker on the CPU. */
export interface SessionOptions extends Omit<ConnectionOptions, "registryHash" | "signal"> {
  /**
   * Launches in flight when the worker dies are sent again to the new one if all they need is still here (they are
   * pure): one after the other, the one that may have ended it last, and once. One for which the device has no memory is
   * sent again when what is garbage here has been freed there. Calls that the worker has no room for (`OVERLOADED`) are
   * sent again after a while, unless they donate something: numbers instead of `true` say how often. So does a served
   * worker that takes no more sessions, until `startTimeout`. Default true.
   */
  readonly retry?: boolean | RetryOptions;
  /** Whether argument checks run on the device (lengths in range, no NaN …). Default true. */
  readonly checks?: boolean;
  /**
   * Whether a call whose result has a NaN fails with `NAN_FOUND`, which names the operation that made the first one and
   * the line of your code that it stands in; in a backward pass too. Each call is waited for, and a failing one runs once
   * more with every operation watched; nothing is donated meanwhile. Default false. `jit` has the same option for one
   * function. Like JAX's `jax_debug_nans`.
   */
  readonly debugNans?: boolean;
  /**
   * Says which trace a call is part of, as a W3C `traceparent`; asked whenever a call is made. A served worker has it in
   * its log beside what fails, is compiled or takes long. What is no `traceparent` is ignored.
   */
  readonly traceparent?: TraceparentHook;
}

/** What happens to a session, as `session.status()` tells it. */
export type SessionEvent =
  | { readonly type: "connecting" }
  | { readonly type: "ready"; readonly info: HelloInfo }
  | { readonly type: "lost"; readonly error: SynjaxError }
  | { readonly type: "restarting" }
  | { readonly type: "failure"; readonly error: SynjaxError }
  /** The worker had no room for a call: it is sent again after so many milliseconds. */
  | {
      readonly type: "retry";
      readonly name: string;
      readonly error: SynjaxError;
      readonly attempt: number;
      readonly delay: number;
    }
  | ({ readonly type: "compiling" } & Compiling) // each second, where it takes more than one
  | ({ readonly type: "compiled" } & Compilation)
  | { readonly type: "closed" };

/** Milliseconds that launches in flight are waited for before garbage is collected. */
const COLLECT_WAIT = 1_000;

let serial = 0;

/**
 * A connection to a worker and what lives there. Tensors and recorded functions find their session by themselves;
 * hold one where control is wanted: a device, another machine, limits, an end.
 */
export class Session implements HandleOwner {
  #options: SessionOptions;
  #connection: Connection | undefined;
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #closed = false;
  /** Ends the attempt to connect. */
  readonly #ending = new AbortController();
  #epoch = 1;
  #started = false;
  readonly #listeners = new Set<(event: SessionEvent) => void>();
  readonly #outbox: Outbox;
  readonly #programs = new SentPrograms();
  readonly #failures = new Failures((error) => this.#tell({ type: "failure", error }));
  readonly #memory = new DeviceMemory({ collect: () => this.#collect() });
  readonly #restores = new Restores();
  readonly #handles: Handles;
  readonly #reads: Reads;
  readonly #launches: Launches;
  readonly #eager: EagerGraph;
  readonly #watch: CompilationWatch;
  readonly #shared: SharedTrees;
  /** @internal See `synjax-ts/python`. */
  readonly python: PythonAccess;
  /** Distinguishes sessions in errors and displays. */
  readonly name: string = `session ${++serial}`;

  /** @internal Use `connect()`. */
  constructor(options: SessionOptions = {}) {
    this.#options = options;
    this.#outbox = new Outbox({
      channel: () => this.#connection?.channel,
      open: () => this.open(),
      room: (bytes) => this.#memory.room(bytes),
    });
    this.#handles = new Handles(this, this.#outbox, this.#memory);
    const calling: Calling = {
      outbox: this.#outbox,
      failures: this.#failures,
      settings: () => this.#options,
      tell: tellerOf(this.name, () => this.#options.traceparent),
      retrying: this.#retrying,
    };
    this.#reads = new Reads(calling);
    this.#launches = new Launches({
      ...calling,
      owner: this,
      programs: this.#programs,
      handles: this.#handles,
      reads: this.#reads,
      memory: this.#memory,
      compilations: new Compilations((compilation) => this.#tell({ type: "compiled", ...compilation })),
      beforeDonation: (handle) => this.#eager.flushUsesOf(handle),
    });
    this.#eager = new EagerGraph(this, this.#handles, (...call) => this.launch(...call));
    this.#shared = new SharedTrees({
      owner: this,
      outbox: this.#outbox,
      handles: this.#handles,
      handleOf: (tensor) => this.handleOf(tensor),
      retry: () => this.#options.retry,
      retrying: this.#retrying,
    });
    this.python = new PythonAccess({
      name: this.name,
      outbox: this.#outbox,
      handles: this.#handles,
      isOwn: () => this.#options.address === undefined,
      channel: () => this.#openChannel(),
      handleOf: (tensor) => this.handleOf(tensor),
      put: (data) => this.put(data) as Tensor,
    });
    this.#watch = new CompilationWatch({
      listeners: this.#listeners,
      isIdle: () => this.#launches.isIdle,
      compiling: async () => (await this.#ping(this.#connection?.channel))?.compiling,
      nameOf: (program) => this.#launches.nameOf(program),
      tell: (compiling) => this.#tell({ type: "compiling", ...compiling }),
    });
  }

  /** @internal Counts starts of the worker; handles of an earlier start are lost. */
  get epoch(): number {
    return this.#epoch;
  }
  get closed(): boolean {
    return this.#closed;
  }
  /** Whether a worker was ever asked for. */
  get used(): boolean {
    return this.#started || this.#opening !== undefined || this.#closed;
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
    this.#outbox.beginCall();
    try {
      this.#tell({ type: this.#started ? "restarting" : "connecting" });
      const { openConnection } = await import("../../bridge/worker/connection.ts");
      const {
        retry: _retry,
        checks: _checks,
        debugNans: _debugNans,
        traceparent: _,
        ...options
      } = this.#options;
      const signals = signal ? [signal, this.#ending.signal] : [this.#ending.signal];
      const connection = await openedWhenThereIsRoom(openConnection, {
        options: { ...options, registryHash, signal: AbortSignal.any(signals) },
        retry: this.#options.retry,
        retrying: this.#retrying,
      });
      this.#connection = connection;
      this.#started = true;
      this.#programs.clear();
      void connection.lost.then((error) => this.#lose(connection, error));
      this.#launches.restore(this.#restores.take().map(([handle, host]) => [identity, { host }, handle]));
      this.#tell({ type: "ready", info: connection.info });
    } finally {
      this.#outbox.endCall();
    }
  }

  /** The worker is gone: everything in flight ends now; what can be repeated goes to the next worker. */
  #lose(connection: Connection, error: SynjaxError): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#opening = undefined;
    if (this.#closed) return;
    this.#epoch++;
    this.#outbox.dropFrees();
    this.#memory.clear();
    const restored = this.#restores.lose();
    for (const handle of restored) this.#handles.renew(handle);
    this.#failures.forgetLaunches();
    this.#eager.drop();
    this.#tell({ type: "lost", error });
    this.#launches.lose(error, restored);
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
    this.#outbox.failAll(error);
    this.#ending.abort(error);
    await this.#opening?.catch(() => undefined);
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.close();
    this.#launches.failAll(error);
    this.#tell({ type: "closed" });
    this.#outbox.end();
    if (unfetched) throw unfetched as Error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Events of this session from now on, until it is closed. */
  status(): AsyncGenerator<SessionEvent, void> {
    if (this.#closed) return Events.none();
    this.#watch.start();
    return new Events<SessionEvent>(this.#listeners, (event) => event.type === "closed");
  }

  /** Frees what nobody can reach any more, once what is in flight, which reaches it, has been answered. */
  async #collect(): Promise<void> {
    const channel = this.#connection?.channel;
    if (channel) await Promise.race([channel.drained(), sleep(COLLECT_WAIT)]);
    const { collectGarbage } = await import("../../bridge/transport/garbage.ts");
    await collectGarbage().catch(() => undefined); // where it cannot be collected, nothing is found
  }

  readonly #retrying: Retrying = (name, { code, message }, attempt, delay) =>
    this.#tell({ type: "retry", name, error: new SynjaxError(code, message), attempt, delay });

  #tell(event: SessionEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** The worker's own counters; answered also while it compiles. */
  async counters(): Promise<WorkerCounters> {
    const channel = await this.#openChannel();
    this.#outbox.postFrees(channel); // what is free here is counted as free there
    return (await this.#outbox.track(this.#ping(channel)))!;
  }

  async #openChannel(): Promise<Channel> {
    await this.open();
    const channel = this.#connection?.channel;
    if (!channel) throw new SynjaxError("WORKER_LOST", "The worker ended before it could answer");
    return channel;
  }

  async #ping(channel: Channel | undefined): Promise<WorkerCounters | undefined> {
    const seq = channel?.nextSeq();
    if (channel === undefined || seq === undefined) return undefined;
    return (await channel.call(seq, [MESSAGE.ping, seq], [])).result as WorkerCounters;
  }

  // -- values ------------------------------------------------------------------------------------------------------

  /** Brings a tree of tensors to the host in one round trip. */
  get<const T>(tree: T, options: WaitOptions = {}): Promise<Fetched<T>> {
    return noted(() => this.#fetched(tree, options));
  }

  async #fetched<T>(tree: T, options: WaitOptions): Promise<Fetched<T>> {
    checkWait(options);
    const leaves: unknown[] = [];
    flatten(tree, leaves, "tree");
    const handles = leaves.map((leaf) =>
      leaf instanceof Traced && leaf[NODE].kind !== "host" ? this.handleOf(leaf) : undefined,
    );
    const wanted = handles.filter((h) => h !== undefined);
    const paths = (): readonly string[] => pathsOf(tree, "tree").filter((_, i) => handles[i]);
    const fetched = await this.#reads.fetch(wanted, options, (i) => paths()[i]!);
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
  put<const T>(tree: T, options: PutOptions = {}): OnDevice<T> {
    flatten(tree, [], "data");
    const put: { readonly handle: Handle; readonly host: HostArray }[] = [];
    const restore = restoring(options.restore);
    const result = rebuild(tree, (leaf) => {
      if (leaf instanceof Traced && leaf[NODE].kind !== "host") {
        if (restore) throw onDevice();
        if (ownerOf([leaf]) !== this)
          throw new SynjaxError(
            "OTHER_SESSION",
            `put: a value of another session cannot be put into ${this.name}: fetch it first`,
          );
        this.handleOf(leaf).use("a tensor that is put");
        return leaf;
      }
      const host = hostDataOf(leaf, options);
      const handle = this.#eager.upload(host);
      put.push({ handle, host });
      return adopt(Tensor, { kind: "handle", handle });
    }) as OnDevice<T>;
    if (restore) {
      const data = put.map(({ host }) => host);
      this.#restores.add(put.map(({ handle }) => handle), data, restore(data)); // prettier-ignore
    }
    return result;
  }

  /**
   * Puts a tree on the worker under a name, by which every session of that worker can take it: one copy for all. Returns
   * the tree as tensors of this session, as `put` does. It is read-only: no call may be given it to keep
   * (`donateArgnums`). It stays when this session ends, and is lost with the worker.
   * @throws {SynjaxError} `INVALID_ARGUMENT` for a name that is taken, without `replace`; `LIMIT_SHARED`
   */
  async share<const T>(name: string, tree: T, options: ShareOptions = {}): Promise<OnDevice<T>> {
    checkSharedName(name);
    const { replace = false, transfer = false } = options;
    const onDevice = this.put(tree, { transfer });
    await this.#shared.share(name, onDevice, replace);
    return onDevice;
  }

  /**
   * Takes a tree that a session of this worker has shared. Its tensors name the same memory on the device; they are
   * this session's, and stay when the name goes.
   * @throws {SynjaxError} `INVALID_ARGUMENT` with names that are there, where nothing is shared by this one;
   *   `HANDLE_LOST` where it went with an earlier worker; `LIMIT_HANDLES`
   */
  async shared<T = TensorTree>(name: string): Promise<T> {
    checkSharedName(name);
    this.#assertOpen();
    return (await this.#shared.take(name)) as T;
  }

  /**
   * Unloads a name. The memory goes when the last session has freed its tensors.
   * @throws {SynjaxError} `INVALID_ARGUMENT` with names that are there, where nothing is shared by this one;
   *   `HANDLE_LOST` where it went with an earlier worker
   */
  async unshare(name: string): Promise<void> {
    checkSharedName(name);
    this.#assertOpen();
    await this.#shared.unshare(name);
  }

  /**
   * Runs `body` with this session as the current one; `signal` and `deadline` hold for what it launches. What an async
   * `body` does after an `await` is part of it, and so is what it starts and does not wait for.
   * @throws {SynjaxError} `INVALID_ARGUMENT` for a `deadline` or a `signal` that is none
   */
  run<T>(body: () => T, options: WaitOptions = {}): T {
    checkWait(options);
    return runIn(this, options, body);
  }

  /** Runs `body` and frees every value made in it on the device, except what it returns. `body` is synchronous. */
  scope<T>(body: () => T): T {
    this.flush(); // what was pending before is not made in it
    const made = this.#handles.openScope();
    try {
      const result = this.run(body, waitOptionsIn(this));
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
      this.#handles.closeScope();
    }
  }

  /**
   * Everything launched so far has ended.
   * @throws {SynjaxError} `UNFETCHED_FAILURES` with the first failure that nobody has fetched as its cause.
   */
  async idle(): Promise<void> {
    this.flush();
    await this.#outbox.idle();
    this.#failures.throwUnreported();
  }

  // -- what tensors and recorded functions ask of their session ---------------------------------------------------

  /** @internal Sends a program with its inputs; the handles of its results exist at once. */
  launch(program: Program, leaves: readonly Constant[], options: LaunchOptions = {}): readonly Handle[] {
    this.#assertOpen();
    return this.#launches.launch(program, leaves, options);
  }

  /** @internal Resolves when launches of a program with such inputs need not wait for its compilation. */
  async compile(
    program: Program,
    leaves: readonly InputType[],
    donated: readonly number[],
    options?: LaunchOptions,
  ): Promise<void> {
    this.#assertOpen();
    await this.#launches.compile(program, leaves, donated, options);
  }

  #assertOpen(): void {
    if (this.#closed || this.#closing)
      throw new SynjaxError("SESSION_CLOSED", `${this.name} has been closed`);
  }

  /** @internal */
  async read(tensor: Traced, options: WaitOptions): Promise<HostArray> {
    return (await this.#reads.fetch([this.handleOf(tensor)], options))[0]!;
  }

  /** @internal Frees a handle; the notice rides on the next message, or leaves soon where there is none. */
  free(handle: Handle): void {
    this.#eager.flushUsesOf(handle);
    if (handle.epoch === this.#epoch && !this.#closed) this.#outbox.free(handle.id);
  }

  /** @internal The graph that takes the next operation outside a recorded function. */
  eagerFrame(): EagerFrame {
    return this.#eager.frame();
  }

  /** @internal Launches the pending graph. */
  flush(): void {
    this.#eager.flush();
  }

  /** @internal The handle of a tensor or distribution; an operation that is still pending is launched. */
  handleOf(traced: Traced): Handle {
    return this.#eager.handleOf(traced);
  }
}

function copyOf(host: HostArray): HostArray {
  return { ...host, data: (host.data as Float32Array).slice() };
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, milliseconds));
}
