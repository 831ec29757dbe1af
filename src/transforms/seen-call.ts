/** The dtypes and shapes of one call. They are kept without what they are of, which may be freed meanwhile. */
import type { ArrayAval } from "../../bridge/wire/protocol.ts";
import type { Constant } from "../program/body.ts";
import type { Handle } from "../program/handle.ts";

/** Of what a launch makes they are known when it is answered; never where it fails. */
type Seen = ArrayAval | undefined | Promise<ArrayAval | undefined>;

export interface SeenCall {
  readonly inputs: readonly Seen[];
  readonly outputs: readonly Seen[];
}

export function seenCall(inputs: readonly Constant[], outputs: readonly Handle[]): SeenCall {
  return {
    inputs: inputs.map((input) => {
      if ("handle" in input) return seenOf(input.handle);
      return "host" in input ? [input.host.dtype, input.host.shape, false] : undefined;
    }),
    outputs: outputs.map(seenOf),
  };
}

function seenOf(handle: Handle): Seen {
  if (handle.aval || !handle.launch) return handle.aval as ArrayAval | undefined;
  return handle.launch.reply.then(
    () => handle.aval as ArrayAval | undefined,
    () => undefined,
  );
}
