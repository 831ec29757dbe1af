/** Which launches a worker may run together with others'. It decides itself whether it does. */
import { FLAG } from "../../bridge/wire/protocol.ts";
import type { Constant } from "../program/body.ts";
import type { Launch } from "./launch.ts";

/** Whether an input is a random key, as far as that is known before it is computed. */
export function takesKey(inputs: readonly Constant[]): boolean {
  return inputs.some((input) => {
    if ("host" in input) return input.host.dtype === "key";
    return "handle" in input && input.handle.aval?.[0] === "key";
  });
}

/** The flag of a launch that is being sent: its results all come with the reply, or it runs alone. */
export function batchableFlag({ batchable, flags, donated, outputs, fetchOutputs }: Launch): number {
  const isAlone = donated.length > 0 || (flags & (FLAG.lenient | FLAG.findNans)) !== 0;
  return batchable && !isAlone && fetchOutputs.size === outputs.length ? FLAG.batchable : 0;
}
