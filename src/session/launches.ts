/** Launches of one session: sent once, answered once, and sent again where that may help. */
import { SynjaxError } from "../../bridge/errors.ts";
import type { Channel } from "../../bridge/transport/channel.ts";
import type { Reply } from "../../bridge/wire/answer.ts";
import { type ArrayAval, FLAG, MESSAGE } from "../../bridge/wire/protocol.ts";
import type { Constant } from "../program/body.ts";
import type { Handle, HandleOwner } from "../program/handle.ts";
import type { Program } from "../program/program.ts";
import {
  type Failures,
  failureOf,
  isSynjaxError,
  markReported,
  poisoned,
  remoteError,
  unforeseen,
} from "./failures.ts";
import type { Handles } from "./handles.ts";
import type { Launch } from "./launch.ts";
import { MemoryRetries } from "./memory-retry.ts";
import type { Outbox, Outgoing } from "./outbox.ts";
import type { Reads } from "./reads.ts";
import { waitOptionsIn } from "./run-context.ts";
import type { SentPrograms } from "./sent-programs.ts";
import { type InputType, wireInput, wireInputType } from "./wire-input.ts";

export interface LaunchOptions {
  /** Inputs that the program may overwrite, by their places. */
  readonly donate?: readonly number[];
  /** A result that fails leaves the others alone. */
  readonly isolateFailures?: boolean;
}

/** What the launches of a session work with. */
export interface LaunchContext {
  readonly owner: HandleOwner;
  readonly outbox: Outbox;
  readonly programs: SentPrograms;
  readonly failures: Failures;
  readonly handles: Handles;
  readonly reads: Reads;
  /** Whether failed launches may be sent again, and whether the worker checks arguments. */
  settings(): { readonly retry?: boolean; readonly checks?: boolean };
  /** Called before a value is given away: operations that wait and use it are launched first. */
  beforeDonation(handle: Handle): void;
}

export class Launches {
  readonly #context: LaunchContext;
  readonly #pending = new Set<Launch>();
  readonly #memoryRetries: MemoryRetries;

