/** Launches of one session: sent once, answered once, and sent again where that may help. */
import type { SynjaxError } from "../../bridge/errors.ts";
import type { CallOptions } from "../../bridge/transport/call.ts";
import type { Channel } from "../../bridge/transport/channel.ts";
import { notSentAgain } from "../../bridge/transport/giving-up.ts";
import { type Reply, sizeOf } from "../../bridge/wire/answer.ts";
import type { HostArray } from "../../bridge/wire/dtypes.ts";
import { type ArrayAval, type Aval, FLAG, MESSAGE } from "../../bridge/wire/protocol.ts";
import type { Constant } from "../program/body.ts";
import type { Handle } from "../program/handle.ts";
import type { Program } from "../program/program.ts";
import { captureCall } from "../program/source-line.ts";
import { nameOf as programName, type Source } from "./compilations.ts";
import { batchableFlag, takesKey } from "./batchable.ts";
import { type Ahead, compileAhead } from "./compile-ahead.ts";
import { atLine, failureOf, isSynjaxError, poisoned, remoteError, unforeseen } from "./failures.ts";
import { elapsedOf, type Launch, orderOf, timeLeft } from "./launch.ts";
import type { LaunchContext } from "./launch-context.ts";
import { checkInputs, donatedBy, lostInput } from "./launch-inputs.ts";
import { isLoss, sortOut } from "./losses.ts";
import type { Outgoing } from "./outbox.ts";
import { OutgoingLaunch, type Ways } from "./outgoing-launch.ts";
import { Retries } from "./retries.ts";
import { waitOptionsIn } from "./run-context.ts";
import { endTold, sendTold } from "./told.ts";
import { type InputType, type NameOf, wireInput } from "./wire-input.ts";

export interface LaunchOptions {
  /** Inputs that the program may overwrite, by their places. */
  readonly donate?: readonly number[];
  /** A result that fails leaves the others alone. */
  readonly isolateFailures?: boolean;
  /** A NaN in a result is an error, which says what made it. */
  readonly debugNans?: boolean | undefined;
  /** What an input is called in errors, by its place. */
  readonly nameOf?: NameOf;
  /** The recorded function that is called. */
  readonly source?: Source;
  /** Whether a worker that batches may run it together with others; by default of a recorded function's call. */
  readonly batchable?: boolean | undefined;
  /** Where it is called; by default where it is launched. */
  readonly stack?: object;
}

const sizeOfHost = ({ dtype, shape }: HostArray): number => sizeOf([dtype, shape, false]);

/** Bytes on the device; what a distribution holds is not known here. */
const bytesOf = (aval: Aval | undefined): number =>
  aval && aval[0] !== "object" ? sizeOf(aval as ArrayAval) : 0;

export class Launches {
  readonly #context: LaunchContext;
  readonly #pending = new Set<Launch>();
  /** Compilations that were asked for ahead of a call. */
  readonly #ahead = new Set<Ahead>();
  readonly #retries: Retries;
  #turns = 0;

