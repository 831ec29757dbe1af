/** Values that a session puts on the device again when its worker has ended. */
import { SynjaxError } from "../../bridge/errors.ts";
import type { HostArray } from "../../bridge/wire/dtypes.ts";
import type { Handle } from "../program/handle.ts";

/** Makes the data of values that were put together. */
export type Maker = () => readonly HostArray[];

interface Source {
  readonly make: Maker;
  /** Which of the data it is. */
  readonly place: number;
  readonly was: Pick<HostArray, "dtype" | "shape">;
}

export class Restores {
  readonly #sources = new WeakMap<Handle, Source>();
  readonly #handles = new Set<WeakRef<Handle>>();
  /** Values that are on no worker. */
  readonly #missing = new Set<Handle>();

  /** @param data what the values are now */
  add(handles: readonly Handle[], data: readonly HostArray[], make: Maker): void {
    handles.forEach((handle, place) => {
      this.#sources.set(handle, { make, place, was: data[place]! });
      this.#handles.add(new WeakRef(handle));
    });
  }

  /** The worker is gone. The values that the next one will have; those that are on their way are not among them. */
  lose(): ReadonlySet<Handle> {
    for (const reference of this.#handles) {
      const handle = reference.deref();
      if (!handle || handle.state !== "alive") this.#handles.delete(reference);
      else if (!handle.failure && !handle.launch) this.#missing.add(handle);
    }
    return new Set(this.#missing);
  }

  /** Takes the values that are missing, with their data. What cannot be made again is lost. */
  take(): readonly (readonly [handle: Handle, data: HostArray])[] {
    const made = new Map<Maker, readonly HostArray[] | Error>();
    const found: (readonly [Handle, HostArray])[] = [];
    for (const handle of this.#missing) {
      if (handle.state !== "alive") continue;
      const source = this.#sources.get(handle)!;
      const data = made.get(source.make) ?? tried(source.make);
      made.set(source.make, data);
      const one = Array.isArray(data) ? (data as readonly HostArray[])[source.place] : undefined;
      const problem = data instanceof Error ? data : difference(one, source.was);
      if (problem) handle.failure = lostFor(problem);
      else found.push([handle, one!]);
    }
    this.#missing.clear();
    return found;
  }
}

function tried(make: Maker): readonly HostArray[] | Error {
  try {
    return make();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

const form = ({ dtype, shape }: Pick<HostArray, "dtype" | "shape">): string =>
  `${dtype}[${shape.join(", ")}]`;

function difference(one: HostArray | undefined, was: Pick<HostArray, "dtype" | "shape">): Error | undefined {
  if (one && form(one) === form(was)) return undefined;
  return new Error(`it made ${one ? form(one) : "nothing"} where ${form(was)} was put`);
}

function lostFor(problem: Error): SynjaxError {
  return new SynjaxError(
    "HANDLE_LOST",
    `A tensor was lost when the worker ended, and \`restore\` of its put() did not bring it back: ${problem.message}`,
    { argument: "restore", cause: problem },
  );
}
