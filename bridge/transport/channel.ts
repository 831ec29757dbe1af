import { channel as diagnostics } from "node:diagnostics_channel";
import { type Answer, decodeAnswer, packHeader, type Reply } from "../wire/codec.ts";
import { type RemoteError, SynjaxError } from "../errors.ts";
import { Events } from "./events.ts";
import { type HelloInfo, MESSAGE, PROTOCOL_VERSION, type WorkerCounters } from "../wire/protocol.ts";
import type { Frames, Transport } from "./transport.ts";
import { LONGEST_TIMER } from "./call-options.ts";

export type { Reply } from "../wire/codec.ts";

export interface CallOptions {
  /** Gives the call up: it rejects at once with `ABORTED`; the worker drops it unless it has started. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds from now after which the call is given up with `DEADLINE`. */
  readonly deadline?: number | undefined;
}

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

/** A call that the worker answered with an error. */
export class RemoteFailure extends Error {
  readonly error: RemoteError;

  constructor(error: RemoteError) {
    super(error.message);
    this.name = `RemoteFailure [${error.code}]`;
    this.error = error;
  }
}

/** Why a worker counts as lost although nothing says that it ended. */
export class WorkerHang extends Error {
  readonly code = "HANG";
}

/** What one message and the messages in flight may hold, by the worker's own table. */
interface Window {
  readonly messages: number;
  readonly bytes: number;
  readonly frames: number;
  readonly frameBytes: number;
  readonly messageBytes: number;
}

const MB = 2 ** 20;

function windowOf(limits: Readonly<Record<string, number>>): Window {
  return {
    messages: limits["inFlightMessages"] ?? 256,
    bytes: limits["inFlightBytes"] ?? 256 * MB,
    frames: limits["frames"] ?? 4_096,
    frameBytes: limits["frameBytes"] ?? 2_048 * MB,
    messageBytes: limits["messageBytes"] ?? 4_096 * MB,
  };
}

/** A message that wants an answer. */
interface Call {
  readonly seq: number;
  /** Whether it takes part in the window; what the worker's IO thread answers does not. */
  readonly counted: boolean;
  readonly bytes: number;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
  sent: boolean;
  /** Given up by the caller; its answer is ignored, but it holds its place in the window until then. */
  abandoned: boolean;
  /** The deadline that passed, in milliseconds. */
  expired: number | undefined;
  /** Stops its timer and its listener. */
  release: (() => void) | undefined;
  startedAt: number;
}

interface Outgoing {
  readonly frames: Frames;
  readonly call: Call | undefined;
}

/** How long a worker may take to say where a call is whose deadline has passed; milliseconds. */
const ASK_TIMEOUT = 250;
const GOODBYE_TIMEOUT = 500;

// Free while nobody subscribes; arguments never go in.
const launches = diagnostics("synjax:launch");
const replies = diagnostics("synjax:reply");

/**
 * Calls to one worker over one transport. Messages leave in the order they are made; at most 256 of them and 256 MB are
 * unanswered at a time (by the worker's limits), what is beyond waits here. It keeps the process alive only while a call
 * is unanswered.
 */
export class Channel {
  /** Resolves when the worker is lost; never, when the channel is closed. Calls in flight reject right after it. */
  readonly lost: Promise<SynjaxError>;
  /** Resolves when it has ended: to the reason if the worker was lost, to `undefined` after `close()`. */
  readonly closed: Promise<SynjaxError | undefined>;

  readonly #transport: Transport;
  readonly #incoming: AsyncIterator<Frames>;
  readonly #hangAfter: number;
  readonly #heartbeat: number;
  #info: HelloInfo | undefined;
  #window: Window = windowOf({});
  #seq = 0;
  readonly #calls = new Map<number, Call>();
  readonly #pings = new Map<number, (counters: WorkerCounters) => void>();
  readonly #outbox: Outgoing[] = [];
  #live = 0;
  #inFlight = 0;
  #bytesInFlight = 0;
  #receiving = false;
  readonly #watched = new Map<AbortSignal, { readonly calls: Set<Call>; readonly onAbort: () => void }>();
  #cancelled: number[] = [];
  #pulse: NodeJS.Timeout | undefined;
  #unansweredTicks = 0;
  #ended: SynjaxError | undefined;
  #closing: Promise<void> | undefined;
  #settleLost!: (error: SynjaxError) => void;
  #settleClosed!: (error: SynjaxError | undefined) => void;
  readonly #drained: (() => void)[] = [];
  readonly #listeners = new Set<(event: StatusEvent) => void>();

