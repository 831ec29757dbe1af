/** Reads of values on the device: with the launch that makes them where it has not left yet, otherwise by a fetch. */
import type { Channel } from "../../bridge/transport/channel.ts";
import type { HostArray } from "../../bridge/wire/dtypes.ts";
import { type ArrayAval, MESSAGE } from "../../bridge/wire/protocol.ts";
import type { Handle } from "../program/handle.ts";
import { captureCall } from "../program/source-line.ts";
import type { WaitOptions } from "../program/wait-options.ts";
import { Attempts } from "./attempts.ts";
import { atLine, type Failures, isSynjaxError, markReported, remoteError, unforeseen } from "./failures.ts";
import { type InlineFetch, type Launch, launchOf, orderOf } from "./launch.ts";
import type { Calling } from "./calling.ts";
import { interruptible } from "./interrupts.ts";
import type { NameOf } from "./wire-input.ts";
import { isLoss } from "./losses.ts";
import type { Outbox, Outgoing } from "./outbox.ts";
import { hostArray } from "./wire-input.ts";

const isCancellable = ({ signal, deadline }: WaitOptions): boolean =>
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

export class Reads {
  readonly #calling: Calling;
  readonly #outbox: Outbox;
  readonly #failures: Failures;

  constructor(calling: Calling) {
    this.#calling = calling;
    this.#outbox = calling.outbox;
    this.#failures = calling.failures;
  }

