/** What becomes of launches in flight when their worker is gone. */
import type { SynjaxError } from "../../bridge/errors.ts";
import type { Handle } from "../program/handle.ts";
import type { Launch } from "./launch.ts";

/** Whether an error says that the worker is gone, and with it what it had not answered. */
export const isLoss = ({ code }: SynjaxError): boolean => code === "WORKER_LOST" || code === "OUT_OF_MEMORY";

export interface LossOptions {
  /** Whether what was sent may be sent again. */
  readonly canRepeat: boolean;
  /** Values that the next worker will have. */
  readonly restored: ReadonlySet<Handle>;
  /** Launches that the worker refused, which waited to be sent again. */
  readonly waiting: ReadonlySet<Launch>;
  /** A value will be computed again. */
  readonly renew: (handle: Handle) => void;
}

/**
 * Sorts out launches that nobody has answered. The worker runs them in order, so the first one is what ended it, if one of
 * them did. That one runs again after all others, once; what uses its results, after it.
 * @param pending in the order of their calls
 */
export function sortOut(
  pending: Iterable<Launch>,
  { canRepeat, restored, waiting, renew }: LossOptions,
): { readonly again: readonly Launch[]; readonly lost: readonly Launch[] } {
  const launches = [...pending];
  const suspect = firstSent(launches);
  const there = new Set(restored);
  const late = new Set<Handle>();
  const again: Launch[] = [];
  const lost: Launch[] = [];
  for (const launch of launches) {
    const isSent = launch.seq !== undefined || waiting.has(launch); // what is not is still in the outbox
    const uses = launch.inputs.flatMap((input) => ("handle" in input ? [input.handle] : []));
    const isGuilty = launch === suspect && launch.isSuspect;
    if (launch === suspect) launch.isSuspect = true;
    const mayRun = !isSent || (canRepeat && !isGuilty && launch.donated.length === 0);
    if (!mayRun || !uses.every((handle) => there.has(handle))) {
      lost.push(launch);
      continue;
    }
    launch.isLate = launch.isSuspect || uses.some((handle) => late.has(handle));
    for (const output of launch.outputs) {
      renew(output);
      there.add(output);
      if (launch.isLate) late.add(output);
    }
    if (isSent) again.push(launch);
  }
  return { again, lost };
}

function firstSent(launches: readonly Launch[]): Launch | undefined {
  let first: Launch | undefined;
  for (const launch of launches)
    if (launch.seq !== undefined && (first?.seq === undefined || launch.seq < first.seq)) first = launch;
  return first;
}