  private constructor(transport: Transport, options: ChannelOptions) {
    this.#transport = transport;
    this.#incoming = transport[Symbol.asyncIterator]();
    this.#heartbeat = options.heartbeat ?? 1_000;
    this.#hangAfter = options.hangAfter ?? 30_000;
    this.lost = new Promise((resolve) => (this.#settleLost = resolve));
    this.closed = new Promise((resolve) => (this.#settleClosed = resolve));
  }

  /**
   * Introduces this side to the worker.
   *
   * @throws SynjaxError PROTOCOL_MISMATCH where the other side speaks another version or has another registry,
   * UNAUTHORIZED where it wants another token.
   */
  static async open(transport: Transport, options: ChannelOptions): Promise<Channel> {
    const channel = new Channel(transport, options);
    const seq = channel.nextSeq();
    const hello = { version: PROTOCOL_VERSION, registry: options.registry, token: options.token ?? null };
    try {
      const reply = await channel.call(seq, [MESSAGE.hello, seq, hello], []);
      channel.#start(checkedInfo(reply.result));
      return channel;
    } catch (error) {
      channel.#end(undefined);
      if (!(error instanceof RemoteFailure)) throw error;
      const { code, message, argument, expected, came } = error.error;
      throw new SynjaxError(code, `The worker refused the connection: ${message}`, {
        argument,
        expected,
        came,
      });
    }
  }

  #start(info: HelloInfo): void {
    this.#info = info;
    this.#window = windowOf(info.limits);
    if (this.#heartbeat > 0) {
      this.#pulse = setInterval(() => this.#beat(), Math.min(this.#heartbeat, LONGEST_TIMER));
      this.#pulse.unref();
    }
  }

  /** What the worker said of itself. */
  get info(): HelloInfo {
    return this.#info!;
  }

  /** How many calls wait for an answer. */
  get pending(): number {
    return this.#live;
  }

  nextSeq(): number {
    return ++this.#seq;
  }

  // -- calls -----------------------------------------------------------------------------------------------------

  /**
   * Sends a message and waits for its answer. Buffers are sent as they lie, without copying: they must not change
   * before the answer has come.
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
    const counted = type === MESSAGE.launch || type === MESSAGE.fetch || type === MESSAGE.compile;
    let bytes = 0;
    for (const buffer of buffers) bytes += buffer.byteLength;
    const excess = bytes > 0 ? this.#excess(buffers, bytes) : undefined;
    if (excess) return Promise.reject(excess);
    return new Promise<Reply>((resolve, reject) => {
      const call: Call = {
        seq,
        counted,
        bytes,
        resolve,
        reject,
        sent: false,
        abandoned: false,
        expired: undefined,
        release: undefined,
        startedAt: replies.hasSubscribers ? performance.now() : 0,
      };
      const frames = [packHeader(header), ...buffers];
      this.#calls.set(seq, call);
      this.#live++;
      if (launches.hasSubscribers) launches.publish({ type, seq, frames: frames.length, bytes });
      if (counted) this.#enqueue({ frames, call });
      else this.#send({ frames, call });
      if (options) this.#arm(call, options);
      void this.#receive();
    });
  }

  /** Sends a message that wants no answer, after the calls made so far. */
  post(header: readonly unknown[], buffers: readonly Uint8Array[] = []): void {
    if (!this.#ended) this.#enqueue({ frames: [packHeader(header), ...buffers], call: undefined });
  }

  /** Asks the worker to drop those of these calls that it has not started. Overtakes what waits. */
  cancel(seqs: readonly number[]): void {
    if (this.#cancelled.length === 0) queueMicrotask(() => this.#sendCancelled());
    this.#cancelled.push(...seqs);
  }

  #sendCancelled(): void {
    const seqs = this.#cancelled;
    this.#cancelled = [];
    if (!this.#ended) this.#transport.send([packHeader([MESSAGE.cancel, 0, seqs])]);
  }

  #excess(buffers: readonly Uint8Array[], bytes: number): SynjaxError | undefined {
    const { frames, frameBytes, messageBytes } = this.#window;
    if (buffers.length + 1 > frames) {
      return new SynjaxError(
        "LIMIT_FRAMES",
        `A call takes at most ${frames - 1} arrays that are not small, got ${buffers.length}: put them on the device first`,
      );
    }
    const largest = bytes > frameBytes ? buffers.find((buffer) => buffer.byteLength > frameBytes) : undefined;
    if (largest || bytes > messageBytes) {
      const what = largest
        ? `One array has ${largest.byteLength} bytes`
        : `The arrays of a call have ${bytes} bytes`;
      return new SynjaxError(
        "LIMIT_BYTES",
        `${what}; at most ${largest ? frameBytes : messageBytes} are sent at once: send them in parts, or raise the worker's limits`,
      );
    }
    return undefined;
  }

  #enqueue(message: Outgoing): void {
    this.#outbox.push(message);
    this.#flush();
  }

  #flush(): void {
    let n = 0;
    for (; n < this.#outbox.length && this.#fits(this.#outbox[n]!.call); n++) this.#send(this.#outbox[n]!);
    if (n === this.#outbox.length) this.#outbox.length = 0;
    else if (n > 0) this.#outbox.splice(0, n);
  }

  // A message larger than the whole window goes alone.
  #fits(call: Call | undefined): boolean {
    if (!call || this.#inFlight === 0) return true;
    return this.#inFlight < this.#window.messages && this.#bytesInFlight + call.bytes <= this.#window.bytes;
  }

  #send({ frames, call }: Outgoing): void {
    this.#transport.send(frames);
    if (!call) return;
    call.sent = true;
    if (call.counted) {
      this.#inFlight++;
      this.#bytesInFlight += call.bytes;
    }
    // Not left out: it may carry a program or frees that later messages rely on.
    if (call.abandoned) this.cancel([call.seq]);
  }

  // -- answers ---------------------------------------------------------------------------------------------------

  /** Receives for as long as somebody waits: a pending receive keeps the process alive. */
  async #receive(): Promise<void> {
    if (this.#receiving) return;
    this.#receiving = true;
    try {
      while (this.#live > 0) {
        const next = await this.#incoming.next();
        if (next.done) throw new Error("it was closed");
        this.#take(next.value);
      }
    } catch (error) {
      this.#breakOff("the connection to the worker broke", error);
    } finally {
      this.#receiving = false;
    }
  }

  #take(frames: Frames): void {
    const answer = decodeAnswer(frames);
    this.#unansweredTicks = 0;
    const call = this.#calls.get(answer.seq);
    if (call) this.#settle(call, answer);
    else this.#pong(answer);
  }

  #pong(answer: Answer): void {
    const ping = this.#pings.get(answer.seq);
    this.#pings.delete(answer.seq);
    if ("error" in answer) {
      // A worker that was started anew at the same address does not know us.
      if (ping && answer.error.code === "UNAUTHORIZED")
        this.#breakOff("another worker answers at its address", new RemoteFailure(answer.error));
      else if (answer.seq === 0) this.#tell({ type: "failure", seq: 0, error: answer.error });
    } else if (ping && "reply" in answer) ping(answer.reply.result as WorkerCounters);
  }

  #settle(call: Call, answer: Answer): void {
    this.#calls.delete(call.seq);
    if (call.counted) {
      this.#inFlight--;
      this.#bytesInFlight -= call.bytes;
      if (this.#outbox.length > 0) this.#flush();
    }
    if (replies.hasSubscribers) publishReply(call, answer);
    if (call.abandoned) return;
    if ("reply" in answer) call.resolve(answer.reply);
    else if ("malformed" in answer)
      call.reject(new SynjaxError("BAD_MESSAGE", `The worker's answer cannot be read: ${answer.malformed}`));
    else if (call.expired !== undefined && answer.error.code === "ABORTED")
      call.reject(tooLate(call.expired, QUEUED));
    else {
      if (this.#listeners.size > 0) this.#tell({ type: "failure", seq: call.seq, error: answer.error });
      call.reject(new RemoteFailure(answer.error));
    }
    this.#retire(call);
  }

  /** Nobody waits for it any more. */
  #retire(call: Call): void {
    call.release?.();
    call.release = undefined;
    if (--this.#live === 0) for (const resolve of this.#drained.splice(0)) resolve();
  }

  // -- giving up -------------------------------------------------------------------------------------------------

  #arm(call: Call, { signal, deadline }: CallOptions): void {
    if (signal?.aborted) return this.#abandon(call, aborted(signal));
    if (!signal && deadline === undefined) return;
    const stopListening = signal && this.#listen(signal, call);
    const timer =
      deadline === undefined || deadline > LONGEST_TIMER
        ? undefined
        : setTimeout(() => void this.#expire(call, deadline), deadline);
    timer?.unref();
    call.release = () => {
      stopListening?.();
      clearTimeout(timer);
    };
  }

  /** One listener a signal: a thousand calls may share it. */
  #listen(signal: AbortSignal, call: Call): () => void {
    let watch = this.#watched.get(signal);
    if (!watch) {
      const calls = new Set<Call>();
      watch = { calls, onAbort: () => [...calls].forEach((c) => this.#abandon(c, aborted(signal))) };
      signal.addEventListener("abort", watch.onAbort, { once: true });
      this.#watched.set(signal, watch);
    }
    watch.calls.add(call);
    const { calls, onAbort } = watch;
    return () => {
      calls.delete(call);
      if (calls.size > 0) return;
      signal.removeEventListener("abort", onAbort);
      this.#watched.delete(signal);
    };
  }

  async #expire(call: Call, deadline: number): Promise<void> {
    if (!call.sent) {
      const ahead = this.#outbox.findIndex((message) => message.call === call) + this.#inFlight;
      return this.#abandon(
        call,
        tooLate(deadline, `it was still waiting here, behind ${ahead} unanswered calls`),
      );
    }
    call.expired = deadline;
    const notAhead = this.#sentSince(call);
    const counters = await this.#ask(() => this.cancel([call.seq]));
    if (!this.#calls.has(call.seq) || call.abandoned) return;
    const where = !counters ? UNKNOWN : counters.queued >= notAhead ? QUEUED : RUNNING;
    this.#abandon(call, tooLate(deadline, where));
  }

  /** How many unanswered calls were sent after this one, itself included: the worker keeps their order. */
  #sentSince(call: Call): number {
    let count = 0;
    for (const other of this.#calls.values()) {
      if (other === call) count = 0;
      if (other.counted && other.sent) count++;
    }
    return count;
  }

  /** The worker's counters before `next` is done; `undefined` if it takes too long to say. */
  #ask(next: () => void): Promise<WorkerCounters | undefined> {
    return new Promise((resolve) => {
      setTimeout(() => resolve(undefined), ASK_TIMEOUT).unref();
      this.#ping(resolve);
      next();
    });
  }

