import type { Handle, HandleOwner } from "../program/handle.ts";
import type { Calling } from "./calling.ts";
import type { Compilations } from "./compilations.ts";
import type { DeviceMemory } from "./device-memory.ts";
import type { Handles } from "./handles.ts";
import type { Reads } from "./reads.ts";
import type { SentPrograms } from "./sent-programs.ts";

/** What the launches of a session work with. */
export interface LaunchContext extends Calling {
  readonly owner: HandleOwner;
  readonly programs: SentPrograms;
  readonly handles: Handles;
  readonly reads: Reads;
  readonly memory: DeviceMemory;
  readonly compilations: Compilations;
  /** Called before a value is given away: operations that wait and use it are launched first. */
  readonly beforeDonation: (handle: Handle) => void;
}
