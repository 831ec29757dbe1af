import { channel } from "node:diagnostics_channel";
import type { Answer } from "../wire/answer.ts";
import type { Call } from "./call.ts";

// Publishing costs nothing while nobody subscribes. Arguments are never published.
const launches = channel("synjax:launch");
const replies = channel("synjax:reply");
const compilations = channel("synjax:compile");

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