  #abandon(call: Call, error: SynjaxError): void {
    if (call.abandoned || !this.#calls.has(call.seq)) return;
    call.abandoned = true;
    if (call.sent) this.cancel([call.seq]);
    call.reject(error);
    this.#retire(call);
    // The receive that is pending would keep the process alive until the answer nobody waits for.
    if (this.#live === 0 && this.#receiving) this.#ping(() => undefined);
  }

  // -- life ------------------------------------------------------------------------------------------------------

  #ping(answered: (counters: WorkerCounters) => void): void {
    if (this.#ended) return;
    const seq = this.nextSeq();
    this.#pings.set(seq, answered);
    this.#transport.send([packHeader([MESSAGE.ping, seq])]);
  }

  // Ticks are counted, not time: a laptop that slept has not waited.
  #beat(): void {
    if (this.#live === 0) {
      this.#unansweredTicks = 0;
      return;
    }
    if (!this.#transport.connected) return this.#breakOff("the connection to the worker broke", undefined);
    const silence = this.#unansweredTicks * this.#heartbeat;
    if (silence >= this.#hangAfter)
      return this.#breakOff("the worker hangs", new WorkerHang(`no sign of life for ${silence} ms`));
    this.#unansweredTicks++;
    this.#ping(() => undefined);
  }

  #breakOff(what: string, cause: unknown): void {
    const why = cause instanceof Error ? ` (${cause.message})` : "";
    this.lose(new SynjaxError("WORKER_LOST", `The worker is lost: ${what}${why}`, { cause }));
  }

  /** Ends the channel because the worker is gone: all calls reject with `error`. */
  lose(error: SynjaxError): void {
    if (this.#ended) return;
    this.#ended = error;
    this.#settleLost(error); // first: who watches it prepares for the rejections
    this.#tell({ type: "lost", error });
    this.#rejectAll(error);
    this.#end(error);
  }

  /** Resolves when no call waits for an answer. */
  drained(): Promise<void> {
    return this.#live === 0 ? Promise.resolve() : new Promise((resolve) => this.#drained.push(resolve));
  }

  /**
   * Ends the channel: calls in flight reject with `SESSION_CLOSED`. Idempotent.
   * @param farewell whether the worker is told, so that it drops what it holds for us
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
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    this.#outbox.length = 0;
    this.#inFlight = this.#bytesInFlight = 0;
    for (const call of calls) {
      if (call.abandoned) continue;
      call.reject(error);
      this.#retire(call);
    }
  }

  #end(reason: SynjaxError | undefined): void {
    clearInterval(this.#pulse);
    this.#ended ??= new SynjaxError("SESSION_CLOSED", "The session has been closed");
    this.#rejectAll(this.#ended);
    this.#transport.close();
    this.#pings.clear();
    this.#settleClosed(reason);
    this.#tell({ type: "closed" });
  }

  // -- events ----------------------------------------------------------------------------------------------------

  /** What happens to this channel, from now on and starting with what it is; ends when it is closed. */
  status(): AsyncGenerator<StatusEvent, void> {
    if (this.#ended) return Events.none();
    const first: StatusEvent = { type: "ready", info: this.info };
    return new Events<StatusEvent>(this.#listeners, (event) => event.type === "closed", [first]);
  }

  #tell(event: StatusEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

const QUEUED = "it was still queued in the worker and is dropped";
const RUNNING = "it was running or being compiled, which cannot be interrupted; its result is dropped";
const UNKNOWN = "the worker did not say where it was";

function tooLate(deadline: number, where: string): SynjaxError {
  return new SynjaxError("DEADLINE", `No answer within ${deadline} ms: ${where}`);
}

function aborted(signal: AbortSignal): SynjaxError {
  return new SynjaxError("ABORTED", "The call was aborted by its signal", { cause: signal.reason });
}

function checkedInfo(result: unknown): HelloInfo {
  const info = result as Partial<HelloInfo> | null;
  if (typeof info !== "object" || typeof info?.registry !== "string" || typeof info.limits !== "object")
    throw new SynjaxError("PROTOCOL_MISMATCH", "What answers is no synjax worker: its hello cannot be read");
  return info as HelloInfo;
}

function publishReply(call: Call, answer: Answer): void {
  const error = "error" in answer ? answer.error.code : "malformed" in answer ? "BAD_MESSAGE" : undefined;
  let bytes = 0;
  if ("reply" in answer) for (const item of answer.reply.data) bytes += item?.byteLength ?? 0;
  const milliseconds = call.startedAt > 0 ? performance.now() - call.startedAt : undefined;
  replies.publish({ seq: call.seq, milliseconds, bytes, error });
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, milliseconds).unref());
}