  /** The values of handles, in one round trip. */
  async fetch(
    handles: readonly Handle[],
    options: WaitOptions,
    nameOf: NameOf = () => "this tensor",
  ): Promise<readonly HostArray[]> {
    let stack: object | undefined;
    try {
      const values: (HostArray | Promise<HostArray>)[] = [];
      const later: { readonly at: number; readonly handle: Handle }[] = [];
      for (const [i, handle] of handles.entries()) {
        if (handle.failure) throw handle.failure;
        handle.use(() => nameOf(i));
      }
      for (const [at, handle] of handles.entries()) {
        const launch = launchOf(handle);
        const value = launch && this.#readUnsent(launch, handle, options);
        if (value) values[at] = value;
        else later.push({ at, handle });
      }
      if (later.length > 0) {
        stack = captureCall(); // what comes with a launch has that one's
        const fetched = this.#fetchNow(
          later.map((l) => l.handle),
          options,
          stack,
        );
        fetched.catch(() => undefined);
        for (const [k, { at }] of later.entries()) values[at] = fetched.then((f) => f[k]!);
      }
      return await interruptible(Promise.all(values));
    } catch (error) {
      throw isSynjaxError(error) ? markReported(stack ? atLine(markReported(error), stack) : error) : error;
    }
  }

  /**
   * A launch that has not left yet brings the data with its reply. A read that can be given up ends the launch with
   * it, but only where it is the one output's only read: others are fetched apart.
   */
  #readUnsent(launch: Launch, handle: Handle, options: WaitOptions): Promise<HostArray> | undefined {
    if (launch.seq !== undefined || launch.retried) return undefined;
    const first = launch.inlineFetch;
    if (!isCancellable(options)) {
      if (first) first.isShared = true;
      return this.#readWithLaunch(launch, handle);
    }
    if (first && isSameWait(first.options, options)) return first.value;
    if (first) first.isShared = true;
    if (first || launch.outputs.length > 1 || launch.fetchOutputs.size > 0) return undefined;
    let decide!: InlineFetch["decide"];
    const decided = new Promise<readonly HostArray[] | "alone">((resolve) => (decide = resolve));
    const value = decided.then((how) => (how === "alone" ? this.#readWithLaunch(launch, handle) : how[0]!));
    value.catch(() => undefined); // whoever reads sees it
    launch.inlineFetch = { options, value, isShared: false, decide };
    return value;
  }

  #readWithLaunch(launch: Launch, handle: Handle): Promise<HostArray> {
    const output = handle.id - launch.outputs[0]!.id;
    const known = launch.fetchOutputs.get(output);
    const place = known ?? launch.fetchOutputs.size;
    if (known === undefined) launch.fetchOutputs.set(output, place);
    return launch.reply.then((reply) => {
      if (handle.failure) throw handle.failure;
      return hostArray(reply.data[place]!, handle.aval as ArrayAval);
    });
  }

  /** Decides on the inline fetch of a launch that is being sent; returns the fetch that has to follow it, if any. */
  decideInlineFetch(launch: Launch): Outgoing | undefined {
    const inline = launch.inlineFetch;
    if (!inline) return undefined;
    launch.inlineFetch = undefined;
    if (!inline.isShared) {
      launch.options = jointly(launch.options, inline.options);
      launch.fetchOutputs.set(0, 0);
      inline.decide("alone");
      return undefined;
    }
    const { outgoing, fetched } = this.#fetching(launch.outputs, inline.options, launch.stack);
    inline.decide(fetched);
    return outgoing;
  }

  #fetchNow(handles: readonly Handle[], options: WaitOptions, stack: object): Promise<readonly HostArray[]> {
    const { outgoing, fetched } = this.#fetching(handles, options, stack);
    this.#outbox.enqueue(outgoing);
    return fetched;
  }

  #fetching(
    handles: readonly Handle[],
    options: WaitOptions,
    stack: object,
  ): { readonly outgoing: Outgoing; readonly fetched: Promise<readonly HostArray[]> } {
    this.#outbox.beginCall();
    let resolve!: (values: readonly HostArray[]) => void;
    let reject!: (error: unknown) => void;
    const fetched = new Promise<readonly HostArray[]>((...settle) => ([resolve, reject] = settle));
    const { settings, tell, retrying } = this.#calling;
    const attempts = new Attempts({
      name: "fetch",
      told: tell("fetch"),
      wait: options,
      retry: settings().retry,
      retrying,
    });
    const fail = (error: unknown): void => {
      this.#outbox.endCall();
      const failed = handles.find((h) => h.failure)?.failure;
      const known =
        failed ??
        (isSynjaxError(error) ? error : this.#failures.localError(remoteError(error), undefined, stack));
      attempts.end(known);
      reject(known);
    };
    let isRepeated = false;
    const send = (channel: Channel): Promise<unknown> | undefined => {
      const error =
        handles.map((h) => h.lost("this tensor")).find((lost) => lost !== undefined) ?? attempts.lateness;
      if (error) return void fail(error);
      const seq = channel.nextSeq();
      const ids = handles.map((h) => h.id);
      const header = [MESSAGE.fetch, seq, ids, this.#outbox.takeFrees()];
      const call = channel.call(seq, header, [], attempts.begin());
      call
        .then(
          (reply) => {
            const avals = reply.result as readonly ArrayAval[];
            attempts.end();
            resolve(handles.map((_, i) => hostArray(reply.data[i]!, avals[i]!)));
            this.#outbox.endCall();
          },
          // A worker that is lost takes its handles with it, unless their launches are sent again
          (error: unknown) => {
            const ready = attempts.again(error) ?? repeated(error, handles);
            if (ready) return this.#outbox.enqueueAfter(ready, { send, fail });
            const isLost = isSynjaxError(error) && isLoss(error);
            if (!isLost || isRepeated || handles.some((h) => h.failure ?? h.lost("this tensor")))
              return fail(error);
            isRepeated = true;
            const orders = handles.map(launchOf).map((launch) => (launch ? orderOf(launch) : -1));
            const last = Math.max(...orders);
            this.#outbox.repeat([{ send, fail, order: () => last + 0.5 }]);
          },
        )
        .catch((error: unknown) => fail(unforeseen(error)));
      return call;
    };
    return { outgoing: { send, fail }, fetched };
  }
}

/** Resolves when the launches of these handles have been answered, where a fetch found them failed that run again. */
function repeated(failure: unknown, handles: readonly Handle[]): Promise<unknown> | undefined {
  if (isSynjaxError(failure) || !remoteError(failure).poisoned) return undefined;
  const launches = handles.map(launchOf).filter((launch) => launch !== undefined);
  return launches.length > 0 ? Promise.allSettled(launches.map(({ reply }) => reply)) : undefined;
}