  constructor(context: LaunchContext) {
    this.#context = context;
    this.#memoryRetries = new MemoryRetries({
      enqueue: (item) => context.outbox.enqueue(item),
      outgoing: (launch) => this.#outgoing(launch),
      localError: (remote, program) => context.failures.localError(remote, program),
    });
  }

  /** Sends a program with its inputs; the handles of its results exist at once. */
  launch(program: Program, leaves: readonly Constant[], options: LaunchOptions = {}): readonly Handle[] {
    const { owner, handles, outbox } = this.#context;
    const inputs = program.constants.length === 0 ? leaves : [...leaves, ...program.constants];
    const donated = options.donate ?? [];
    this.#checkInputs(inputs);
    if (donated.length > 0) this.#donate(inputs, donated);
    const outputs = Array.from({ length: program.outputs }, () => handles.create());
    let settle!: Launch["settle"];
    const reply = new Promise<Reply>((resolve, reject) => (settle = { resolve, reject }));
    reply.catch(() => undefined); // whoever fetches sees it
    const launch: Launch = {
      program,
      inputs,
      donated,
      outputs,
      flags: (options.isolateFailures ? FLAG.lenient : 0) | this.#checksFlag(),
      fetchOutputs: new Map(),
      inlineFetch: undefined,
      reply,
      settle,
      options: waitOptionsIn(owner),
      seq: undefined,
      retried: false,
      shortSeq: undefined,
    };
    for (const output of outputs) output.launch = launch;
    this.#pending.add(launch);
    outbox.beginCall();
    outbox.enqueue(this.#outgoing(launch));
    return outputs;
  }

  /** Resolves when launches of a program with such inputs need not wait for its compilation. */
  async compile(program: Program, leaves: readonly InputType[], donated: readonly number[]): Promise<void> {
    const { owner, outbox, programs, failures } = this.#context;
    const inputs = [...leaves, ...program.constants];
    this.#checkInputs(inputs);
    const options = waitOptionsIn(owner);
    const flags = this.#checksFlag();
    const compiled = new Promise<void>((resolve, reject: (error: SynjaxError) => void) => {
      const send = (channel: Channel): void => {
        const lost = inputs.map((i) => ("handle" in i ? i.handle.lost("an input of this call") : undefined));
        const error = lost.find((e) => e);
        if (error) return reject(error);
        const body = programs.bodyOf(channel, program);
        const types = inputs.map(wireInputType);
        const seq = channel.nextSeq();
        const header = [MESSAGE.compile, seq, program.hash, body.length, types, donated, flags];
        channel.call(seq, header, body, options).then(
          () => resolve(),
          (error: unknown) =>
            reject(
              isSynjaxError(error) ? error : markReported(failures.localError(remoteError(error), program)),
            ),
        );
      };
      outbox.enqueue({ send, fail: reject });
    });
    await outbox.track(compiled);
  }

  #checksFlag(): number {
    return this.#context.settings().checks === false ? FLAG.unchecked : 0;
  }

  #checkInputs(inputs: readonly InputType[]): void {
    const { owner } = this.#context;
    for (const input of inputs) {
      if (!("handle" in input)) continue;
      if (input.handle.owner !== owner)
        throw new SynjaxError(
          "OTHER_SESSION",
          `an input of this call lives in ${input.handle.owner.name}, the call runs in ${owner.name}: fetch it and put it here`,
        );
      input.handle.use("an input of this call");
    }
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
      this.#context.beforeDonation(handle);
      handle.state = "donated";
    }
  }

  // -- sending ---------------------------------------------------------------------------------------------------

  #outgoing(launch: Launch): Outgoing {
    return {
      send: (channel) => this.#send(channel, launch),
      fail: (error) => this.#fail(launch, error),
    };
  }

  #send(channel: Channel, launch: Launch): void {
    const { outbox, programs, reads } = this.#context;
    const { program } = launch;
    for (const input of launch.inputs) {
      const lost = "handle" in input ? input.handle.lost("an input of this call") : undefined;
      if (lost) return this.#fail(launch, lost);
    }
    const buffers = programs.bodyOf(channel, program);
    const hasBody = buffers.length;
    const inputs = launch.inputs.map((input) => wireInput(input, buffers));
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
      launch.flags,
    ];
    channel
      .call(seq, header, buffers, launch.options)
      .then(
        (reply) => this.#answered(launch, seq, reply),
        (error: unknown) => this.#refused(launch, seq, error),
      )
      .catch((error: unknown) => this.#fail(launch, unforeseen(error)));
    fetch?.send(channel);
  }

  // -- answers ---------------------------------------------------------------------------------------------------

  #answered(launch: Launch, seq: number, reply: Reply): void {
    if (launch.seq !== seq) return; // sent again after a loss
    if (this.#canRetry) {
      for (const [, remote] of reply.errors) if (this.#memoryRetries.retry(launch, seq, remote)) return;
    }
    const avals = reply.result as readonly (ArrayAval | null)[];
    launch.outputs.forEach((output, i) => {
      output.aval = avals[i] ?? undefined;
      output.launch = undefined;
    });
    for (const [output, remote] of reply.errors)
      launch.outputs[output]!.failure = this.#context.failures.localError(remote, launch.program);
    this.#done(launch);
    launch.settle.resolve(reply);
  }

  #refused(launch: Launch, seq: number, failure: unknown): void {
    const { owner, outbox, programs, failures } = this.#context;
    if (launch.seq !== seq) return;
    if (isSynjaxError(failure) && failure.code === "WORKER_LOST" && !owner.closed) return; // lose() decides
    if (isSynjaxError(failure) && (failure.code === "LIMIT_BYTES" || failure.code === "LIMIT_FRAMES"))
      programs.forget(launch.program); // it never left, nor did its program
    const remote = isSynjaxError(failure) ? undefined : remoteError(failure);
    if (remote && this.#canRetry && this.#memoryRetries.retry(launch, seq, remote)) return;
    let error = remote ? failures.localError(remote, launch.program) : (failure as SynjaxError);
    // A launch that was refused on this side never reached the worker, which then does not know its outputs
    const root = error.code === "HANDLE_UNKNOWN" ? failureOf(launch.inputs) : undefined;
    if (root) error = poisoned(root);
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

  #fail(launch: Launch, error: SynjaxError): void {
    if (!this.#pending.has(launch)) return;
    for (const output of launch.outputs) {
      output.failure = error;
      output.launch = undefined;
    }
    this.#done(launch);
    launch.settle.reject(error);
    launch.inlineFetch?.decide("alone");
  }

  #done(launch: Launch): void {
    if (!this.#pending.delete(launch)) return;
    this.#memoryRetries.done(launch);
    this.#context.outbox.endCall();
  }

  // -- the end of a worker, or of the session ----------------------------------------------------------------------

  /** Ends everything that has not been answered. */
  failAll(error: SynjaxError): void {
    for (const launch of this.#pending) this.#fail(launch, error);
  }

  /** Forgets what belongs to the worker that is gone. */
  forgetWorker(): void {
    this.#memoryRetries.clear();
  }

  /** Resends what was in flight and can be computed from what is still here; the rest ends with `error`. */
  lose(error: SynjaxError): void {
    const { handles, outbox } = this.#context;
    const canRepeat = this.#canRetry && error.code === "WORKER_LOST";
    const again: Outgoing[] = [];
    const recreated = new Set<Handle>();
    for (const launch of this.#pending) {
      const isSent = launch.seq !== undefined; // what is not is still in the outbox
      const canRun =
        launch.inputs.every((c) => !("handle" in c) || recreated.has(c.handle)) &&
        (!isSent || (canRepeat && !launch.retried && launch.donated.length === 0));
      if (!canRun) {
        if (isSent) this.#fail(launch, error);
        continue;
      }
      for (const output of launch.outputs) {
        handles.renew(output);
        recreated.add(output);
      }
      if (!isSent) continue;
      launch.retried = true;
      launch.seq = undefined;
      again.push(this.#outgoing(launch));
    }
    outbox.resend(again);
  }
}
