/** What is told of a call besides the call: to whom listens to calls here, and to the worker's log. */
import type { CallOptions } from "../../bridge/transport/call.ts";
import type { CallEvent } from "../../bridge/transport/call-event.ts";
import { endCall, isListenedTo, isTraceparent, startCall } from "../../bridge/transport/tracing.ts";
import type { Program } from "../program/program.ts";
import { nameOf, type Source } from "./compilations.ts";

/** What is told of one call; `undefined` where nobody wants to know. */
export type Told = Pick<CallOptions, "traceparent" | "event"> | undefined;

/** Says what a call is part of: a W3C `traceparent`. */
export type TraceparentHook = () => string | undefined;

/** Tells that a call is made. To be asked where it is made, because hooks look at what is current there. */
export type Teller = (kind: CallEvent["kind"], program?: Program, source?: Source) => Told;

export function tellerOf(session: string, hook: () => TraceparentHook | undefined): Teller {
  return (kind, program, source) => {
    const ask = hook();
    const isHeard = isListenedTo();
    if (!ask && !isHeard) return undefined;
    const given = ask?.();
    const event = isHeard
      ? startCall({
          kind,
          name: program ? nameOf(source, program) : kind,
          program: program?.hex,
          session,
          traceparent: isTraceparent(given) ? given : undefined,
        })
      : undefined;
    // What is none is nobody's trace: the W3C has it ignored
    const traceparent = event ? event.traceparent : given;
    return { event, traceparent: isTraceparent(traceparent) ? traceparent : undefined };
  };
}

/** Tells that a call has ended. */
export const endTold = (told: Told, error?: Parameters<typeof endCall>[1]): void =>
  endCall(told?.event, error);

/** Tells that a call is sent, for the first time or again. */
export function sendTold(told: Told): void {
  if (told?.event) told.event.attempts++;
}
