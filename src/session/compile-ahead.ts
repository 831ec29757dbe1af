/** Compiling a program before it is launched. */
import type { SynjaxError } from "../../bridge/errors.ts";
import type { Channel } from "../../bridge/transport/channel.ts";
import { MESSAGE } from "../../bridge/wire/protocol.ts";
import type { Program } from "../program/program.ts";
import { captureCall } from "../program/source-line.ts";
import { nameOf as programName, type Source } from "./compilations.ts";
import { Attempts } from "./attempts.ts";
import { atLine, isSynjaxError, markReported, remoteError } from "./failures.ts";
import { checkInputs } from "./launch-inputs.ts";
import type { LaunchContext } from "./launch-context.ts";
import { waitOptionsIn } from "./run-context.ts";
import { type InputType, type NameOf, wireInputType } from "./wire-input.ts";

/** What is compiled, for what. */
export interface Ahead {
  readonly program: Program;
  readonly inputs: readonly InputType[];
  readonly donated: readonly number[];
  readonly flags: number;
  readonly nameOf: NameOf | undefined;
  readonly source: Source | undefined;
}

/** Resolves when the worker has compiled a program for inputs of these types. */
export async function compileAhead(
  { owner, outbox, programs, failures, compilations, settings, tell, retrying }: LaunchContext,
  { program, inputs, donated, flags, nameOf, source }: Ahead,
): Promise<void> {
  const stack = captureCall();
  checkInputs(inputs, owner, nameOf);
  const attempts = new Attempts({
    name: programName(source, program),
    told: tell("compile", program, source),
    wait: waitOptionsIn(owner),
    retry: settings().retry,
    retrying,
  });
  const compiled = new Promise<void>((resolve, reject: (error: SynjaxError) => void) => {
    const fail = (error: unknown): void => {
      const known = isSynjaxError(error)
        ? atLine(error, stack)
        : markReported(failures.localError(remoteError(error), program, stack));
      attempts.end(known);
      reject(known);
    };
    const send = (channel: Channel): undefined => {
      const lost = inputs.map((i) => ("handle" in i ? i.handle.lost("an input of this call") : undefined));
      const error = lost.find((e) => e) ?? attempts.lateness;
      if (error) return void fail(error);
      const body = programs.bodyOf(channel, program);
      const types = inputs.map(wireInputType);
      const seq = channel.nextSeq();
      const header = [MESSAGE.compile, seq, program.hash, body.length, types, donated, flags];
      channel.call(seq, header, body, attempts.begin()).then(
        ({ compiled }) => {
          if (compiled !== undefined) compilations.add(source, program, inputs, compiled, true);
          attempts.end();
          resolve();
        },
        (failure: unknown) => {
          const ready = attempts.again(failure);
          if (ready) outbox.enqueueAfter(ready, { send, fail });
          else fail(failure);
        },
      );
      return undefined;
    };
    outbox.enqueue({ send, fail });
  });
  await outbox.track(compiled);
}
