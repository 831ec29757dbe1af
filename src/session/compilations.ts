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

/** A function that is compiled so often is likely to be compiled for every input. */
const WARN_AT = 3;

export class Compilations {
  readonly #tell: (compilation: Compilation) => void;
  readonly #of = new WeakMap<Source, Map<string, string>>();

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
    const compilation = { name, program: hex(program.hash), inputs: types, seconds };
    publishCompilation(compilation);
    this.#tell(compilation);
    if (source && !isAsked) this.#count(source, compilation);
  }

  #count(source: Source, { program, inputs }: Compilation): void {
    let known = this.#of.get(source);
    if (!known) this.#of.set(source, (known = new Map()));
    const types = inputs.join(" ");
    if (known.has(program + types)) return; // by another worker
    known.set(program + types, types);
    if (known.size === WARN_AT) warn(source.name, [...known.values()]);
  }
}

/** What a program is called where people are told of it. */
export const nameOf = (source: Source | undefined, program: Program): string =>
  source?.name ?? (program.equations === 0 ? "put" : "operations outside jit");

function warn(name: string, types: readonly string[]): void {
  globalThis.process?.emitWarning?.(
    `${name} has been compiled ${types.length} times: each new shape, dtype or static argument of a recorded function is ` +
      `compiled anew, which takes seconds. Pad inputs to few shapes, or compile() ahead. It was called with ` +
      types.map((t) => `(${t})`).join(", "),
    { type: "SynjaxWarning", code: "SYNJAX_COMPILED_OFTEN" },
  );
}

export const hex = (bytes: Uint8Array): string =>
  [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");

function typeOf(input: InputType): string {
  if ("weak" in input) return "number";
  if ("host" in input) return `${input.host.dtype}[${input.host.shape.join(",")}]`;
  const aval: Aval | undefined = "aval" in input ? input.aval : input.handle.aval;
  if (!aval) return "unknown";
  return aval[0] === "object" ? aval[1] : `${aval[0]}[${aval[1].join(",")}]`;
}
