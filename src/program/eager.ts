/** Operations outside a recorded function wait in a graph, which runs as one program when a value is asked for. */
import type { Handle, HandleOwner } from "./handle.ts";
import type { Body, Constant } from "./body.ts";
import { RootFrame } from "./frame.ts";
import { mapEquation, mapReferences, referencesOf } from "./references.ts";
import { givesSizes } from "./structural.ts";

function hoistAgain(into: EagerFrame, constant: Constant): number {
  if ("handle" in constant) constant.handle.use("a tensor that this value is computed from");
  return into.hoistInto(into, constant);
}

/** The pending graph of one session; after its flush it remembers what became of its equations. */
export class EagerFrame extends RootFrame {
  readonly owner: HandleOwner;
  /** Handles of the equations that were outputs of the flush. */
  readonly results = new Map<number, Handle>();
  /** Equations needed after their flush that were not outputs: here is where they were recorded again. */
  readonly #moved = new Map<number, { readonly frame: EagerFrame; readonly index: number }>();
  readonly #wanted = new Set<number>();
  readonly #unwanted = new Set<number>();
  /** Equations that are older than this graph. */
  readonly recomputed = new Set<number>();

  constructor(owner: HandleOwner) {
    super(0, { eager: true });
    this.owner = owner;
  }

  /** Two operations are two values, each with a life of its own; XLA computes equal ones once. */
  protected override isNumbered(op: string): boolean {
    return givesSizes(op);
  }

  want(index: number): void {
    this.#wanted.add(index);
  }
  /** Disposed of before it was computed: not an output unless something else needs it. */
  unwant(index: number): void {
    this.#unwanted.add(index);
  }
  uses(handle: Handle): boolean {
    return this.constants.some((c) => "handle" in c && c.handle === handle);
  }

  /**
   * What a flush computes: what was asked for, and every result that no other pending equation has consumed. Never
   * by liveness: garbage collection would then choose the outputs, so the program, so when it is compiled.
   */
  outputs(): number[] {
    const consumed = new Set<number>();
    for (const equation of this.equations) for (const ref of referencesOf(equation)) consumed.add(ref);
    return this.equations.flatMap(([op], i) => {
      const free = !consumed.has(i) && !this.#unwanted.has(i) && !givesSizes(op);
      return free || this.#wanted.has(i) ? [i] : [];
    });
  }

  /** What equation `index` of this flushed graph is by now; recorded again in `into` if it was not an output. */
  resolve(index: number, into: EagerFrame): Constant | number {
    if (index < 0) return this.constants[-1 - index]!;
    const handle = this.results.get(index);
    if (handle) return { handle };
    const moved = this.#moved.get(index);
    if (moved && moved.frame !== into) return moved.frame.resolve(moved.index, into);
    const again = moved?.index ?? this.#copyEquation(index, into, new Map());
    into.want(again);
    into.recomputed.add(again);
    return again;
  }

  #copyEquation(index: number, into: EagerFrame, bodies: Map<number, number>): number {
    const moved = this.#moved.get(index);
    if (moved?.frame === into) return moved.index;
    const reference = (ref: number): number => {
      if (ref < 0) return hoistAgain(into, this.constants[-1 - ref]!);
      const handle = this.results.get(ref);
      return handle ? hoistAgain(into, { handle }) : this.#copyEquation(ref, into, bodies);
    };
    const [op, args, attributes] = mapEquation(this.equations[index]!, reference, (b) =>
      this.#copyBody(b, into, bodies),
    );
    const again = into.add(op, args, attributes);
    this.#moved.set(index, { frame: into, index: again });
    return again;
  }

  #copyBody(index: number, into: EagerFrame, bodies: Map<number, number>): number {
    const known = bodies.get(index);
    if (known !== undefined) return known;
    const [inputs, captures, equations, results] = this.bodies[index]!;
    const keep = (ref: number): number => ref;
    const nested = (b: number): number => this.#copyBody(b, into, bodies);
    const body: Body = [
      inputs,
      captures,
      equations.map((e) => mapEquation(e, keep, nested)),
      results.map((r) => mapReferences(r, keep, nested)),
    ];
    const copied = into.intern(body, this.bodyFrames[index]!);
    bodies.set(index, copied);
    return copied;
  }
}
