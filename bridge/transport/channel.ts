/** Talking to one worker: the hello, messages and their answers, and the end. */
import { type RemoteError, SynjaxError } from "../errors.ts";
import {
  type Answer,
  decodeAnswer,
  type Expected,
  expectedAnswer,
  type PythonSaid,
  pythonSaid,
  type Reply,
  unbundled,
} from "../wire/answer.ts";
import { packHeader } from "../wire/codec.ts";
import { type HelloInfo, MESSAGE, WINDOWED, type WorkerCounters } from "../wire/protocol.ts";
import { leaving, saidOf } from "./call-context.ts";
import { Bundler } from "./bundler.ts";
import { type Call, type CallOptions, type Outgoing, RemoteFailure } from "./call.ts";
import { Calls } from "./calls.ts";
import { Events } from "./events.ts";
import { droppedAfter, GivingUp } from "./giving-up.ts";
import { Heartbeat } from "./heartbeat.ts";
import { checkedInfo, helloOf, refusal } from "./hello.ts";
import { Outbox } from "./outbox.ts";
import { noteReply, publishCall, publishReply, startOfCall } from "./tracing.ts";
import type { Frames, Transport } from "./transport.ts";

export interface ChannelOptions {
  /** Hash of the registry this side was generated from. */
  readonly registry: string;
  readonly token?: string | undefined;
  /** Milliseconds between pings while a call is unanswered. Default 1,000; 0 sends none. */
  readonly heartbeat?: number | undefined;
  /** Milliseconds without a sign of life after which the worker counts as lost. Default 30,000. */
  readonly hangAfter?: number | undefined;
}

export type StatusEvent =
  | { readonly type: "ready"; readonly info: HelloInfo }
  /** The worker answered a message with an error. `seq` is 0 where the message wanted no answer. */
  | { readonly type: "failure"; readonly seq: number; readonly error: RemoteError }
  | { readonly type: "lost"; readonly error: SynjaxError }
  | { readonly type: "closed" };

const PING = expectedAnswer([MESSAGE.ping]);

/** Milliseconds in which a worker ends that says so. */
const ENDS_WITHIN = 1_000;

/** Milliseconds to wait for the answer to a goodbye. */
const GOODBYE_TIMEOUT = 500;

/**
 * Calls to one worker over one transport. Messages are sent in the order they are made. The worker's limits bound how
 * many may be unanswered at a time; what is beyond waits here. A channel keeps the process alive only while a call is
 * unanswered.
 */
export class Channel {
  /** Resolves when the worker is lost, right before the calls in flight reject; never after `close()`. */
  readonly lost: Promise<SynjaxError>;
  /** Resolves when it has ended: to the reason if the worker was lost, to `undefined` after `close()`. */
  readonly closed: Promise<SynjaxError | undefined>;

  readonly #transport: Transport;
  readonly #incoming: AsyncIterator<Frames>;
  readonly #bundler: Bundler;
  readonly #calls = new Calls();
  readonly #outbox: Outbox;
  readonly #givingUp: GivingUp;
  readonly #heartbeat: Heartbeat;
  #info: HelloInfo | undefined;
  #seq = 0;
  readonly #pings = new Map<number, (counters: WorkerCounters) => void>();
  /** Is told what Python says; see `bridge/python`. */
  hearsPython: ((said: PythonSaid) => void) | undefined;
  #receiving = false;
  #cancelled: number[] = [];
  #ended: SynjaxError | undefined;
  #closing: Promise<void> | undefined;
  #settleLost!: (error: SynjaxError) => void;
  #settleClosed!: (error: SynjaxError | undefined) => void;
  readonly #listeners = new Set<(event: StatusEvent) => void>();

