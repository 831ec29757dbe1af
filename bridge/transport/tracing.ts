/** What `node:diagnostics_channel` is told. It costs nothing while nobody subscribes. Arguments are never published. */
import { channel, tracingChannel } from "node:diagnostics_channel";
import type { SynjaxError } from "../errors.ts";
import type { Answer } from "../wire/answer.ts";
import type { Call } from "./call.ts";
import type { CallEvent } from "./call-event.ts";
import type { Frames } from "./transport.ts";

const launches = channel("synjax:launch");
const replies = channel("synjax:reply");
const compilations = channel("synjax:compile");
const calls = tracingChannel<unknown, CallEvent>("synjax:call");

/** Whether anybody listens to calls. */
export const isListenedTo = (): boolean => calls.hasSubscribers;

/** Publishes that a call is made. To be asked only where somebody listens. */
export function startCall(
  about: Pick<CallEvent, "kind" | "name" | "program" | "session" | "traceparent">,
): CallEvent {
  const event: CallEvent = {
    ...about,
    attempts: 0,
    bytesOut: 0,
    bytesIn: 0,
    queueSeconds: undefined,
    compileSeconds: undefined,
    runSeconds: undefined,
    error: undefined,
  };
  calls.start.publish(event);
  calls.end.publish(event);
  return event;
}

/** Publishes that a call has ended, where somebody was told of its start. */
export function endCall(event: CallEvent | undefined, error?: SynjaxError): void {
  if (!event) return;
  if (error) {
    event.error = error;
    calls.error.publish(event);
  }
  calls.asyncStart.publish(event);
  calls.asyncEnd.publish(event);
}

/** Takes over what an answer says of the call. */
export function noteReply(event: CallEvent, frames: Frames, answer: Answer): void {
  for (const frame of frames) event.bytesIn += frame.byteLength;
  if (!("reply" in answer)) return;
  [event.queueSeconds, event.runSeconds] = answer.reply.times ?? [];
  event.compileSeconds = answer.reply.compiled;
}

const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/;

/** Whether it is a W3C `traceparent` of version 00 or of the same form. */
export const isTraceparent = (value: unknown): value is string =>
  typeof value === "string" && TRACEPARENT.test(value);

/** Types and times, no values. */
export function publishCompilation(compilation: object): void {
  if (compilations.hasSubscribers) compilations.publish(compilation);
}

/** When a call starts, for its reply's duration; 0 where nobody subscribes. */
export function startOfCall(): number {
  return replies.hasSubscribers ? performance.now() : 0;
}

export function publishCall(type: number, seq: number, frames: number, bytes: number): void {
  if (launches.hasSubscribers) launches.publish({ type, seq, frames, bytes });
}

export function publishReply(call: Call, answer: Answer): void {
  if (!replies.hasSubscribers) return;
  const error = "error" in answer ? answer.error.code : undefined;
  let bytes = 0;
  if ("reply" in answer) for (const item of answer.reply.data) bytes += item?.byteLength ?? 0;
  const milliseconds = call.startedAt > 0 ? performance.now() - call.startedAt : undefined;
  replies.publish({ seq: call.seq, milliseconds, bytes, error });
}
