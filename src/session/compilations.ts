/** Saying that something was compiled: it takes seconds, and is easily asked for again and again. */
import { publishCompilation } from "../../bridge/transport/tracing.ts";
import type { Aval } from "../../bridge/wire/protocol.ts";
import type { Program } from "../program/program.ts";
import type { InputType } from "./wire-input.ts";

/** What was compiled. */
export interface Compilation {
  /** The name of the function, as far as it has one. */
  readonly name: string;
  /** The program's hash, in hexadecimal. */
  readonly program: string;
  /** Types of the inputs: those of the arguments, then those of what the function closes over. */
  readonly inputs: readonly string[];
  readonly seconds: number;
}

/** A recorded function. Its programs and their inputs may be many. */
export interface Source {
  readonly name: string;
}

/** A function that is compiled so often is likely to be compiled for every input; fewer times are as many buckets. */
const WARN_AT = 8;

export class Compilations {
  readonly #tell: (compilation: Compilation) => void;
  readonly #of = new WeakMap<Source, Map<string, readonly string[]>>();

  constructor(tell: (compilation: Compilation) => void) {
    this.#tell = tell;
  }

  /** @param isAsked whether somebody asked for it ahead of a call */
  add(
    source: Source | undefined,
    program: Program,
    inputs: readonly InputType[],
    seconds: number,
    isAsked = false,
  ): void {
    const types = inputs.map(typeOf);
    const name = nameOf(source, program);
    const compilation = { name, program: program.hex, inputs: types, seconds };
    publishCompilation(compilation);
    this.#tell(compilation);
    if (source && !isAsked) this.#count(source, compilation);
  }

  #count(source: Source, { program, inputs }: Compilation): void {
    let known = this.#of.get(source);
    if (!known) this.#of.set(source, (known = new Map()));
    const key = program + inputs.join(" ");
    if (known.has(key)) return; // by another worker
    const before = [...known.values()].at(-1) ?? [];
    known.set(key, inputs);
    if (known.size === WARN_AT) warn(source.name, change(before, inputs));
  }
}

/** What a program is called where people are told of it. */
export const nameOf = (source: Source | undefined, program: Program): string =>
  source?.name ?? (program.equations === 0 ? "put" : "operations outside jit");

/** What was new of the latest compilation: of a model's many inputs only those that another batch changes. */
function change(before: readonly string[], now: readonly string[]): string {
  const changed = now.flatMap((type, i) => (type === before[i] ? [] : [`${before[i]} became ${type}`]));
  if (changed.length === 0 || before.length !== now.length) return "its static arguments changed";
  return changed.slice(0, 2).join(" and ");
}

function warn(name: string, because: string): void {
  globalThis.process?.emitWarning?.(
    `${name} has been compiled ${WARN_AT} times, lately because ${because}: each time takes seconds. ` +
      `Bring its arguments to a few shapes, as bucket() does.`,
    { type: "SynjaxWarning", code: "SYNJAX_COMPILED_OFTEN" },
  );
}

function typeOf(input: InputType): string {
  if ("weak" in input) return "number";
  if ("host" in input) return `${input.host.dtype}[${input.host.shape.join(",")}]`;
  const aval: Aval | undefined = "aval" in input ? input.aval : input.handle.aval;
  if (!aval) return "unknown";
  return aval[0] === "object" ? aval[1] : `${aval[0]}[${aval[1].join(",")}]`;
}