  private constructor(transport: Transport, options: ChannelOptions) {
    this.#transport = transport;
    this.#incoming = transport[Symbol.asyncIterator]();
    this.#bundler = new Bundler((frames) => transport.send(frames));
    this.#outbox = new Outbox((message) => this.#send(message));
    this.#givingUp = new GivingUp({
      calls: this.#calls,
      outbox: this.#outbox,
      cancel: (seq) => this.cancel([seq]),
      ping: (answered) => this.#ping(answered),
      onNoneAwaited: () => this.#endReceive(),
    });
    this.#heartbeat = new Heartbeat({
      interval: options.heartbeat ?? 1_000,
      hangAfter: options.hangAfter ?? 30_000,
      isWaiting: () => this.#calls.awaited > 0,
      isConnected: () => transport.connected,
      ping: (answered) => this.#pingForOwed(answered),
      onOwed: () =>
        this.lose(
          new SynjaxError("BAD_MESSAGE", "The worker has nothing to do, and has not answered all calls"),
        ),
      onLost: (what, cause) => this.#breakOff(what, cause),
    });
    this.lost = new Promise((resolve) => (this.#settleLost = resolve));
    this.closed = new Promise((resolve) => (this.#settleClosed = resolve));
  }

  /**
   * Opens a channel by saying hello to the worker.
   *
   * @throws SynjaxError PROTOCOL_MISMATCH where the other side speaks another version or has another registry,
   * UNAUTHORIZED where it wants another token.
   */
  static async open(transport: Transport, options: ChannelOptions): Promise<Channel> {
    const channel = new Channel(transport, options);
    const seq = channel.nextSeq();
    try {
      const reply = await channel.call(seq, [MESSAGE.hello, seq, helloOf(options)], []);
      channel.#start(checkedInfo(reply.result, options.registry));
      return channel;
    } catch (error) {
      channel.#end(undefined);
      throw error instanceof RemoteFailure ? refusal(error.error) : error;
    }
  }

  #start(info: HelloInfo): void {
    this.#info = info;
    this.#outbox.setLimits(info.limits);
    this.#bundler.setLimits(info.limits);
    this.#heartbeat.start();
  }

  /** What the worker answered to the hello. */
  get info(): HelloInfo {
    return this.#info!;
  }

  /** How many calls wait for an answer. */
  get pending(): number {
    return this.#calls.awaited;
  }

  nextSeq(): number {
    return ++this.#seq;
  }

  // -- calls -----------------------------------------------------------------------------------------------------

  /**
   * Sends a message and waits for its answer. Buffers are sent without copying: they must not change before the answer
   * has arrived.
   *
   * @throws RemoteFailure what the worker answered; SynjaxError ABORTED, DEADLINE, WORKER_LOST, SESSION_CLOSED, LIMIT_*.
   */
  call(
    seq: number,
    header: readonly unknown[],
    buffers: readonly Uint8Array[],
    options?: CallOptions,
  ): Promise<Reply> {
    if (this.#ended) return Promise.reject(this.#ended);
    const type = header[0] as number;
    const windowed = WINDOWED.has(type);
    let bytes = 0;
    for (const buffer of buffers) bytes += buffer.byteLength;
    const excess = bytes > 0 ? this.#outbox.excess(buffers, bytes) : undefined;
    if (excess) return Promise.reject(excess);
    return new Promise<Reply>((resolve, reject) => {
      const said = options && saidOf(header, options);
      const event = said && options?.event;
      const call: Call = {
        seq,
        expected: expectedAnswer(header, event !== undefined),
        windowed,
        bytes,
        resolve,
        reject,
        sent: false,
        abandoned: false,
        deadline: options?.deadline,
        said,
        event,
        expired: false,
        release: undefined,
        startedAt: startOfCall(),
      };
      const frames = [packHeader(said ? [...header, said.context] : header), ...buffers];
      if (event) event.bytesOut += frames[0]!.byteLength + bytes;
      this.#calls.add(call);
      publishCall(type, seq, frames.length, bytes);
      if (windowed) this.#outbox.enqueue({ frames, call });
      else this.#outbox.send({ frames, call });
      if (options) this.#givingUp.watch(call, options);
      void this.#receive();
    });
  }

  /** Sends a message that wants no answer, after the calls made so far. */
  post(header: readonly unknown[], buffers: readonly Uint8Array[] = []): void {
    if (!this.#ended) this.#outbox.enqueue({ frames: [packHeader(header), ...buffers], call: undefined });
  }

  /** Asks the worker to drop those of these calls that it has not started. Is sent before the messages that wait. */
  cancel(seqs: readonly number[]): void {
    if (this.#cancelled.length === 0) queueMicrotask(() => this.#sendCancelled());
    this.#cancelled.push(...seqs);
  }

  #sendCancelled(): void {
    const seqs = this.#cancelled;
    this.#cancelled = [];
    if (!this.#ended) this.#bundler.send([packHeader([MESSAGE.cancel, 0, seqs])]);
  }

  #send({ frames, call }: Outgoing): void {
    this.#bundler.send(leaving(frames, call?.said));
    // An abandoned call is sent all the same: it may carry a program or frees that later messages rely on.
    if (call?.abandoned) this.cancel([call.seq]);
  }

  // -- answers ---------------------------------------------------------------------------------------------------

  /** Receives only while somebody waits, because a pending receive keeps the process alive. */
  async #receive(): Promise<void> {
    if (this.#receiving) return;
    this.#receiving = true;
    try {
      while (this.#calls.awaited > 0) {
        const next = await this.#incoming.next();
        if (next.done) throw new Error("it was closed");
        for (const frames of messagesIn(next.value)) this.#take(frames);
      }
    } catch (error) {
      if (error instanceof SynjaxError) this.lose(error);
      else this.#breakOff("the connection to the worker broke", error);
    } finally {
      this.#receiving = false;
    }
  }

  /** A pending receive keeps the process alive. The answer to a ping ends it; that to a call may take long. */
  #endReceive(): void {
    if (this.#receiving) this.#ping(() => undefined);
  }

  /** Receives for somebody who waits for what is no answer to a call, until the function that it returns is called. */
  awaiting(): () => void {
    this.#calls.hold();
    void this.#receive();
    return () => {
      this.#calls.release();
      if (this.#calls.awaited === 0) this.#endReceive();
    };
  }

  #take(frames: Frames): void {
    const said = pythonSaid(frames);
    if (said && this.hearsPython) {
      this.#heartbeat.answered();
      return this.hearsPython(said);
    }
    const answer = decodeAnswer(frames, this.#expected);
    this.#heartbeat.answered();
    if ("error" in answer && this.#isFromAnother(answer))
      return this.#breakOff("another worker answers at its address", new RemoteFailure(answer.error));
    if ("error" in answer && answer.error.code === "WORKER_LOST") {
      // Whoever waits for earlier answers is told first, and a hello must not reach the worker that ends.
      const { error } = answer;
      setTimeout(() => this.#breakOff("it gives itself up", new RemoteFailure(error)), ENDS_WITHIN).unref();
      return;
    }
    const call = this.#calls.find(answer.seq);
    if (call?.event) noteReply(call.event, frames, answer);
    if (call) this.#settle(call, answer);
    else this.#pong(answer);
  }

  readonly #expected = (seq: number): Expected | undefined =>
    this.#calls.find(seq)?.expected ?? (this.#pings.has(seq) ? PING : undefined);

  /** A worker that was started anew at the same address does not know us, whatever we ask. */
  #isFromAnother({ error }: Answer & { readonly error: RemoteError }): boolean {
    return this.#info !== undefined && error.code === "UNAUTHORIZED";
  }

  #pong(answer: Answer): void {
    if ("error" in answer) {
      this.#tell({ type: "failure", seq: 0, error: answer.error });
      return;
    }
    const ping = this.#pings.get(answer.seq);
    this.#pings.delete(answer.seq);
    ping?.(answer.reply.result as WorkerCounters);
  }

  #settle(call: Call, answer: Answer): void {
    this.#calls.remove(call);
    this.#outbox.answered(call);
    publishReply(call, answer);
    if (call.abandoned) return;
    if ("reply" in answer) call.resolve(answer.reply);
    else if (call.deadline !== undefined && isDropped(answer.error, call))
      call.reject(droppedAfter(call.deadline));
    else {
      if (this.#listeners.size > 0) this.#tell({ type: "failure", seq: call.seq, error: answer.error });
      call.reject(new RemoteFailure(answer.error));
    }
    this.#calls.retire(call);
  }

  // -- life ------------------------------------------------------------------------------------------------------

  #ping(answered: (counters: WorkerCounters) => void): void {
    if (this.#ended) return;
    const seq = this.nextSeq();
    this.#pings.set(seq, answered);
    this.#bundler.send([packHeader([MESSAGE.ping, seq])]);
  }

  #pingForOwed(answered: (owes: boolean) => void): void {
    const oldest = this.#calls.oldestSent(); // which arrives before the ping
    this.#ping(({ queued, running }) =>
      answered(oldest !== undefined && queued + running === 0 && this.#calls.has(oldest)),
    );
  }

  #breakOff(what: string, cause: unknown): void {
    const why = cause instanceof Error ? ` (${cause.message})` : "";
    this.lose(new SynjaxError("WORKER_LOST", `The worker is lost: ${what}${why}`, { cause }));
  }

  /** Ends the channel because the worker is gone: all calls reject with `error`. */
  lose(error: SynjaxError): void {
    if (this.#ended) return;
    this.#ended = error;
    this.#settleLost(error); // before the calls reject: who watches it prepares for that
    this.#tell({ type: "lost", error });
    this.#rejectAll(error);
    this.#end(error);
  }

  /** Resolves when no call waits for an answer. */
  drained(): Promise<void> {
    return this.#calls.drained();
  }

  /**
   * Ends the channel: calls in flight reject with `SESSION_CLOSED`. Idempotent.
   * @param farewell whether to send a goodbye, so that the worker drops what it holds for us
   */
  close({ farewell = true }: { readonly farewell?: boolean } = {}): Promise<void> {
    this.#closing ??= this.#close(farewell);
    return this.#closing;
  }

  async #close(farewell: boolean): Promise<void> {
    if (this.#ended) return;
    const error = new SynjaxError("SESSION_CLOSED", "The session has been closed");
    this.#rejectAll(error);
    if (farewell && this.#transport.connected) {
      const seq = this.nextSeq();
      const goodbye = this.call(seq, [MESSAGE.goodbye, seq, false], []);
      this.#ended = error;
      await Promise.race([goodbye.catch(() => undefined), sleep(GOODBYE_TIMEOUT)]);
    }
    this.#ended = error;
    this.#end(undefined);
  }

  #rejectAll(error: SynjaxError): void {
    this.#outbox.clear();
    this.#calls.rejectAll(error);
  }

  #end(reason: SynjaxError | undefined): void {
    this.#heartbeat.stop();
    this.#ended ??= new SynjaxError("SESSION_CLOSED", "The session has been closed");
    this.#rejectAll(this.#ended);
    this.#transport.close();
    this.#pings.clear();
    this.#settleClosed(reason);
    this.#tell({ type: "closed" });
  }

  // -- events ----------------------------------------------------------------------------------------------------

  /** The events of this channel: first that it is ready, then what happens, until it is closed. */
  status(): AsyncGenerator<StatusEvent, void> {
    if (this.#ended) return Events.none();
    const first: StatusEvent = { type: "ready", info: this.info };
    return new Events<StatusEvent>(this.#listeners, (event) => event.type === "closed", [first]);
  }

  #tell(event: StatusEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

function messagesIn(frames: Frames): readonly Frames[] {
  const headers = unbundled(frames);
  return headers ? headers.map((header) => [header]) : [frames];
}

/** Whether the worker dropped a call because its deadline had passed: by its own clock, or because this side said so. */
function isDropped({ code, poisoned }: RemoteError, { expired }: Call): boolean {
  return !poisoned && (code === "DEADLINE" || (expired && code === "ABORTED"));
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, milliseconds).unref());
}
