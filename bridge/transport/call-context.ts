/** What a message says of its call besides the call. */
import { packHeader } from "../wire/codec.ts";
import { type CallContext, MESSAGE } from "../wire/protocol.ts";
import type { CallOptions, Said } from "./call.ts";
import type { Frames } from "./transport.ts";

const CALLS: ReadonlySet<unknown> = new Set([MESSAGE.launch, MESSAGE.fetch, MESSAGE.compile]);

/** What there is to say of a call; `undefined` where there is nothing. */
export function saidOf(header: readonly unknown[], options: CallOptions): Said | undefined {
  const { deadline, elapsed = 0, traceparent, event } = options;
  if (!CALLS.has(header[0])) return undefined;
  if (deadline === undefined && traceparent === undefined && !event) return undefined;
  const context: CallContext = {
    ...(deadline === undefined ? {} : { deadline: Math.max(0, deadline - elapsed) }),
    ...(event ? { timed: true } : {}),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
  return { header, context, at: performance.now() };
}

/** The frames of a call as they leave: of its deadline the time is taken off for which they waited here. */
export function leaving(frames: Frames, said: Said | undefined): Frames {
  if (said?.context.deadline === undefined) return frames;
  const waited = performance.now() - said.at;
  if (waited < 1) return frames;
  const deadline = Math.max(0, said.context.deadline - waited);
  return [packHeader([...said.header, { ...said.context, deadline }]), ...frames.slice(1)];
}