  constructor(context: LaunchContext) {
    this.#context = context;
    this.#retries = new Retries({
      enqueue: (item) => context.outbox.enqueue(item),
      outgoing: (launch) => this.#outgoing(launch),
      localError: (remote, launch) => context.failures.localError(remote, launch.program, launch.stack),
      settings: () => context.settings(),
      tell: ({ source, program }, ...what) => context.retrying(programName(source, program), ...what),
    });
  }

  /** Sends a program with its inputs; the handles of its results exist at once. */
  launch(program: Program, leaves: readonly Constant[], options: LaunchOptions = {}): readonly Handle[] {
    const { owner, handles, memory, beforeDonation } = this.#context;
    const inputs = program.constants.length === 0 ? leaves : [...leaves, ...program.constants];
    const donated = options.donate ?? [];
    checkInputs(inputs, owner, options.nameOf);
    for (const handle of donated.length > 0 ? donatedBy(inputs, donated, options.nameOf) : []) {
      beforeDonation(handle);
      memory.free(handle.id);
      handle.state = "donated";
    }
    const told = this.#context.tell("launch", program, options.source);
    const outputs = Array.from({ length: program.outputs }, () => handles.create());
    const launch = this.#made(program, inputs, outputs, donated, options);
    launch.told = told;
    launch.options = waitOptionsIn(this.#context.owner);
    this.#context.outbox.enqueue(this.#outgoing(launch));
    return outputs;
  }

  /** Computes these values anew, before all else: the worker that had them is gone. */
  restore(values: readonly (readonly [program: Program, input: Constant, output: Handle])[]): void {
    const launches = values.map(([program, input, output]) => this.#made(program, [input], [output]));
    for (const launch of launches) launch.retried = true;
    this.#context.outbox.repeat(launches.map((launch) => this.#repeated(launch, () => -1)));
  }

  #made(
    program: Program,
    inputs: readonly Constant[],
    outputs: readonly Handle[],
    donated: readonly number[] = [],
    { isolateFailures, debugNans, nameOf, source, batchable, stack }: LaunchOptions = {},
  ): Launch {
    let settle!: Launch["settle"];
    const reply = new Promise<Reply>((resolve, reject) => (settle = { resolve, reject }));
    reply.catch(() => undefined); // whoever fetches sees it
    const flags = this.#flags(program, debugNans);
    const launch: Launch = {
      program,
      inputs,
      donated,
      outputs,
      flags: (isolateFailures ? FLAG.lenient : 0) | flags,
      batchable: batchable ?? (source !== undefined && !takesKey(inputs)),
      fetchOutputs: new Map(),
      inlineFetch: undefined,
      reply,
      settle,
      options: {},
      seq: undefined,
      retried: false,
      isSuspect: false,
      isLate: false,
      source,
      nameOf: flags & FLAG.findNans ? nameOf : undefined, // it holds the arguments of the call
      stack: stack ?? captureCall(),
      turn: this.#turns++,
      told: undefined,
      sentAt: undefined,
    };
    for (const output of outputs) output.launch = launch;
    this.#pending.add(launch);
    this.#context.outbox.beginCall();
    return launch;
  }

  /** Resolves when launches of a program with such inputs need not wait for its compilation. */
  async compile(
    program: Program,
    leaves: readonly InputType[],
    donated: readonly number[],
    { debugNans, nameOf, source }: LaunchOptions = {},
  ): Promise<void> {
    const inputs = [...leaves, ...program.constants];
    const ahead = { program, inputs, donated, flags: this.#flags(program, debugNans), nameOf, source };
    this.#ahead.add(ahead);
    await compileAhead(this.#context, ahead).finally(() => this.#ahead.delete(ahead));
  }

  /** Whether everything has been answered. */
  get isIdle(): boolean {
    return this.#pending.size === 0 && this.#ahead.size === 0;
  }

  /** What a program that has not been answered is called, by its hash. */
  nameOf(hash: Uint8Array): string {
    const key = String.fromCharCode(...hash);
    const found = [...this.#pending, ...this.#ahead].find(({ program }) => program.key === key);
    return found ? programName(found.source, found.program) : "a function";
  }

  #flags(program: Program, debugNans: boolean | undefined): number {
    const { checks, debugNans: always } = this.#context.settings();
    // Bringing data to the device makes no NaN
    const finds = (debugNans ?? always ?? false) && program.equations > 0;
    return (checks === false ? FLAG.unchecked : 0) | (finds ? FLAG.findNans : 0);
  }

  // -- sending ---------------------------------------------------------------------------------------------------

  readonly #ways: Ways = {
    send: (launch, channel) => this.#send(channel, launch),
    fail: (launch, error) => this.#fail(launch, error),
    bytes: (launch) => this.#expectedBytes(launch),
  };

  #outgoing(launch: Launch): Outgoing {
    return new OutgoingLaunch(this.#ways, launch);
  }

  #repeated(launch: Launch, order = (): number => orderOf(launch)): Outgoing {
    return new OutgoingLaunch(this.#ways, launch, order);
  }

  #expectedBytes({ program, inputs }: Launch): number {
    if (program.equations > 0) return this.#context.memory.expected(program.key);
    return inputs.reduce((sum, input) => sum + ("host" in input ? sizeOfHost(input.host) : 0), 0);
  }

  #send(channel: Channel, launch: Launch): Promise<unknown> | undefined {
    const { outbox, programs, reads, memory } = this.#context;
    const { program } = launch;
    if (!this.#pending.has(launch)) return undefined; // it has failed already
    const lost = lostInput(launch);
    if (lost) return void this.#fail(launch, lost);
    if (launch.sentAt !== undefined && timeLeft(launch) <= 0)
      return void this.#fail(launch, notSentAgain(launch.options.deadline!));
    const arrived = memory.launched(this.#expectedBytes(launch));
    const buffers = programs.bodyOf(channel, program);
    const hasBody = buffers.length;
    const { readsFiles } = channel.info;
    const inputs = launch.inputs.map((input) => wireInput(input, buffers, readsFiles));
    const seq = channel.nextSeq();
    launch.seq = seq;
    const fetch = reads.decideInlineFetch(launch);
    const header = [
      MESSAGE.launch,
      seq,
      program.hash,
      hasBody,
      inputs,
      launch.outputs[0]?.id ?? 0,
      launch.outputs.length,
      [...launch.fetchOutputs.keys()],
      launch.donated,
      outbox.takeFrees(),
      launch.flags | batchableFlag(launch),
    ];
    const call = channel.call(seq, header, buffers, this.#options(launch));
    call
      .then(
        (reply) => {
          arrived();
          this.#answered(launch, seq, reply);
        },
        (error: unknown) => {
          arrived();
          this.#refused(launch, seq, error);
        },
      )
      .catch((error: unknown) => this.#fail(launch, unforeseen(error)));
    void fetch?.send(channel);
    return call;
  }

  /** How a launch is given up, from its first sending on, and what is told of it. */
  #options(launch: Launch): CallOptions {
    const { told, options } = launch;
    sendTold(told);
    if (options.deadline === undefined) return told ? { ...options, ...told } : options;
    const elapsed = elapsedOf(launch);
    launch.sentAt ??= performance.now();
    return { ...options, ...told, elapsed };
  }

  // -- answers ---------------------------------------------------------------------------------------------------

  #answered(launch: Launch, seq: number, reply: Reply): void {
    if (launch.seq !== seq) return; // sent again after a loss
    if (this.#canRetry) {
      for (const [, remote] of reply.errors) if (this.#retries.retry(launch, seq, remote)) return;
    }
    const avals = reply.result as readonly (Aval | null)[];
    launch.outputs.forEach((output, i) => {
      output.aval = avals[i] ?? undefined;
      output.launch = undefined;
    });
    this.#context.memory.made(
      launch.program.key,
      launch.outputs.map(({ id, state, aval }) => [id, bytesOf(aval), state === "alive"] as const),
    );
    for (const [output, remote] of reply.errors)
      launch.outputs[output]!.failure = this.#context.failures.localError(
        remote,
        launch.program,
        launch.stack,
        launch.nameOf,
      );
    const { program, inputs, source } = launch;
    if (reply.compiled !== undefined) this.#context.compilations.add(source, program, inputs, reply.compiled);
    // A free that came before it was sent again found nothing
    if (this.#retries.has(launch))
      for (const { id, state } of launch.outputs) if (state === "disposed") this.#context.outbox.free(id);
    endTold(launch.told);
    this.#done(launch);
    launch.settle.resolve(reply);
  }

  #refused(launch: Launch, seq: number, failure: unknown): void {
    const { owner, outbox, programs, failures } = this.#context;
    if (launch.seq !== seq) return;
    if (isSynjaxError(failure) && isLoss(failure) && !owner.closed) return; // lose() decides
    if (isSynjaxError(failure) && (failure.code === "LIMIT_BYTES" || failure.code === "LIMIT_FRAMES"))
      programs.forget(launch.program); // it never left, nor did its program
    const remote = isSynjaxError(failure) ? undefined : remoteError(failure);
    if (remote && this.#canRetry && this.#retries.retry(launch, seq, remote)) return;
    // A launch that was refused on this side never reached the worker, which then does not know its outputs
    const root = remote?.code === "HANDLE_UNKNOWN" ? failureOf(launch.inputs) : undefined;
    const error = root
      ? poisoned(root, launch.stack)
      : remote
        ? failures.localError(remote, launch.program, launch.stack, launch.nameOf)
        : atLine(failure as SynjaxError, launch.stack);
    if (error.code === "ABORTED" || error.code === "DEADLINE") {
      // The worker may have run it all the same
      for (const output of launch.outputs) outbox.freeUnused(output.id);
      failures.rememberLaunch(seq, error);
    }
    this.#fail(launch, error);
  }

  get #canRetry(): boolean {
    return this.#context.settings().retry !== false && !this.#context.owner.closed;
  }

  #fail(launch: Launch, because: SynjaxError): void {
    if (!this.#pending.has(launch)) return;
    const error = atLine(because, launch.stack);
    for (const output of launch.outputs) {
      output.failure = error;
      output.launch = undefined;
    }
    endTold(launch.told, error);
    this.#done(launch);
    launch.settle.reject(error);
    launch.inlineFetch?.decide("alone");
  }

  #done(launch: Launch): void {
    if (!this.#pending.delete(launch)) return;
    this.#retries.done(launch);
    this.#context.outbox.endCall();
  }

  // -- the end of a worker, or of the session ----------------------------------------------------------------------

  /** Ends everything that has not been answered. */
  failAll(error: SynjaxError): void {
    for (const launch of this.#pending) this.#fail(launch, error);
  }

  /**
   * Sends what was in flight again where it can be computed from what is still here; the rest ends with `error`.
   * @param restored values that the next worker will have
   */
  lose(error: SynjaxError, restored: ReadonlySet<Handle>): void {
    const { handles, outbox } = this.#context;
    const canRepeat = this.#canRetry && isLoss(error);
    const renew = (handle: Handle): void => handles.renew(handle);
    const waiting = this.#retries.end();
    const { again, lost } = sortOut(this.#pending, { canRepeat, restored, waiting, renew });
    for (const launch of lost)
      this.#fail(launch, launch.seq === undefined ? (lostInput(launch) ?? error) : error);
    for (const launch of again) {
      launch.retried = true;
      launch.seq = undefined;
    }
    outbox.repeat(again.map((launch) => this.#repeated(launch)));
  }
}
